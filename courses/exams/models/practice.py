"""What a person has met of the bank, their review cards, and their study plan."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.exams.models.attempts import Attempt, AttemptItem
from courses.exams.models.bank import Question, QuestionRevision
from courses.exams.models.blueprints import Blueprint
from portal.lib.owned import OwnedQuerySet


class Exposure(models.Model):
    """How often a person has met a question and how it went: first, which alone is honest, and last.

    It says nothing that attempts do not say; it is kept so that drawing a set need not read them all.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="exposures")
    question = models.ForeignKey(Question, models.CASCADE, related_name="exposures")
    first_item = models.ForeignKey(AttemptItem, models.CASCADE, related_name="+")
    first_mode = models.CharField(_("first met in"), max_length=10, choices=Attempt.Mode.choices)
    first_points = models.DecimalField(_("points at first"), max_digits=4, decimal_places=3)
    first_at = models.DateTimeField(_("first met at"))
    last_points = models.DecimalField(_("points at last"), max_digits=4, decimal_places=3)
    last_at = models.DateTimeField(_("last met at"))
    is_flagged = models.BooleanField(_("flagged"), default=False)
    times = models.PositiveSmallIntegerField(_("times met"), default=1)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("question met")
        verbose_name_plural = _("questions met")
        constraints = [
            # also the index by which drawing asks whether a person knows a question
            models.UniqueConstraint(fields=["user", "question"], name="exams_exposure_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.question_id}"


class PracticeSettings(models.Model):
    """How a person wants to practise."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="practice_settings", primary_key=True
    )
    has_reviews = models.BooleanField(_("daily review of what I missed"), default=True)
    daily_cap = models.PositiveSmallIntegerField(
        _("cards a day at most"), default=20, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    easy_days = models.JSONField(
        _("easy days"), default=list, blank=True, help_text=_("Weekdays, Monday is 0: half as many cards.")
    )
    has_streak = models.BooleanField(_("count my days in a row"), default=False)
    last_set = models.JSONField(_("last set"), default=dict, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("practice settings")
        verbose_name_plural = _("practice settings")
        constraints = [
            models.CheckConstraint(
                condition=Q(daily_cap__gte=1, daily_cap__lte=200), name="exams_practicesettings_cap_sane"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


class ReviewCard(models.Model):
    """A concept that a person missed, with when it comes back: one card a concept, however many questions."""

    class Concept(models.TextChoices):
        GUIDELINE = "guideline", _("guideline section")
        CATEGORY = "category", _("code category")
        QUESTION = "question", _("question")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="review_cards")
    concept = models.CharField(_("concept"), max_length=10, choices=Concept.choices)
    ref = models.CharField(_("section, category or key"), max_length=80)
    edition = models.CharField(_("code edition"), max_length=40, blank=True)
    question = models.ForeignKey(
        Question, models.CASCADE, related_name="review_cards", help_text=_("The one missed last.")
    )
    made_at = models.DateTimeField(_("made at"))
    # the state of the scheduler, see courses.exams.scheduling
    phase = models.PositiveSmallIntegerField(default=1)
    step = models.PositiveSmallIntegerField(null=True, blank=True)
    stability = models.FloatField(null=True, blank=True)
    difficulty = models.FloatField(null=True, blank=True)
    due_at = models.DateTimeField(_("due at"))
    reviewed_at = models.DateTimeField(_("last reviewed at"), null=True, blank=True)
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("review card")
        ordering = ("due_at", "pk")
        constraints = [
            models.UniqueConstraint(fields=["user", "concept", "ref"], name="exams_reviewcard_once")
        ]
        indexes = [
            # which cards are due for this person?
            models.Index(fields=["user", "due_at"], name="exams_reviewcard_due")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.ref}"


class CardReview(models.Model):
    """One review of a card. Only ever added to."""

    class Rating(models.IntegerChoices):
        AGAIN = 1, _("again")
        HARD = 2, _("hard")
        GOOD = 3, _("good")
        EASY = 4, _("easy")

    card = models.ForeignKey(ReviewCard, models.CASCADE, related_name="reviews")
    question_revision = models.ForeignKey(QuestionRevision, models.PROTECT, related_name="+")
    value = models.JSONField(_("answer"), null=True)
    points = models.DecimalField(_("points"), max_digits=4, decimal_places=3)
    rating = models.PositiveSmallIntegerField(_("rating"), choices=Rating.choices)
    reviewed_at = models.DateTimeField(_("reviewed at"))

    class Meta:
        verbose_name = _("review of a card")
        verbose_name_plural = _("reviews of cards")
        ordering = ("reviewed_at", "pk")
        constraints = [
            # the same card is not reviewed twice by a double click
            models.UniqueConstraint(fields=["card", "reviewed_at"], name="exams_cardreview_once")
        ]

    def __str__(self) -> str:
        return f"{self.card_id}: {self.rating}"


class StudyPlan(models.Model):
    """What a person studies for, until when and how much time a week. The dated plan is computed from it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="study_plans")
    blueprint = models.ForeignKey(Blueprint, models.PROTECT, related_name="+", verbose_name=_("exam"))
    exam_on = models.DateField(_("exam date"))
    hours_per_week = models.DecimalField(
        _("hours a week"),
        max_digits=4,
        decimal_places=1,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
    )
    study_days = models.JSONField(_("days of study"), default=list, help_text=_("Weekdays, Monday is 0."))
    made_at = models.DateTimeField(_("made at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("study plan")
        ordering = ("-made_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None), name="exams_studyplan_one_open"
            ),
            models.CheckConstraint(
                condition=Q(hours_per_week__gte=1, hours_per_week__lte=60), name="exams_studyplan_hours_sane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.exam_on}"
