"""Kinds about study: the exam of a plan, its days, reviews that are due, a course that was left."""

from courses.reminders.kinds.study.courses import CourseIdle
from courses.reminders.kinds.study.plans import StudyPlanBehind, StudyPlanExam, StudySessionToday
from courses.reminders.kinds.study.reviews import ReviewsDue

#: In the order in which a person finds them.
KINDS = (StudyPlanExam, StudySessionToday, ReviewsDue, StudyPlanBehind, CourseIdle)

__all__ = ["KINDS", "CourseIdle", "ReviewsDue", "StudyPlanBehind", "StudyPlanExam", "StudySessionToday"]
