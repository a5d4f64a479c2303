"""Reading of the pages of exams, each in a constant number of queries."""

from courses.exams.queries.checkpoints import (
    CheckpointResults,
    CheckpointShown,
    checkpoint_for,
    checkpoints_for,
    course_checkpoints,
)
from courses.exams.queries.report import report
from courses.exams.queries.revealed import revealed
from courses.exams.queries.room import Where, room, standings, where

__all__ = [
    "CheckpointResults",
    "CheckpointShown",
    "Where",
    "checkpoint_for",
    "checkpoints_for",
    "course_checkpoints",
    "report",
    "revealed",
    "room",
    "standings",
    "where",
]
