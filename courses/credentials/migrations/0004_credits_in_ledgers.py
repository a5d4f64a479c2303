import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('credentials', '0003_ledgers_filled'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='credit',
            name='credentials_credit_awarded_once',
        ),
        migrations.RemoveConstraint(
            model_name='credit',
            name='credentials_credit_award_or_reversal',
        ),
        migrations.RemoveConstraint(
            model_name='credit',
            name='credentials_credit_course_has_completion',
        ),
        migrations.RemoveIndex(
            model_name='credit',
            name='credentials_credit_of_person',
        ),
        migrations.AlterField(
            model_name='credit',
            name='words_digest',
            field=models.CharField(max_length=64, verbose_name='digest of its words'),
        ),
        migrations.AlterField(
            model_name='credit',
            name='reverses',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversal', to='credentials.credit', verbose_name='takes back'),
        ),
        migrations.AlterField(
            model_name='credit',
            name='ledger',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='credentials.ledger'),
        ),
        migrations.RemoveField(
            model_name='credit',
            name='course_completion',
        ),
        migrations.RemoveField(
            model_name='credit',
            name='index_number',
        ),
        migrations.RemoveField(
            model_name='credit',
            name='provider',
        ),
        migrations.RemoveField(
            model_name='credit',
            name='reason',
        ),
        migrations.RemoveField(
            model_name='credit',
            name='recorded_by',
        ),
        migrations.RemoveField(
            model_name='credit',
            name='title',
        ),
        migrations.RemoveField(
            model_name='credit',
            name='user',
        ),
        migrations.AddIndex(
            model_name='credit',
            index=models.Index(fields=['ledger', 'completed_on'], name='credentials_credit_of_ledger'),
        ),
        migrations.AddConstraint(
            model_name='credit',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'award')), fields=('ledger', 'activity_key'), name='credentials_credit_awarded_once'),
        ),
        migrations.AddConstraint(
            model_name='credit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ceus__gt', 0), ('kind', 'award'), ('reverses', None)), models.Q(('ceus__lt', 0), ('kind', 'reversal'), ('reverses__isnull', False)), _connector='OR'), name='credentials_credit_award_or_reversal'),
        ),
    ]
