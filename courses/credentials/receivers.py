"""What credentials does when something happens in a lower room."""

from typing import Any

from courses.credentials.actions import award_course
from courses.progress.models import CourseCompletion
from courses.progress.signals import course_completed


def award_completed_course(completion: CourseCompletion, **_kwargs: Any) -> None:
    """A completed course puts its CEUs into the ledger, once."""
    award_course(completion=completion, at=completion.completed_at)


def connect() -> None:
    course_completed.connect(
        award_completed_course, sender=CourseCompletion, dispatch_uid="credentials.award_completed_course"
    )
