"""What other rooms inherit to name codes and rules, and the outline that citations are checked against."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from courses.codesets.systems import System


class GuidelineSection(models.Model):
    """A section of the Official Guidelines that a citation may name; its heading in our own words."""

    ref = models.CharField(_("reference"), max_length=20)
    title = models.CharField(_("title"), max_length=200)
    edition = models.CharField(_("edition"), max_length=40)
    effective_from = models.DateField(_("in force from"))
    effective_until = models.DateField(_("replaced on"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("guideline section")
        verbose_name_plural = _("guideline sections")
        ordering = ("-effective_from", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["ref", "effective_from"], name="codesets_guidelinesection_once_per_edition"
            ),
            models.CheckConstraint(
                condition=Q(effective_until=None) | Q(effective_until__gt=F("effective_from")),
                name="codesets_guidelinesection_in_force_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"


class CodeRef(models.Model):
    """A code that something names. No foreign key: a text may name a code that is gone or never was."""

    class Role(models.TextChoices):
        CODE = "code", _("code")
        HEADER = "header", _("header")
        INVALID = "invalid", _("invalid")

    class State(models.TextChoices):
        OK = "ok", _("OK")
        CHANGED = "changed", _("changed")
        NOT_BILLABLE = "not_billable", _("not billable")
        GONE = "gone", _("gone")
        UNCHECKED = "unchecked", _("unchecked")

    system = models.CharField(max_length=10, choices=System.choices)
    code = models.CharField(max_length=10)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.CODE)
    edition = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNCHECKED)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


class Citation(models.Model):
    """Where a rule comes from."""

    class Kind(models.TextChoices):
        GUIDELINE = "guideline", _("guideline")
        INDEX = "index", _("index")
        TABULAR = "tabular", _("tabular")
        SOURCE = "source", _("source")

    kind = models.CharField(max_length=10, choices=Kind.choices)
    ref = models.CharField(max_length=200)
    edition = models.CharField(max_length=40, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True
        ordering = ("position",)

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"
