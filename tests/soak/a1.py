"""A1 and A2 at full size: one attempt submitted a thousand times, a scheduled exam started by hundreds."""

import argparse
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from tests.soak.serving import Server, Tab, on_each, parser_of_databases, scratch, signed_in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--submits", type=int, default=1000, help="submits of one attempt, at once")
    parser.add_argument("--attempts", type=int, default=200, help="attempts submitted 16 times each")
    parser.add_argument("--people", type=int, default=500, help="people who start one scheduled exam at once")
    parser.add_argument("--seconds", type=float, default=10, help="within which they all press Start")
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: two results, two attempts, an answer that is no page, answers that differ."""
    if options.database == "both":
        named = ("submits", "attempts", "people", "seconds")
        arguments = [word for name in named for word in (f"--{name}", str(getattr(options, name)))]
        return on_each(options.database, "A1", arguments)
    with scratch(options.database, pages=True) as folder, Server(folder) as server:
        return [*_submits(server, options), *_sitting(server, options)]


def _submits(server: Server, options: argparse.Namespace) -> list[str]:
    from django.utils import timezone

    from courses.exams.actions import start_attempt
    from courses.exams.models import Attempt, Domain, Exposure, ItemResult, Score
    from tests.exams.banks import fill_bank, make_mock

    domain = Domain.objects.create(key="anatomy", title="Anatomy")
    fill_bank(domain, 300)
    exam = make_mock(domain, 100)
    made = [signed_in(f"a{number}@example.com") for number in range(options.attempts + 1)]
    attempts = [start_attempt(user=person, blueprint=exam, at=timezone.now()) for person, _ in made]
    loads = [(attempts[0], made[0][1])] * options.submits
    for attempt, (_person, cookie) in zip(attempts[1:], made[1:], strict=True):
        loads += [(attempt, cookie)] * 16

    def submit(load: tuple[Attempt, str]) -> tuple[int, int, str]:
        attempt, cookie = load
        return (attempt.pk, *Tab(server, cookie).post(f"/attempts/{attempt.pk}/finish/"))

    began = time.monotonic()
    with ThreadPoolExecutor(48) as pool:
        answers = list(pool.map(submit, loads))
    seconds = time.monotonic() - began
    statuses = Counter(status for _, status, _ in answers)
    strange = {place for pk, _, place in answers if place != f"/attempts/{pk}/report/"}
    scores, results, met = Score.objects.count(), ItemResult.objects.count(), Exposure.objects.count()
    print(
        f"A1 {options.database}: {options.submits} submits of one attempt, 16 each of {options.attempts}:"
        f" {dict(statuses)}, {scores} results of {len(attempts)} attempts, {seconds:.0f} s",
        flush=True,
    )
    found = {
        f"answers {dict(statuses)}": set(statuses) != {302},
        f"answers that lead elsewhere: {strange}": bool(strange),
        f"{scores} results of {len(attempts)} attempts": scores != len(attempts),
        f"{results} results of questions": results != 100 * len(attempts),
        f"{met} questions met": met != 100 * len(attempts),
    }
    return [what for what, is_true in found.items() if is_true]


def _sitting(server: Server, options: argparse.Namespace) -> list[str]:
    from django.utils import timezone

    from courses.exams.actions import prepare_sitting
    from courses.exams.models import Attempt, AttemptItem, Blueprint, Sitting

    now = timezone.now()
    sitting = Sitting.objects.create(
        blueprint=Blueprint.objects.get(),
        title="All at once",
        opens_at=now,
        closes_at=now + timedelta(hours=1),
    )
    prepare_sitting(sitting=sitting, at=now)
    people = [signed_in(f"s{number}@example.com") for number in range(options.people)]
    start = f"/practice/sittings/{sitting.pk}/start/"
    began = time.monotonic()

    def begin(load: tuple[int, str]) -> tuple[int, int, float]:
        number, cookie = load
        time.sleep(max(0.0, began + options.seconds * number / len(people) - time.monotonic()))
        pressed = time.monotonic()
        tab = Tab(server, cookie)
        status, place = tab.post(start)
        page, _body = tab.get(place) if status == 302 else (0, "")
        return status, page, time.monotonic() - pressed

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(begin, enumerate(cookie for _person, cookie in people)))
    statuses = Counter((status, page) for status, page, _ in answers)
    waits = sorted(seconds for _, _, seconds in answers)
    attempts = Attempt.objects.filter(sitting=sitting).count()
    items = AttemptItem.objects.filter(attempt__sitting=sitting).count()
    print(
        f"A2 {options.database}: {len(people)} people started one exam within {options.seconds:.0f} s:"
        f" {dict(statuses)} (start, first page), {attempts} attempts; median wait"
        f" {waits[len(waits) // 2]:.2f} s, longest {waits[-1]:.2f} s",
        flush=True,
    )
    found = {
        f"answers {dict(statuses)}": set(statuses) != {(302, 200)},
        f"{attempts} attempts of {len(people)} people": attempts != len(people),
        f"{items} questions": items != 100 * len(people),
    }
    return [what for what, is_true in found.items() if is_true]
