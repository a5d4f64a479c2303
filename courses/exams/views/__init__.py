"""The pages of exams: practice, the exam room, reports, and questions in lessons."""

from courses.exams.views.answering import answer, reveal, trace
from courses.exams.views.attempts import (
    attempt,
    finish,
    pause,
    resume,
    section,
    start,
    start_sitting,
    take_break,
)
from courses.exams.views.checkpoints import answer_checkpoint
from courses.exams.views.practice import practice
from courses.exams.views.reference import reference
from courses.exams.views.report import compare, report, report_pdf

__all__ = [
    "answer",
    "answer_checkpoint",
    "attempt",
    "compare",
    "finish",
    "pause",
    "practice",
    "reference",
    "report",
    "report_pdf",
    "resume",
    "reveal",
    "section",
    "start",
    "start_sitting",
    "take_break",
    "trace",
]
