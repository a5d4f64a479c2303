"""Files that people give as evidence: where they lie, and what they were and are."""

from django.core.files.storage import Storage, storages
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


def evidence_storage() -> Storage:
    """Where files of people lie: never below a directory that the web serves."""
    return storages["evidence"]


sha256_hex = RegexValidator(r"\A[0-9a-f]{64}\Z")


class StoredFile(models.Model):
    """A PDF or a picture; pictures are rebuilt from their pixels, so both hashes are kept.

    ``path`` names it in the storage and holds nothing that a person typed, nor the name that the file had.
    """

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        PNG = "png", "PNG"
        JPEG = "jpeg", "JPEG"

    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)
    path = models.CharField(_("place"), max_length=200, unique=True)
    size = models.PositiveIntegerField(_("bytes"))
    original_sha256 = models.CharField(_("SHA-256 as it came"), max_length=64, validators=[sha256_hex])
    sha256 = models.CharField(_("SHA-256 as it is kept"), max_length=64, validators=[sha256_hex])
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.path
