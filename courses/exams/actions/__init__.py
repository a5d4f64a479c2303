"""Writing to the question bank and to attempts."""

from courses.exams.actions.attempts import (
    AttemptClosed,
    EmptyBank,
    NoSuchItem,
    Saved,
    finish_attempt,
    mark_item,
    start_attempt,
    submit_answer,
    sweep_overdue,
)
from courses.exams.actions.bank import (
    CHOICES_OF_SINGLE,
    ChoiceText,
    NotAChoice,
    QuestionRefused,
    answer_checkpoint,
    attach_checkpoints,
    publish_question,
    write_question_revision,
)

__all__ = [
    "CHOICES_OF_SINGLE",
    "AttemptClosed",
    "ChoiceText",
    "EmptyBank",
    "NoSuchItem",
    "NotAChoice",
    "QuestionRefused",
    "Saved",
    "answer_checkpoint",
    "attach_checkpoints",
    "finish_attempt",
    "mark_item",
    "publish_question",
    "start_attempt",
    "submit_answer",
    "sweep_overdue",
    "write_question_revision",
]
