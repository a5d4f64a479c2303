"""A dated fact never stands without where it is from and how sure it is."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Confidence(models.TextChoices):
    """How sure a fact is; only ``verified`` may be shown without a mark."""

    VERIFIED = "verified", _("seen in a primary source")
    THIRD_PARTY = "third_party", _("seen in third-party pages only")
    MEMORY = "memory", _("not checked against a source")
    DISPUTED = "disputed", _("sources disagree")


class Sourced(models.Model):
    """When a fact was last looked at, where, and how sure it is."""

    as_of = models.DateField(_("as of"))
    source = models.CharField(_("source"), max_length=400)
    confidence = models.CharField(_("confidence"), max_length=12, choices=Confidence.choices)

    class Meta:
        abstract = True


class PackRow(models.Model):
    """A row that a pack may keep current until a person changes it.

    ``pack_digest`` is the digest of the pack's text that was last written here; a person's change in the
    admin empties it, and from then on the pack leaves the row alone.
    """

    key = models.SlugField(_("key"), max_length=80, unique=True)
    pack_digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        abstract = True
