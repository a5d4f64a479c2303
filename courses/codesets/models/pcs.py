"""The tables and definitions of ICD-10-PCS."""

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.codesets.models.releases import Release


class PcsTable(models.Model):
    """A table: section, body system and operation, the first three characters of its codes."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="tables")
    code = models.CharField(_("first three characters"), max_length=3)
    section = models.CharField(_("section"), max_length=120)
    body_system = models.CharField(_("body system"), max_length=200)
    operation = models.CharField(_("operation"), max_length=120)
    #: The headings of the three in the file: an operation is a "Root Type" in some sections.
    headings = models.JSONField(_("headings"), default=list)
    definition = models.TextField(_("definition"), blank=True)

    class Meta:
        verbose_name = _("PCS table")
        verbose_name_plural = _("PCS tables")
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=["release", "code"], name="codesets_pcstable_once_per_release")
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("codesets:pcs_table", args=[self.code])


class PcsRow(models.Model):
    """A row of a table: the values of characters 4 to 7 that may be combined."""

    table = models.ForeignKey(PcsTable, models.CASCADE, related_name="rows")
    position = models.PositiveSmallIntegerField(_("position"))
    axes = models.JSONField(
        _("axes"), help_text=_("Four of {title, values: [[value, label], …]}, in the order of the book.")
    )

    class Meta:
        verbose_name = _("PCS row")
        verbose_name_plural = _("PCS rows")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["table", "position"], name="codesets_pcsrow_place_once")
        ]

    def __str__(self) -> str:
        return f"{self.table_id} {self.position}"


class PcsDefinition(models.Model):
    """What a value of ICD-10-PCS means in a section."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="definitions")
    section = models.CharField(_("section"), max_length=1)
    axis = models.PositiveSmallIntegerField(_("character"))
    title = models.CharField(_("value"), max_length=200)
    definition = models.TextField(_("definition"), blank=True)
    explanation = models.TextField(_("explanation"), blank=True)
    includes = models.TextField(_("includes"), blank=True, help_text=_("One a line."))
    position = models.PositiveIntegerField(_("position"))

    class Meta:
        verbose_name = _("PCS definition")
        verbose_name_plural = _("PCS definitions")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["release", "position"], name="codesets_pcsdefinition_place_once")
        ]
        # what is Bypass in section 0?
        indexes = [models.Index(fields=["release", "section", "axis"], name="codesets_pcsdefinition_value")]

    def __str__(self) -> str:
        return self.title


class PcsAggregation(models.Model):
    """A particular device, and the general one that stands for it in a body system that does not list it."""

    #: What the book prints for an operation when it means all of them.
    EVERY = "All applicable"

    release = models.ForeignKey(Release, models.CASCADE, related_name="aggregations")
    device = models.CharField(_("device"), max_length=200)
    operation = models.CharField(_("operation"), max_length=120)
    body_system = models.CharField(_("body system"), max_length=200)
    value = models.CharField(_("6th character"), max_length=1)
    parent = models.CharField(_("general device"), max_length=200)

    class Meta:
        verbose_name = _("PCS device aggregation")
        verbose_name_plural = _("PCS device aggregations")
        ordering = ("device",)
        constraints = [
            # also answers: which devices count as another in this body system?
            models.UniqueConstraint(
                fields=["release", "body_system", "operation", "device"], name="codesets_pcsaggregation_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.device}: {self.value} {self.parent}"
