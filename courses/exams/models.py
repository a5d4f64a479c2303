"""The question bank, blueprints, checkpoints in lessons, and attempts with all that was answered."""

from datetime import date, datetime
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.catalog.models import Certification, LessonRevision
from courses.codesets.models import Citation, CodeRef
from courses.exams.clock import GRACE
from portal.lib.revisions import Revision, revision_constraints
from portal.lib.sourced import PackRow, Sourced


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


class Kind(models.TextChoices):
    """How a question is answered."""

    SINGLE = "single", _("one best answer")


class QuestionRevision(Revision):
    """What a question asked from a moment on; its choices and key hang on it.

    Each text is rendered twice on write: ``*_html`` for an exam, where a code is bare, and ``*_linked_html``
    for afterwards, where a code opens its entry.
    """

    identity_field = "question"

    question = models.ForeignKey(Question, models.PROTECT, related_name="revisions")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.SINGLE)
    stem_source = models.TextField(_("question"))
    stem_html = models.TextField(editable=False)
    stem_linked_html = models.TextField(editable=False)
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

    class Meta(Revision.Meta):
        verbose_name = _("question revision")
        constraints = [
            *revision_constraints("exams_questionrevision", "question"),
            models.CheckConstraint(
                condition=Q(difficulty__gte=1, difficulty__lte=5),
                name="exams_questionrevision_difficulty_1_to_5",
            ),
        ]
        indexes = [
            # which revision is live?
            models.Index(fields=["question", "-published_at", "-number"], name="exams_question_live")
        ]

    def __str__(self) -> str:
        return f"{self.question_id} ({self.number})"


class Choice(models.Model):
    """One option of a question revision, with why it is right or wrong."""

    revision = models.ForeignKey(QuestionRevision, models.CASCADE, related_name="choices")
    position = models.PositiveSmallIntegerField(_("order"))
    text_source = models.TextField(_("text"))
    text_html = models.TextField(editable=False)
    text_linked_html = models.TextField(editable=False)
    is_correct = models.BooleanField(_("correct"), default=False)
    rationale_source = models.TextField(_("rationale"))
    rationale_html = models.TextField(editable=False)
    mistake = models.CharField(_("the mistake it shows"), max_length=120, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["revision", "position"], name="exams_choice_position_once"),
            # a right answer is no mistake
            models.CheckConstraint(
                condition=Q(is_correct=False) | Q(mistake=""), name="exams_choice_mistake_wrong"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.revision_id}.{self.position}"


class QuestionCodeRef(CodeRef):
    """A code that a question, its options or its rationales name."""

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


class BlueprintQuerySet(models.QuerySet["Blueprint"]):
    def valid_on(self, day: date) -> Self:
        """Blueprints that an exam may be drawn by on ``day``; ``valid_until`` is the first day it is not."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=day), valid_from__lte=day)


class Blueprint(Sourced):
    """What a practice exam consists of, as dated data: a new outline is a new row under the same key."""

    key = models.SlugField(_("key"), max_length=80)
    title = models.CharField(_("title"), max_length=160)
    certification = models.ForeignKey(
        Certification,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="blueprints",
        verbose_name=_("prepares for"),
    )
    minutes = models.PositiveSmallIntegerField(_("minutes"), validators=[MinValueValidator(1)])
    pass_percent = models.PositiveSmallIntegerField(
        _("pass line in per cent"), validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, help_text=_("First day it is not.")
    )
    edition = models.CharField(_("code edition"), max_length=40, blank=True)
    pack_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = BlueprintQuerySet.as_manager()

    class Meta:
        ordering = ("title", "-valid_from")
        constraints = [
            models.UniqueConstraint(fields=["key", "valid_from"], name="exams_blueprint_once_per_start"),
            models.CheckConstraint(
                condition=Q(minutes__gte=1, pass_percent__gte=1, pass_percent__lte=100),
                name="exams_blueprint_amounts_sane",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="exams_blueprint_period_forward",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class BlueprintDomain(models.Model):
    """How many questions of a domain an exam holds."""

    blueprint = models.ForeignKey(Blueprint, models.CASCADE, related_name="domains")
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="+")
    count = models.PositiveSmallIntegerField(_("questions"), validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("domain")
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["blueprint", "domain"], name="exams_blueprintdomain_once"),
            models.CheckConstraint(condition=Q(count__gte=1), name="exams_blueprintdomain_count_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.domain}: {self.count}"


class Checkpoint(models.Model):
    """A question asked inside a lesson's text."""

    lesson_revision = models.ForeignKey(LessonRevision, models.CASCADE, related_name="checkpoints")
    question = models.ForeignKey(Question, models.PROTECT, related_name="checkpoints")
    position = models.PositiveSmallIntegerField(_("order"))

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["lesson_revision", "question"], name="exams_checkpoint_once")
        ]

    def __str__(self) -> str:
        return f"{self.lesson_revision_id}: {self.question_id}"


