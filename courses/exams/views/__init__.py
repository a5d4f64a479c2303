"""The pages of exams: practice, the exam room, reports, and questions in lessons."""

from courses.exams.views.attempts import answer, attempt, finish, start
from courses.exams.views.checkpoints import answer_checkpoint
from courses.exams.views.practice import practice
from courses.exams.views.report import report

__all__ = ["answer", "answer_checkpoint", "attempt", "finish", "practice", "report", "start"]
