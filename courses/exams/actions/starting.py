"""Starting an attempt: drawing its questions and fixing what it takes, once."""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from math import ceil
from random import Random
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Prefetch
from django.utils.translation import gettext

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
    BlueprintDomain,
    PreparedForm,
    QuestionRevision,
    Sitting,
)
from courses.exams.models.bank import RANKS
from courses.exams.wanted import Place, places
from portal.lib.rows import as_moment, insert_rows


class EmptyBank(Exception):
    """No question can be drawn."""


class SittingClosed(Exception):
    """The scheduled exam cannot be started at this time."""


@dataclass(frozen=True)
class Part:
    """A section with the revisions drawn for it, in their order."""

    title: str
    picks: tuple[int, ...]
    minutes: int | None = None
    no_return: bool = False
    break_minutes: int = 0
    unscored: frozenset[int] = field(default_factory=frozenset)


# --- drawing -------------------------------------------------------------------------------------------
# Live questions of one domain that may be drawn, from a rank on. Each domain is read along its index (domain,
# rank) and no further than is needed, however large the bank; OFFSET keeps PostgreSQL from joining whole
# tables to those few rows.
_LIVE = """
    SELECT revision.id, revision.exclusion_group, revision.rank, {seen} AS last_seen
      FROM exams_questionrevision revision
      JOIN exams_question question ON question.id = revision.question_id
      {join}
     WHERE revision.domain_id = {domain} AND revision.kind {kinds}
       AND revision.published_at <= %s
       AND (question.retired_at IS NULL OR question.retired_at > %s)
       AND NOT EXISTS (
           SELECT 1 FROM exams_questionrevision newer
            WHERE newer.question_id = revision.question_id AND newer.published_at <= %s
              AND (newer.published_at > revision.published_at
                   OR (newer.published_at = revision.published_at AND newer.number > revision.number))
            LIMIT 1 OFFSET 0)
       AND NOT EXISTS (
           SELECT 1 FROM exams_questioncoderef ref
            WHERE ref.revision_id = revision.id AND ref.state IN (%s, %s)
            LIMIT 1 OFFSET 0)
       {which}
     ORDER BY {order} LIMIT {limit}
"""
_UNSEEN = """AND revision.rank {side} %s AND NOT EXISTS (
           SELECT 1 FROM exams_exposure met
            WHERE met.question_id = revision.question_id AND met.user_id = %s
            LIMIT 1 OFFSET 0)"""
_SEEN = "JOIN exams_exposure met ON met.question_id = revision.question_id AND met.user_id = %s"

STALE = (CodeRef.State.NOT_BILLABLE.value, CodeRef.State.GONE.value)

#: More than is wanted is read: a question may share its exclusion group with another.
_SPARE = 10
#: No bank has so many questions: then all are read.
_ALL = 10**6


def draw_places(
    user: User | None,
    wanted: Sequence[Place],
    *,
    seed: int,
    at: datetime,
    without: Collection[int] = frozenset(),
) -> Form:
    """Questions for each place, by its number, as ``assembly.draw`` chooses them from all that are live.

    None of the revisions ``without`` is drawn. Only a few more than are wanted are read. Should exclusion
    groups, or places that want the same questions, leave one short that the bank could fill, all are read and
    it is drawn again.
    """
    counts = {number: place.count for number, place in enumerate(wanted)}
    read = partial(_candidates, user, wanted, seed=seed, at=at, without=without)
    found, is_cut = read(spare=_SPARE)
    form = draw(counts, found, seed=seed)
    for number, missing in form.short.items():
        units = {one.unit for one in found if one.domain == number}
        if number in is_cut or len(units) > counts[number] - missing:
            return draw(counts, read(spare=_ALL)[0], seed=seed)
    return form


