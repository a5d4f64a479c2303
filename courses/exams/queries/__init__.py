"""Reading of the pages of exams, each in a constant number of queries."""

from courses.exams.queries.checkpoints import CheckpointShown, checkpoint_for, checkpoints_for
from courses.exams.queries.report import report
from courses.exams.queries.revealed import revealed
from courses.exams.queries.room import Where, room, standings, where

__all__ = [
    "CheckpointShown",
    "Where",
    "checkpoint_for",
    "checkpoints_for",
    "report",
    "revealed",
    "room",
    "standings",
    "where",
]
