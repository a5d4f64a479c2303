"""Editing the bank and the exams; attempts and answers are only read."""

from courses.exams.admin.attempts import AttemptAdmin, CheckpointAnswerAdmin, ResponseAdmin, ScoreAdmin
from courses.exams.admin.blueprints import BlueprintAdmin, BlueprintSectionAdmin, SittingAdmin
from courses.exams.admin.questions import DomainAdmin, QuestionAdmin

__all__ = [
    "AttemptAdmin",
    "BlueprintAdmin",
    "BlueprintSectionAdmin",
    "CheckpointAnswerAdmin",
    "DomainAdmin",
    "QuestionAdmin",
    "ResponseAdmin",
    "ScoreAdmin",
    "SittingAdmin",
]
