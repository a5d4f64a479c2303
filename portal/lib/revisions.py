"""The shape of what changes over time: an identity row and its immutable revisions.

Live is the newest revision whose ``published_at`` is not after the moment asked about, so a future date
*is* the schedule and there is nothing to purge. A revision row is never edited once it is published.
"""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _


class RevisionQuerySet(models.QuerySet[Any]):
    """Reading of revisions; the concrete model names its identity in ``identity_field``."""

    def published(self, at: datetime) -> Self:
        """Revisions that were or are live at ``at``."""
        return self.filter(published_at__lte=at)

    def live(self, at: datetime) -> Self:
        """The one live revision of each identity at ``at``."""
        identity = self.model.identity_field
        newest = (
            self.model._default_manager.filter(**{identity: OuterRef(identity)}, published_at__lte=at)
            .order_by("-published_at", "-number")
            .values("pk")[:1]
        )
        return self.filter(pk=Subquery(newest))


class Revision(models.Model):
    """One immutable text of an identity. Concrete models set ``identity_field``."""

    identity_field: str

    number = models.PositiveIntegerField(_("revision"), editable=False)
    created_at = models.DateTimeField(_("written at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("written by"),
    )
    published_at = models.DateTimeField(_("live from"), null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("published by"),
    )
    note = models.CharField(_("what changed"), max_length=200, blank=True)
    pack_digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text=_("Digest of the pack's text this came from; empty when a person wrote it."),
    )

    objects = RevisionQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("-number",)

    def state(self, at: datetime) -> str:
        """``draft``, ``scheduled``, or ``live`` (which a newer revision may have replaced)."""
        if self.published_at is None:
            return "draft"
        return "live" if self.published_at <= at else "scheduled"


def revision_constraints(table: str, identity: str) -> list[models.BaseConstraint]:
    """The promises that each revision table holds."""
    return [
        # one history per identity: two editors saving at once cannot both become revision 7
        models.UniqueConstraint(fields=[identity, "number"], name=f"{table}_number_once"),
        models.CheckConstraint(
            condition=Q(published_by=None) | Q(published_at__isnull=False), name=f"{table}_publisher_has_date"
        ),
        # a revision of nobody came from a pack
        models.CheckConstraint(
            condition=Q(created_by__isnull=False) | ~Q(pack_digest=""), name=f"{table}_writer_or_pack"
        ),
    ]


def next_number(revisions: models.QuerySet[Any]) -> int:
    """The number that the next revision of these gets; the unique constraint settles a race."""
    return (revisions.aggregate(last=models.Max(F("number")))["last"] or 0) + 1


class AlreadyPublished(Exception):
    """A published revision does not change; write a new one."""


def publish_revision(*, revision: Revision, by: Any, live_from: datetime) -> None:
    """Make a draft live from a moment, which may lie ahead. Raises ``AlreadyPublished``."""
    changed = (
        type(revision)
        ._default_manager.filter(pk=revision.pk, published_at=None)
        .update(published_at=live_from, published_by=by)
    )
    if not changed:
        raise AlreadyPublished(str(revision))
    revision.published_at, revision.published_by = live_from, by