class CheckpointAnswer(models.Model):
    """What a person answered to a checkpoint, and which text it was. Only ever added to."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="checkpoint_answers")
    question_revision = models.ForeignKey(QuestionRevision, models.PROTECT, related_name="checkpoint_answers")
    choice = models.ForeignKey(Choice, models.PROTECT, related_name="checkpoint_answers")
    is_correct = models.BooleanField(_("right"))
    answered_at = models.DateTimeField(_("answered at"))

    class Meta:
        verbose_name = _("checkpoint answer")
        ordering = ("answered_at", "pk")
        indexes = [
            # what did this person last answer here?
            models.Index(fields=["user", "question_revision", "-answered_at"], name="exams_checkpoint_latest")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.choice_id}"


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def owned_by(self, user: User) -> Self:
        """Attempts of one person; every view starts from here."""
        return self.filter(user=user)

    def open(self) -> Self:
        """Attempts that nobody has closed yet."""
        return self.filter(state=Attempt.State.OPEN)

    def open_at(self, at: datetime) -> Self:
        """Open attempts with time left at ``at``, the one that ends first before the others."""
        return self.open().filter(deadline_at__gt=at).order_by("deadline_at")

    def overdue(self, at: datetime) -> Self:
        """Open attempts whose time and grace are over."""
        return self.open().filter(deadline_at__lt=at - GRACE).order_by("deadline_at")


class Attempt(models.Model):
    """One sitting of a practice exam. What it asks and what it takes to pass is fixed when it starts."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SUBMITTED = "submitted", _("submitted")

    class Mode(models.TextChoices):
        EXAM = "exam", _("timed exam")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="attempts")
    blueprint = models.ForeignKey(Blueprint, models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField(_("attempt"))
    seed = models.BigIntegerField()
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices, default=Mode.EXAM)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    # as they were at the start: a later edit of the blueprint must not change what was sat
    title = models.CharField(_("title"), max_length=160)
    pass_percent = models.PositiveSmallIntegerField(_("pass line in per cent"))
    lacking = models.JSONField(
        _("shortened by"),
        default=list,
        blank=True,
        help_text=_('Domains the bank could not fill: list of {"title", "count"}.'),
    )
    started_at = models.DateTimeField(_("started at"))
    deadline_at = models.DateTimeField(_("ends at"))
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    submitted_by_system = models.BooleanField(_("closed when the time was over"), default=False)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)
        constraints = [
            models.UniqueConstraint(fields=["user", "blueprint", "number"], name="exams_attempt_number_once"),
            # a double click on Start ends in the same attempt
            models.UniqueConstraint(
                fields=["user", "blueprint"], condition=Q(state="open"), name="exams_attempt_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state="open", submitted_at=None, submitted_by_system=False)
                | Q(state="submitted", submitted_at__isnull=False),
                name="exams_attempt_submitted_has_date",
            ),
            models.CheckConstraint(
                condition=Q(deadline_at__gt=F("started_at")), name="exams_attempt_ends_after_start"
            ),
        ]
        indexes = [
            # which attempts must the sweeper close?
            models.Index(fields=["state", "deadline_at"], name="exams_attempt_overdue")
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("exams:attempt", args=[self.pk])


class AttemptItem(models.Model):
    """A question at its place in an attempt, pinned to the revision that was live when it was drawn."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField(_("question"))
    question_revision = models.ForeignKey(QuestionRevision, models.PROTECT, related_name="attempt_items")
    choice_order = models.JSONField(_("order of the options"), help_text=_("Ids of the options as shown."))

    class Meta:
        verbose_name = _("question of an attempt")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="exams_attemptitem_position_once"),
            models.UniqueConstraint(
                fields=["attempt", "question_revision"], name="exams_attemptitem_question_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}.{self.position}"


class ResponseQuerySet(models.QuerySet["Response"]):
    def newest_first(self) -> Self:
        """Answers that were in time, the one that counts first: as ``scoring.newest`` chooses."""
        return self.filter(late=False).order_by("-seq", "-client_id")


class Response(models.Model):
    """An answer as it arrived. Only ever added to; the greatest ``(seq, client_id)`` in time counts."""

    item = models.ForeignKey(AttemptItem, models.CASCADE, related_name="responses", db_index=False)
    choice = models.ForeignKey(Choice, models.PROTECT, related_name="+", db_index=False)
    client_id = models.CharField(max_length=32, help_text=_("The browser tab, in lower-case hexadecimal."))
    seq = models.PositiveIntegerField(help_text=_("The tab's Lamport counter."))
    received_at = models.DateTimeField(_("received at"))
    late = models.BooleanField(_("after the deadline"), default=False)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer")
        ordering = ("received_at", "pk")
        constraints = [
            # sending the same answer again is harmless; also the index that scoring reads by item
            models.UniqueConstraint(fields=["item", "client_id", "seq"], name="exams_response_once")
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.choice_id}"


class ItemMark(models.Model):
    """What a person noted on a question while sitting: no part of the answer."""

    item = models.OneToOneField(AttemptItem, models.CASCADE, related_name="mark")
    flagged = models.BooleanField(_("flagged"), default=False)
    struck = models.JSONField(_("struck out"), default=list, blank=True, help_text=_("Ids of options."))

    class Meta:
        verbose_name = _("mark on a question")
        verbose_name_plural = _("marks on questions")

    def __str__(self) -> str:
        return f"{self.item_id}"


class Score(models.Model):
    """The result of an attempt, written once."""

    attempt = models.OneToOneField(Attempt, models.CASCADE, related_name="score")
    correct = models.PositiveSmallIntegerField(_("right"))
    total = models.PositiveSmallIntegerField(_("questions"))
    percent = models.DecimalField(_("per cent"), max_digits=5, decimal_places=2)
    passed = models.BooleanField(_("passed"))
    domains = models.JSONField(
        _("by domain"), help_text=_('List of {"key", "title", "correct", "total"} as it was then.')
    )
    scored_at = models.DateTimeField(_("scored at"))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(correct__lte=F("total")), name="exams_score_correct_of_total")
        ]

    def __str__(self) -> str:
        return f"{self.correct}/{self.total}"


class ItemResult(models.Model):
    """Which answer of an item counted and whether it was right, written once."""

    item = models.OneToOneField(AttemptItem, models.CASCADE, related_name="result")
    response = models.OneToOneField(
        Response, models.RESTRICT, null=True, blank=True, related_name="result", verbose_name=_("answer")
    )
    is_correct = models.BooleanField(_("right"))

    class Meta:
        verbose_name = _("result of a question")
        verbose_name_plural = _("results of questions")
        constraints = [
            models.CheckConstraint(
                condition=Q(is_correct=False) | Q(response__isnull=False),
                name="exams_itemresult_right_is_answered",
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.is_correct}"
