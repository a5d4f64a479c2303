"""How cycles stand and what the ledger holds, read for pages and for the rooms above."""

from courses.credentials.queries.standing import (
    CycleStanding,
    amount,
    sentence,
    standing_for_cycle,
    standings,
)

__all__ = ["CycleStanding", "amount", "sentence", "standing_for_cycle", "standings"]
