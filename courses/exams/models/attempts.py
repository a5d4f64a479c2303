"""Attempts: what was asked, everything that was answered, and what it came to."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.exams.clock import GRACE
from courses.exams.models.bank import KeyCorrection, QuestionRevision
from courses.exams.models.blueprints import Blueprint, Sitting


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def owned_by(self, user: User) -> Self:
        """Attempts of one person; every view starts from here."""
        return self.filter(user=user)

    def open(self) -> Self:
        """Attempts that nobody has closed yet."""
        return self.filter(state=Attempt.State.OPEN)

    def submitted(self) -> Self:
        return self.filter(state=Attempt.State.SUBMITTED)

    def open_at(self, at: datetime) -> Self:
        """Open attempts with time left at ``at``, the one that ends first before the others."""
        return (
            self.open()
            .filter(Q(deadline_at=None) | Q(deadline_at__gt=at))
            .order_by(F("deadline_at").asc(nulls_last=True), "-started_at")
        )

    def overdue(self, at: datetime) -> Self:
        """Open attempts whose time and grace are over."""
        return self.open().filter(deadline_at__lt=at - GRACE).order_by("deadline_at")


class Attempt(models.Model):
    """One go at an exam or at a person's own set. What it asks and what it takes to pass is fixed at once."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SUBMITTED = "submitted", _("submitted")

    class Mode(models.TextChoices):
        EXAM = "exam", _("exam: timed, nothing is told before the end")
        TUTOR = "tutor", _("tutor: each answer is explained at once")
        PRACTICE = "practice", _("practice: untimed, explained at the end")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="attempts")
    #: None: a set that the person built.
    blueprint = models.ForeignKey(
        Blueprint, models.PROTECT, null=True, blank=True, related_name="attempts", verbose_name=_("exam")
    )
    sitting = models.ForeignKey(
        Sitting,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="attempts",
        verbose_name=_("scheduled exam"),
    )
    number = models.PositiveIntegerField(_("attempt"))
    seed = models.BigIntegerField()
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices, default=Mode.EXAM)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    # as they were at the start: a later edit of the blueprint must not change what was sat
    title = models.CharField(_("title"), max_length=160)
    edition = models.CharField(_("code edition"), max_length=40, blank=True)
    pass_percent = models.PositiveSmallIntegerField(_("pass line in per cent"))
    scale = models.JSONField(
        _("scale"), null=True, blank=True, help_text=_('{"min", "max", "pass"} where the body reports one.')
    )
    lacking = models.JSONField(
        _("shortened by"),
        default=list,
        blank=True,
        help_text=_('Domains the bank could not fill: list of {"title", "count"}.'),
    )
    built = models.JSONField(
        _("built from"), default=dict, blank=True, help_text=_("The choices a person's own set was made by.")
    )
    token = models.CharField(
        max_length=32, blank=True, help_text=_("Of the form that started it: sent twice, it is one attempt.")
    )
    started_at = models.DateTimeField(_("started at"))
    deadline_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    paused_at = models.DateTimeField(_("paused since"), null=True, blank=True)
    paused_s = models.PositiveIntegerField(_("seconds paused before"), default=0)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    submitted_by_system = models.BooleanField(_("closed when the time was over"), default=False)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)
        constraints = [
            models.UniqueConstraint(fields=["user", "blueprint", "number"], name="exams_attempt_number_once"),
            # a double click on Start ends in the same attempt
            models.UniqueConstraint(
                fields=["user", "blueprint"],
                condition=Q(state="open", sitting=None),
                name="exams_attempt_one_open",
            ),
            models.UniqueConstraint(fields=["user", "sitting"], name="exams_attempt_sitting_once"),
            models.UniqueConstraint(
                fields=["user", "token"], condition=~Q(token=""), name="exams_attempt_token_once"
            ),
            models.CheckConstraint(
                condition=Q(state="open", submitted_at=None, submitted_by_system=False)
                | Q(state="submitted", submitted_at__isnull=False),
                name="exams_attempt_submitted_has_date",
            ),
            models.CheckConstraint(
                condition=Q(deadline_at=None) | Q(deadline_at__gt=F("started_at")),
                name="exams_attempt_ends_after_start",
            ),
            # the clock of an exam cannot be left out or stopped
            models.CheckConstraint(
                condition=(Q(mode="exam", deadline_at__isnull=False, paused_at=None))
                | (~Q(mode="exam") & Q(deadline_at=None)),
                name="exams_attempt_exam_is_timed",
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


class AttemptSection(models.Model):
    """A section of an attempt, as its blueprint had it at the start; opened and closed by the server."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="sections")
    position = models.PositiveSmallIntegerField(_("section"))
    title = models.CharField(_("title"), max_length=120)
    minutes = models.PositiveSmallIntegerField(_("minutes of its own"), null=True, blank=True)
    no_return = models.BooleanField(_("closed once it is left"), default=False)
    break_minutes = models.PositiveSmallIntegerField(_("break after it, in minutes"), default=0)
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True)
    deadline_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    break_until = models.DateTimeField(_("break until"), null=True, blank=True)

    class Meta:
        verbose_name = _("section of an attempt")
        ordering = ("attempt", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "position"], name="exams_attemptsection_position_once"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(opened_at__isnull=False),
                name="exams_attemptsection_closed_was_open",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class AttemptItem(models.Model):
    """A question at its place in an attempt, pinned to the revision that was live when it was drawn."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="items")
    section = models.ForeignKey(AttemptSection, models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField(_("question"))
    question_revision = models.ForeignKey(QuestionRevision, models.PROTECT, related_name="attempt_items")
    order = models.JSONField(
        _("order of the options"), default=list, help_text=_("Ids of the options as shown.")
    )
    is_scored = models.BooleanField(_("counts"), default=True)
    revealed_at = models.DateTimeField(
        _("explained at"), null=True, blank=True, help_text=_("From then on no answer is taken.")
    )

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
    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="responses", db_index=False)
    value = models.JSONField(
        _("answer"), null=True, help_text=_("As the question's kind writes it; null: taken back.")
    )
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
        indexes = [
            # has another tab or device answered here a moment ago?
            models.Index(fields=["attempt", "-received_at"], name="exams_response_lately")
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.value}"


class ItemMark(models.Model):
    """What a person noted on a question while sitting: no part of the answer."""

    item = models.OneToOneField(AttemptItem, models.CASCADE, related_name="mark")
    flagged = models.BooleanField(_("flagged"), default=False)
    struck = models.JSONField(_("struck out"), default=list, blank=True, help_text=_("Ids of options."))
    highlights = models.JSONField(
        _("highlighted"),
        default=list,
        blank=True,
        help_text=_("Pairs of first and last character in the text of the stem."),
    )
    note = models.TextField(_("own note"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("mark on a question")
        verbose_name_plural = _("marks on questions")

    def __str__(self) -> str:
        return f"{self.item_id}"


class TraceEvent(models.Model):
    """What a person did beside answering: how long a question was open, what was looked up. Only added to."""

    class Kind(models.TextChoices):
        VIEW = "view", _("question open")
        LOOKUP = "lookup", _("looked up")
        OPEN = "open", _("opened")

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="trace", db_index=False)
    item = models.ForeignKey(AttemptItem, models.CASCADE, null=True, blank=True, related_name="trace")
    client_id = models.CharField(max_length=32)
    seq = models.PositiveIntegerField()
    kind = models.CharField(_("what"), max_length=8, choices=Kind.choices)
    detail = models.CharField(_("words or code"), max_length=200, blank=True)
    seconds = models.PositiveIntegerField(_("seconds"), default=0)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("step of an attempt")
        verbose_name_plural = _("steps of an attempt")
        ordering = ("at", "pk")
        constraints = [
            models.UniqueConstraint(fields=["attempt", "client_id", "seq"], name="exams_traceevent_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.detail}"


class TimeExtension(models.Model):
    """Time added to a running attempt, with the reason."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="extensions")
    minutes = models.PositiveSmallIntegerField(_("minutes"), validators=[MinValueValidator(1)])
    reason = models.CharField(_("reason"), max_length=300)
    added_at = models.DateTimeField(_("added at"))
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("added time")
        verbose_name_plural = _("added times")
        ordering = ("added_at", "pk")
        constraints = [
            models.CheckConstraint(condition=Q(minutes__gte=1), name="exams_timeextension_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="exams_timeextension_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.minutes}"


class ScoreQuerySet(models.QuerySet["Score"]):
    def current(self) -> Self:
        """The results that count: the first ones, or those of the last re-score."""
        return self.filter(is_current=True)


class Score(models.Model):
    """A result of an attempt. A correction of a key adds another; none ever changes."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="scores")
    correction = models.ForeignKey(
        KeyCorrection, models.PROTECT, null=True, blank=True, related_name="scores"
    )
    is_current = models.BooleanField(_("counts"), default=True)
    correct = models.PositiveSmallIntegerField(_("right"))
    total = models.PositiveSmallIntegerField(_("questions that count"))
    points = models.DecimalField(_("points"), max_digits=8, decimal_places=3)
    percent = models.DecimalField(_("per cent"), max_digits=5, decimal_places=2)
    scaled = models.PositiveSmallIntegerField(_("scaled"), null=True, blank=True)
    passed = models.BooleanField(_("passed"))
    domains = models.JSONField(
        _("by domain"),
        help_text=_('List of {"key", "title", "correct", "points", "total"} as it was then.'),
    )
    scored_at = models.DateTimeField(_("scored at"))

    objects = ScoreQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(correct__lte=F("total"), points__lte=F("total")),
                name="exams_score_correct_of_total",
            ),
            # submitting twice, from anywhere, ends in one result
            models.UniqueConstraint(
                fields=["attempt"], condition=Q(correction=None), name="exams_score_first_once"
            ),
            models.UniqueConstraint(fields=["attempt", "correction"], name="exams_score_once_per_correction"),
            models.UniqueConstraint(
                fields=["attempt"], condition=Q(is_current=True), name="exams_score_one_counts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.correct}/{self.total}"


class ItemResult(models.Model):
    """Which answer of a question counted in a result and what it was worth; written once."""

    score = models.ForeignKey(Score, models.CASCADE, related_name="results", db_index=False)
    item = models.ForeignKey(AttemptItem, models.CASCADE, related_name="results")
    response = models.ForeignKey(
        Response, models.RESTRICT, null=True, blank=True, related_name="results", verbose_name=_("answer")
    )
    points = models.DecimalField(_("points"), max_digits=4, decimal_places=3)
    is_correct = models.BooleanField(_("right"))
    is_dropped = models.BooleanField(_("taken out by a correction"), default=False)
    detail = models.JSONField(
        _("line by line"),
        default=list,
        blank=True,
        help_text=_("What the kind says of each part of the answer."),
    )

    class Meta:
        verbose_name = _("result of a question")
        verbose_name_plural = _("results of questions")
        constraints = [
            models.UniqueConstraint(fields=["score", "item"], name="exams_itemresult_once"),
            models.CheckConstraint(
                condition=Q(points__gte=0, points__lte=1), name="exams_itemresult_points_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.points}"
