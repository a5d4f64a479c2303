"""Starting an attempt: drawing its questions and fixing what it takes, once."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from accounts.models import User
from courses.codesets.models import CodeRef
from courses.exams import kinds
from courses.exams.actions.finishing import finish_attempt
from courses.exams.assembly import Candidate, Form, draw
from courses.exams.clock import deadline, is_late
from courses.exams.models import (
    Attempt,
    AttemptItem,
    AttemptSection,
    Blueprint,
    BlueprintSection,
    PreparedForm,
    QuestionRevision,
    Sitting,
)
from courses.exams.models.bank import RANKS
from courses.exams.weights import counts_from_weights


class EmptyBank(Exception):
    """No question can be drawn."""


class SittingClosed(Exception):
    """The scheduled exam cannot be started at this time."""


# --- what a section asks for ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Place:
    """Where questions are wanted: so many, of these domains and kinds. ``title`` names it while it is thin."""

    domains: tuple[int, ...]
    count: int
    kinds: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Part:
    """A section with the revisions drawn for it, in their order."""

    title: str
    picks: tuple[int, ...]
    minutes: int | None = None
    no_return: bool = False
    break_minutes: int = 0
    unscored: frozenset[int] = field(default_factory=frozenset)


def places(section: BlueprintSection) -> list[Place]:
    """What a section of a blueprint asks for; ``section.domains`` should be read beforehand.

    Counts stand as they are; shares of the section become counts; domains of which nothing is known fill
    together what is left of the section's count.
    """
    allowed = tuple(section.kinds) or tuple(key for key in kinds.registered() if key != "case_set")
    rows = list(section.domains.all())
    counted = [(row, row.count) for row in rows if row.count]
    left = (section.count or 0) - sum(count for _row, count in counted)
    shared = [(row, row.percent_low) for row in rows if row.percent_low is not None]
    if shared and section.count:
        share = counts_from_weights(section.count, [(row.pk, low, row.percent_high) for row, low in shared])
        counted += [(row, share[row.pk]) for row, _low in shared]
        left -= sum(share.values())
    found = [Place((row.domain_id,), count, allowed, row.domain.title) for row, count in counted if count]
    open_rows = [row for row in rows if not row.count and row.percent_low is None]
    if open_rows and left > 0:
        found.append(Place(tuple(row.domain_id for row in open_rows), left, allowed, section.title))
    return found


# --- drawing -------------------------------------------------------------------------------------------
# Live questions of some domains that may be drawn, from a rank on: written out because an exam of 17 domains
# asks 17 times in one statement, and building that through the ORM would cost more than running it.
_LIVE = """
    SELECT {place} AS place, revision.id, revision.exclusion_group, {seen} AS last_seen
      FROM exams_questionrevision revision
      JOIN exams_question question ON question.id = revision.question_id
      {join}
     WHERE revision.domain_id IN ({domains}) AND revision.kind IN ({kinds})
       AND revision.published_at <= %s
       AND (question.retired_at IS NULL OR question.retired_at > %s)
       AND NOT EXISTS (
           SELECT 1 FROM exams_questionrevision newer
            WHERE newer.question_id = revision.question_id AND newer.published_at <= %s
              AND (newer.published_at > revision.published_at
                   OR (newer.published_at = revision.published_at AND newer.number > revision.number)))
       AND NOT EXISTS (
           SELECT 1 FROM exams_questioncoderef ref
            WHERE ref.revision_id = revision.id AND ref.state IN ({stale}))
       {which}
     ORDER BY {order} LIMIT {limit}
