"""A9 at full size: overdue attempts, three sweepers at once that are killed, and people who submit late."""

import argparse
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

from tests.soak.serving import ROOT, on_each, parser_of_databases, scratch

SWEEPERS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", type=int, default=10_000, help="attempts whose time is over")
    parser.add_argument("--questions", type=int, default=10, help="of each attempt")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(
        "--fault", choices=["", "planted"], default="", help="planted: close first, score later"
    )
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: an attempt without a result, with two, or with half of one."""
    if options.database == "both":
        named = ("size", "questions", "kills")
        arguments = [word for name in named for word in (f"--{name}", str(getattr(options, name)))]
        return on_each(options.database, "A9", arguments)
    with scratch(options.database):
        return _run(options)


def _overdue(options: argparse.Namespace) -> Any:
    """Copies of one attempt of as many people, started long ago; the moment at which all are overdue."""
    from django.utils import timezone

    from accounts.models import User
    from courses.exams.actions import start_attempt
    from courses.exams.models import Attempt, AttemptItem, AttemptSection, Domain, Response
    from tests.exams.banks import fill_bank, make_mock
    from tests.worlds import make_person

    domain = Domain.objects.create(key="anatomy", title="Anatomy")
    fill_bank(domain, options.questions)
    exam = make_mock(domain, options.questions, minutes=60)
    now = timezone.now()
    first = start_attempt(user=make_person("p@example.com"), blueprint=exam, at=now - timedelta(hours=3))
    items = list(first.items.order_by("position"))
    people = User.objects.bulk_create(
        User(email=f"p{n}@example.com", name="Sam Lee", password="!") for n in range(options.size - 1)
    )
    attempts = Attempt.objects.bulk_create(
        Attempt(
            user=person,
            blueprint=exam,
            number=1,
            seed=n,
            title=exam.title,
            pass_percent=70,
            started_at=first.started_at,
            deadline_at=first.deadline_at,
        )
        for n, person in enumerate(people)
    )
    sections = AttemptSection.objects.bulk_create(
        AttemptSection(attempt=one, position=1, title="All", opened_at=one.started_at) for one in attempts
    )
    made = AttemptItem.objects.bulk_create(
        AttemptItem(
            attempt=section.attempt,
            section=section,
            position=item.position,
            question_revision_id=item.question_revision_id,
            order=item.order,
        )
        for section in sections
        for item in items
    )
    Response.objects.bulk_create(
        Response(
            item=item,
            attempt_id=item.attempt_id,
            value=1 + (item.attempt_id + item.position) % 2,
            client_id="a" * 16,
            seq=1,
            received_at=first.started_at,
        )
        for item in made
    )
    return now


def _run(options: argparse.Namespace) -> list[str]:
    from django.db.models import Count

    from courses.exams.actions import finish_attempt
    from courses.exams.models import Attempt, Exposure, ItemResult, Score

    now = _overdue(options)
    command = [sys.executable, "-m", "tests.exams.sweeper", now.isoformat(), options.fault]

    def sweeper() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    dice = random.Random(9)
    began = time.monotonic()
    sweepers = [sweeper() for _ in range(SWEEPERS)]
    kills = late = 0
    while any(one.poll() is None for one in sweepers) and time.monotonic() - began < 900:
        time.sleep(dice.uniform(0.02, 0.3))
        closed = Score.objects.count()
        if kills < options.kills and closed > kills * options.size / (options.kills + 1):
            place = dice.randrange(SWEEPERS)
            kills += sweepers[place].poll() is None
            sweepers[place].kill()
            sweepers[place].wait()
            sweepers[place] = sweeper()
        # and somebody comes back and presses Submit
        one = Attempt.objects.open().order_by("?").select_related("user").first()
        if one is not None:
            with suppress(Attempt.DoesNotExist):  # it was closed without a result: counted below
                finish_attempt(attempt_id=one.pk, user=one.user, at=now)
            late += 1
    seconds = time.monotonic() - began
    for one_sweeper in sweepers:
        one_sweeper.kill()
        one_sweeper.wait()
    left = Attempt.objects.open().count()
    scores = Counter(Attempt.objects.annotate(n=Count("scores")).values_list("n", flat=True))
    halves = Score.objects.annotate(n=Count("results")).exclude(n=options.questions).count()
    by_system = Attempt.objects.filter(submitted_by_system=True).count()
    results, met = ItemResult.objects.count(), Exposure.objects.count()
    print(
        f"A9 {options.database}: {options.size} overdue attempts, {SWEEPERS} sweepers, {kills} kills,"
        f" {late} late submits: closed in {seconds:.0f} s, {by_system} by the sweepers; results per attempt"
        f" {dict(scores)}, {halves} half ones, {left} left open",
        flush=True,
    )
    whole = options.size * options.questions
    found = {
        f"{left} attempts are still open": left > 0,
        f"results per attempt: {dict(scores)}": dict(scores) != {1: options.size},
        f"{halves} results are not whole": halves > 0,
        f"{results} results of questions, {met} questions met, not {whole}": {results, met} != {whole},
        f"only {kills} kills": kills < options.kills,
    }
    return [what for what, is_true in found.items() if is_true]
