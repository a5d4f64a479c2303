"""``python -m tests.bench.credentials``: a person's standing, everybody's, a packet, the credentials page.

CPU is that of this process and, on PostgreSQL, of its backend. Rows are written in bulk: what is measured
reads them, and the chain of their links is not what is read.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import islice
from typing import Any

from tests.bench.databases import ROOT, Line, set_up

#: Credentials of the many, and credits of each of their people.
EVERYBODY, EACH = 100_000, 20
#: Files of evidence in the packet, and bytes of each.
FILES, BYTES = 60, 300_000
TODAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 15, tzinfo=UTC)


# --- rows --------------------------------------------------------------------------------------------------
def make_rules() -> None:
    """AAPC and AHIMA with the rule sets as they ship, and the credentials used here."""
    import yaml

    from courses.catalog.models import Body, Certification
    from courses.credentials.actions import save_rule_set

    for body, keys in {"aapc": ("cpc", "cpma", "cpco", "cedc", "coc"), "ahima": ("ccs", "cdip")}.items():
        row, _new = Body.objects.get_or_create(key=body, defaults={"name": body, "short": body.upper()})
        for key in keys:
            Certification.objects.get_or_create(
                key=key,
                defaults={"body": row, "abbreviation": key.upper(), "name": key, "purpose": "For the bench."},
            )
    rules = yaml.safe_load((ROOT / "courses/content/packs/starter/rules.yaml").read_text())
    for row in rules:
        if row["body"] in ("aapc", "ahima"):
            save_rule_set(key=row["key"], rule=row, pack_digest="bench")


def make_person(email: str) -> Any:
    """Somebody who has accepted the terms, without rows of earlier runs."""
    from accounts.models import User

    return User.objects.filter(email=email).first() or User.objects.create_user(email, None)


def hold(user: Any, *keys: str) -> None:
    """Record credentials that renew in March and, at AHIMA, run from a year ago."""
    from courses.catalog.models import Certification
    from courses.credentials.actions import record_credential
    from courses.credentials.models import CredentialHeld

    for key in keys:
        if CredentialHeld.objects.filter(user=user, certification__key=key).exists():
            continue
        certification = Certification.objects.get(key=key)
        month = 3 if certification.body.key == "aapc" else None
        record_credential(
            user=user,
            certification=certification,
            earned_on=date(2020, 5, 4) if month else date(2025, 11, 1),
            renewal_month=month,
            at=AT,
        )


def bulk_credits(ledgers: list[Any], each: int) -> list[Any]:
    """``each`` credits for every ledger, with their words, over the days of the cycle from April 2025."""
    from courses.credentials.models import Credit, CreditDetail

    kinds, topics = ("webinar", "course", "conference"), (["auditing"], ["hiim"], [])
    credits = Credit.objects.bulk_create(
        (
            Credit(
                ledger=ledger,
                kind=Credit.Kind.AWARD,
                activity_key=f"bench:{n}",
                activity=kinds[n % 3],
                topics=topics[n % 3],
                completed_on=date(2025, 4, 1) + timedelta(days=(n * 37) % 600),
                minutes=60 + 30 * (n % 3),
                ceus=Decimal(2 + n % 3) / 2,
                source=Credit.Source.SELF_REPORTED,
                words_digest="0" * 64,
                recorded_at=AT,
            )
            for ledger in ledgers
            for n in range(each)
        ),
        batch_size=5000,
    )
    CreditDetail.objects.bulk_create(
        (
            CreditDetail(
                credit=credit,
                title=f"Webinar {n % each} on auditing and coding",
                provider=("AAPC", "AHIMA", "Acme Coding School")[n % 3],
                index_number=f"AB{n % each:05d}X",
                salt="0" * 32,
            )
            for n, credit in enumerate(credits)
        ),
        batch_size=5000,
    )
    return credits


def copy_credits(credits: list[Any], ledgers: list[Any]) -> None:
    """The same rows and words for other ledgers, written by the database: two million are many for an ORM."""
    from django.db import connection

    from courses.credentials.models import Credit, CreditDetail

    def columns(model: Any, *without: str) -> str:
        return ", ".join(f"o.{f.column}" for f in model._meta.concrete_fields if f.name not in without)

    row, words = columns(Credit, "id", "ledger"), columns(CreditDetail, "credit")
    one, first, last = credits[0].ledger_id, ledgers[0].pk, ledgers[-1].pk
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO credentials_credit (ledger_id, {row.replace('o.', '')}) SELECT l.id, {row}"
            " FROM credentials_ledger l CROSS JOIN credentials_credit o"
            " WHERE o.ledger_id = %s AND l.id BETWEEN %s AND %s",
            [one, first, last],
        )
        cursor.execute(
            f"INSERT INTO credentials_creditdetail (credit_id, {words.replace('o.', '')})"
            f" SELECT c.id, {words} FROM credentials_credit c JOIN credentials_credit t"
            " ON t.ledger_id = %s AND t.activity_key = c.activity_key"
            " JOIN credentials_creditdetail o ON o.credit_id = t.id WHERE c.ledger_id BETWEEN %s AND %s",
            [one, first, last],
        )


def make_everybody(people: int) -> None:
    """One credential, one cycle and ``EACH`` credits for each of ``people``, in batches."""
    from accounts.models import User
    from courses.catalog.models import Certification
    from courses.credentials.models import CredentialHeld, Cycle, Ledger, RuleSet

    certification = Certification.objects.get(key="cpma")
    rules = RuleSet.objects.filter(body__key="aapc").order_by("-valid_from").first()
    have = CredentialHeld.objects.filter(user__email__startswith="many-").count()
    numbers = iter(range(have, people))
    while batch := list(islice(numbers, 2000)):
        users = User.objects.bulk_create(User(email=f"many-{n}@example.org", password="!") for n in batch)
        held = CredentialHeld.objects.bulk_create(
            CredentialHeld(user=user, certification=certification, earned_on=date(2020, 5, 4), recorded_at=AT)
            for user in users
        )
        cycles = Cycle.objects.bulk_create(
            Cycle(
                user=user,
                body_id=certification.body_id,
                rule_set=rules,
                starts_on=date(2025, 4, 1),
                ends_on=date(2027, 4, 1),
                opened_at=AT,
            )
            for user in users
        )
        through = Cycle.credentials.through
        through.objects.bulk_create(
            through(cycle_id=cycle.pk, credentialheld_id=one.pk)
            for cycle, one in zip(cycles, held, strict=True)
        )
        ledgers = Ledger.objects.bulk_create(Ledger(user=user, opened_at=AT) for user in users)
        copy_credits(bulk_credits(ledgers[:1], EACH), ledgers[1:])


# --- measures ----------------------------------------------------------------------------------------------
def rss() -> float:
    """Memory of this process now, in MB."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def one_person() -> Iterator[Line]:
    """Five credentials and 300 credits: the arithmetic alone, and with the rows read."""
    from courses.credentials.models import Credit, Ledger
    from courses.credentials.queries import standings
    from courses.credentials.queries.standing import held_of
    from courses.credentials.standing import standing
    from tests.bench.exams import in_turn, recorded

    user = make_person("five@example.org")
    hold(user, "cpc", "cpma", "cpco", "ccs", "cdip")
    ledger, _new = Ledger.objects.get_or_create(user=user, defaults={"opened_at": AT})
    if not Credit.objects.filter(ledger=ledger).exists():
        bulk_credits([ledger], 300)
    cycles = standings(user, TODAY)
    assert {len(one.credits) for one in cycles} == {300}
    assert sum(len(one.credentials) for one in cycles) == 5

    def arithmetic() -> None:
        for one in cycles:
            standing(
                one.rule,
                held_of(one.credentials),
                one.earned,
                one.cycle.period,
                TODAY,
                required=one.cycle.required_override,
            )

    def bare() -> Decimal:
        """What nobody can do without: the sum of the rows, once a cycle."""
        total = Decimal(0)
        for one in cycles:
            for row in one.earned:
                if row.completed_on in one.cycle.period:
                    total += row.ceus
        return total

    mine, floor = in_turn(arithmetic, bare)
    yield "standing_cpu", mine, "ms for 5 credentials and 300 credits (budget 5)"
    yield "standing_floor_cpu", floor, "ms: the same rows summed"
    whole = in_turn(lambda: standings(user, TODAY))[0]
    yield "standings_cpu", whole, "ms with the rows read"
    yield "standings_sql", len(recorded(lambda: standings(user, TODAY))), "queries"


