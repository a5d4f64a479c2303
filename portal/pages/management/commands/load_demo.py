"""``manage.py load_demo``: people for the demo, with what each of them did so far."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.actions import accept_terms, give_role
from accounts.models import User
from accounts.terms import TERMS_VERSION
from courses.catalog.models import Certification, Course, EducationPath, Lesson, LessonRevision
from courses.credentials.actions import add_credit, record_credential
from courses.credentials.cycles import add_months
from courses.credentials.models import CourseApproval
from courses.exams.actions import answer_checkpoint
from courses.exams.models import QuestionRevision
from courses.progress.actions import complete_lesson, enrol, follow_path, record_reading
from courses.reminders.actions import save_settings
from courses.reminders.timing import Hours
from portal.pages.demo import CODER, DEMO_PASSWORD, DEMO_PEOPLE, DEMO_TIME_ZONE, STUDENT, DemoPerson

PATH, COURSE, CERTIFICATION = "become-a-certified-coder", "what-coders-do", "cpc"
#: A step of the CE reminder: a cycle with so many days left is reminded of on the day it is loaded.
DAYS_LEFT = 60
MINUTES_READ = 20
#: Days ago, CEUs, title, provider, index number of what the working coder did elsewhere.
CREDITS = (
    (500, "6", "Regional coding workshop", "Local chapter", "DEMO-1001"),
    (320, "4", "Auditing outpatient records", "Webinar series", "DEMO-1002"),
    (150, "5", "Code updates of the fiscal year", "Webinar series", "DEMO-1003"),
    (40, "3", "Documentation and queries", "Hospital in-service", "DEMO-1004"),
)
#: What the body would give a course of ours that it approved.
COURSE_INDEX_NUMBER = "DEMO-2001"


class Command(BaseCommand):
    """Makes the demo's people through the rooms' own actions; who is there already is left alone."""

    help = "Make the demo's people and what they did. Refused outside the demo."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("load_demo makes people with a known password. It runs with DEMO=1 only.")
        if not EducationPath.objects.filter(key=PATH).exists():
            raise CommandError("There is no content yet. Run load_content first.")
        at = timezone.now()
        for person in DEMO_PEOPLE:
            if User.objects.filter(email__iexact=person.email).exists():
                self.stdout.write(f"{person.label}: {person.email} is there")
                continue
            with transaction.atomic():
                user = make_person(person, at)
                if person is STUDENT:
                    start_as_student(user, at)
                if person is CODER:
                    work_as_coder(user, at)
            self.stdout.write(f"{person.label}: {person.email} made")


def make_person(person: DemoPerson, at: datetime) -> User:
    """Someone who signed up, confirmed the address and accepted the terms."""
    user = User.objects.create_user(
        person.email, DEMO_PASSWORD, name=person.name, time_zone=DEMO_TIME_ZONE, purpose=person.purpose
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    accept_terms(user=user, version=TERMS_VERSION, at=at)
    give_role(user=user, role=person.role)
    follow_path(user=user, path=EducationPath.objects.get(key=PATH), at=at)
    return user


def start_as_student(user: User, at: datetime) -> None:
    """Half of the first course."""
    course = Course.objects.get(key=COURSE)
    enrol(user=user, course=course, at=at)
    for lesson in Lesson.objects.filter(module__course=course).live(at).in_order()[:2]:
        study(user, lesson, at)


def work_as_coder(user: User, at: datetime) -> None:
    """A CPC whose cycle ends in sixty days with CEUs short, some credits and a whole course of ours.

    Midnight as the hour and no quiet time make today's reminder due now, whatever the hour is.
    """
    today = user.local(at).date()
    ends_on = today + timedelta(days=DAYS_LEFT + 1)  # the first day after the cycle
    starts_on = add_months(ends_on, -24)
    save_settings(user=user, hours=Hours(hour=0, quiet_from=0, quiet_until=0), is_on={}, at=at)
    record_credential(
        user=user,
        certification=Certification.objects.get(key=CERTIFICATION),
        number="01234567",
        earned_on=add_months(starts_on, -24),
        starts_on=starts_on,
        ends_on=ends_on,
        at=at,
    )
    for days_ago, ceus, title, provider, index_number in CREDITS:
        add_credit(
            user=user,
            title=title,
            completed_on=today - timedelta(days=days_ago),
            ceus=Decimal(ceus),
            provider=provider,
            index_number=index_number,
            by=user,
            at=at,
        )
    course = Course.objects.get(key=COURSE)
    CourseApproval.objects.get_or_create(  # without an index number it would count nothing with this body
        course=course,
        body=Certification.objects.get(key=CERTIFICATION).body,
        valid_from=starts_on,
        defaults={"index_number": COURSE_INDEX_NUMBER},
    )
    enrol(user=user, course=course, at=at)
    for lesson in Lesson.objects.filter(module__course=course).live(at).in_order():
        study(user, lesson, at)


def study(user: User, lesson: Lesson, at: datetime) -> None:
    """Read a lesson up to ``at``, answer its questions right and complete it."""
    for minutes in range(MINUTES_READ, 0, -1):
        record_reading(user=user, lesson=lesson, at=at - timedelta(minutes=minutes))
    revision = LessonRevision.objects.live(at).get(lesson=lesson)
    for checkpoint in revision.checkpoints.select_related("question"):
        asked = QuestionRevision.objects.live(at).get(question=checkpoint.question)
        right = {"choice": [str(asked.answer_key["right"][0])]}
        answer_checkpoint(user=user, checkpoint=checkpoint, revision=asked, fields=right, at=at)
    complete_lesson(user=user, lesson=lesson, revision=revision, at=at)