"""
_UNSEEN = """AND revision.rank {side} %s AND NOT EXISTS (
           SELECT 1 FROM exams_exposure met 
            WHERE met.question_id = revision.question_id AND met.user_id = %s)"""
_SEEN = "JOIN exams_exposure met ON met.question_id = revision.question_id AND met.user_id = %s"

#: More than is wanted is read: a question may share its exclusion group with another.
_SPARE = 10


def candidates(user: User | None, wanted: Sequence[Place], *, seed: int, at: datetime) -> list[Candidate]:
    """Enough drawable questions for each place, by its number: unseen ones from a random rank on, then seen.

    One statement where the bank has enough that the person has not met, three where it has not.
    """
    start = Random(seed).randrange(RANKS)
    found = _read(user, dict(enumerate(wanted)), at, side=">=", start=start)
    for step in ("<", "seen"):
        held: dict[int, int] = {}
        for one in found:
            held[one.domain] = held.get(one.domain, 0) + 1
        thin = {n: place for n, place in enumerate(wanted) if held.get(n, 0) < place.count + _SPARE}
        if thin and (step != "seen" or user is not None):
            found += _read(user, thin, at, side=step, start=start)
    return found


def _read(
    user: User | None, wanted: Mapping[int, Place], at: datetime, *, side: str, start: int
) -> list[Candidate]:
    seen = side == "seen"
    person = user.pk if user else None
    moment = connection.ops.adapt_datetimefield_value(at)
    statements: list[str] = []
    values: list[Any] = []
    for number, place in wanted.items():
        sql = _LIVE.format(
            place=int(number),
            seen="met.last_at" if seen else "NULL",
            join=_SEEN if seen else "",
            domains=", ".join(["%s"] * len(place.domains)),
            kinds=", ".join(["%s"] * len(place.kinds)),
            stale=", ".join(["%s"] * len(STALE)),
            which="" if seen else _UNSEEN.format(side=side),
            order="met.last_at, revision.rank" if seen else "revision.rank",
            limit=int(place.count) + _SPARE,
        )
        statements.append(f"SELECT * FROM ({sql}) AS place_{int(number)}")
        values += [person] if seen else []
        values += [*place.domains, *place.kinds, moment, moment, moment, *STALE]
        values += [] if seen else [start, person]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(statements), values)
        rows = cursor.fetchall()
    return [
        Candidate(pk, number, group, at if seen and last is None else _moment(last))
        for number, pk, group, last in rows
    ]


STALE = (CodeRef.State.NOT_BILLABLE.value, CodeRef.State.GONE.value)


def _moment(value: Any) -> datetime | None:
    """A moment as a raw statement gives it: SQLite knows only text."""
    if value is None:
        return None
    moment: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=connection.timezone)


def draw_places(user: User | None, wanted: Sequence[Place], *, seed: int, at: datetime) -> Form:
    """Questions for each place, by its number, as ``assembly.draw`` chooses them."""
    counts = {number: place.count for number, place in enumerate(wanted)}
    return (
        draw(counts, candidates(user, wanted, seed=seed, at=at), seed=seed)
        if counts
        else draw({}, [], seed=seed)
    )


def draw_blueprint(
    user: User | None, blueprint: Blueprint, *, seed: int, at: datetime
) -> tuple[list[Part], list[dict[str, Any]]]:
    """The sections of a form and what the bank lacks. Raises ``EmptyBank``."""
    sections = list(blueprint.sections.prefetch_related("domains__domain").order_by("position"))
    asked = [(section, place) for section in sections for place in places(section)]
    form = draw_places(user, [place for _section, place in asked], seed=seed, at=at)
    if not form.picks:
        raise EmptyBank
    rng = Random(seed)
    parts = []
    for section in sections:
        picks = [
            pick
            for number, (of_section, _place) in enumerate(asked)
            if of_section is section
            for pick in form.by_domain[number]
        ]
        rng.shuffle(picks)
        parts.append(
            Part(
                section.title,
                tuple(picks),
                section.minutes,
                section.no_return,
                section.break_minutes,
                # a form that is thin has no question to spare
                frozenset(rng.sample(picks, section.pretest) if section.pretest < len(picks) else ()),
            )
        )
    lacking = [
        {"title": place.title, "count": form.short[number]}
        for number, (_section, place) in enumerate(asked)
        if number in form.short
    ]
    return [part for part in parts if part.picks], lacking


# --- writing an attempt --------------------------------------------------------------------------------
def write_attempt(attempt: Attempt, parts: Sequence[Part], *, multiplier: Any) -> Attempt:
    """Store an attempt with its sections and questions, in a constant number of statements.

    The first section is open at once; so is each that has neither a clock nor closed doors before it.
    """
    attempt.save(force_insert=True)
    sections = []
    shut = False
    for position, part in enumerate(parts, start=1):
        opens = position == 1 or not (shut or part.minutes)
        sections.append(
            AttemptSection(
                attempt=attempt,
                position=position,
                title=part.title,
                minutes=part.minutes,
                no_return=part.no_return,
                break_minutes=part.break_minutes,
                opened_at=attempt.started_at if opens else None,
                deadline_at=deadline(attempt.started_at, part.minutes, multiplier)
                if part.minutes and opens
                else None,
            )
        )
        shut = shut or part.no_return or part.minutes is not None or part.break_minutes > 0
    AttemptSection.objects.bulk_create(sections)
    revisions = QuestionRevision.objects.filter(pk__in=[pick for part in parts for pick in part.picks])
    asked = {pk: (kind, doc) for pk, kind, doc in revisions.values_list("pk", "kind", "asked")}
    rng = Random(attempt.seed)
    items: list[AttemptItem] = []
    for section, part in zip(sections, parts, strict=True):
        for pick in part.picks:
            kind, doc = asked[pick]
            order = kinds.get(kind).order(doc)
            rng.shuffle(order)
            items.append(
                AttemptItem(
                    attempt=attempt,
                    section=section,
                    position=len(items) + 1,
                    question_revision_id=pick,
                    order=order,
                    is_scored=pick not in part.unscored,
                )
            )
    AttemptItem.objects.bulk_create(items)
    return attempt


# --- starting ------------------------------------------------------------------------------------------
def start_attempt(
    *, user: User, blueprint: Blueprint, at: datetime, mode: str = Attempt.Mode.EXAM
) -> Attempt:
    """The person's open attempt of this exam, or a new one drawn from the questions live at ``at``.

    However often and wherever Start is pressed, there is one open attempt. One whose time is over is closed
    first. Raises ``EmptyBank``.
    """
    for race in range(3):
        current = Attempt.objects.owned_by(user).open().filter(blueprint=blueprint, sitting=None).first()
        if current is not None and not is_late(current.deadline_at, at):
            return current
        if current is not None:
            finish_attempt(attempt_id=current.pk, user=user, at=at, by_system=True)
        try:
            return _open_attempt(user=user, blueprint=blueprint, at=at, mode=mode)
        except IntegrityError:  # another Start of the same person was faster: take its attempt
            if race == 2:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _open_attempt(*, user: User, blueprint: Blueprint, at: datetime, mode: str) -> Attempt:
    seed = secrets.randbits(48)
    parts, lacking = draw_blueprint(user, blueprint, seed=seed, at=at)
    return write_attempt(
        _of_blueprint(user, blueprint, seed=seed, at=at, mode=mode, lacking=lacking),
        parts,
        multiplier=user.time_multiplier,
    )


def _of_blueprint(user: User, blueprint: Blueprint, *, at: datetime, mode: str, **fields: Any) -> Attempt:
    """An attempt of a blueprint as it is now, not saved."""
    last = Attempt.objects.owned_by(user).filter(blueprint=blueprint).aggregate(last=Max("number"))["last"]
    scale = (
        {"min": blueprint.scale_min, "max": blueprint.scale_max, "pass": blueprint.scale_pass}
        if blueprint.scale_pass is not None
        else None
    )
    timed = mode == Attempt.Mode.EXAM
    return Attempt(
        user=user,
        blueprint=blueprint,
        number=(last or 0) + 1,
        mode=mode,
        title=blueprint.title,
        edition=blueprint.edition,
        pass_percent=blueprint.pass_percent,
        scale=scale,
        started_at=at,
        deadline_at=deadline(at, blueprint.minutes, user.time_multiplier) if timed else None,
        **fields,
    )


# --- scheduled exams -----------------------------------------------------------------------------------
@transaction.atomic
def prepare_sitting(*, sitting: Sitting, at: datetime) -> list[PreparedForm]:
    """Draw the forms of a scheduled exam that are not drawn yet. Raises ``EmptyBank``."""
    have = set(sitting.forms.values_list("number", flat=True))
    made = []
    for number in range(1, sitting.form_count + 1):
        if number in have:
            continue
        seed = secrets.randbits(48)
        parts, lacking = draw_blueprint(None, sitting.blueprint, seed=seed, at=at)
        made.append(
            PreparedForm(
                sitting=sitting,
                number=number,
                seed=seed,
                sections=[
                    {
                        "title": part.title,
                        "picks": list(part.picks),
                        "minutes": part.minutes,
                        "no_return": part.no_return,
                        "break_minutes": part.break_minutes,
                        "unscored": sorted(part.unscored),
                    }
                    for part in parts
                ],
                lacking=lacking,
                drawn_at=at,
            )
        )
    PreparedForm.objects.bulk_create(made, ignore_conflicts=True)
    return list(sitting.forms.order_by("number"))


def start_sitting(*, user: User, sitting: Sitting, at: datetime) -> Attempt:
    """The person's one attempt of a scheduled exam, on one of its prepared forms.

    Raises ``SittingClosed`` outside its hours for who has not started, and ``EmptyBank``.
    """
    for race in range(3):
        mine = Attempt.objects.owned_by(user).filter(sitting=sitting).first()
        if mine is not None:
            return mine
        if not sitting.opens_at <= at < sitting.closes_at:
            raise SittingClosed
        try:
            return _open_sitting(user=user, sitting=sitting, at=at)
        except IntegrityError:  # another Start of the same person was faster
            if race == 2:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _open_sitting(*, user: User, sitting: Sitting, at: datetime) -> Attempt:
    forms = list(sitting.forms.order_by("number")) or prepare_sitting(sitting=sitting, at=at)
    form = forms[user.pk % len(forms)]
    attempt = _of_blueprint(
        user,
        sitting.blueprint,
        at=at,
        mode=Attempt.Mode.EXAM,
        # the options of two neighbours stand in different orders
        seed=form.seed ^ user.pk,
        sitting=sitting,
        lacking=form.lacking,
    )
    parts = [
        Part(**one | {"picks": tuple(one["picks"]), "unscored": frozenset(one["unscored"])})
        for one in form.sections
    ]
    return write_attempt(attempt, parts, multiplier=user.time_multiplier)
