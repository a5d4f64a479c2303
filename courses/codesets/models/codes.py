"""Codes and their notes as one release prints them, and the lists that name codes."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.codesets.books import CODE_BOOKS
from courses.codesets.models.releases import Release
from courses.codesets.systems import System


class CodeQuerySet(models.QuerySet["Code"]):
    def of_system(self, system: str) -> Self:
        return self.filter(system=system)

    def on(self, day: date) -> Self:
        """Codes printed in the releases that count for a date of service."""
        return self.filter(release__in=Release.objects.on(day).filter(book__in=CODE_BOOKS))

    def billable(self) -> Self:
        """Codes that may be reported: nothing is missing."""
        return self.filter(is_billable=True)

    def named(self, code: str) -> Self:
        """Everything called ``code``, a category before the block that bears its name (39 do)."""
        first = Case(When(kind=Code.Kind.BLOCK, then=Value(1)), default=Value(0))
        return self.filter(code=code).order_by(first, "-release__covers_from")

    def beginning_with(self, start: str) -> Self:
        """Codes that begin with ``start``, in the order of the book.

        The range lets both databases use the index; the pattern decides.
        """
        return self.filter(
            code__gte=start, code__lt=start + "ZZZZZZZZ", code__startswith=start, kind__in=Code.CODES
        ).order_by("position")


class Code(models.Model):
    """A row of a code book as one release prints it: chapter, block, category, code or modifier."""

    class Kind(models.TextChoices):
        CHAPTER = "chapter", _("chapter")
        BLOCK = "block", _("block")
        CATEGORY = "category", _("category")
        CODE = "code", _("code")
        MODIFIER = "modifier", _("modifier")

    CODES = (Kind.CATEGORY, Kind.CODE)
    #: What people report, keep, and compare releases by.
    REPORTED = (*CODES, Kind.MODIFIER)

    release = models.ForeignKey(Release, models.CASCADE, related_name="codes", verbose_name=_("release"))
    #: The release's, repeated here because every address and colour of a code needs it.
    system = models.CharField(_("code system"), max_length=10, choices=System.choices)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    code = models.CharField(_("code"), max_length=10)
    title = models.TextField(_("title"))
    is_billable = models.BooleanField(_("billable"), default=False)
    takes_seventh = models.BooleanField(_("needs a 7th character"), default=False)
    seventh = models.CharField(_("7th character"), max_length=1, blank=True)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children", verbose_name=_("stands under")
    )
    position = models.PositiveIntegerField(_("position in the book"))
    starts_on = models.DateField(_("own first day"), null=True, blank=True)
    ends_on = models.DateField(_("no longer valid from"), null=True, blank=True)
    details = models.JSONField(
        _("what else is printed"), default=dict, blank=True, help_text=_("Shown, never searched.")
    )

    objects = CodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        ordering = ("release", "position")
        constraints = [
            # 39 block ids are also category codes, so the kind belongs to the identity
            models.UniqueConstraint(
                fields=["release", "kind", "code"], name="codesets_code_once_per_release"
            ),
            models.CheckConstraint(
                condition=Q(is_billable=False) | Q(kind__in=["category", "code", "modifier"]),
                name="codesets_code_headings_not_billable",
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="codesets_code_ends_after_its_start",
            ),
        ]
        indexes = [
            # what is E11.9, and what begins with E11? (the operator class is for LIKE on PostgreSQL)
            models.Index(
                fields=["code", "release"],
                opclasses=["varchar_pattern_ops", "int8_ops"],
                name="codesets_code_by_name",
            ),
            # the rows of a release in the order of the book
            models.Index(fields=["release", "position"], name="codesets_code_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def get_absolute_url(self) -> str:
        # a block that bears the name of its one category is told apart by its range
        alone = self.kind == self.Kind.BLOCK and "-" not in self.code
        return reverse(
            "codesets:code", args=[self.system, f"{self.code}-{self.code}" if alone else self.code]
        )

    def is_reportable_on(self, day: date) -> bool:
        """Whether a claim for that day may carry it: complete, and within its own dates."""
        return (
            self.is_billable
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or self.ends_on > day)
        )


class CodeNote(models.Model):
    """One line of a note under a code, in the words of the book."""

    class Kind(models.TextChoices):
        INCLUDES = "includes", _("Includes")
        INCLUSION_TERM = "inclusion_term", _("Inclusion terms")
        EXCLUDES1 = "excludes1", _("Excludes1: not coded here")
        EXCLUDES2 = "excludes2", _("Excludes2: not included here")
        CODE_FIRST = "code_first", _("Code first")
        USE_ADDITIONAL = "use_additional", _("Use additional code")
        CODE_ALSO = "code_also", _("Code also")
        NOTE = "note", _("Note")
        SEVENTH_NOTE = "seventh_note", _("About the 7th character")
        SEVENTH_DEF = "seventh_def", _("7th characters")

    code = models.ForeignKey(Code, models.CASCADE, related_name="notes")
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    text = models.TextField(_("text"))
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["code", "position"], name="codesets_codenote_place_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"


class ListedCode(models.Model):
    """A code that a list names: exempt from POA reporting, CC, MCC. What list it is, its release says."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="listed")
    code = models.CharField(_("code"), max_length=10)

    class Meta:
        verbose_name = _("listed code")
        verbose_name_plural = _("listed codes")
        constraints = [models.UniqueConstraint(fields=["release", "code"], name="codesets_listedcode_once")]

    def __str__(self) -> str:
        return self.code