def _candidates(
    user: User | None,
    wanted: Sequence[Place],
    *,
    seed: int,
    at: datetime,
    spare: int,
    without: Collection[int],
) -> tuple[list[Candidate], set[int]]:
    """Drawable questions for each place, by its number: unseen ones from a random rank on, then seen ones.

    Also the places of which there are more than were read. One statement where the bank has enough that the
    person has not met, three where it has not.
    """
    start = Random(seed).randrange(RANKS)
    thin = dict(enumerate(wanted))
    found: list[Candidate] = []
    is_cut: set[int] = set()
    for side in (">=", "<", "seen"):
        if thin and (side != "seen" or user is not None):
            read, more = _read(user, thin, at, side=side, start=start, spare=spare)
            found += [one for one in read if one.id not in without]
            is_cut |= more
        held = Counter(one.domain for one in found)
        thin = {number: place for number, place in thin.items() if held[number] < place.count + spare}
    return found, is_cut


def _read(
    user: User | None, wanted: Mapping[int, Place], at: datetime, *, side: str, start: int, spare: int
) -> tuple[list[Candidate], set[int]]:
    is_seen = side == "seen"
    person = user.pk if user else None
    moment = connection.ops.adapt_datetimefield_value(at)
    live = partial(
        _LIVE.format,
        seen="met.last_at" if is_seen else "NULL",
        join=_SEEN if is_seen else "",
        which="" if is_seen else _UNSEEN.format(side=side),
        order="last_seen, rank" if is_seen else "rank",
    )
    before = [person] if is_seen else []
    after = [moment, moment, moment, *STALE, *([] if is_seen else [start, person])]
    # several domains fill a place together, none by more than twice its equal part while others can
    limits = {
        number: ceil((place.count + spare) * min(2, len(place.domains)) / len(place.domains))
        for number, place in wanted.items()
    }
    asked = [(number, domain) for number, place in wanted.items() for domain in place.domains]
    values: list[Any] = []
    if connection.vendor == "postgresql":
        # planned once, where a statement of 17 parts is planned 17 times: longer than it runs
        sql = live(
            domain="wanted.domain", kinds="= ANY (string_to_array(wanted.kinds, ','))", limit="wanted.most"
        )
        places = ", ".join(["(%s::int, %s::bigint, %s, %s::int)"] * len(asked))
        sql = f"""SELECT wanted.place, wanted.domain, live.*
            FROM (VALUES {places}) AS wanted(place, domain, kinds, most)
            CROSS JOIN LATERAL ({sql}) AS live"""
        for number, domain in asked:
            values += [number, domain, ",".join(wanted[number].kinds), limits[number]]
        values += [*before, *after]
    else:
        parts = []
        for number, domain in asked:
            of_kinds = wanted[number].kinds
            sql = live(domain="%s", kinds=f"IN ({', '.join(['%s'] * len(of_kinds))})", limit="%s")
            parts.append(f"SELECT %s, %s, * FROM ({sql})")
            values += [number, domain, *before, domain, *of_kinds, *after, limits[number]]
        sql = " UNION ALL ".join(parts)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    read = Counter((number, domain) for number, domain, *_rest in rows)
    is_cut = {number for (number, _domain), count in read.items() if count >= limits[number]}
    found = [Candidate(pk, number, group, as_moment(last)) for number, _, pk, group, _rank, last in rows]
    return found, is_cut


def draw_blueprint(
    user: User | None,
    blueprint: Blueprint,
    *,
    seed: int,
    at: datetime,
    without: Collection[int] = frozenset(),
) -> tuple[list[Part], list[dict[str, Any]]]:
    """The sections of a form and what the bank lacks. Raises ``EmptyBank``."""
    domains = Prefetch("domains", BlueprintDomain.objects.select_related("domain"))
    sections = list(blueprint.sections.prefetch_related(domains).order_by("position"))
    asked = [(section, place) for section in sections for place in places(section)]
    form = draw_places(user, [place for _section, place in asked], seed=seed, at=at, without=without)
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
        asked_for = sum(place.count for of_section, place in asked if of_section is section)
        # a form that is thin has no question to spare
        spare = max(0, section.pretest - (asked_for - len(picks)))
        parts.append(
            Part(
                section.title,
                tuple(picks),
                section.minutes,
                section.no_return,
                section.break_minutes,
                frozenset(rng.sample(picks, spare) if spare < len(picks) else ()),
            )
        )
    lacking = [
        {"title": place.title, "count": form.short[number]}
        for number, (_section, place) in enumerate(asked)
        if number in form.short
    ]
    return [part for part in parts if part.picks], lacking


