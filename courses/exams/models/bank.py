"""The question bank: domains, questions, their revisions, reports of problems, corrections of keys."""

import secrets

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from courses.codesets.models import Citation, CodeRef
from portal.lib.owned import OwnedQuerySet
from portal.lib.revisions import Revision, revision_constraints
from portal.lib.sourced import PackRow


class Domain(PackRow):
    """A field of knowledge that questions belong to and blueprints count."""

    title = models.CharField(_("title"), max_length=120)

    class Meta:
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title


class Question(models.Model):
    """A question's identity. What it asks is in its revisions."""

    key = models.SlugField(_("key"), max_length=80, unique=True)
    retired_at = models.DateTimeField(
        _("retired at"), null=True, blank=True, help_text=_("From then on no exam draws it.")
    )

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key


#: Ranks are below this number.
RANKS = 2**31


def random_rank() -> int:
    return secrets.randbelow(RANKS)


class QuestionRevision(Revision):
    """What a question asked from a moment on.

    Its kind (``courses.exams.kinds``) makes three documents of what the writer gave: ``asked`` is all that
    the exam room reads and holds nothing of the key; ``answer_key`` is all that scoring reads; ``explained``
    is for afterwards. The stem is rendered twice: ``stem_html`` for an exam, where a code is bare, and
    ``stem_linked_html`` for afterwards, where a code opens its entry.
    """

    identity_field = "question"

    question = models.ForeignKey(Question, models.PROTECT, related_name="revisions")
    kind = models.CharField(_("kind"), max_length=12, default="single")
    stem_source = models.TextField(_("question"))
    stem_html = models.TextField(editable=False)
    stem_linked_html = models.TextField(editable=False)
    source = models.JSONField(_("options and key as written"), default=dict)
    asked = models.JSONField(default=dict, editable=False)
    answer_key = models.JSONField(default=dict, editable=False)
    explained = models.JSONField(default=dict, editable=False)
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="question_revisions")
    difficulty = models.PositiveSmallIntegerField(
        _("difficulty"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    difficulty_reason = models.CharField(_("why this difficulty"), max_length=200)
    edition = models.CharField(_("code edition"), max_length=40, blank=True)
    exclusion_group = models.CharField(
        _("exclusion group"),
        max_length=80,
        blank=True,
        help_text=_("No exam holds two questions of one group: one would give the other away."),
    )
    rank = models.PositiveIntegerField(
        default=random_rank,
        editable=False,
        help_text=_("Where it lies in its domain: an exam reads on from a random place."),
    )
    # on its way from draft to live
    submitted_at = models.DateTimeField(_("sent to review at"), null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(_("ready since"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    changes_key = models.BooleanField(
        _("changes the key"), default=False, help_text=_("Its key differs from that of the revision before.")
    )

    class Meta(Revision.Meta):
        verbose_name = _("question revision")
        constraints = [
            *revision_constraints("exams_questionrevision", "question"),
            models.CheckConstraint(
                condition=Q(difficulty__gte=1, difficulty__lte=5),
                name="exams_questionrevision_difficulty_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(submitted_by=None) | Q(submitted_at__isnull=False),
                name="exams_questionrevision_submitter_has_date",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(approved_at__isnull=False),
                name="exams_questionrevision_approver_has_date",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None) | Q(submitted_at__isnull=False),
                name="exams_questionrevision_ready_was_reviewed",
            ),
            # a changed key goes live only when a second person has agreed; a pack has had its readers
            models.CheckConstraint(
                condition=Q(changes_key=False)
                | Q(published_at=None)
                | ~Q(pack_digest="")
                | (Q(approved_by__isnull=False) & ~Q(approved_by=F("created_by"))),
                name="exams_questionrevision_key_by_two",
            ),
        ]
        indexes = [
            # which revision is live?
            models.Index(fields=["question", "-published_at", "-number"], name="exams_question_live"),
            # which questions of a domain come next from a random place?
            models.Index(fields=["domain", "rank"], name="exams_question_drawn"),
        ]

    def __str__(self) -> str:
        return f"{self.question_id} ({self.number})"


class QuestionCodeRef(CodeRef):
    """A code that a question, its options, its key or its rationales name."""

    revision = models.ForeignKey(QuestionRevision, models.CASCADE, related_name="code_refs")

    class Meta(CodeRef.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "system", "code", "role"], name="exams_questioncoderef_once"
            )
        ]


class QuestionCitation(Citation):
    """Where the rule behind a question is written."""

    revision = models.ForeignKey(QuestionRevision, models.CASCADE, related_name="citations")


class QuestionReport(models.Model):
    """That a person found something wrong with a question, and what came of it."""

    class Reason(models.TextChoices):
        KEY = "key", _("the key is wrong")
        SECOND = "second", _("another answer is right too")
        UNCLEAR = "unclear", _("the question is unclear")
        OUTDATED = "outdated", _("a code or rule has changed")
        TYPING = "typing", _("a typing error")
        OTHER = "other", _("something else")

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", _("you were right")
        DECLINED = "declined", _("it stays as it is")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="question_reports")
    revision = models.ForeignKey(QuestionRevision, models.PROTECT, related_name="reports")
    reason = models.CharField(_("what is wrong"), max_length=10, choices=Reason.choices)
    comment = models.TextField(_("comment"), max_length=2000)
    reported_at = models.DateTimeField(_("reported at"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, blank=True)
    answer = models.TextField(_("answer to the reporter"), max_length=2000, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("report of a problem")
        verbose_name_plural = _("reports of problems")
        ordering = ("reported_at", "pk")
        constraints = [
            # pressing Send twice, or again while it is looked at, is one report
            models.UniqueConstraint(
                fields=["user", "revision"], condition=Q(closed_at=None), name="exams_questionreport_one_open"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="", closed_by=None)
                | (Q(closed_at__isnull=False) & ~Q(outcome="") & ~Q(answer="")),
                name="exams_questionreport_closed_is_answered",
            ),
        ]
        indexes = [
            # what waits to be looked at?
            models.Index(fields=["closed_at", "reported_at"], name="exams_questionreport_queue")
        ]

    def __str__(self) -> str:
        return f"{self.revision_id}: {self.reason}"


class KeyCorrection(models.Model):
    """A decision about the key of a revision that was already asked. The newest applied one is in force.

    Attempts are re-scored as new rows; the revision itself never changes.
    """

    class How(models.TextChoices):
        ACCEPT_ALSO = "also", _("accept another answer too")
        NEW_KEY = "new", _("another answer is right instead")
        ALL_CORRECT = "all", _("every answer counts as right")
        DROP = "drop", _("the question does not count")

    revision = models.ForeignKey(QuestionRevision, models.PROTECT, related_name="corrections")
    how = models.CharField(_("what changes"), max_length=6, choices=How.choices)
    answer_key = models.JSONField(
        _("key"), null=True, blank=True, help_text=_("The further or the new key, as the kind writes it.")
    )
    reason = models.TextField(_("reason, shown to everybody"), max_length=1000)
    proposed_at = models.DateTimeField(_("proposed at"))
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts re-scored"), default=0)
    changed = models.PositiveIntegerField(_("results changed"), default=0)
    crossed = models.PositiveIntegerField(_("crossed the pass line"), default=0)

    class Meta:
        verbose_name = _("correction of a key")
        verbose_name_plural = _("corrections of keys")
        ordering = ("-applied_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["revision"],
                condition=Q(applied_at=None, withdrawn_at=None),
                name="exams_keycorrection_one_open",
            ),
            models.CheckConstraint(
                condition=Q(how__in=("also", "new"), answer_key__isnull=False)
                | Q(how__in=("all", "drop"), answer_key__isnull=True),
                name="exams_keycorrection_key_where_needed",
            ),
            # whoever proposes a key does not decide alone
            models.CheckConstraint(
                condition=Q(applied_at=None, applied_by=None)
                | (Q(applied_at__isnull=False, applied_by__isnull=False) & ~Q(applied_by=F("proposed_by"))),
                name="exams_keycorrection_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.revision_id}: {self.how}"
