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
from courses.exams.views.corrections import (
    apply_correction,
    changes,
    correction,
    corrections,
    propose_correction,
    withdraw_correction,
)
from courses.exams.views.plan import edit_plan, plan, plan_today, stop_plan
from courses.exams.views.practice import practice
from courses.exams.views.problems import report_question, your_reports
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
from courses.exams.views.triage import answer_reports, preview_question, question_statistics, triage

__all__ = [
    "answer",
    "answer_checkpoint",
    "answer_reports",
    "apply_correction",
    "attempt",
    "cards",
    "changes",
    "compare",
    "correction",
    "corrections",
    "daily_question",
    "edit_plan",
    "finish",
    "pause",
    "plan",
    "plan_today",
    "practice",
    "practice_settings",
    "preview_question",
    "progress",
    "propose_correction",
    "question_statistics",
    "rate_card",
    "readiness",
    "reference",
    "report",
    "report_pdf",
    "report_question",
    "resume",
    "reveal",
    "review",
    "section",
    "set_new",
    "start",
    "start_sitting",
    "stop_plan",
    "suspend_card",
    "take_break",
    "trace",
    "triage",
    "withdraw_correction",
    "your_reports",
]
