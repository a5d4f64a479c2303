import courses.exams.models.bank
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_groups'),
        ('catalog', '0002_place_of_service'),
        ('exams', '0002_place_of_service'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AttemptSection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='section')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('minutes', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='minutes of its own')),
                ('no_return', models.BooleanField(default=False, verbose_name='closed once it is left')),
                ('break_minutes', models.PositiveSmallIntegerField(default=0, verbose_name='break after it, in minutes')),
                ('opened_at', models.DateTimeField(blank=True, null=True, verbose_name='opened at')),
                ('deadline_at', models.DateTimeField(blank=True, null=True, verbose_name='ends at')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed at')),
                ('break_until', models.DateTimeField(blank=True, null=True, verbose_name='break until')),
            ],
            options={
                'verbose_name': 'section of an attempt',
                'ordering': ('attempt', 'position'),
            },
        ),
        migrations.CreateModel(
            name='BlueprintSection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=1, verbose_name='order')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('kinds', models.JSONField(blank=True, default=list, help_text='Empty: all but case sets.', verbose_name='kinds of questions')),
                ('count', models.PositiveSmallIntegerField(blank=True, help_text='Where the counts of its domains are unknown or are shares of it.', null=True, verbose_name='questions in all')),
                ('minutes', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='minutes of its own')),
                ('no_return', models.BooleanField(default=False, verbose_name='closed once it is left')),
                ('break_minutes', models.PositiveSmallIntegerField(default=0, verbose_name='break after it, in minutes')),
                ('pretest', models.PositiveSmallIntegerField(default=0, verbose_name='questions that do not count')),
            ],
            options={
                'verbose_name': 'section',
                'ordering': ('blueprint', 'position'),
            },
        ),
        migrations.CreateModel(
            name='CardReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.JSONField(null=True, verbose_name='answer')),
                ('points', models.DecimalField(decimal_places=3, max_digits=4, verbose_name='points')),
                ('rating', models.PositiveSmallIntegerField(choices=[(1, 'again'), (2, 'hard'), (3, 'good'), (4, 'easy')], verbose_name='rating')),
                ('reviewed_at', models.DateTimeField(verbose_name='reviewed at')),
            ],
            options={
                'verbose_name': 'review of a card',
                'verbose_name_plural': 'reviews of cards',
                'ordering': ('reviewed_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Exposure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_mode', models.CharField(choices=[('exam', 'exam: timed, nothing is told before the end'), ('tutor', 'tutor: each answer is explained at once'), ('practice', 'practice: untimed, explained at the end')], max_length=10, verbose_name='first met in')),
                ('first_points', models.DecimalField(decimal_places=3, max_digits=4, verbose_name='points at first')),
                ('first_at', models.DateTimeField(verbose_name='first met at')),
                ('last_points', models.DecimalField(decimal_places=3, max_digits=4, verbose_name='points at last')),
                ('last_at', models.DateTimeField(verbose_name='last met at')),
                ('is_flagged', models.BooleanField(default=False, verbose_name='flagged')),
                ('times', models.PositiveSmallIntegerField(default=1, verbose_name='times met')),
            ],
            options={
                'verbose_name': 'question met',
                'verbose_name_plural': 'questions met',
            },
        ),
        migrations.CreateModel(
            name='KeyCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('how', models.CharField(choices=[('also', 'accept another answer too'), ('new', 'another answer is right instead'), ('all', 'every answer counts as right'), ('drop', 'the question does not count')], max_length=6, verbose_name='what changes')),
                ('answer_key', models.JSONField(blank=True, help_text='The further or the new key, as the kind writes it.', null=True, verbose_name='key')),
                ('reason', models.TextField(max_length=1000, verbose_name='reason, shown to everybody')),
                ('proposed_at', models.DateTimeField(verbose_name='proposed at')),
                ('applied_at', models.DateTimeField(blank=True, null=True, verbose_name='applied at')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts re-scored')),
                ('changed', models.PositiveIntegerField(default=0, verbose_name='results changed')),
                ('crossed', models.PositiveIntegerField(default=0, verbose_name='crossed the pass line')),
            ],
            options={
                'verbose_name': 'correction of a key',
                'verbose_name_plural': 'corrections of keys',
                'ordering': ('-applied_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='PracticeSettings',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='practice_settings', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('has_reviews', models.BooleanField(default=True, verbose_name='daily review of what I missed')),
                ('daily_cap', models.PositiveSmallIntegerField(default=20, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(200)], verbose_name='cards a day at most')),
                ('easy_days', models.JSONField(blank=True, default=list, help_text='Weekdays, Monday is 0: half as many cards.', verbose_name='easy days')),
                ('has_streak', models.BooleanField(default=False, verbose_name='count my days in a row')),
                ('last_set', models.JSONField(blank=True, default=dict, verbose_name='last set')),
            ],
            options={
                'verbose_name': 'practice settings',
                'verbose_name_plural': 'practice settings',
            },
        ),
        migrations.CreateModel(
            name='PreparedForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='form')),
                ('seed', models.BigIntegerField()),
                ('sections', models.JSONField(help_text='A list a section, of revision ids in order.')),
                ('lacking', models.JSONField(blank=True, default=list, verbose_name='shortened by')),
                ('drawn_at', models.DateTimeField(verbose_name='drawn at')),
            ],
            options={
                'verbose_name': 'prepared form',
                'ordering': ('number',),
            },
        ),
        migrations.CreateModel(
            name='QuestionReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('key', 'the key is wrong'), ('second', 'another answer is right too'), ('unclear', 'the question is unclear'), ('outdated', 'a code or rule has changed'), ('typing', 'a typing error'), ('other', 'something else')], max_length=10, verbose_name='what is wrong')),
                ('comment', models.TextField(max_length=2000, verbose_name='comment')),
                ('reported_at', models.DateTimeField(verbose_name='reported at')),
                ('outcome', models.CharField(blank=True, choices=[('accepted', 'you were right'), ('declined', 'it stays as it is')], max_length=10, verbose_name='outcome')),
                ('answer', models.TextField(blank=True, max_length=2000, verbose_name='answer to the reporter')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed at')),
            ],
            options={
                'verbose_name': 'report of a problem',
                'verbose_name_plural': 'reports of problems',
                'ordering': ('reported_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='ReviewCard',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('concept', models.CharField(choices=[('guideline', 'guideline section'), ('category', 'code category'), ('question', 'question')], max_length=10, verbose_name='concept')),
                ('ref', models.CharField(max_length=80, verbose_name='section, category or key')),
                ('edition', models.CharField(blank=True, max_length=40, verbose_name='code edition')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('phase', models.PositiveSmallIntegerField(default=1)),
                ('step', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('stability', models.FloatField(blank=True, null=True)),
                ('difficulty', models.FloatField(blank=True, null=True)),
                ('due_at', models.DateTimeField(verbose_name='due at')),
                ('reviewed_at', models.DateTimeField(blank=True, null=True, verbose_name='last reviewed at')),
                ('suspended_at', models.DateTimeField(blank=True, null=True, verbose_name='suspended at')),
            ],
            options={
                'verbose_name': 'review card',
                'ordering': ('due_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Sitting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=160, verbose_name='title')),
                ('opens_at', models.DateTimeField(verbose_name='may be started from')),
                ('closes_at', models.DateTimeField(verbose_name='may be started until')),
                ('form_count', models.PositiveSmallIntegerField(default=4, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(50)], verbose_name='forms')),
            ],
            options={
                'verbose_name': 'scheduled exam',
                'ordering': ('opens_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='StudyPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('exam_on', models.DateField(verbose_name='exam date')),
                ('hours_per_week', models.DecimalField(decimal_places=1, max_digits=4, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='hours a week')),
                ('study_days', models.JSONField(default=list, help_text='Weekdays, Monday is 0.', verbose_name='days of study')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
            ],
            options={
                'verbose_name': 'study plan',
                'ordering': ('-made_at',),
            },
        ),
        migrations.CreateModel(
            name='TimeExtension',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='minutes')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('added_at', models.DateTimeField(verbose_name='added at')),
            ],
            options={
                'verbose_name': 'added time',
                'verbose_name_plural': 'added times',
                'ordering': ('added_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='TraceEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.CharField(max_length=32)),
                ('seq', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('view', 'question open'), ('lookup', 'looked up'), ('open', 'opened')], max_length=8, verbose_name='what')),
                ('detail', models.CharField(blank=True, max_length=200, verbose_name='words or code')),
                ('seconds', models.PositiveIntegerField(default=0, verbose_name='seconds')),
                ('at', models.DateTimeField(verbose_name='at')),
            ],
            options={
                'verbose_name': 'step of an attempt',
                'verbose_name_plural': 'steps of an attempt',
                'ordering': ('at', 'pk'),
            },
        ),
        migrations.AlterModelOptions(
            name='score',
            options={'ordering': ('pk',)},
        ),
        migrations.RemoveConstraint(
            model_name='attempt',
            name='exams_attempt_one_open',
        ),
        migrations.RemoveConstraint(
            model_name='attempt',
            name='exams_attempt_ends_after_start',
        ),
        migrations.RemoveConstraint(
            model_name='blueprintdomain',
            name='exams_blueprintdomain_once',
        ),
        migrations.RemoveConstraint(
            model_name='blueprintdomain',
            name='exams_blueprintdomain_count_positive',
        ),
        migrations.RemoveConstraint(
            model_name='itemresult',
            name='exams_itemresult_right_is_answered',
        ),
        migrations.RemoveConstraint(
            model_name='score',
            name='exams_score_correct_of_total',
        ),
        migrations.AddField(
            model_name='attempt',
            name='built',
            field=models.JSONField(blank=True, default=dict, help_text="The choices a person's own set was made by.", verbose_name='built from'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='edition',
            field=models.CharField(blank=True, max_length=40, verbose_name='code edition'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='paused_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='paused since'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='paused_s',
            field=models.PositiveIntegerField(default=0, verbose_name='seconds paused before'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='scale',
            field=models.JSONField(blank=True, help_text='{"min", "max", "pass"} where the body reports one.', null=True, verbose_name='scale'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='token',
            field=models.CharField(blank=True, help_text='Of the form that started it: sent twice, it is one attempt.', max_length=32),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='is_scored',
            field=models.BooleanField(default=True, verbose_name='counts'),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='order',
            field=models.JSONField(default=list, help_text='Ids of the options as shown.', verbose_name='order of the options'),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='revealed_at',
            field=models.DateTimeField(blank=True, help_text='From then on no answer is taken.', null=True, verbose_name='explained at'),
        ),
        migrations.AddField(
            model_name='blueprint',
            name='books',
            field=models.CharField(blank=True, max_length=300, verbose_name='books and notes allowed'),
        ),
        migrations.AddField(
            model_name='blueprint',
            name='scale_max',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='highest scaled score'),
        ),
        migrations.AddField(
            model_name='blueprint',
            name='scale_min',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='lowest scaled score'),
        ),
        migrations.AddField(
            model_name='blueprint',
            name='scale_pass',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='scaled score that passes'),
        ),
        migrations.AddField(
            model_name='blueprintdomain',
            name='percent_high',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='per cent to'),
        ),
        migrations.AddField(
            model_name='blueprintdomain',
            name='percent_low',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='per cent from'),
        ),
        migrations.AddField(
            model_name='checkpointanswer',
            name='value',
            field=models.JSONField(null=True, verbose_name='answer'),
        ),
        migrations.AddField(
            model_name='itemmark',
            name='highlights',
            field=models.JSONField(blank=True, default=list, help_text='Pairs of first and last character in the text of the stem.', verbose_name='highlighted'),
        ),
        migrations.AddField(
            model_name='itemmark',
            name='note',
            field=models.TextField(blank=True, max_length=2000, verbose_name='own note'),
        ),
        migrations.AddField(
            model_name='itemresult',
            name='detail',
            field=models.JSONField(blank=True, default=list, help_text='What the kind says of each part of the answer.', verbose_name='line by line'),
        ),
        migrations.AddField(
            model_name='itemresult',
            name='is_dropped',
            field=models.BooleanField(default=False, verbose_name='taken out by a correction'),
        ),
        migrations.AddField(
            model_name='itemresult',
            name='points',
            field=models.DecimalField(decimal_places=3, max_digits=4, null=True, verbose_name='points'),
        ),
        migrations.AddField(
            model_name='itemresult',
            name='score',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='results', to='exams.score'),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='answer_key',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='approved_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='ready since'),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='approved_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='asked',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='changes_key',
            field=models.BooleanField(default=False, help_text='Its key differs from that of the revision before.', verbose_name='changes the key'),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='explained',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='rank',
            field=models.PositiveIntegerField(default=courses.exams.models.bank.random_rank, editable=False, help_text='Where it lies in its domain: an exam reads on from a random place.'),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='source',
            field=models.JSONField(default=dict, verbose_name='options and key as written'),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='submitted_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='sent to review at'),
        ),
        migrations.AddField(
            model_name='questionrevision',
            name='submitted_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='response',
            name='attempt',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='responses', to='exams.attempt'),
        ),
        migrations.AddField(
            model_name='response',
            name='value',
            field=models.JSONField(help_text="As the question's kind writes it; null: taken back.", null=True, verbose_name='answer'),
        ),
        migrations.AddField(
            model_name='score',
            name='is_current',
            field=models.BooleanField(default=True, verbose_name='counts'),
        ),
        migrations.AddField(
            model_name='score',
            name='points',
            field=models.DecimalField(decimal_places=3, max_digits=8, null=True, verbose_name='points'),
        ),
        migrations.AddField(
            model_name='score',
            name='scaled',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='scaled'),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='blueprint',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='exams.blueprint', verbose_name='exam'),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='deadline_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='ends at'),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='mode',
            field=models.CharField(choices=[('exam', 'exam: timed, nothing is told before the end'), ('tutor', 'tutor: each answer is explained at once'), ('practice', 'practice: untimed, explained at the end')], default='exam', max_length=10, verbose_name='mode'),
        ),
        migrations.AlterField(
            model_name='blueprintdomain',
            name='count',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='questions'),
        ),
        migrations.AlterField(
            model_name='itemresult',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='results', to='exams.attemptitem'),
        ),
        migrations.AlterField(
            model_name='itemresult',
            name='response',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='results', to='exams.response', verbose_name='answer'),
        ),
        migrations.AlterField(
            model_name='questionrevision',
            name='kind',
            field=models.CharField(default='single', max_length=12, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='score',
            name='attempt',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='exams.attempt'),
        ),
        migrations.AlterField(
            model_name='score',
            name='domains',
            field=models.JSONField(help_text='List of {"key", "title", "correct", "points", "total"} as it was then.', verbose_name='by domain'),
        ),
        migrations.AlterField(
            model_name='score',
            name='total',
            field=models.PositiveSmallIntegerField(verbose_name='questions that count'),
        ),
        migrations.AddIndex(
            model_name='questionrevision',
            index=models.Index(fields=['domain', 'rank'], name='exams_question_drawn'),
        ),
        migrations.AddIndex(
            model_name='response',
            index=models.Index(fields=['attempt', '-received_at'], name='exams_response_lately'),
        ),
        migrations.AddField(
            model_name='attemptsection',
            name='attempt',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sections', to='exams.attempt'),
        ),
        migrations.AddField(
            model_name='attemptitem',
            name='section',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='exams.attemptsection'),
        ),
        migrations.AddField(
            model_name='blueprintsection',
            name='blueprint',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sections', to='exams.blueprint'),
        ),
        migrations.AddField(
            model_name='blueprintdomain',
            name='section',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='exams.blueprintsection'),
        ),
        migrations.AddField(
            model_name='cardreview',
            name='question_revision',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exams.questionrevision'),
        ),
        migrations.AddField(
            model_name='exposure',
            name='first_item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='exams.attemptitem'),
        ),
        migrations.AddField(
            model_name='exposure',
            name='question',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exposures', to='exams.question'),
        ),
        migrations.AddField(
            model_name='exposure',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exposures', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='keycorrection',
            name='applied_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='keycorrection',
            name='proposed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='keycorrection',
            name='revision',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='exams.questionrevision'),
        ),
        migrations.AddField(
            model_name='score',
            name='correction',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='scores', to='exams.keycorrection'),
        ),
        migrations.AddConstraint(
            model_name='practicesettings',
            constraint=models.CheckConstraint(condition=models.Q(('daily_cap__gte', 1), ('daily_cap__lte', 200)), name='exams_practicesettings_cap_sane'),
        ),
        migrations.AddField(
            model_name='questionreport',
            name='closed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='questionreport',
            name='revision',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='exams.questionrevision'),
        ),
        migrations.AddField(
            model_name='questionreport',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='question_reports', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reviewcard',
            name='question',
            field=models.ForeignKey(help_text='The one missed last.', on_delete=django.db.models.deletion.CASCADE, related_name='review_cards', to='exams.question'),
        ),
        migrations.AddField(
            model_name='reviewcard',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='review_cards', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='cardreview',
            name='card',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reviews', to='exams.reviewcard'),
        ),
        migrations.AddField(
            model_name='sitting',
            name='blueprint',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sittings', to='exams.blueprint'),
        ),
        migrations.AddField(
            model_name='preparedform',
            name='sitting',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='forms', to='exams.sitting'),
        ),
        migrations.AddField(
            model_name='attempt',
            name='sitting',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='exams.sitting', verbose_name='scheduled exam'),
        ),
        migrations.AddField(
            model_name='studyplan',
            name='blueprint',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exams.blueprint', verbose_name='exam'),
        ),
        migrations.AddField(
            model_name='studyplan',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='study_plans', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='timeextension',
            name='added_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='timeextension',
            name='attempt',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='extensions', to='exams.attempt'),
        ),
        migrations.AddField(
            model_name='traceevent',
            name='attempt',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='trace', to='exams.attempt'),
        ),
        migrations.AddField(
            model_name='traceevent',
            name='item',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='trace', to='exams.attemptitem'),
        ),
        migrations.AddConstraint(
            model_name='attemptsection',
            constraint=models.UniqueConstraint(fields=('attempt', 'position'), name='exams_attemptsection_position_once'),
        ),
        migrations.AddConstraint(
            model_name='attemptsection',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), ('opened_at__isnull', False), _connector='OR'), name='exams_attemptsection_closed_was_open'),
        ),
        migrations.AddConstraint(
            model_name='blueprintsection',
            constraint=models.UniqueConstraint(fields=('blueprint', 'position'), name='exams_blueprintsection_position_once'),
        ),
        migrations.AddConstraint(
            model_name='blueprintsection',
            constraint=models.CheckConstraint(condition=models.Q(('minutes', None), ('minutes__gte', 1), _connector='OR'), name='exams_blueprintsection_minutes_positive'),
        ),
        migrations.AddConstraint(
            model_name='blueprintsection',
            constraint=models.CheckConstraint(condition=models.Q(('count', None), ('count__gte', 1), _connector='OR'), name='exams_blueprintsection_count_positive'),
        ),
        migrations.AddConstraint(
            model_name='exposure',
            constraint=models.UniqueConstraint(fields=('user', 'question'), name='exams_exposure_once'),
        ),
        migrations.AddConstraint(
            model_name='keycorrection',
            constraint=models.UniqueConstraint(condition=models.Q(('applied_at', None), ('withdrawn_at', None)), fields=('revision',), name='exams_keycorrection_one_open'),
        ),
        migrations.AddConstraint(
            model_name='keycorrection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer_key__isnull', False), ('how__in', ('also', 'new'))), models.Q(('answer_key__isnull', True), ('how__in', ('all', 'drop'))), _connector='OR'), name='exams_keycorrection_key_where_needed'),
        ),
        migrations.AddConstraint(
            model_name='keycorrection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('applied_at', None), ('applied_by', None)), models.Q(('applied_at__isnull', False), ('applied_by__isnull', False), models.Q(('applied_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='exams_keycorrection_by_two'),
        ),
        migrations.AddIndex(
            model_name='questionreport',
            index=models.Index(fields=['closed_at', 'reported_at'], name='exams_questionreport_queue'),
        ),
        migrations.AddConstraint(
            model_name='questionreport',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('user', 'revision'), name='exams_questionreport_one_open'),
        ),
        migrations.AddConstraint(
            model_name='questionreport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None), ('outcome', '')), models.Q(('closed_at__isnull', False), models.Q(('outcome', ''), _negated=True), models.Q(('answer', ''), _negated=True)), _connector='OR'), name='exams_questionreport_closed_is_answered'),
        ),
        migrations.AddIndex(
            model_name='reviewcard',
            index=models.Index(fields=['user', 'due_at'], name='exams_reviewcard_due'),
        ),
        migrations.AddConstraint(
            model_name='reviewcard',
            constraint=models.UniqueConstraint(fields=('user', 'concept', 'ref'), name='exams_reviewcard_once'),
        ),
        migrations.AddConstraint(
            model_name='cardreview',
            constraint=models.UniqueConstraint(fields=('card', 'reviewed_at'), name='exams_cardreview_once'),
        ),
        migrations.AddConstraint(
            model_name='sitting',
            constraint=models.CheckConstraint(condition=models.Q(('closes_at__gt', models.F('opens_at'))), name='exams_sitting_period_forward'),
        ),
        migrations.AddConstraint(
            model_name='sitting',
            constraint=models.CheckConstraint(condition=models.Q(('form_count__gte', 1), ('form_count__lte', 50)), name='exams_sitting_forms_1_to_50'),
        ),
        migrations.AddConstraint(
            model_name='preparedform',
            constraint=models.UniqueConstraint(fields=('sitting', 'number'), name='exams_preparedform_number_once'),
        ),
        migrations.AddConstraint(
            model_name='studyplan',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('user',), name='exams_studyplan_one_open'),
        ),
        migrations.AddConstraint(
            model_name='studyplan',
            constraint=models.CheckConstraint(condition=models.Q(('hours_per_week__gte', 1), ('hours_per_week__lte', 60)), name='exams_studyplan_hours_sane'),
        ),
        migrations.AddConstraint(
            model_name='timeextension',
            constraint=models.CheckConstraint(condition=models.Q(('minutes__gte', 1)), name='exams_timeextension_positive'),
        ),
        migrations.AddConstraint(
            model_name='timeextension',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='exams_timeextension_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='traceevent',
            constraint=models.UniqueConstraint(fields=('attempt', 'client_id', 'seq'), name='exams_traceevent_once'),
        ),
    ]
