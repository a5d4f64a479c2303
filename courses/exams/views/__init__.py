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
from courses.exams.views.readiness import progress, readiness
from courses.exams.views.reference import reference
from courses.exams.views.report import compare, report, report_pdf
from courses.exams.views.reviews import (
    cards,
    daily_question,
    practice_settings,
    rate_card,
    review,
    suspend_card,
)
from courses.exams.views.sets import set_new

__all__ = [
    "answer",
    "answer_checkpoint",
    "attempt",
    "cards",
    "compare",
    "daily_question",
    "finish",
    "pause",
    "practice",
    "practice_settings",
    "progress",
    "rate_card",
    "readiness",
    "reference",
    "report",
    "report_pdf",
    "resume",
    "reveal",
    "review",
    "section",
    "set_new",
    "start",
    "start_sitting",
    "suspend_card",
    "take_break",
    "trace",
]
