"""What an exam consists of, as dated data, and sittings whose forms are drawn beforehand."""

from datetime import date, datetime
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Certification
from courses.exams.models.bank import Domain
from portal.lib.sourced import Sourced


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
    # where the body reports a scaled score: lowest, highest and the one that passes
    scale_min = models.PositiveSmallIntegerField(_("lowest scaled score"), null=True, blank=True)
    scale_max = models.PositiveSmallIntegerField(_("highest scaled score"), null=True, blank=True)
    scale_pass = models.PositiveSmallIntegerField(_("scaled score that passes"), null=True, blank=True)
    books = models.CharField(_("books and notes allowed"), max_length=300, blank=True)
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
            models.CheckConstraint(
                condition=Q(scale_min=None, scale_max=None, scale_pass=None)
                | Q(scale_min__lt=F("scale_pass"), scale_pass__lte=F("scale_max")),
                name="exams_blueprint_scale_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class BlueprintSection(models.Model):
    """A part of an exam with its own kinds of questions, and its own clock and rules where it has them."""

    blueprint = models.ForeignKey(Blueprint, models.CASCADE, related_name="sections")
    position = models.PositiveSmallIntegerField(_("order"), default=1)
    title = models.CharField(_("title"), max_length=120)
    kinds = models.JSONField(
        _("kinds of questions"), default=list, blank=True, help_text=_("Empty: all but case sets.")
    )
    count = models.PositiveSmallIntegerField(
        _("questions in all"),
        null=True,
        blank=True,
        help_text=_("Where the counts of its domains are unknown or are shares of it."),
    )
    minutes = models.PositiveSmallIntegerField(_("minutes of its own"), null=True, blank=True)
    no_return = models.BooleanField(_("closed once it is left"), default=False)
    break_minutes = models.PositiveSmallIntegerField(_("break after it, in minutes"), default=0)
    pretest = models.PositiveSmallIntegerField(_("questions that do not count"), default=0)

    class Meta:
        verbose_name = _("section")
        ordering = ("blueprint", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["blueprint", "position"], name="exams_blueprintsection_position_once"
            ),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__gte=1), name="exams_blueprintsection_minutes_positive"
            ),
            models.CheckConstraint(
                condition=Q(count=None) | Q(count__gte=1), name="exams_blueprintsection_count_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class BlueprintDomain(models.Model):
    """A domain of a section: how many questions, or what share of them, or only that it belongs there."""

    section = models.ForeignKey(BlueprintSection, models.CASCADE, related_name="domains")
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="+")
    count = models.PositiveSmallIntegerField(_("questions"), null=True, blank=True)
    percent_low = models.PositiveSmallIntegerField(_("per cent from"), null=True, blank=True)
    percent_high = models.PositiveSmallIntegerField(_("per cent to"), null=True, blank=True)

    class Meta:
        verbose_name = _("domain")
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["section", "domain"], name="exams_blueprintdomain_once"),
            models.CheckConstraint(
                condition=Q(count=None) | Q(count__gte=1), name="exams_blueprintdomain_count_positive"
            ),
            models.CheckConstraint(
                condition=Q(percent_low=None, percent_high=None)
                | Q(count=None, percent_low__lte=F("percent_high"), percent_high__lte=100),
                name="exams_blueprintdomain_count_or_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain}: {self.count}" if self.count else str(self.domain)


class SittingQuerySet(models.QuerySet["Sitting"]):
    def open_at(self, at: datetime) -> Self:
        """Sittings that may be started at ``at``."""
        return self.filter(opens_at__lte=at, closes_at__gt=at)


class Sitting(models.Model):
    """An exam that many start together; its forms are drawn beforehand so that nobody waits."""

    blueprint = models.ForeignKey(Blueprint, models.PROTECT, related_name="sittings")
    title = models.CharField(_("title"), max_length=160)
    opens_at = models.DateTimeField(_("may be started from"))
    closes_at = models.DateTimeField(_("may be started until"))
    form_count = models.PositiveSmallIntegerField(
        _("forms"), default=4, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )

    objects = SittingQuerySet.as_manager()

    class Meta:
        verbose_name = _("scheduled exam")
        ordering = ("opens_at", "pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="exams_sitting_period_forward"
            ),
            models.CheckConstraint(
                condition=Q(form_count__gte=1, form_count__lte=50), name="exams_sitting_forms_1_to_50"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PreparedForm(models.Model):
    """A form drawn for a sitting: which revisions in which section."""

    sitting = models.ForeignKey(Sitting, models.CASCADE, related_name="forms")
    number = models.PositiveSmallIntegerField(_("form"))
    seed = models.BigIntegerField()
    sections = models.JSONField(help_text=_("A list a section, of revision ids in order."))
    lacking = models.JSONField(_("shortened by"), default=list, blank=True)
    drawn_at = models.DateTimeField(_("drawn at"))

    class Meta:
        verbose_name = _("prepared form")
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=["sitting", "number"], name="exams_preparedform_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.sitting_id}: {self.number}"
