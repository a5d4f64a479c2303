"""Credentials that people hold, the cycles they are kept in, and how the apprentice mark goes."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Body, Certification
from courses.credentials.cycles import ONE_DAY, Period
from courses.credentials.models.rules import RuleSet
from courses.credentials.models.storage import StoredFile
from portal.lib.owned import OwnedQuerySet


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
        indexes = [
            # who carries the apprentice mark?
            models.Index(
                fields=["recorded_at"],
                condition=Q(status="apprentice"),
                name="credentials_held_apprentice",
            )
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
    extended_until = models.DateField(
        _("extended until"), null=True, blank=True, help_text=_("The last day, when the body gave more time.")
    )
    submitted_on = models.DateField(_("reported to the body on"), null=True, blank=True)
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
            models.CheckConstraint(
                condition=Q(extended_until=None) | Q(extended_until__gte=F("ends_on")),
                name="credentials_cycle_extended_forward",
            ),
        ]
        indexes = [
            # which cycles end soon?
            models.Index(fields=["ends_on", "id"], name="credentials_cycle_by_end"),
            # which ones were opened lately?
            models.Index(fields=["opened_at"], name="credentials_cycle_opened"),
            # which ones that were given more time end soon?
            models.Index(
                fields=["extended_until"],
                condition=Q(extended_until__isnull=False),
                name="credentials_cycle_extended",
            ),
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


class CredentialChange(models.Model):
    """What a person or the portal changed about a credential or its cycle: never changed itself."""

    held = models.ForeignKey(CredentialHeld, models.CASCADE, null=True, blank=True, related_name="changes")
    cycle = models.ForeignKey(Cycle, models.CASCADE, null=True, blank=True, related_name="changes")
    what = models.CharField(_("what"), max_length=40)
    before = models.CharField(_("before"), max_length=200, blank=True)
    after = models.CharField(_("after"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    changed_at = models.DateTimeField(_("changed at"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("changed by"),
        help_text=_("Empty: the portal itself."),
    )

    class Meta:
        verbose_name = _("change of a credential")
        verbose_name_plural = _("changes of credentials")
        ordering = ("-changed_at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(held__isnull=False, cycle=None) | Q(held=None, cycle__isnull=False),
                name="credentials_credentialchange_of_one",
            )
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.before} → {self.after}"


class ChecklistTick(models.Model):
    """That a person has done a step of renewal that the portal cannot see, such as paying dues."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="ticks")
    key = models.SlugField(_("step"), max_length=60)
    ticked_at = models.DateTimeField(_("done at"))

    class Meta:
        verbose_name = _("step of renewal")
        verbose_name_plural = _("steps of renewal")
        constraints = [
            models.UniqueConstraint(fields=["cycle", "key"], name="credentials_checklisttick_once")
        ]

    def __str__(self) -> str:
        return f"{self.cycle}: {self.key}"


class ApprenticeProof(models.Model):
    """Something a person has towards losing the apprentice mark: months of work, hours of a course, cases.

    ``need`` is a key of the rule set's ``apprentice`` terms, which say the unit of ``amount``.
    """

    held = models.ForeignKey(CredentialHeld, models.CASCADE, related_name="proofs")
    need = models.SlugField(_("for"), max_length=60)
    text = models.CharField(_("what"), max_length=200)
    amount = models.DecimalField(_("amount"), max_digits=7, decimal_places=2, null=True, blank=True)
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        verbose_name = _("proof of an apprentice")
        verbose_name_plural = _("proofs of apprentices")
        ordering = ("need", "starts_on", "pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="credentials_apprenticeproof_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gt=0),
                name="credentials_apprenticeproof_amount_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.held}: {self.text}"


class ProofFile(StoredFile):
    """A letter or certificate behind a proof; goes with it."""

    proof = models.ForeignKey(ApprenticeProof, models.CASCADE, related_name="files")

    class Meta:
        verbose_name = _("file of a proof")
        verbose_name_plural = _("files of proofs")
        ordering = ("added_at", "pk")
