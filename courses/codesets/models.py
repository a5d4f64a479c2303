"""Releases of code systems, their codes and notes, the guideline outline; what other rooms inherit."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.codesets.systems import System


class EffectiveQuerySet(models.QuerySet["Release"]):
    """Releases by the day they answer for."""

    def of_system(self, system: str) -> Self:
        return self.filter(system=system)

    def on(self, day: date) -> Self:
        """The release whose codes count for a date of service; at most one a system."""
        return self.filter(Q(effective_until=None) | Q(effective_until__gt=day), covers_from__lte=day)

    def current(self) -> Self:
        """The newest release of each system."""
        return self.filter(effective_until=None)


class Release(models.Model):
    """A published edition of a code system that was loaded here."""

    system = models.CharField(_("code system"), max_length=10, choices=System.choices)
    label = models.CharField(_("label"), max_length=40)
    effective_from = models.DateField(_("in force from"))
    covers_from = models.DateField(
        _("answers from"), help_text=_("The first date of service that its codes are shown for.")
    )
    effective_until = models.DateField(_("replaced on"), null=True, blank=True)
    source_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    counts = models.JSONField(_("counts"), default=dict)
    loaded_at = models.DateTimeField(_("loaded at"))
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("loaded by"),
    )

    objects = EffectiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering = ("system", "-effective_from")
        constraints = [
            # loading the same file twice is the same release
            models.UniqueConstraint(fields=["system", "sha256"], name="codesets_release_file_once"),
            models.UniqueConstraint(fields=["system", "label"], name="codesets_release_label_once"),
            # two loads at once: the second one fails here instead of opening a second present
            models.UniqueConstraint(
                fields=["system"],
                condition=Q(effective_until=None),
                name="codesets_release_one_current",
            ),
            models.CheckConstraint(
                condition=Q(covers_from__lte=F("effective_from")), name="codesets_release_covers_itself"
            ),
            models.CheckConstraint(
                condition=Q(effective_until=None) | Q(effective_until__gt=F("covers_from")),
                name="codesets_release_not_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_system_display()} {self.label}"


class CodeQuerySet(models.QuerySet["Code"]):
    def of_system(self, system: str) -> Self:
        return self.filter(system=system)

    def on(self, day: date) -> Self:
        """Codes that count for a date of service."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=day), valid_from__lte=day)

    def billable(self) -> Self:
        """Codes that may be reported: nothing is missing."""
        return self.filter(is_billable=True)

    def named(self, code: str) -> Self:
        """Everything called ``code``, a category before the block that bears its name (39 do)."""
        first = Case(When(kind=Code.Kind.BLOCK, then=Value(1)), default=Value(0))
        return self.filter(code=code).order_by(first, "-valid_from")

    def beginning_with(self, start: str) -> Self:
        """Codes that begin with ``start``, in the order of the book.

        The range lets both databases use the index; the pattern decides.
        """
        return self.filter(
            code__gte=start, code__lt=start + "ZZZZZZZZ", code__startswith=start, kind__in=Code.CODES
        ).order_by("position")


class Code(models.Model):
    """A row of a code book as one release prints it: chapter, block, category or code."""

    class Kind(models.TextChoices):
        CHAPTER = "chapter", _("chapter")
        BLOCK = "block", _("block")
        CATEGORY = "category", _("category")
        CODE = "code", _("code")

    CODES = (Kind.CATEGORY, Kind.CODE)

    system = models.CharField(_("code system"), max_length=10, choices=System.choices)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    code = models.CharField(_("code"), max_length=10)
    title = models.CharField(_("title"), max_length=400)
    is_billable = models.BooleanField(_("billable"), default=False)
    takes_seventh = models.BooleanField(_("needs a 7th character"), default=False)
    seventh = models.CharField(_("7th character"), max_length=1, blank=True)
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children", verbose_name=_("stands under")
    )
    position = models.PositiveIntegerField(_("position in the book"))
    search_rank = models.PositiveIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text=_(
            "Place in the look-up, best first; none for a row that differs only in its 7th character."
        ),
    )
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    objects = CodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        ordering = ("system", "-valid_from", "position")
        constraints = [
            # 39 block ids are also category codes, so the kind belongs to the identity
            models.UniqueConstraint(
                fields=["system", "kind", "code", "valid_from"], name="codesets_code_once_per_release"
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="codesets_code_valid_a_day",
            ),
            models.CheckConstraint(
                condition=Q(is_billable=False) | Q(kind__in=["category", "code"]),
                name="codesets_code_headings_not_billable",
            ),
        ]
        indexes = [
            # what is E11.9, and what begins with E11? (the operator class is for LIKE on PostgreSQL)
            models.Index(
                fields=["code", "valid_from"],
                opclasses=["varchar_pattern_ops", "date_ops"],
                name="codesets_code_by_name",
            ),
            # which codes hold these places of the look-up?
            models.Index(
                fields=["system", "valid_from", "search_rank"],
                condition=Q(search_rank__isnull=False),
                name="codesets_code_by_rank",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    def get_absolute_url(self) -> str:
        # a block that bears the name of its one category is told apart by its range
        alone = self.kind == self.Kind.BLOCK and "-" not in self.code
        return reverse(
            "codesets:code", args=[self.system, f"{self.code}-{self.code}" if alone else self.code]
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


class Word(models.Model):
    """A word of the look-up's index and where it stands, as packed search ranks (see ``wordindex``)."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="words")
    word = models.CharField(max_length=60)
    in_titles = models.BinaryField()
    in_terms = models.BinaryField()

    class Meta:
        constraints = [
            # also answers: which words begin with this?
            models.UniqueConstraint(fields=["release", "word"], name="codesets_word_once_per_release")
        ]

    def __str__(self) -> str:
        return self.word


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
