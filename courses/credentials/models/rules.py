"""Rule sets of continuing education, and what our courses count for."""

from datetime import date
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Body, Course
from courses.credentials.rules import BadTerms, Rule, parse_terms
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


class CourseApproval(models.Model):
    """What a body lets one of our courses count for; without one a course has no index number there."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="approvals", verbose_name=_("course"))
    body = models.ForeignKey(Body, models.PROTECT, related_name="course_approvals", verbose_name=_("body"))
    index_number = models.CharField(_("index number"), max_length=60, blank=True)
    topics = models.JSONField(
        _("topics"), default=list, blank=True, help_text=_("Keys of the body's parts that the course enters.")
    )
    ceus = models.DecimalField(
        _("CEUs"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Empty: the course's own."),
    )
    certificate_months = models.PositiveSmallIntegerField(
        _("months a certificate is valid"), null=True, blank=True, help_text=_("Empty: it does not expire.")
    )
    valid_from = models.DateField(_("first day"))
    valid_until = models.DateField(_("last day"), null=True, blank=True)

    class Meta:
        verbose_name = _("approval of a course")
        verbose_name_plural = _("approvals of courses")
        ordering = ("course", "body__short", "-valid_from")
        constraints = [
            models.UniqueConstraint(
                fields=["course", "body", "valid_from"], name="credentials_courseapproval_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="credentials_courseapproval_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(ceus=None) | Q(ceus__gt=0), name="credentials_courseapproval_ceus_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course}: {self.body} {self.index_number}".strip()
