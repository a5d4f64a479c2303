"""I2 at full size: of a thousand values that are changed behind the portal's back, all are named."""

import argparse
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.soak.serving import on_each, parser_of_databases, scratch

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--changes", type=int, default=1_000, help="values changed, one at a time")
    parser.add_argument("--people", type=int, default=10, help="people who have a ledger")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument(
        "--fault", choices=["", "planted"], default="", help="planted: the verifier forgets the words"
    )
    parser_of_databases(parser)


def run(options: argparse.Namespace) -> list[str]:
    """What is wrong: a change that nobody named, or one that is named where there is none."""
    if options.database == "both":
        arguments = [
            word
            for name in ("changes", "people", "seed", "fault")
            if getattr(options, name) != ""
            for word in (f"--{name}", str(getattr(options, name)))
        ]
        return on_each(options.database, "I2", arguments)
    with scratch(options.database):
        _fill(options.people)
        return _change(options)


def _fill(people: int) -> None:
    from courses.catalog.models import Body, Certification, Course
    from courses.credentials.actions import save_rule_set
    from courses.credentials.actions.anchoring import anchor_ledgers
    from courses.credentials.models import Ledger
    from tests.credentials.conftest import shipped
    from tests.credentials.histories import write_history
    from tests.worlds import LONG_AGO, make_person

    body = Body.objects.create(key="aapc", name="AAPC", short="AAPC")
    Certification.objects.create(key="cpc", body=body, abbreviation="CPC", name="Coder", purpose="Coding.")
    save_rule_set(key="aapc-2015", rule=shipped()["aapc-2015"], pack_digest="x")
    course = Course.objects.create(
        key="basics",
        title="Basics",
        summary="A course.",
        level="foundation",
        hours=Decimal(1),
        ceus=Decimal(2),
        published_at=LONG_AGO,
    )
    for number in range(people):
        write_history(make_person(f"person-{number}@example.org"), course, AT, activities=number + 3)
        anchor_ledgers(at=AT + timedelta(days=number))
    Ledger.objects.create(user=make_person("empty@example.org"), opened_at=AT)
    make_person("without@example.org")


def _change(options: argparse.Namespace) -> list[str]:
    from courses.credentials.actions import verifying
    from courses.credentials.models import Ledger, LedgerLink
    from tests.credentials.tampering import alter, columns, lawless

    if options.fault:
        verifying._flaw_of_words = lambda ledger, credit: None
    wrong = [f"before anything was changed: {one}" for one in verifying.verify_ledgers(files=True)]
    dice, places, began = random.Random(options.seed), columns(), time.monotonic()
    changed: Counter[str] = Counter()
    while changed.total() < options.changes:
        model, column = dice.choice(places)
        rows = model._default_manager.order_by("pk")
        pk = dice.choice(list((rows.filter(length__gte=1) if model is Ledger else rows).values_list("pk")))[0]
        with lawless():
            if not alter(model, column, pk, dice):
                continue
            found = [one for one in verifying.verify_ledgers() if one.flaw is not verifying.Flaw.UNGUARDED]
        changed[model.__name__] += 1
        if not found:
            wrong.append(f"nobody noticed another {column} of {model.__name__} {pk}")
    print(
        f"I2 {options.database}: {changed.total() - len(wrong)} of {changed.total()} changes named"
        f" ({dict(changed)}), {LedgerLink.objects.count()} links, {time.monotonic() - began:.0f} s",
        flush=True,
    )
    wrong += [f"after all was put back: {one}" for one in verifying.verify_ledgers(files=True)]
    return wrong