# --- writing an attempt --------------------------------------------------------------------------------
def write_attempt(attempt: Attempt, parts: Sequence[Part], *, multiplier: Decimal) -> Attempt:
    """Store an attempt with its sections and questions, in a constant number of statements.

    The first section is open at once; so is each that has neither a clock nor closed doors before it. Only
    an exam has clocks, doors and breaks.
    """
    attempt.save(force_insert=True)
    sections = []
    shut = False
    for position, part in enumerate(parts, start=1):
        if attempt.mode != Attempt.Mode.EXAM:
            part = replace(part, minutes=None, no_return=False, break_minutes=0)
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
    texts = {pk: text for pk, *text in revisions.values_list("pk", "kind", "asked", "answer_key")}
    rng = Random(attempt.seed)
    items: list[tuple[Any, ...]] = []
    for section, part in zip(sections, parts, strict=True):
        for pick in part.picks:
            kind, asked, answer_key = texts[pick]
            order = kinds.shuffled(kinds.get(kind), asked, answer_key, rng)
            items.append((attempt.pk, section.pk, len(items) + 1, pick, order, pick not in part.unscored))
    insert_rows(
        AttemptItem, ("attempt", "section", "position", "question_revision", "order", "is_scored"), items
    )
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
    # a set that explains its questions would give away those of an exam that runs beside it
    without = frozenset() if mode == Attempt.Mode.EXAM else _being_sat(user)
    parts, lacking = draw_blueprint(user, blueprint, seed=seed, at=at, without=without)
    return write_attempt(
        _of_blueprint(user, blueprint, seed=seed, at=at, mode=mode, lacking=lacking),
        parts,
        multiplier=user.time_multiplier,
    )


def _being_sat(user: User) -> frozenset[int]:
    """All revisions of the questions of exams that the person is sitting."""
    sat = AttemptItem.objects.filter(
        attempt__user=user, attempt__state=Attempt.State.OPEN, attempt__mode=Attempt.Mode.EXAM
    )
    asked = QuestionRevision.objects.filter(question__in=sat.values("question_revision__question"))
    return frozenset(asked.values_list("pk", flat=True))


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
    number = user.pk % sitting.form_count + 1
    form = sitting.forms.filter(number=number).first()
    if form is None:
        form = next(one for one in prepare_sitting(sitting=sitting, at=at) if one.number == number)
    parts, withdrawn = _without_retired(
        [
            Part(**one | {"picks": tuple(one["picks"]), "unscored": frozenset(one["unscored"])})
            for one in form.sections
        ],
        at,
    )
    attempt = _of_blueprint(
        user,
        sitting.blueprint,
        at=at,
        mode=Attempt.Mode.EXAM,
        # the options of two neighbours stand in different orders
        seed=form.seed ^ user.pk,
        sitting=sitting,
        lacking=[*form.lacking, *withdrawn],
    )
    return write_attempt(attempt, parts, multiplier=user.time_multiplier)


def _without_retired(parts: Sequence[Part], at: datetime) -> tuple[list[Part], list[dict[str, Any]]]:
    """A form without what was retired since it was drawn, and what it lacks by that."""
    picks = [pick for part in parts for pick in part.picks]
    retired = set(
        QuestionRevision.objects.filter(pk__in=picks, question__retired_at__lte=at).values_list(
            "pk", flat=True
        )
    )
    if not retired:
        return list(parts), []
    kept = [replace(part, picks=tuple(one for one in part.picks if one not in retired)) for part in parts]
    left = [part for part in kept if part.picks]
    if not left:
        raise EmptyBank
    return left, [{"title": gettext("Withdrawn questions"), "count": len(retired)}]
