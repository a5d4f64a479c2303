"""What a body would ask for, before it does: the evidence fields that activities lack; no database here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from courses.credentials.rules import Rule


class Gap(StrEnum):
    """Something that an activity lacks; the evidence fields of a rule carry the same names."""

    TITLE = "title"
    PROVIDER = "provider"
    DATE = "date"
    MINUTES = "minutes"
    CEUS = "ceus"
    INDEX_NUMBER = "index_number"
    CERTIFICATE = "certificate"
    #: A reviewer returned it, and no evidence came since: no rule asks for this, every body would.
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Row:
    """An activity as far as a body asks about it. ``key`` names it: the pages lead there to mend it."""

    key: str
    title: str
    completed_on: date | None
    ceus: Decimal | None
    minutes: int | None = None
    provider: str = ""
    index_number: str = ""
    #: Whether a file that was not removed proves it, or a certificate of ours that holds.
    has_certificate: bool = False
    #: What the reviewer said who returned it.
    returned: str = ""

    def lacks(self, what: Gap) -> bool:
        match what:
            case Gap.TITLE:
                return not self.title.strip()
            case Gap.PROVIDER:
                return not self.provider.strip()
            case Gap.DATE:
                return self.completed_on is None
            case Gap.MINUTES:
                return not self.minutes
            case Gap.CEUS:
                return not self.ceus
            case Gap.INDEX_NUMBER:
                return not self.index_number.strip()
            case Gap.CERTIFICATE:
                return not self.has_certificate
            case Gap.RETURNED:
                return bool(self.returned)


@dataclass(frozen=True, slots=True)
class Finding:
    """An activity and what it lacks, in the order of ``Gap``."""

    row: Row
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Precheck:
    """What was looked at, and what was found."""

    looked_at: int
    asked: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    #: Fields that the rule names and the portal does not record: nobody can say whether they are there.
    unrecorded: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether a rule says what the body asks for."""
        return bool(self.asked or self.unrecorded)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing of all that is known to be asked for."""
        return not self.findings


def precheck(rule: Rule | None, rows: Iterable[Row]) -> Precheck:
    """Hold ``rows`` against the evidence fields of ``rule``, the oldest activity first."""
    named = dict.fromkeys((*rule.evidence_fields, *sorted(rule.must_have))) if rule else {}
    asked = tuple(one for one in Gap if one in named)
    rows = sorted(rows, key=lambda row: (row.completed_on or date.min, row.title, row.key))
    found = [
        Finding(row, lacking)
        for row in rows
        if (lacking := tuple(one for one in (*asked, Gap.RETURNED) if row.lacks(one)))
    ]
    return Precheck(len(rows), asked, tuple(found), tuple(name for name in named if name not in set(Gap)))