def everybody() -> Iterator[Line]:
    """All credentials evaluated again, streamed; memory at the beginning, in the middle and at the end."""
    from courses.credentials.models import CredentialHeld
    from courses.credentials.queries.everyone import standings_of_all
    from tests.bench.exams import Clock

    began = time.monotonic()
    make_everybody(EVERYBODY)
    yield "everybody_rows", time.monotonic() - began, "s to write the rows"
    count = CredentialHeld.objects.filter(user__email__startswith="many-").count()
    clock, seen, at_start, in_middle = Clock(), 0, 0.0, 0.0
    began, cpu = time.monotonic(), clock()
    for one in standings_of_all(TODAY):
        seen += len(one.credentials)
        if not at_start and seen >= count // 20:
            at_start = rss()
        if not in_middle and seen >= count // 2:
            in_middle = rss()
    assert seen >= count == EVERYBODY, (seen, count)
    yield (
        "everybody_wall",
        time.monotonic() - began,
        f"s for {seen} credentials, {EACH} credits each (budget 300)",
    )
    yield "everybody_cpu", clock() - cpu, "s of CPU"
    yield "everybody_rss_start", at_start, "MB after a twentieth"
    yield "everybody_rss_middle", in_middle, "MB in the middle"
    yield "everybody_rss_end", rss(), "MB at the end"


