import django.core.validators
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_place_of_service'),
        ('credentials', '0001_initial'),
        ('jobs', '0001_initial'),
        ('progress', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApprenticeProof',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('need', models.SlugField(max_length=60, verbose_name='for')),
                ('text', models.CharField(max_length=200, verbose_name='what')),
                ('amount', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True, verbose_name='amount')),
                ('starts_on', models.DateField(blank=True, null=True, verbose_name='first day')),
                ('ends_on', models.DateField(blank=True, null=True, verbose_name='last day')),
                ('added_at', models.DateTimeField(verbose_name='added at')),
            ],
            options={
                'verbose_name': 'proof of an apprentice',
                'verbose_name_plural': 'proofs of apprentices',
                'ordering': ('need', 'starts_on', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(default=1, verbose_name='issue')),
                ('check_id', models.CharField(editable=False, max_length=26, unique=True, verbose_name='check number')),
                ('document', models.TextField(blank=True, verbose_name='what was signed')),
                ('signature', models.CharField(blank=True, max_length=120, verbose_name='signature')),
                ('key_id', models.CharField(blank=True, max_length=40, verbose_name='key')),
                ('issued_at', models.DateTimeField(verbose_name='issued at')),
                ('expires_on', models.DateField(blank=True, null=True, verbose_name='last day')),
            ],
            options={
                'verbose_name': 'certificate',
                'verbose_name_plural': 'certificates',
                'ordering': ('-issued_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='CertificateRevocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('revoked_at', models.DateTimeField(verbose_name='revoked at')),
            ],
            options={
                'verbose_name': 'revocation',
                'verbose_name_plural': 'revocations',
            },
        ),
        migrations.CreateModel(
            name='ChecklistTick',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=60, verbose_name='step')),
                ('ticked_at', models.DateTimeField(verbose_name='done at')),
            ],
            options={
                'verbose_name': 'step of renewal',
                'verbose_name_plural': 'steps of renewal',
            },
        ),
        migrations.CreateModel(
            name='CourseApproval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('index_number', models.CharField(blank=True, max_length=60, verbose_name='index number')),
                ('topics', models.JSONField(blank=True, default=list, help_text="Keys of the body's parts that the course enters.", verbose_name='topics')),
                ('ceus', models.DecimalField(blank=True, decimal_places=2, help_text="Empty: the course's own.", max_digits=5, null=True, verbose_name='CEUs')),
                ('certificate_months', models.PositiveSmallIntegerField(blank=True, help_text='Empty: it does not expire.', null=True, verbose_name='months a certificate is valid')),
                ('valid_from', models.DateField(verbose_name='first day')),
                ('valid_until', models.DateField(blank=True, null=True, verbose_name='last day')),
            ],
            options={
                'verbose_name': 'approval of a course',
                'verbose_name_plural': 'approvals of courses',
                'ordering': ('course', 'body__short', '-valid_from'),
            },
        ),
        migrations.CreateModel(
            name='CredentialChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=40, verbose_name='what')),
                ('before', models.CharField(blank=True, max_length=200, verbose_name='before')),
                ('after', models.CharField(blank=True, max_length=200, verbose_name='after')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('changed_at', models.DateTimeField(verbose_name='changed at')),
            ],
            options={
                'verbose_name': 'change of a credential',
                'verbose_name_plural': 'changes of credentials',
                'ordering': ('-changed_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='CreditDetail',
            fields=[
                ('credit', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='detail', serialize=False, to='credentials.credit')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('provider', models.CharField(blank=True, max_length=120, verbose_name='provider')),
                ('index_number', models.CharField(blank=True, max_length=60, verbose_name='index number')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('proof', models.JSONField(blank=True, default=dict, verbose_name='proof')),
                ('salt', models.CharField(editable=False, max_length=32)),
            ],
            options={
                'verbose_name': 'words of a credit',
                'verbose_name_plural': 'words of credits',
            },
        ),
        migrations.CreateModel(
            name='CreditPlacement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('placed_at', models.DateTimeField(verbose_name='chosen at')),
            ],
            options={
                'verbose_name': 'chosen period',
                'verbose_name_plural': 'chosen periods',
            },
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('pdf', 'PDF'), ('png', 'PNG'), ('jpeg', 'JPEG')], max_length=4, verbose_name='kind')),
                ('path', models.CharField(max_length=200, unique=True, verbose_name='place')),
                ('size', models.PositiveIntegerField(verbose_name='bytes')),
                ('original_sha256', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator('\\A[0-9a-f]{64}\\Z')], verbose_name='SHA-256 as it came')),
                ('sha256', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator('\\A[0-9a-f]{64}\\Z')], verbose_name='SHA-256 as it is kept')),
                ('added_at', models.DateTimeField(verbose_name='added at')),
            ],
            options={
                'verbose_name': 'evidence',
                'verbose_name_plural': 'evidence',
                'ordering': ('added_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='EvidenceRemoval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('removed_at', models.DateTimeField(verbose_name='removed at')),
            ],
            options={
                'verbose_name': 'removal of evidence',
                'verbose_name_plural': 'removals of evidence',
            },
        ),
        migrations.CreateModel(
            name='EvidenceReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verdict', models.CharField(choices=[('approved', 'Approved'), ('returned', 'Returned')], max_length=8, verbose_name='verdict')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('reviewed_at', models.DateTimeField(verbose_name='reviewed at')),
            ],
            options={
                'verbose_name': 'review of evidence',
                'verbose_name_plural': 'reviews of evidence',
                'ordering': ('-reviewed_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='Ledger',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('length', models.PositiveIntegerField(default=0, verbose_name='links')),
                ('head', models.CharField(blank=True, max_length=64, verbose_name='newest hash')),
                ('opened_at', models.DateTimeField(verbose_name='opened at')),
                ('erased_at', models.DateTimeField(blank=True, null=True, verbose_name='erased at')),
            ],
            options={
                'verbose_name': 'ledger',
                'verbose_name_plural': 'ledgers',
            },
        ),
        migrations.CreateModel(
            name='LedgerAnchor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField(unique=True, verbose_name='day')),
                ('root', models.CharField(max_length=64, verbose_name='root')),
                ('ledgers', models.PositiveIntegerField(verbose_name='ledgers')),
                ('links', models.PositiveBigIntegerField(verbose_name='links')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
            ],
            options={
                'verbose_name': 'anchor of the ledgers',
                'verbose_name_plural': 'anchors of the ledgers',
                'ordering': ('-on',),
            },
        ),
        migrations.CreateModel(
            name='LedgerLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('what', models.CharField(choices=[('credit', 'credit'), ('evidence', 'evidence')], max_length=8, verbose_name='what')),
                ('row', models.BigIntegerField(verbose_name='row')),
                ('digest', models.CharField(max_length=64, verbose_name='digest of the row')),
                ('previous', models.CharField(blank=True, max_length=64, verbose_name='hash before')),
                ('hash', models.CharField(max_length=64, verbose_name='hash')),
                ('linked_at', models.DateTimeField(verbose_name='linked at')),
            ],
            options={
                'verbose_name': 'link of a ledger',
                'verbose_name_plural': 'links of ledgers',
                'ordering': ('ledger', 'number'),
            },
        ),
        migrations.CreateModel(
            name='Packet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_on', models.DateField(verbose_name='first day')),
                ('last_on', models.DateField(verbose_name='last day')),
                ('asked_at', models.DateTimeField(verbose_name='asked for at')),
                ('made_at', models.DateTimeField(blank=True, null=True, verbose_name='made at')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='kept until')),
                ('path', models.CharField(blank=True, max_length=200, verbose_name='place')),
                ('size', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='bytes')),
                ('sha256', models.CharField(blank=True, max_length=64, verbose_name='SHA-256')),
            ],
            options={
                'verbose_name': 'audit packet',
                'verbose_name_plural': 'audit packets',
                'ordering': ('-asked_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='ProofFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('pdf', 'PDF'), ('png', 'PNG'), ('jpeg', 'JPEG')], max_length=4, verbose_name='kind')),
                ('path', models.CharField(max_length=200, unique=True, verbose_name='place')),
                ('size', models.PositiveIntegerField(verbose_name='bytes')),
                ('original_sha256', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator('\\A[0-9a-f]{64}\\Z')], verbose_name='SHA-256 as it came')),
                ('sha256', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator('\\A[0-9a-f]{64}\\Z')], verbose_name='SHA-256 as it is kept')),
                ('added_at', models.DateTimeField(verbose_name='added at')),
            ],
            options={
                'verbose_name': 'file of a proof',
                'verbose_name_plural': 'files of proofs',
                'ordering': ('added_at', 'pk'),
            },
        ),
        migrations.AddField(
            model_name='credit',
            name='activity',
            field=models.CharField(choices=[('course', 'Course'), ('webinar', 'Webinar or online session'), ('conference', 'Conference, workshop or chapter meeting'), ('quiz', 'Quiz or test on an article'), ('self_study', 'Article, book or other self-study'), ('academic', 'College course'), ('teaching', 'Teaching or speaking'), ('writing', 'Writing or reviewing'), ('other', 'Something else')], default='other', max_length=12, verbose_name='kind of activity'),
        ),
        migrations.AddField(
            model_name='credit',
            name='is_stated',
            field=models.BooleanField(default=True, help_text='No: worked out from the minutes.', verbose_name='CEUs as the certificate states them'),
        ),
        migrations.AddField(
            model_name='credit',
            name='words_digest',
            field=models.CharField(max_length=64, null=True, verbose_name='digest of its words'),
        ),
        migrations.AddField(
            model_name='cycle',
            name='extended_until',
            field=models.DateField(blank=True, help_text='The last day, when the body gave more time.', null=True, verbose_name='extended until'),
        ),
        migrations.AddField(
            model_name='cycle',
            name='submitted_on',
            field=models.DateField(blank=True, null=True, verbose_name='reported to the body on'),
        ),
        migrations.AddConstraint(
            model_name='cycle',
            constraint=models.CheckConstraint(condition=models.Q(('extended_until', None), ('extended_until__gte', models.F('ends_on')), _connector='OR'), name='credentials_cycle_extended_forward'),
        ),
        migrations.AddField(
            model_name='apprenticeproof',
            name='held',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proofs', to='credentials.credentialheld'),
        ),
        migrations.AddField(
            model_name='certificate',
            name='completion',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='certificates', to='progress.coursecompletion'),
        ),
        migrations.AddField(
            model_name='certificate',
            name='replaces',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='credentials.certificate', verbose_name='replaces'),
        ),
        migrations.AddField(
            model_name='certificate',
            name='user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='certificates', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='certificaterevocation',
            name='certificate',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='revocation', to='credentials.certificate'),
        ),
        migrations.AddField(
            model_name='certificaterevocation',
            name='revoked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='checklisttick',
            name='cycle',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ticks', to='credentials.cycle'),
        ),
        migrations.AddField(
            model_name='courseapproval',
            name='body',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='course_approvals', to='catalog.body', verbose_name='body'),
        ),
        migrations.AddField(
            model_name='courseapproval',
            name='course',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='catalog.course', verbose_name='course'),
        ),
        migrations.AddField(
            model_name='credentialchange',
            name='changed_by',
            field=models.ForeignKey(blank=True, help_text='Empty: the portal itself.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='changed by'),
        ),
        migrations.AddField(
            model_name='credentialchange',
            name='cycle',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='credentials.cycle'),
        ),
        migrations.AddField(
            model_name='credentialchange',
            name='held',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='credentials.credentialheld'),
        ),
        migrations.AddField(
            model_name='creditdetail',
            name='course_completion',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='progress.coursecompletion'),
        ),
        migrations.AddField(
            model_name='creditdetail',
            name='recorded_by',
            field=models.ForeignKey(blank=True, help_text='Empty: the portal itself, when a course was completed.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by'),
        ),
        migrations.AddField(
            model_name='creditplacement',
            name='credit',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='placement', to='credentials.credit'),
        ),
        migrations.AddField(
            model_name='creditplacement',
            name='cycle',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='placements', to='credentials.cycle'),
        ),
        migrations.AddField(
            model_name='evidence',
            name='credit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='credentials.credit'),
        ),
        migrations.AddField(
            model_name='evidenceremoval',
            name='evidence',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='removal', to='credentials.evidence'),
        ),
        migrations.AddField(
            model_name='evidenceremoval',
            name='removed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='evidencereview',
            name='credit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='credentials.credit'),
        ),
        migrations.AddField(
            model_name='evidencereview',
            name='reviewed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ledger',
            name='user',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='ce_ledger', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='credit',
            name='ledger',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='credits', to='credentials.ledger'),
        ),
        migrations.AddField(
            model_name='ledgerlink',
            name='ledger',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='credentials.ledger'),
        ),
        migrations.AddField(
            model_name='packet',
            name='body',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.body', verbose_name='body'),
        ),
        migrations.AddField(
            model_name='packet',
            name='job',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.job'),
        ),
        migrations.AddField(
            model_name='packet',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ce_packets', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='prooffile',
            name='proof',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='credentials.apprenticeproof'),
        ),
        migrations.AddConstraint(
            model_name='apprenticeproof',
            constraint=models.CheckConstraint(condition=models.Q(('starts_on', None), ('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='credentials_apprenticeproof_days_in_order'),
        ),
        migrations.AddConstraint(
            model_name='apprenticeproof',
            constraint=models.CheckConstraint(condition=models.Q(('amount', None), ('amount__gt', 0), _connector='OR'), name='credentials_apprenticeproof_amount_positive'),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.UniqueConstraint(fields=('completion', 'number'), name='credentials_certificate_issued_once'),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='credentials_certificate_number_counts'),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('number', 1), ('replaces', None)), models.Q(('number__gt', 1), ('replaces__isnull', False)), _connector='OR'), name='credentials_certificate_again_replaces'),
        ),
        migrations.AddConstraint(
            model_name='certificaterevocation',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='credentials_certificaterevocation_says_why'),
        ),
        migrations.AddConstraint(
            model_name='checklisttick',
            constraint=models.UniqueConstraint(fields=('cycle', 'key'), name='credentials_checklisttick_once'),
        ),
        migrations.AddConstraint(
            model_name='courseapproval',
            constraint=models.UniqueConstraint(fields=('course', 'body', 'valid_from'), name='credentials_courseapproval_once_a_day'),
        ),
        migrations.AddConstraint(
            model_name='courseapproval',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until', None), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='credentials_courseapproval_days_in_order'),
        ),
        migrations.AddConstraint(
            model_name='courseapproval',
            constraint=models.CheckConstraint(condition=models.Q(('ceus', None), ('ceus__gt', 0), _connector='OR'), name='credentials_courseapproval_ceus_positive'),
        ),
        migrations.AddConstraint(
            model_name='credentialchange',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cycle', None), ('held__isnull', False)), models.Q(('cycle__isnull', False), ('held', None)), _connector='OR'), name='credentials_credentialchange_of_one'),
        ),
        migrations.AddConstraint(
            model_name='evidencereview',
            constraint=models.CheckConstraint(condition=models.Q(('verdict', 'approved'), models.Q(('verdict', 'returned'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='credentials_evidencereview_return_says_why'),
        ),
        migrations.AddConstraint(
            model_name='ledger',
            constraint=models.CheckConstraint(condition=models.Q(('erased_at', None), ('user', None), _connector='OR'), name='credentials_ledger_erased_has_no_person'),
        ),
        migrations.AddConstraint(
            model_name='ledger',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('head', ''), ('length', 0)), models.Q(('length__gte', 1), models.Q(('head', ''), _negated=True)), _connector='OR'), name='credentials_ledger_head_of_length'),
        ),
        migrations.AddConstraint(
            model_name='ledgerlink',
            constraint=models.UniqueConstraint(fields=('ledger', 'number'), name='credentials_ledgerlink_number_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerlink',
            constraint=models.UniqueConstraint(fields=('what', 'row'), name='credentials_ledgerlink_row_once'),
        ),
        migrations.AddConstraint(
            model_name='ledgerlink',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('number', 1), ('previous', '')), models.Q(('number__gt', 1), models.Q(('previous', ''), _negated=True)), _connector='OR'), name='credentials_ledgerlink_first_has_none_before'),
        ),
        migrations.AddConstraint(
            model_name='packet',
            constraint=models.CheckConstraint(condition=models.Q(('last_on__gte', models.F('first_on'))), name='credentials_packet_days_in_order'),
        ),
        migrations.AddConstraint(
            model_name='packet',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('expires_at', None), ('made_at', None), ('path', ''), ('sha256', ''), ('size', None)), models.Q(('expires_at__isnull', False), ('made_at__isnull', False), ('size__isnull', False), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='credentials_packet_made_is_whole'),
        ),
    ]
