"""How cycles stand and what the ledger holds, read for pages and for the rooms above."""

from courses.credentials.queries.standing import (
    Counting,
    CycleStanding,
    NextAction,
    NextKind,
    amount,
    ceus,
    earned_of,
    explain,
    held_of,
    sentence,
    standing_for_cycle,
    standings,
    standings_of,
)

__all__ = [
    "Counting",
    "CycleStanding",
    "NextAction",
    "NextKind",
    "amount",
    "ceus",
    "earned_of",
    "explain",
    "held_of",
    "sentence",
    "standing_for_cycle",
    "standings",
    "standings_of",
]