def packet() -> Iterator[Line]:
    """A packet of sixty files, as the job makes it."""
    from django.core.files.base import ContentFile

    from courses.catalog.models import Body
    from courses.credentials.actions.packets import ask_packet, make_packet
    from courses.credentials.models import Credit, Evidence, Ledger
    from courses.credentials.models.storage import evidence_storage
    from tests.bench.exams import recorded

    user = make_person("packet@example.org")
    hold(user, "cpc", "cpma", "ccs")
    ledger, _new = Ledger.objects.get_or_create(user=user, defaults={"opened_at": AT})
    if not Credit.objects.filter(ledger=ledger).exists():
        for credit in bulk_credits([ledger], FILES):
            content = os.urandom(BYTES)
            digest = sha256(content).hexdigest()
            Evidence.objects.create(
                credit=credit,
                kind="pdf",
                path=evidence_storage().save(f"evidence/bench-{credit.pk}", ContentFile(content)),
                size=BYTES,
                original_sha256=digest,
                sha256=digest,
                added_at=AT,
            )
    told: list[int] = []

    def report(done: int, total: int | None, message: str) -> None:
        told.append(done)

    def make() -> Any:
        wanted = ask_packet(
            user=user,
            body=Body.objects.get(key="aapc"),
            first_on=date(2025, 4, 1),
            last_on=date(2027, 3, 31),
            at=AT,
        )
        began = time.monotonic()
        assert make_packet(packet=wanted, at=AT, report=report) == FILES
        took = time.monotonic() - began
        wanted.refresh_from_db()
        return took, wanted.size

    make()  # the fonts are read once a process
    before = rss()
    told.clear()
    took, size = make()
    yield "packet_wall", took, f"s for {FILES} files of {BYTES // 1000} kB (budget 5)"
    yield "packet_mb", size / 2**20, "MB"
    yield "packet_rss_growth", rss() - before, "MB more than after the first"
    yield "packet_reports", len(told), "reports of progress"
    yield "packet_sql", len(recorded(make)), "queries, those of asking with them"


def page() -> Iterator[Line]:
    """The page of cards beside a bare view that runs its SQL."""
    from tests.bench import floor
    from tests.bench.exams import Person, in_turn, recorded

    person = Person("five@example.org")
    sql = recorded(lambda: person.get("/credentials/"))

    def bare() -> None:
        floor.STATEMENTS[:] = sql
        floor.call("/bench/floor/", {})

    mine, bare_cpu = in_turn(lambda: person.get("/credentials/"), bare)
    yield "page_cpu", mine, "ms for 5 credentials and 300 credits"
    yield "page_floor_cpu", bare_cpu, "ms: the same SQL bare"
    yield "page_ratio", mine / bare_cpu, "x"
    yield "page_sql", len(sql), "queries (budget 10)"


MEASURES: tuple[Callable[[], Iterator[Line]], ...] = (one_person, packet, page, everybody)


def main() -> None:
    set_up()
    from django.db import connection

    make_rules()
    for measure in MEASURES:
        for name, value, unit in measure():
            print(f"{name} {value:.3f} {unit}", flush=True)
            if name == "everybody_rows":
                with connection.cursor() as cursor:
                    cursor.execute(
                        "ANALYZE"
                    )  # as autovacuum does by itself; the cluster of the bench has it off


if __name__ == "__main__":
    main()
