"""Writing rule sets, and finding the one in force."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from django.db import transaction

from courses.catalog.models import Body
from courses.credentials.models import RuleSet

#: What of a pack's rule set has a column of its own; the rest is ``terms``.
_COLUMNS = frozenset(
    {
        *("title", "valid_from", "valid_until", "as_of", "source", "confidence", "cycle_months", "anchor"),
        *("minutes_per_ceu", "min_remainder_minutes", "carry_over"),
    }
)


class Saved(StrEnum):
    """What became of a row that a pack brought."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"


def save_rule_set(*, key: str, rule: Mapping[str, Any], pack_digest: str) -> Saved:
    """Write a rule set as a pack spells it (``rule`` has the keys of ``rules.yaml``, dates as ``date``).

    A row that a person changed is kept. Raises ``rules.BadTerms`` and ``Body.DoesNotExist``; then nothing is
    written.
    """
    with transaction.atomic():
        row = RuleSet.objects.select_for_update().filter(key=key).first()
        if row is not None and not row.pack_digest:
            return Saved.KEPT
        if row is not None and row.pack_digest == pack_digest:
            return Saved.UNCHANGED
        outcome = Saved.CREATED if row is None else Saved.UPDATED
        row = row or RuleSet(key=key)
        row.body = Body.objects.get(key=rule["body"])
        for name in _COLUMNS:
            setattr(row, name, rule[name])
        row.terms = {name: rule[name] for name in rule.keys() - _COLUMNS - {"key", "body"}}
        row.pack_digest = pack_digest
        row.rule()
        row.save()
        return outcome


def rule_set_for(body: Body, certification: str, on: date) -> RuleSet | None:
    """The rule set in force ``on`` that speaks of ``certification``; one that names it goes first."""
    return rule_set_among(RuleSet.objects.in_force(body, on), certification)


def rule_set_among(rows: Iterable[RuleSet], certification: str) -> RuleSet | None:
    """The row that speaks of ``certification``; one that names it goes first, then the first given."""
    speaking = [row for row in rows if row.rule().speaks_of(certification)]
    return min(speaking, key=lambda row: not row.terms["certifications"], default=None)
