"""Rule sets, credentials held with their cycles, and the ledger of continuing education."""

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Body, Certification
from courses.credentials.cycles import ONE_DAY, Period
from courses.credentials.rules import BadTerms, Rule, parse_terms
from courses.progress.models import CourseCompletion
from portal.lib.owned import OwnedQuerySet
from portal.lib.sourced import PackRow, Sourced


class RuleSetQuerySet(models.QuerySet["RuleSet"]):
    def in_force(self, body: Body, on: date) -> Self:
        """Rows of ``body`` whose days hold ``on``, the newest first."""
        return self.filter(
            Q(valid_from=None) | Q(valid_from__lte=on),
            Q(valid_until=None) | Q(valid_until__gte=on),
            body=body,
        ).order_by(F("valid_from").desc(nulls_last=True), "key")


class RuleSet(PackRow, Sourced):
    """What a body asks to keep its credentials, for cycles that begin in the row's days.

    A change of the rules is a new row: a running cycle keeps the row that it began under.
    """

    class Anchor(models.TextChoices):
        RENEWAL_MONTH = "renewal_month", _("the month in which membership expires")
        PASS_DATE = "pass_date", _("the day the first exam was passed")
        UNKNOWN = "unknown", _("not known: the person enters both dates")

    body = models.ForeignKey(Body, models.PROTECT, related_name="rule_sets", verbose_name=_("body"))
    title = models.CharField(_("title"), max_length=160)
    valid_from = models.DateField(_("first day"), null=True, blank=True, help_text=_("Empty: always."))
    valid_until = models.DateField(
        _("last day"), null=True, blank=True, help_text=_("Of cycles that begin under it. Empty: open.")
    )
    cycle_months = models.PositiveSmallIntegerField(_("months of a cycle"))
    anchor = models.CharField(_("what fixes the dates"), max_length=14, choices=Anchor.choices)
    minutes_per_ceu = models.PositiveSmallIntegerField(_("minutes for one CEU"), null=True, blank=True)
    min_remainder_minutes = models.PositiveSmallIntegerField(
        _("rest that counts as one more"),
        null=True,
        blank=True,
        help_text=_("Minutes; a smaller rest earns nothing. Empty: the exact share counts."),
    )
    carry_over = models.DecimalField(
        _("CEUs that may move on"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    terms = models.JSONField(
        _("terms"),
        encoder=DjangoJSONEncoder,
        help_text=_("Everything else, in the keys that the head of rules.yaml explains."),
    )

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("CE rule set")
        verbose_name_plural = _("CE rule sets")
        ordering = ("body__short", "-valid_from", "key")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="credentials_ruleset_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(cycle_months__gte=1), name="credentials_ruleset_cycle_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(minutes_per_ceu=None) | Q(minutes_per_ceu__gte=1),
                name="credentials_ruleset_minutes_not_zero",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        try:
            self.rule()
        except BadTerms as wrong:
            raise ValidationError({"terms": str(wrong)}) from wrong

    def rule(self) -> Rule:
        """The rule for the pure modules; raises ``BadTerms``."""
        if not isinstance(self.terms, dict):
            raise BadTerms("the terms are a map")
        return parse_terms(
            self.terms,
            cycle_months=self.cycle_months,
            anchor=self.anchor,
            minutes_per_ceu=self.minutes_per_ceu,
            min_remainder_minutes=self.min_remainder_minutes,
            carry_over=self.carry_over,
        )

    @property
    def notes(self) -> list[dict[str, Any]]:
        """Texts with their confidence, shown as written."""
        notes: list[dict[str, Any]] = self.terms.get("notes", [])
        return notes


class CredentialHeld(models.Model):
    """That a person holds a credential."""

    class Status(models.TextChoices):
        APPRENTICE = "apprentice", _("Apprentice")
        ACTIVE = "active", _("Active")
        GRACE = "grace", _("Grace period")
        LAPSED = "lapsed", _("Lapsed")
        RETIRED = "retired", _("Retired")

    #: States in which a credential asks for CEUs.
    KEPT = frozenset({Status.APPRENTICE, Status.ACTIVE, Status.GRACE})

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="credentials_held")
    certification = models.ForeignKey(Certification, models.PROTECT, related_name="holders")
    number = models.CharField(_("number"), max_length=40, blank=True)
    earned_on = models.DateField(_("earned on"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    recorded_at = models.DateTimeField(_("recorded at"))

    objects = OwnedQuerySet["CredentialHeld"].as_manager()

    class Meta:
        verbose_name = _("credential held")
        verbose_name_plural = _("credentials held")
        ordering = ("certification__body__short", "earned_on", "pk")
        constraints = [
            models.UniqueConstraint(fields=["user", "certification"], name="credentials_credentialheld_once")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.certification}"

    def get_absolute_url(self) -> str:
        return reverse("credentials:credential", args=[self.pk])

    @property
    def is_kept(self) -> bool:
        """Whether it asks for CEUs now."""
        return self.status in self.KEPT


class CycleQuerySet(OwnedQuerySet["Cycle"]):
    def running_on(self, day: date) -> Self:
        """Cycles that hold ``day``."""
        return self.filter(starts_on__lte=day, ends_on__gt=day)

    def ending_between(self, first: date, until: date) -> Self:
        """Cycles whose last day is ``first`` or later and before ``until``, with person and body."""
        return self.filter(ends_on__gt=first, ends_on__lte=until).select_related("user", "body")


class Cycle(models.Model):
    """A period in which a person collects CEUs for the credentials of one body.

    ``ends_on`` is the first day after it; the last day that counts is ``due_on``.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="ce_cycles")
    body = models.ForeignKey(Body, models.PROTECT, related_name="cycles")
    rule_set = models.ForeignKey(
        RuleSet, models.PROTECT, null=True, blank=True, related_name="cycles", verbose_name=_("rules")
    )
    credentials = models.ManyToManyField(CredentialHeld, related_name="cycles", verbose_name=_("credentials"))
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("first day after it"))
    required_override = models.DecimalField(
        _("CEUs that the body asks for"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("What the body told the person; replaces the number of the rules."),
    )
    opened_at = models.DateTimeField(_("opened at"))

    objects = CycleQuerySet.as_manager()

    class Meta:
        ordering = ("body__short", "-starts_on")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "body", "starts_on"], name="credentials_cycle_once_per_start"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="credentials_cycle_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(rule_set__isnull=False) | Q(required_override__isnull=False),
                name="credentials_cycle_knows_what_is_asked",
            ),
            models.CheckConstraint(
                condition=Q(required_override=None) | Q(required_override__gte=0),
                name="credentials_cycle_required_not_negative",
            ),
        ]
        indexes = [
            # which cycles end soon?
            models.Index(fields=["ends_on"], name="credentials_cycle_ending")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.body}, {self.starts_on} – {self.due_on}"

    @property
    def due_on(self) -> date:
        """The last day on which an activity counts: the deadline."""
        return self.ends_on - ONE_DAY

    @property
    def period(self) -> Period:
        return Period(self.starts_on, self.ends_on)


class CreditQuerySet(OwnedQuerySet["Credit"]):
    def standing(self) -> Self:
        """Awards that were not taken back."""
        return self.filter(kind=Credit.Kind.AWARD, reversal=None)


class Credit(models.Model):
    """A row of the ledger. Rows are added, never changed: a correction is a reversal with its reason.

    ``activity_key`` names what was done, so that it is awarded once: ``course:<key>``, ``index:<number>`` or
    ``own:<digest>``. What was taken back and entered again carries ``#2`` and so on.
    """

    class Kind(models.TextChoices):
        AWARD = "award", _("Award")
        REVERSAL = "reversal", _("Taken back")

    class Source(models.TextChoices):
        OUR_COURSE = "our_course", _("Course completed here")
        SELF_REPORTED = "self_reported", _("Entered by yourself")
        IMPORTED = "imported", _("Imported")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="ce_credits")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    activity_key = models.CharField(_("activity"), max_length=170)
    title = models.CharField(_("title"), max_length=200)
    provider = models.CharField(_("provider"), max_length=120, blank=True)
    index_number = models.CharField(_("index number"), max_length=60, blank=True)
    topics = models.JSONField(_("topics"), default=list, blank=True)
    completed_on = models.DateField(_("completed on"))
    minutes = models.PositiveIntegerField(_("minutes"), null=True, blank=True)
    ceus = models.DecimalField(_("CEUs"), max_digits=5, decimal_places=2)
    source = models.CharField(_("comes from"), max_length=14, choices=Source.choices)
    course_completion = models.ForeignKey(
        CourseCompletion, models.RESTRICT, null=True, blank=True, related_name="credits"
    )
    reverses = models.OneToOneField(
        "self", models.RESTRICT, null=True, blank=True, related_name="reversal", verbose_name=_("takes back")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recorded by"),
        help_text=_("Empty: the portal itself, when a course was completed."),
    )

    objects = CreditQuerySet.as_manager()

    class Meta:
        verbose_name = _("credit")
        ordering = ("-completed_on", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "activity_key"],
                condition=Q(kind="award"),
                name="credentials_credit_awarded_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="award", ceus__gt=0, reverses=None)
                | (Q(kind="reversal", ceus__lt=0, reverses__isnull=False) & ~Q(reason="")),
                name="credentials_credit_award_or_reversal",
            ),
            models.CheckConstraint(
                condition=Q(source="our_course", course_completion__isnull=False)
                | (~Q(source="our_course") & Q(course_completion=None)),
                name="credentials_credit_course_has_completion",
            ),
        ]
        indexes = [
            # what counts in this cycle?
            models.Index(fields=["user", "completed_on"], name="credentials_credit_of_person")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.title} ({self.ceus})"
