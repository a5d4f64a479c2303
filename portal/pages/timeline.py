"""A year in the life of a few people of the demo, in which everything happens of which a reminder tells.

They are people of their own, so that nobody who signs in to the demo is disturbed. Each scene happens once,
on a day counted from the first; what it needs beyond the people, such as a question or a code list, it makes
itself, live from its own day on only.
"""

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from secrets import randbits

from allauth.account.models import EmailAddress
from PIL import Image, ImageDraw

from accounts.actions import accept_terms, give_role
from accounts.models import User
from accounts.roles import Role
from accounts.terms import TERMS_VERSION
from courses.catalog.actions import CitationText
from courses.catalog.models import Certification, Course, Lesson
from courses.codesets.actions import Source, load_release
from courses.codesets.actions.saving import save_code
from courses.codesets.models import Release
from courses.credentials.actions import (
    add_credit,
    add_evidence,
    issue_certificate,
    record_credential,
    review_credit,
)
from courses.credentials.actions.cycling import open_next_cycle
from courses.credentials.actions.packets import make_packet
from courses.credentials.cycles import add_months
from courses.credentials.files import accept
from courses.credentials.models import (
    CredentialHeld,
    Credit,
    Cycle,
    Evidence,
    EvidenceReview,
    Packet,
    RuleSet,
)
from courses.exams.actions import (
    Part,
    answer_reports,
    apply_correction,
    finish_attempt,
    propose_correction,
    publish_question,
    report_question,
    rescore,
    retire_question,
    start_attempt,
    write_attempt,
    write_question_revision,
)
from courses.exams.actions.plans import save_study_plan
from courses.exams.models import Attempt, Blueprint, Domain, KeyCorrection, Question, QuestionReport
from courses.progress.actions import enrol
from courses.progress.models import CourseCompletion
from courses.reminders.actions import save_preference
from portal.pages.demo import DEMO_PASSWORD
from portal.pages.management.commands.load_demo import COURSE, study

DOMAIN = "demo.crosswalk.invalid"
#: Name of the mailbox -> name, role and zone.
CAST = {
    "keeper": ("Kim Okoye", Role.STUDENT, "America/New_York"),
    "pace": ("Pat Lindqvist", Role.STUDENT, "Europe/London"),
    "grace": ("Gus Moreau", Role.STUDENT, "America/Los_Angeles"),
    "apprentice": ("Ada Byrne", Role.STUDENT, "America/Chicago"),
    "learner": ("Lee Tanaka", Role.STUDENT, "Asia/Kolkata"),
    "candidate": ("Cam Rossi", Role.STUDENT, "America/New_York"),
    "coder": ("Cody Nwosu", Role.STUDENT, "Pacific/Honolulu"),
    "editor": ("Eve Horvat", Role.EDITOR, "America/New_York"),
    "reviewer": ("Rhea Kaplan", Role.ADMINISTRATOR, "America/New_York"),
}
#: Mails that nobody gets who does not ask for them.
ASKED = (
    ("keeper", "weekly_digest"),
    ("keeper", "credit_approved"),
    ("candidate", "study_session_today"),
    ("editor", "reports_waiting"),
)
EXAM = "foundations-practice"
QUESTION, RULES, PACK = "timeline-question", "timeline-rules", "timeline"
#: A code list of two lines, in the shape of the official table, and the next one, in which one has changed.
HEAD = "code\tlong_description\tshort_description\n"
SUPPLIES = (
    HEAD + "A4206\tSyringe with needle, sterile, each\tSyringe\nA4215\tNeedle, sterile, each\tNeedle\n",
    HEAD + "A4206\tSyringe and needle of any size, sterile, each\tSyringe\nA4216\tSaline, 10 ml\tSaline\n",
)
#: Scenes happen at three in the afternoon of UTC.
HOUR = time(15)


