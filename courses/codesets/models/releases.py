"""Releases of books, the files they come from, and what changed from one to the next."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Max, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.codesets.books import CODE_BOOKS, Book
from courses.codesets.systems import System


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Releases by the day they answer for. One that is still being written is in none of these."""

    def loaded(self) -> Self:
        return self.filter(loaded_at__isnull=False)

    def of_system(self, system: str) -> Self:
        """The code lists of a system, the book that everything else of it refers to."""
        return self.of_book(system, Book.CODES)

    def of_book(self, system: str, book: str) -> Self:
        return self.loaded().filter(system=system, book=book)

    def on(self, day: date) -> Self:
        """The releases that count for a date of service; at most one a book."""
        return self.loaded().filter(
            Q(effective_until=None) | Q(effective_until__gt=day), covers_from__lte=day
        )

    def sharing_days_with(self, other: "Release") -> Self:
        """The releases that answer for a day for which ``other`` answers too."""
        lasting = self.loaded().filter(
            Q(effective_until=None) | Q(effective_until__gt=other.covers_from), system=other.system
        )
        return lasting.filter(covers_from__lt=other.effective_until) if other.effective_until else lasting

    def current(self) -> Self:
        """The newest release of each book."""
        return self.loaded().filter(effective_until=None)


class Release(models.Model):
    """A published edition of a book of a code system that was loaded here.

    It brings all its rows, so a date of service always meets one whole book. While ``loaded_at`` is empty the
    rows are being written and nobody reads them.
    """

    system = models.CharField(_("code system"), max_length=10, choices=System.choices)
    book = models.CharField(_("book"), max_length=12, choices=Book.choices, default=Book.CODES)
    label = models.CharField(_("label"), max_length=40)
    effective_from = models.DateField(_("in force from"))
    covers_from = models.DateField(
        _("answers from"), help_text=_("The first date of service that its rows are shown for.")
    )
    effective_until = models.DateField(_("replaced on"), null=True, blank=True)
    source_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    counts = models.JSONField(_("counts"), default=dict)
    columns = models.JSONField(
        _("columns"), default=dict, help_text=_("Headings of a table's columns, by number.")
    )
    begun_at = models.DateTimeField(_("load begun at"))
    loaded_at = models.DateTimeField(_("loaded at"), null=True, blank=True)
    loaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("loaded by"),
    )

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering = ("system", "book", "-effective_from")
        constraints = [
            # loading the same file twice is the same release
            models.UniqueConstraint(fields=["system", "book", "sha256"], name="codesets_release_file_once"),
            models.UniqueConstraint(fields=["system", "book", "label"], name="codesets_release_label_once"),
            models.UniqueConstraint(
                fields=["system", "book", "effective_from"], name="codesets_release_day_once"
            ),
            # two loads at once: the second one fails here instead of opening a second present
            models.UniqueConstraint(
                fields=["system", "book"],
                condition=Q(effective_until=None, loaded_at__isnull=False),
                name="codesets_release_one_current",
            ),
            models.UniqueConstraint(
                fields=["system", "book"],
                condition=Q(loaded_at=None),
                name="codesets_release_one_being_loaded",
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
        if self.book == Book.CODES:
            return f"{self.get_system_display()} {self.label}"
        return f"{self.get_system_display()} {self.get_book_display()} {self.label}"

    def get_absolute_url(self) -> str:
        return reverse("codesets:release", args=[self.pk])

    def answers_on(self, day: date) -> bool:
        """Whether it counts for a date of service."""
        return self.covers_from <= day and (self.effective_until is None or self.effective_until > day)

    @property
    def checked_on(self) -> date:
        """The day for which what names its codes is checked once it is loaded. One query.

        That of the load or, if later, the first day of the newest book of its system: nobody comes back then.
        """
        newest = Release.objects.loaded().filter(system=self.system, book__in=CODE_BOOKS)
        ahead: date = newest.aggregate(day=Max("covers_from"))["day"] or self.covers_from
        return max(self.loaded_at.date(), ahead) if self.loaded_at else ahead

    def neighbours(self) -> "tuple[Release | None, Release | None]":
        """The loaded releases of the same book right before and right after this one."""
        book = Release.objects.of_book(self.system, self.book)
        return (
            book.filter(effective_from__lt=self.effective_from).order_by("-effective_from").first(),
            book.filter(effective_from__gt=self.effective_from).order_by("effective_from").first(),
        )


class CodeChange(models.Model):
    """A difference between a release and the one before it."""

    class Kind(models.TextChoices):
        ADDED = "added", _("added")
        GONE = "gone", _("deleted")
        HEADER = "header", _("now a header")
        BILLABLE = "billable", _("now billable")
        REVISED = "revised", _("title revised")
        NOTES = "notes", _("notes changed")

    release = models.ForeignKey(Release, models.CASCADE, related_name="changes")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    code = models.CharField(_("code"), max_length=10)
    #: A heading that comes or goes is no code that anybody reported.
    is_heading = models.BooleanField(_("heading"), default=False)
    before = models.TextField(_("before"), blank=True)
    after = models.TextField(_("after"), blank=True)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        ordering = ("code", "kind")
        constraints = [
            models.UniqueConstraint(fields=["release", "code", "kind"], name="codesets_codechange_once")
        ]
        # what became of E11.A over the years?
        indexes = [models.Index(fields=["code"], name="codesets_codechange_by_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.get_kind_display()}"


class SearchIndex(models.Model):
    """The look-up's index of a release as one file; every host keeps a copy of it that processes map."""

    release = models.OneToOneField(Release, models.CASCADE, related_name="search_index")
    sha256 = models.CharField(max_length=64)
    #: The engine's that built it; another version of the portal cannot read it and builds its own.
    version = models.PositiveSmallIntegerField()
    built_at = models.DateTimeField()
    #: Stays the last column: SQLite reads a row from its beginning, megabytes of it to find a digest.
    content = models.BinaryField()

    class Meta:
        verbose_name = _("search index")
        verbose_name_plural = _("search indexes")

    def __str__(self) -> str:
        return self.sha256


class CodeFile(models.Model):
    """An official file that someone gave to be loaded; its bytes are dropped when the job has ended."""

    format = models.CharField(_("format"), max_length=24)
    name = models.CharField(_("file"), max_length=200)
    label = models.CharField(_("label"), max_length=40)
    effective_from = models.DateField(_("in force from"))
    content = models.BinaryField()
    given_at = models.DateTimeField(_("given at"))
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("given by")
    )

    class Meta:
        verbose_name = _("code file")
        verbose_name_plural = _("code files")

    def __str__(self) -> str:
        return self.name
