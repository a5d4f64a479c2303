"""What credentials does when something happens in a lower room."""

from typing import Any

from django.db.models.signals import post_delete, pre_delete
from django.utils import timezone

from accounts.models import User
from courses.credentials.actions import award_course
from courses.credentials.actions.certificates import issue_certificate
from courses.credentials.actions.erasing import erase_ledger
from courses.credentials.actions.packets import drop_file
from courses.credentials.models import Packet
from courses.progress.models import CourseCompletion
from courses.progress.signals import course_completed


def award_completed_course(completion: CourseCompletion, **_kwargs: Any) -> None:
    """A completed course puts its CEUs into the ledger, once."""
    award_course(completion=completion, at=completion.completed_at)


def issue_completed_certificate(completion: CourseCompletion, **_kwargs: Any) -> None:
    """A completed course has one certificate, whether it carries CEUs or not."""
    issue_certificate(completion=completion, at=completion.completed_at)


def drop_packet_file(instance: Packet, **_kwargs: Any) -> None:
    """A packet goes with its file, also when its person is deleted."""
    drop_file(instance)


def erase_deleted_person(instance: User, **_kwargs: Any) -> None:
    """Wherever an account is deleted, the ledger stays without a word of the person."""
    erase_ledger(user=instance, at=timezone.now())  # Django says that it deletes, not when


def connect() -> None:
    pre_delete.connect(erase_deleted_person, sender=User, dispatch_uid="credentials.erase_deleted_person")
    post_delete.connect(drop_packet_file, sender=Packet, dispatch_uid="credentials.drop_packet_file")
    course_completed.connect(
        award_completed_course, sender=CourseCompletion, dispatch_uid="credentials.award_completed_course"
    )
    course_completed.connect(
        issue_completed_certificate,
        sender=CourseCompletion,
        dispatch_uid="credentials.issue_completed_certificate",
    )
