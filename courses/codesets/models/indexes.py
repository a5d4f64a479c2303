"""The indexes of the books and the tables of drugs and neoplasms, line by line."""

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courses.codesets.models.releases import Release


class IndexTerm(models.Model):
    """A line of an index: a main term, or a term nested under another."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="terms")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    position = models.PositiveIntegerField(_("position in the book"))
    level = models.PositiveSmallIntegerField(_("level"), help_text=_("0 for a main term."))
    letter = models.CharField(_("letter"), max_length=1)
    title = models.CharField(_("term"), max_length=400, blank=True)
    nonessential = models.CharField(_("nonessential modifiers"), max_length=600, blank=True)
    #: Main term first: ``Attack, heart``; what a search shows as its reason.
    path = models.TextField(_("path"))

    class Meta:
        verbose_name = _("index term")
        verbose_name_plural = _("index terms")
        ordering = ("release", "position")
        constraints = [
            # also answers: a letter of the book in its order
            models.UniqueConstraint(
                fields=["release", "letter", "position"], name="codesets_indexterm_place_once"
            )
        ]
        # which main term does a line stand under, which come before and after it, which letters are there?
        indexes = [
            models.Index(
                fields=["release", "level", "position", "letter"], name="codesets_indexterm_by_level"
            )
        ]

    def __str__(self) -> str:
        return self.path

    def get_absolute_url(self) -> str:
        """The line among those of its main term. No query when the release was selected with it.

        Positions are of one edition, so a line of a replaced one says which day it is read for.
        """
        address = reverse("codesets:index_term", args=[self.release.system, self.release.book, self.position])
        replaced = self.release.effective_until is not None
        day = f"?on={self.release.effective_from.isoformat()}" if replaced else ""
        return f"{address}{day}#t{self.position}"


class IndexTarget(models.Model):
    """A code that a line leads to; of a table, in one of its columns."""

    term = models.ForeignKey(IndexTerm, models.CASCADE, related_name="targets")
    code = models.CharField(_("code"), max_length=10)
    column = models.PositiveSmallIntegerField(_("column"), default=0)
    is_partial = models.BooleanField(_("more characters follow"), default=False)
    is_manifestation = models.BooleanField(_("in brackets"), default=False)

    class Meta:
        verbose_name = _("index target")
        verbose_name_plural = _("index targets")
        ordering = ("column", "is_manifestation", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=["term", "column", "code", "is_manifestation"], name="codesets_indextarget_once"
            )
        ]
        # which lines lead to E11.9?
        indexes = [models.Index(fields=["code"], name="codesets_indextarget_by_code")]

    def __str__(self) -> str:
        return self.code


class IndexRef(models.Model):
    """A ``see``, ``see also`` or ``use`` of a line, and the line it leads to where that could be found."""

    class Kind(models.TextChoices):
        SEE = "see", _("see")
        SEE_ALSO = "see_also", _("see also")
        USE = "use", _("use")

    term = models.ForeignKey(IndexTerm, models.CASCADE, related_name="refs")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    text = models.CharField(_("text"), max_length=400)
    target = models.ForeignKey(IndexTerm, models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("index reference")
        verbose_name_plural = _("index references")
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"
