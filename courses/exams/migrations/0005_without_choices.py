import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exams', '0004_answers_as_values'),
    ]

    operations = [
        migrations.AlterField(
            model_name='checkpointanswer',
            name='value',
            field=models.JSONField(verbose_name='answer'),
        ),
        migrations.AlterField(
            model_name='itemresult',
            name='points',
            field=models.DecimalField(decimal_places=3, max_digits=4, verbose_name='points'),
        ),
        migrations.AlterField(
            model_name='itemresult',
            name='score',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='results', to='exams.score'),
        ),
        migrations.AlterField(
            model_name='response',
            name='attempt',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='responses', to='exams.attempt'),
        ),
        migrations.AlterField(
            model_name='score',
            name='points',
            field=models.DecimalField(decimal_places=3, max_digits=8, verbose_name='points'),
        ),
        migrations.AlterField(
            model_name='attemptitem',
            name='section',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='exams.attemptsection'),
        ),
        migrations.AlterField(
            model_name='blueprintdomain',
            name='section',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='exams.blueprintsection'),
        ),
        migrations.RemoveField(
            model_name='checkpointanswer',
            name='choice',
        ),
        migrations.RemoveField(
            model_name='response',
            name='choice',
        ),
        migrations.RemoveField(
            model_name='attemptitem',
            name='choice_order',
        ),
        migrations.RemoveField(
            model_name='blueprintdomain',
            name='blueprint',
        ),
        migrations.AddConstraint(
            model_name='blueprint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('scale_max', None), ('scale_min', None), ('scale_pass', None)), models.Q(('scale_min__lt', models.F('scale_pass')), ('scale_pass__lte', models.F('scale_max'))), _connector='OR'), name='exams_blueprint_scale_whole'),
        ),
        migrations.AddConstraint(
            model_name='itemresult',
            constraint=models.UniqueConstraint(fields=('score', 'item'), name='exams_itemresult_once'),
        ),
        migrations.AddConstraint(
            model_name='itemresult',
            constraint=models.CheckConstraint(condition=models.Q(('points__gte', 0), ('points__lte', 1)), name='exams_itemresult_points_0_to_1'),
        ),
        migrations.AddConstraint(
            model_name='questionrevision',
            constraint=models.CheckConstraint(condition=models.Q(('submitted_by', None), ('submitted_at__isnull', False), _connector='OR'), name='exams_questionrevision_submitter_has_date'),
        ),
        migrations.AddConstraint(
            model_name='questionrevision',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by', None), ('approved_at__isnull', False), _connector='OR'), name='exams_questionrevision_approver_has_date'),
        ),
        migrations.AddConstraint(
            model_name='questionrevision',
            constraint=models.CheckConstraint(condition=models.Q(('approved_at', None), ('submitted_at__isnull', False), _connector='OR'), name='exams_questionrevision_ready_was_reviewed'),
        ),
        migrations.AddConstraint(
            model_name='questionrevision',
            constraint=models.CheckConstraint(condition=models.Q(('changes_key', False), ('published_at', None), models.Q(('pack_digest', ''), _negated=True), models.Q(('approved_by__isnull', False), models.Q(('approved_by', models.F('created_by')), _negated=True)), _connector='OR'), name='exams_questionrevision_key_by_two'),
        ),
        migrations.AddConstraint(
            model_name='blueprintdomain',
            constraint=models.UniqueConstraint(fields=('section', 'domain'), name='exams_blueprintdomain_once'),
        ),
        migrations.AddConstraint(
            model_name='blueprintdomain',
            constraint=models.CheckConstraint(condition=models.Q(('count', None), ('count__gte', 1), _connector='OR'), name='exams_blueprintdomain_count_positive'),
        ),
        migrations.AddConstraint(
            model_name='blueprintdomain',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('percent_high', None), ('percent_low', None)), models.Q(('count', None), ('percent_high__lte', 100), ('percent_low__lte', models.F('percent_high'))), _connector='OR'), name='exams_blueprintdomain_count_or_percent'),
        ),
        migrations.AddConstraint(
            model_name='score',
            constraint=models.CheckConstraint(condition=models.Q(('correct__lte', models.F('total')), ('points__lte', models.F('total'))), name='exams_score_correct_of_total'),
        ),
        migrations.AddConstraint(
            model_name='score',
            constraint=models.UniqueConstraint(condition=models.Q(('correction', None)), fields=('attempt',), name='exams_score_first_once'),
        ),
        migrations.AddConstraint(
            model_name='score',
            constraint=models.UniqueConstraint(fields=('attempt', 'correction'), name='exams_score_once_per_correction'),
        ),
        migrations.AddConstraint(
            model_name='score',
            constraint=models.UniqueConstraint(condition=models.Q(('is_current', True)), fields=('attempt',), name='exams_score_one_counts'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('sitting', None), ('state', 'open')), fields=('user', 'blueprint'), name='exams_attempt_one_open'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(fields=('user', 'sitting'), name='exams_attempt_sitting_once'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('token', ''), _negated=True), fields=('user', 'token'), name='exams_attempt_token_once'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('deadline_at', None), ('deadline_at__gt', models.F('started_at')), _connector='OR'), name='exams_attempt_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('deadline_at__isnull', False), ('mode', 'exam'), ('paused_at', None)), models.Q(models.Q(('mode', 'exam'), _negated=True), ('deadline_at', None)), _connector='OR'), name='exams_attempt_exam_is_timed'),
        ),
        migrations.DeleteModel(
            name='Choice',
        ),
    ]
