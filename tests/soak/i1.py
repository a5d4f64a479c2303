"""I1 at full size: fifty completed courses are each awarded by twenty requests at once; one award each."""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

from tests.soak.serving import on_each, parser_of_databases, scratch

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--completions", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=20, help="requests that award each completion")
    parser.add_argument("--people", type=int, default=5, help="people among whom the completions are")
    parser.add_argument(
        "--fault", choices=["", "planted"], default="", help="planted: the constraint on awards is gone"
    )
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: two awards of one course, none, a chain that does not verify."""
    if options.database == "both":
        named = {
            "completions": options.completions,
            "at-once": options.at_once,
            "people": options.people,
            "fault": options.fault,
        }
        arguments = [word for name, value in named.items() for word in (f"--{name}", str(value))]
        return on_each(options.database, "I1", arguments)
    with scratch(options.database):
        return _award(options)


def _award(options: argparse.Namespace) -> list[str]:
    from django.db import connection

    from courses.catalog.models import Course
    from courses.credentials.actions import award_course
    from courses.credentials.actions.verifying import verify_ledgers
    from courses.credentials.models import Credit, LedgerLink
    from courses.progress.models import CourseCompletion
    from tests.credentials.histories import complete_course
    from tests.worlds import LONG_AGO, make_person

    people = [make_person(f"person-{number}@example.org") for number in range(options.people)]
    completions = []
    for number in range(options.completions):
        course = Course.objects.create(
            key=f"course-{number}",
            title=f"Course {number}",
            summary="A course.",
            level="foundation",
            hours=Decimal(1),
            ceus=Decimal(1),
            published_at=LONG_AGO,
        )
        completions.append(complete_course(people[number % len(people)], course, AT))
    if options.fault:
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX credentials_credit_awarded_once")

    def award(completion: CourseCompletion) -> int | None:
        try:
            credit = award_course(completion=completion, at=AT)
            return credit and credit.pk
        finally:
            connection.close()

    began = time.monotonic()
    with ThreadPoolExecutor(options.at_once) as pool:
        loads = [one for one in completions for _time in range(options.at_once)]
        answered = len(set(pool.map(award, loads)))
    awards, links = Credit.objects.count(), LedgerLink.objects.count()
    print(
        f"I1 {options.database}: {len(loads)} requests for {len(completions)} completions, {awards} awards,"
        f" {time.monotonic() - began:.0f} s",
        flush=True,
    )
    wrong = [str(finding) for finding in verify_ledgers()]
    if {awards, links, answered} != {len(completions)}:
        wrong.append(f"{awards} awards, {links} links, {answered} answers of {len(completions)} completions")
    return wrong
