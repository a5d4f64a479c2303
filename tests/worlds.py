"""One small world that has a row behind every URL; its objects belong to ``student``."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.actions import accept_terms, give_role, make_calendar_feed
from accounts.models import User
from accounts.roles import STAFF_ROLES, Role
from accounts.terms import TERMS_VERSION
from courses.catalog.actions import CitationText, write_guide_revision, write_lesson_revision
from courses.catalog.models import (
    Body,
    Certification,
    Course,
    EducationPath,
    GuideSection,
    Lesson,
    Module,
    PathStage,
    Requirement,
)
from courses.codesets.actions import Source, load_release
from courses.codesets.actions.saving import save_code
from courses.credentials.actions import (
    add_credit,
    add_evidence,
    add_proof_file,
    issue_certificate,
    record_credential,
)
from courses.credentials.actions.packets import ask_packet
from courses.credentials.files import Accepted, sha256_of
from courses.credentials.models import ApprenticeProof, CourseApproval, Packet, RuleSet
from courses.credentials.models.storage import evidence_storage
from courses.exams.actions import (
    finish_attempt,
    propose_correction,
    publish_question,
    start_attempt,
    write_question_revision,
)
from courses.exams.actions.plans import save_study_plan
from courses.exams.models import (
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    Checkpoint,
    Domain,
    Question,
    QuestionRevision,
    ReviewCard,
    Sitting,
)
from courses.jobs.actions import enqueue_job
from courses.progress.models import CourseCompletion
from courses.reminders.actions import write_template_revision
from courses.reminders.addresses import stop_token
from courses.reminders.models import MailTemplate, Reminder
from portal.lib.revisions import publish_revision

#: Long before any test runs, so that what is published then is live for views on the real clock.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

#: Two codes and a header, typed by us in the shape of the official file.
TABULAR = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular><version>2020</version><introduction/>
<chapter><name>4</name><desc>Endocrine diseases (E00-E89)</desc>
<sectionIndex><sectionRef first="E08" last="E13" id="E08-E13">Diabetes</sectionRef></sectionIndex>
<section id="E08-E13"><desc>Diabetes mellitus (E08-E13)</desc>
<diag><name>E11</name><desc>Type 2 diabetes mellitus</desc>
<diag><name>E11.6</name><desc>Type 2 diabetes mellitus with other complications</desc>
<diag><name>E11.65</name><desc>Type 2 diabetes mellitus with hyperglycemia</desc></diag></diag>
<diag><name>E11.9</name><desc>Type 2 diabetes mellitus without complications</desc></diag>
</diag></section></chapter></ICD10CM.tabular>
"""
#: A main term and a line under it.
INDEX = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index><version>2020</version><title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
<letter><title>D</title><mainTerm><title>Diabetes, diabetic</title><code>E11.9</code>
<term level="1"><title>with hyperglycemia</title><code>E11.65</code></term></mainTerm></letter>
</ICD10CM.index>
"""


#: One code of a supply, and one table of procedures.
SUPPLIES = "code\tlong_description\tshort_description\nA4206\tSyringe with needle, each\tSyringe\n"
PCS_TABLE = """<?xml version="1.0" encoding="utf-8"?>
<ICD10PCS.tabular><version>2020</version><title>Tables</title><pcsTable>
<axis pos="1" values="1"><title>Section</title><label code="0">Medical and Surgical</label></axis>
<axis pos="2" values="1"><title>Body System</title><label code="D">Gastrointestinal System</label></axis>
<axis pos="3" values="1"><title>Operation</title><label code="T">Resection</label></axis>
<pcsRow codes="2"><axis pos="4" values="1"><title>Body Part</title><label code="J">Appendix</label></axis>
<axis pos="5" values="2"><title>Approach</title><label code="0">Open</label>
<label code="4">Percutaneous Endoscopic</label></axis>
<axis pos="6" values="1"><title>Device</title><label code="Z">No Device</label></axis>
<axis pos="7" values="1"><title>Qualifier</title><label code="Z">No Qualifier</label></axis></pcsRow>
</pcsTable></ICD10PCS.tabular>
"""


def make_person(email: str, role: Role | None = Role.STUDENT, **fields: Any) -> User:
    """A person as sign-up makes them: verified, terms accepted, in a role, staff with a second factor."""
    user = User.objects.create_user(email, PASSWORD, **({"name": "Sam Lee"} | fields))
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    accept_terms(user=user, version=TERMS_VERSION, at=LONG_AGO)
    if role is not None:
        give_role(user=user, role=role)
    if role in STAFF_ROLES:
        TOTP.activate(user, generate_totp_secret())
    return user


def make_question(key: str, domain: Domain, *, title: str = "") -> Question:
    """A live question whose first option is right."""
    question = Question.objects.create(key=key)
    revision = write_question_revision(
        question=question,
        kind="single",
        domain=domain,
        difficulty=1,
        difficulty_reason="A test",
        stem=title or f"Which option of {key} is right?",
        source={
            "choices": [
                {
                    "text": f"Option {n} of {key}",
                    "rationale": f"Rationale {n} of {key}",
                    "correct": n == 1,
                    "mistake": "" if n == 1 else "x",
                }
                for n in range(1, 5)
            ]
        },
        citations=[CitationText("source", "A public law")],
        pack_digest="x",
        by=None,
        at=LONG_AGO,
    )
    publish_question(revision=revision, by=None, at=LONG_AGO, live_from=LONG_AGO)
    return question


def make_rule_set(body: Body) -> RuleSet:
    """Rules of an older shape: the total alone."""
    return RuleSet.objects.create(
        key=f"{body.key}-rules",
        body=body,
        title=f"{body.short} rules",
        cycle_months=24,
        anchor=RuleSet.Anchor.UNKNOWN,
        as_of=date(2026, 11, 1),
        source="A test",
        confidence="memory",
        terms={
            "certifications": [],
            "year_parity": False,
            "prorate_first": False,
            "either_month": False,
            "required": {"by_count": [36], "base": {}, "each_further": None, "cap": None, "absorbs": {}},
            "unique_by": None,
            "buckets": [],
            "evidence_fields": [],
        },
    )


def publish_lesson(lesson: Lesson, source: str, **changes: Any) -> Any:
    revision = write_lesson_revision(
        **{
            "lesson": lesson,
            "title": f"Lesson {lesson.key}",
            "source": source,
            "minutes": 10,
            "by": None,
            "at": LONG_AGO,
            "pack_digest": "x",
        }
        | changes
    )
    publish_revision(revision=revision, by=None, live_from=LONG_AGO)
    return revision


def _certificate(folder: Path) -> Accepted:
    """A file as the process that looks into files gives it back; of these nobody looks into any."""
    folder.mkdir()
    path = folder / "kept"
    path.write_bytes(b"%PDF-1.7 a certificate")
    digest = sha256_of(path)
    return Accepted("pdf", path, path.stat().st_size, digest, digest, folder)


class World:
    """Everything once."""

    code = "E11.9"
    task = "resume"

    def __init__(self, folder: Path) -> None:
        now = timezone.now()
        file = folder / "tabular.xml"
        file.write_text(TABULAR)
        self.release = load_release(
            source=Source("icd10cm-tabular", file, "tabular.xml", "Sample", date(2019, 10, 1)),
            by=None,
            at=LONG_AGO,
        ).release
        (folder / "index.xml").write_text(INDEX)
        load_release(
            source=Source("icd10cm-index", folder / "index.xml", "index.xml", "Sample", date(2019, 10, 1)),
            by=None,
            at=LONG_AGO,
        )
        (folder / "hcpcs.tsv").write_text(SUPPLIES)
        load_release(
            source=Source("hcpcs", folder / "hcpcs.tsv", "hcpcs.tsv", "Sample", date(2019, 10, 1)),
            by=None,
            at=LONG_AGO,
        )
        (folder / "tables.xml").write_text(PCS_TABLE)
        load_release(
            source=Source(
                "icd10pcs-tables", folder / "tables.xml", "tables.xml", "Sample", date(2019, 10, 1)
            ),
            by=None,
            at=LONG_AGO,
        )
        self.people = {role.value: make_person(f"{role.value}@example.com", role) for role in Role}
        self.student = self.people["student"]
        self.people["other"] = make_person("other@example.com")
        self.body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
        self.certification = Certification.objects.create(
            key="cpc", body=self.body, abbreviation="CPC", name="Coder", purpose="Outpatient coding."
        )
        domain = Domain.objects.create(key="terms", title="Terms")
        for number in range(4):
            make_question(f"question-{number}", domain)
        self.course = Course.objects.create(
            key="basics",
            title="Basics",
            summary="A course.",
            level="foundation",
            hours=Decimal(1),
            ceus=Decimal(1),
            published_at=LONG_AGO,
        )
        module = Module.objects.create(course=self.course, title="First", position=1)
        self.preview = Lesson.objects.create(key="basics-1", module=module, position=1, is_preview=True)
        publish_lesson(self.preview, "Read [[E11.9]].\n\n[[checkpoint:question-0]]")
        self.checkpoint = Checkpoint.objects.get()
        self.draft = write_lesson_revision(
            lesson=self.preview, title="Draft", source="Draft.", minutes=1, by=self.people["editor"], at=now
        )
        section = GuideSection.objects.create(key="start", position=1)
        guide = write_guide_revision(
            section=section, title="Start", source="Begin.", by=None, at=LONG_AGO, pack_digest="x"
        )
        publish_revision(revision=guide, by=None, live_from=LONG_AGO)
        self.path = EducationPath.objects.create(key="way", title="Way", summary="x", published_at=LONG_AGO)
        stage = PathStage.objects.create(path=self.path, kind="learn", position=1, title="Learn", html="x")
        Requirement.objects.create(stage=stage, kind="course", key="basics", text="Basics")
        Requirement.objects.create(stage=stage, kind="task", key="way.resume", text="Write a résumé")
        self.blueprint = self._blueprint("mock", domain)
        other_blueprint = self._blueprint("done", domain)
        self.attempt = start_attempt(user=self.student, blueprint=self.blueprint, at=now)
        self.finished = start_attempt(user=self.student, blueprint=other_blueprint, at=now)
        finish_attempt(attempt_id=self.finished.pk, user=self.student, at=now)
        self.tutored = start_attempt(
            user=self.student, blueprint=self._blueprint("tutored", domain), at=now, mode="tutor"
        )
        sectioned = self._blueprint("sectioned", domain)
        sectioned.sections.update(break_minutes=10)
        second = BlueprintSection.objects.create(blueprint=sectioned, title="Cases", position=2)
        BlueprintDomain.objects.create(section=second, domain=domain, count=1)
        self.sectioned = start_attempt(user=self.student, blueprint=sectioned, at=now)
        self.sitting = Sitting.objects.create(
            blueprint=self.blueprint,
            title="Friday",
            opens_at=now - timedelta(hours=1),
            closes_at=now + timedelta(hours=9),
        )
        self.card = ReviewCard.objects.owned_by(self.student)[0]
        today = now.date()
        self.held = record_credential(
            user=self.student,
            certification=self.certification,
            earned_on=today - timedelta(days=400),
            starts_on=today - timedelta(days=30),
            ends_on=today + timedelta(days=300),
            required=Decimal(36),
            at=now,
        )
        self.certificate = issue_certificate(
            completion=CourseCompletion.objects.create(
                user=self.student,
                course=self.course,
                title=self.course.title,
                ceus=self.course.ceus,
                minutes_read=70,
                completed_at=now,
                completed_on=today,
            ),
            at=now,
        )
        self.approval = CourseApproval.objects.create(
            course=self.course, body=self.certification.body, index_number="AB-1", valid_from=today
        )
        self.credit = add_credit(
            user=self.student,
            title="Webinar",
            completed_on=today,
            ceus=Decimal(2),
            by=self.student,
            at=now,
        )
        self.proof = ApprenticeProof.objects.create(held=self.held, need="work", text="Clinic", added_at=now)
        self.evidence = add_evidence(
            credit=self.credit, file=_certificate(folder / "evidence"), by=self.student, at=now
        )
        self.proof_file = add_proof_file(
            proof=self.proof, file=_certificate(folder / "letter"), by=self.student, at=now
        )
        self.rule_set = make_rule_set(self.held.certification.body)
        self.revision = QuestionRevision.objects.select_related("question").get(question__key="question-0")
        self.correction = propose_correction(
            revision=QuestionRevision.objects.get(question__key="question-1"),
            how="drop",
            reason="The rule changed.",
            by=self.people["administrator"],
            at=now,
        )
        self.plan = save_study_plan(
            user=self.student,
            blueprint=self.blueprint,
            exam_on=today + timedelta(days=60),
            hours_per_week=Decimal(5),
            study_days=range(7),
            at=now,
        )
        self.calendar_token = make_calendar_feed(user=self.student, at=now)
        self.saved = save_code(user=self.student, system="icd10cm", code="E11.65", note="Mine", at=now)
        self.mailed = self._reminder("email", message_id="<world@localhost>", sent_at=now)
        self.told = self._reminder("inbox", sent_at=now)
        self.stop_token = stop_token(self.student.pk, ["ce_cycle_end"])
        self.packet = ask_packet(
            user=self.student, body=self.held.certification.body, first_on=today, last_on=today, at=now
        )
        Packet.objects.filter(pk=self.packet.pk).update(  # as the worker leaves it
            path=evidence_storage().save("packets/world.zip", ContentFile(b"PK")),
            size=2,
            sha256=sha256(b"PK").hexdigest(),
            made_at=now,
            expires_at=now + timedelta(days=7),
        )
        self.job = enqueue_job(kind="codesets.load_release", by=self.student, at=now)

    def _reminder(self, channel: str, **fields: Any) -> Reminder:
        """One that went to the student."""
        template, is_new = MailTemplate.objects.get_or_create(kind="ce_cycle_end")
        if is_new:
            revision = write_template_revision(
                template=template,
                subject="A deadline",
                summary="{why}",
                body="Hello {name},\n\n[Open it]({url})\n",
                by=None,
                at=LONG_AGO,
                pack_digest="x",
            )
            publish_revision(revision=revision, by=None, live_from=LONG_AGO)
        return Reminder.objects.create(
            key=f"ce_cycle_end:cycle-1:{self.student.pk}:2020-03-31:30:{channel}",
            kind="ce_cycle_end",
            subject="cycle-1",
            user=self.student,
            due_on=date(2020, 3, 31),
            step=30,
            channel=channel,
            state=Reminder.State.SENT,
            not_before=LONG_AGO,
            created_at=LONG_AGO,
            template_revision=template.revisions.get(),
            said={"name": "Sam", "why": "A test.", "url": "http://localhost:8000/credentials/"},
            **fields,
        )

    def _blueprint(self, key: str, domain: Domain) -> Blueprint:
        blueprint = Blueprint.objects.create(
            key=key,
            title=key.title(),
            minutes=24,
            pass_percent=70,
            valid_from=date(2020, 1, 1),
            as_of=date(2026, 11, 1),
            source="Ours",
            confidence="verified",
        )
        section = BlueprintSection.objects.create(blueprint=blueprint, title="Multiple choice")
        BlueprintDomain.objects.create(section=section, domain=domain, count=2)
        return blueprint

    def client(self, who: str, **options: Any) -> Client:
        """A browser in which ``who`` is signed in, in the state that the name says."""
        client = Client(**options)
        if who in {"anonymous", "expired"}:
            if who == "expired":
                client.force_login(self.people["other"])
                client.session.flush()
            return client
        if who in self.people:
            client.force_login(self.people[who])
            return client
        user = make_person(f"{who}@example.com", None)
        client.force_login(user)
        if who == "suspended":
            User.objects.filter(pk=user.pk).update(is_active=False)
        elif who == "unverified":
            EmailAddress.objects.filter(user=user).update(verified=False)
        elif who == "no_factor":
            give_role(user=user, role=Role.EDITOR)
        elif who == "no_terms":
            user.terms_accepted.all().delete()
        return client

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Whatever happens inside is rolled back."""
        with transaction.atomic():
            try:
                yield
            finally:
                transaction.set_rollback(True)

    def rows(self) -> dict[str, list[Any]]:
        """Every row of every table of ours."""
        found: dict[str, list[Any]] = {}
        for model in apps.get_models():
            if model._meta.app_label in {"sessions", "usersessions"}:
                continue  # a session remembers that the terms were accepted
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT * FROM "{model._meta.db_table}" ORDER BY 1')
                found[model._meta.db_table] = cursor.fetchall()
        return found