@dataclass
class Timeline:
    """The people, and the days counted from the first."""

    first: date
    people: dict[str, User] = field(default_factory=dict)

    def day(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def __getitem__(self, name: str) -> User:
        if name not in self.people:
            self.people[name] = User.objects.get(email=address(name))
        return self.people[name]


Scene = Callable[[Timeline, datetime], None]
SCENES: list[tuple[int, Scene]] = []


def address(name: str) -> str:
    return f"timeline-{name}@{DOMAIN}"


def on_day(number: int) -> Callable[[Scene], Scene]:
    """What happens so many days after the first."""

    def add(scene: Scene) -> Scene:
        SCENES.append((number, scene))
        SCENES.sort(key=lambda pair: pair[0])  # stable: in the order of the page within a day
        return scene

    return add


# --- everybody ---------------------------------------------------------------------------------------------
@on_day(0)
def people_sign_up(play: Timeline, at: datetime) -> None:
    for name, (full_name, role, zone) in CAST.items():
        user = User.objects.create_user(address(name), DEMO_PASSWORD, name=full_name, time_zone=zone)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        accept_terms(user=user, version=TERMS_VERSION, at=at)
        give_role(user=user, role=role)
    for name, kind in ASKED:
        save_preference(user=play[name], kind=kind, is_on=True, at=at)


@on_day(10)
def a_mail_every_day_is_too_much(play: Timeline, at: datetime) -> None:
    save_preference(user=play["candidate"], kind="study_session_today", is_on=False, at=at)


# --- a credential: short, proven, returned, over, and the next cycle ---------------------------------------
def hold(
    play: Timeline, name: str, key: str, *, days_left: int, at: datetime, status: str = "active"
) -> CredentialHeld:
    """A credential whose cycle of two years has so many days left."""
    ends_on = play.day(days_left + 1)  # the first day after it
    starts_on = add_months(ends_on, -24)
    return record_credential(
        user=play[name],
        certification=Certification.objects.get(key=key),
        number="01234567",
        earned_on=starts_on,
        starts_on=starts_on,
        ends_on=ends_on,
        status=status,
        at=at,
    )


def record_activity(play: Timeline, name: str, title: str, ceus: str, number: str, at: datetime) -> Credit:
    user = play[name]
    return add_credit(
        user=user,
        title=title,
        completed_on=user.local(at).date(),
        ceus=Decimal(ceus),
        provider="Webinar series",
        index_number=number,
        by=user,
        at=at,
    )


def prove(credit: Credit, words: str, at: datetime) -> Evidence:
    """Add a picture of a certificate that says these words."""
    picture = Image.new("RGB", (640, 400), "white")
    ImageDraw.Draw(picture).text((40, 180), words, fill="black")
    made = io.BytesIO()
    picture.save(made, "PNG")
    person = credit.ledger.user
    assert person is not None
    return add_evidence(credit=credit, file=accept([made.getvalue()]), by=person, at=at)


def judge(play: Timeline, verdict: str, reason: str, at: datetime) -> None:
    """The reviewer says something about the newest file of the keeper."""
    newest = Evidence.objects.filter(credit__ledger__user=play["keeper"]).latest("pk")
    review_credit(
        credit=newest.credit, verdict=verdict, reason=reason, seen=newest.pk, by=play["reviewer"], at=at
    )


@on_day(0)
def credentials_are_recorded(play: Timeline, at: datetime) -> None:
    hold(play, "keeper", "cpc", days_left=75, at=at)
    hold(play, "pace", "cpc", days_left=285, at=at)
    lately = at - timedelta(days=25)
    hold(play, "apprentice", "coc", days_left=640, status=CredentialHeld.Status.APPRENTICE, at=lately)
    # no body of the pack says when reporting opens: these rules do, and are in force for nobody else
    rules = RuleSet.objects.get(key="aapc-2015")
    rules.pk, rules.key, rules.title, rules.pack_digest = None, RULES, "Rules of the demo's timeline", PACK
    rules.valid_from, rules.valid_until = date(1999, 1, 1), date(1999, 12, 31)
    rules.terms |= {
        "submission": {"opens_days_before": 10, "closes_days_after": 30},
        "grace": {"days": 30},
        "takes_over_running": False,
    }
    rules._state.adding = True
    rules.save()
    held = hold(play, "grace", "cpc", days_left=16, at=at)
    Cycle.objects.filter(credentials=held).update(rule_set=rules)


@on_day(1)
def an_activity_is_recorded(play: Timeline, at: datetime) -> None:
    record_activity(play, "keeper", "Auditing outpatient records", "4", "TIME-1", at)


@on_day(2)
def an_activity_is_proven(play: Timeline, at: datetime) -> None:
    credit = record_activity(play, "keeper", "Code updates of the fiscal year", "5", "TIME-2", at)
    prove(credit, "CERTIFICATE (without a date)", at)


@on_day(4)
def the_activity_is_returned(play: Timeline, at: datetime) -> None:
    judge(play, EvidenceReview.Verdict.RETURNED, "The certificate shows no date.", at)


@on_day(6)
def the_activity_is_proven_again_and_approved(play: Timeline, at: datetime) -> None:
    newest = Evidence.objects.filter(credit__ledger__user=play["keeper"]).latest("pk")
    prove(newest.credit, f"CERTIFICATE of {newest.credit.completed_on}", at - timedelta(hours=2))
    judge(play, EvidenceReview.Verdict.APPROVED, "", at)


@on_day(9)
def a_packet_took_long(play: Timeline, at: datetime) -> None:
    keeper = play["keeper"]
    packet = Packet.objects.create(
        user=keeper,
        body=Certification.objects.get(key="cpc").body,
        first_on=play.day(0),
        last_on=play.day(8),
        asked_at=at - timedelta(minutes=5),
    )
    make_packet(packet=packet, at=at, report=lambda done, total, message: None)


@on_day(77)
def the_next_cycle_begins(play: Timeline, at: datetime) -> None:
    for cycle in Cycle.objects.filter(user=play["keeper"]):
        open_next_cycle(cycle=cycle, at=at)


@on_day(150)
def the_pace_is_made_up(play: Timeline, at: datetime) -> None:
    record_activity(play, "pace", "A week of conferences", "36", "TIME-3", at)


# --- a course: begun, left, completed ----------------------------------------------------------------------
@on_day(1)
def a_course_is_begun(play: Timeline, at: datetime) -> None:
    learner, course = play["learner"], Course.objects.get(key=COURSE)
    enrol(user=learner, course=course, at=at)
    study(learner, Lesson.objects.filter(module__course=course).live(at).in_order()[0], at)


@on_day(17)
def the_course_is_completed(play: Timeline, at: datetime) -> None:
    learner, course = play["learner"], Course.objects.get(key=COURSE)
    for lesson in Lesson.objects.filter(module__course=course).live(at).in_order()[1:]:
        study(learner, lesson, at)
    issue_certificate(completion=CourseCompletion.objects.get(user=learner, course=course), at=at)


@on_day(170)
def another_course_is_begun(play: Timeline, at: datetime) -> None:
    learner = play["learner"]
    course = Course.objects.exclude(key=COURSE).filter(published_at__lte=at).order_by("key")[0]
    enrol(user=learner, course=course, at=at)
    study(learner, Lesson.objects.filter(module__course=course).live(at).in_order()[0], at)


# --- an exam: planned, practised, corrected -----------------------------------------------------------------
@on_day(1)
def an_exam_is_planned_and_practised(play: Timeline, at: datetime) -> None:
    candidate, exam = play["candidate"], Blueprint.objects.get(key=EXAM)
    save_study_plan(
        user=candidate,
        blueprint=exam,
        exam_on=play.day(68),
        hours_per_week=Decimal(4),
        study_days=range(6),
        at=at,
    )
    # nothing is answered: each question becomes a card that comes back
    attempt = start_attempt(user=candidate, blueprint=exam, at=at)
    finish_attempt(attempt_id=attempt.pk, user=candidate, at=at + timedelta(minutes=20))


@on_day(220)
def another_exam_is_planned(play: Timeline, at: datetime) -> None:
    save_study_plan(
        user=play["candidate"],
        blueprint=Blueprint.objects.get(key="cpc-mock"),
        exam_on=play.day(310),
        hours_per_week=Decimal(6),
        study_days=range(6),
        at=at,
    )


@on_day(2)
def a_question_is_answered_and_reported(play: Timeline, at: datetime) -> None:
    """An attempt at one question, which nobody else is asked: it is live on this day only."""
    question = Question.objects.create(key=QUESTION)
    revision = write_question_revision(
        question=question,
        kind="single",
        domain=Domain.objects.order_by("pk")[0],
        difficulty=1,
        difficulty_reason="It is about itself.",
        stem="Which question is asked in the demo's timeline and nowhere else?",
        source={
            "choices": [
                {"text": text, "rationale": text, "correct": number == 0, "mistake": "x" if number else ""}
                for number, text in enumerate(("This one", "The one before", "The next one", "None of them"))
            ]
        },
        citations=[CitationText("source", "The demo's timeline")],
        pack_digest=PACK,
        by=None,
        at=at,
    )
    publish_question(revision=revision, by=None, at=at, live_from=at)
    candidate = play["candidate"]
    attempt = write_attempt(
        Attempt(
            user=candidate,
            number=1,
            seed=randbits(48),
            mode=Attempt.Mode.PRACTICE,
            title="A question of the timeline",
            pass_percent=70,
            started_at=at,
        ),
        [Part("Practice", (revision.pk,))],
        multiplier=candidate.time_multiplier,
    )
    finish_attempt(attempt_id=attempt.pk, user=candidate, at=at + timedelta(minutes=1))
    report_question(
        revision=revision,
        user=candidate,
        reason=QuestionReport.Reason.UNCLEAR,
        comment="It is not clear what is asked.",
        at=at + timedelta(minutes=2),
    )
    propose_correction(
        revision=revision,
        how=KeyCorrection.How.ALL_CORRECT,
        reason="The question asks about itself: everybody gets the point.",
        by=play["editor"],
        at=at + timedelta(minutes=3),
    )
    retire_question(question=question, at=at + timedelta(minutes=4))


@on_day(13)
def the_question_is_corrected(play: Timeline, at: datetime) -> None:
    report = QuestionReport.objects.get(user=play["candidate"])
    answer_reports(
        revision=report.revision,
        reports=[report.pk],
        outcome=QuestionReport.Outcome.ACCEPTED,
        answer="You were right. Everybody gets the point.",
        by=play["reviewer"],
        at=at,
    )
    correction = KeyCorrection.objects.get(revision=report.revision)
    apply_correction(correction=correction, by=play["reviewer"], at=at)
    correction.refresh_from_db()
    rescore(correction=correction, at=at)


# --- a code list: kept codes change -------------------------------------------------------------------------
def load_supplies(number: int, effective_from: date, at: datetime) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"supplies-{number}.tsv"
        file.write_text(SUPPLIES[number - 1])
        source = Source("hcpcs", file, file.name, f"Timeline sample {number}", effective_from)
        load_release(source=source, by=None, at=at)


@on_day(0)
def a_code_is_kept(play: Timeline, at: datetime) -> None:
    if Release.objects.of_system("hcpcs").exists():
        return  # a real list is loaded here: no sample takes its place
    load_supplies(1, play.day(-1), at)
    save_code(user=play["coder"], system="hcpcs", code="A4206", note="Used every week", at=at)


@on_day(3)
def a_new_code_list_is_loaded(play: Timeline, at: datetime) -> None:
    if Release.objects.of_system("hcpcs").filter(label="Timeline sample 1").exists():
        load_supplies(2, play.day(19), at)
