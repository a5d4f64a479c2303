"""What a certificate is worth on a day, read and verified anew each time."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.conf import settings

from accounts.models import User
from courses.credentials import badges
from courses.credentials.certifying import (
    BadDocument,
    Facts,
    grouped,
    is_signed,
    read_document,
    short_digest,
)
from courses.credentials.keys import key_ring
from courses.credentials.models import Certificate, CertificateRevocation


class State(StrEnum):
    """The first of these that is true."""

    WITHDRAWN = "withdrawn"
    BROKEN = "broken"
    REPLACED = "replaced"
    REVOKED = "revoked"
    EXPIRED = "expired"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class Checked:
    """A certificate with what it says and whether that holds. Without ``facts`` nothing may be shown."""

    certificate: Certificate
    state: State
    facts: Facts | None
    revocation: CertificateRevocation | None
    replaced_by: Certificate | None

    @property
    def number(self) -> str:
        return grouped(self.certificate.check_id)

    @property
    def replaces(self) -> str:
        """The number of the one before it, as it is printed."""
        return grouped(self.facts.replaces) if self.facts else ""

    @property
    def digest(self) -> str:
        return short_digest(self.certificate.document)

    @property
    def is_printable(self) -> bool:
        """Whether a PDF and a badge are given out."""
        return self.state in {State.VALID, State.EXPIRED}


def checked(certificate: Certificate, on: date) -> Checked:
    """Verify the signature over what is stored, and that the row's columns say the same."""
    revocation = getattr(certificate, "revocation", None)
    replaced_by = getattr(certificate, "replaced_by", None)
    facts = _facts(certificate)
    if not certificate.document:
        state = State.WITHDRAWN
    elif facts is None:
        state = State.BROKEN
    elif replaced_by is not None:
        state = State.REPLACED
    elif revocation is not None:
        state = State.REVOKED
    elif facts.expires_on is not None and facts.expires_on < on:
        state = State.EXPIRED
    else:
        state = State.VALID
    return Checked(certificate, state, facts, revocation, replaced_by)


def _facts(row: Certificate) -> Facts | None:
    if not is_signed(row.document, row.signature, row.key_id, key_ring()):
        return None
    try:
        facts = read_document(row.document)
    except BadDocument:
        return None
    is_same = (facts.check_id, facts.number, facts.expires_on) == (row.check_id, row.number, row.expires_on)
    return facts if is_same else None


def find(check_id: str, on: date) -> Checked | None:
    """The certificate of a check number, as everybody may see it; one statement."""
    row = Certificate.objects.filter(check_id=check_id).select_related("revocation", "replaced_by").first()
    return None if row is None else checked(row, on)


def certificates_of(user: User, on: date) -> list[Checked]:
    """A person's certificates, the newest first; one statement."""
    rows = Certificate.objects.owned_by(user).select_related("revocation", "replaced_by")
    return [checked(row, on) for row in rows]


def issues_of(certificate: Certificate, on: date) -> list[Checked]:
    """Every issue of what this certificate is for, the first one first."""
    if certificate.completion_id is None:
        return [checked(certificate, on)]
    rows = Certificate.objects.filter(completion=certificate.completion_id)
    return [checked(row, on) for row in rows.select_related("revocation", "replaced_by").order_by("number")]


# --- badges --------------------------------------------------------------------------------------------
def badge(one: Checked) -> str:
    """The certificate as a signed Open Badge; only of one that is printable."""
    assert one.facts is not None
    said = badges.credential(one.facts, row=one.certificate.pk, **badge_words(one.facts.course_title))
    return badges.as_jwt(said, site=one.facts.site, ring=key_ring())


def badge_words(title: str) -> dict[str, str]:
    """How the achievement is described; in English, since a signed statement has one wording."""
    return {
        "description": f"Completed the course “{title}” with every lesson and its checkpoint questions.",
        "narrative": (
            f"Every lesson of “{title}” was completed. A lesson counts when the questions at its end were"
            " answered right. The time spent reading is on record."
        ),
    }


def status_list(number: int, *, name: str, at: datetime) -> str | None:
    """The signed status list of a part of all certificates; ``None`` where there is no such part."""
    first = number * badges.LIST_SIZE
    rows = Certificate.objects.filter(pk__gte=first, pk__lt=first + badges.LIST_SIZE)
    if number and not rows.exists():
        return None
    gone = rows.exclude(revocation=None).values_list("pk", flat=True)
    withdrawn = rows.filter(document="").values_list("pk", flat=True)
    said = badges.status_list(
        settings.SITE_URL, name, number=number, revoked={pk - first for pk in (*gone, *withdrawn)}, at=at
    )
    return badges.as_jwt(said, site=settings.SITE_URL, ring=key_ring())
