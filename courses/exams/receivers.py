"""What exams does when a lower room says that something happened."""

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from courses.catalog.models import LessonRevision
from courses.catalog.signals import lesson_drafted
from courses.codesets.actions import reevaluate
from courses.codesets.models import Release
from courses.codesets.signals import release_loaded
from courses.exams.actions import attach_checkpoints, card_misses
from courses.exams.models import Attempt, QuestionCodeRef, Score
from courses.exams.signals import attempt_finished


@receiver(lesson_drafted, dispatch_uid="exams.attach_checkpoints")
def on_lesson_drafted(*, revision: LessonRevision, checkpoints: Sequence[str], **_: Any) -> None:
    attach_checkpoints(lesson_revision=revision, keys=checkpoints)


@receiver(release_loaded, dispatch_uid="exams.reevaluate_code_refs")
def on_release_loaded(*, release: Release, **_: Any) -> None:
    """A question whose code is gone or no longer billable is not drawn from now on."""
    refs = QuestionCodeRef.objects.filter(system=release.system)
    reevaluate(refs, on_date=release.checked_on)


@receiver(attempt_finished, dispatch_uid="exams.card_misses")
def on_attempt_finished(*, attempt: Attempt, score: Score, **_: Any) -> None:
    """What was missed comes back in the daily review."""
    card_misses(attempt=attempt, score=score, at=score.scored_at)
