"""``python -m tests.bench.reminders``: planning for a million people, and delivery to a mail server.

CPU is that of this process and, on PostgreSQL, of its backend. The world is copied from one row of each table
by the database itself. Two days are planned: one on which a hundredth of the deadlines is due and one on
which all are.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Event, Thread
from typing import Any

from tests.bench.databases import Line

PEOPLE = {"postgresql": 1_000_000, "sqlite": 25_000}
#: Cycles of each person; every so manieth has one that comes to a step on the first day.
EACH, FEW = 2, 100
OPENED = datetime(2025, 1, 1, tzinfo=UTC)
FIRST = datetime(2026, 11, 24, 15, tzinfo=UTC)
SECOND = FIRST + timedelta(days=90)
#: On the first day the few are at a step, 180 days before, and the rest at none; on the second all are.
OF_FEW, OF_MANY = FIRST.date() + timedelta(days=180), FIRST.date() + timedelta(days=104)
#: Rows of the floors.
FLOOR = 50_000
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Asia/Kolkata")


# --- the world ---------------------------------------------------------------------------------------------
def _numbers(count: int) -> str:
    from django.db import connection

    if connection.vendor == "postgresql":
        return f"(SELECT generate_series(1, {count}) AS n)"
    steps = f"VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < {count}"
    return f"(WITH RECURSIVE s (n) AS ({steps}) SELECT n FROM s)"


def copy_row(row: Any, source: str, **changed: str) -> None:
    """A row like ``row`` for each of ``source``, by one statement; ``changed`` holds SQL for some columns."""
    from django.db import connection

    fields = [f for f in row._meta.concrete_fields if not f.primary_key]
    values = ", ".join(changed.get(f.column, f"o.{f.column}") for f in fields)
    columns = ", ".join(f.column for f in fields)
    table = row._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns})"
            f" SELECT {values} FROM {table} o CROSS JOIN {source} WHERE o.id = %s",
            [row.pk],
        )


def make_world(people: int) -> None:
    """People in five zones, each with ``EACH`` cycles of a credential whose deadlines are as said above."""
    from django.db import connection

    from accounts.models import User
    from courses.catalog.models import Body, Certification
    from courses.credentials.models import CredentialHeld, Cycle

    if User.objects.filter(email=f"many-{people}@example.org").exists():
        return
    first = User.objects.create(email="many@example.org", password="!", time_zone="UTC")
    body = Body.objects.create(key="bench", name="Bench", short="BENCH")
    certification = Certification.objects.create(
        key="bench", body=body, abbreviation="CPC", name="CPC", purpose="x"
    )
    held = CredentialHeld.objects.create(
        user=first, certification=certification, earned_on=date(2020, 5, 4), recorded_at=OPENED
    )
    cycle = Cycle.objects.create(
        user=first,
        body=body,
        required_override=36,
        starts_on=date(2025, 1, 1),
        ends_on=OF_MANY + timedelta(days=1),
        opened_at=OPENED,
    )
    zones = " ".join(f"WHEN {n} THEN '{zone}'" for n, zone in enumerate(ZONES))
    copy_row(
        first,
        _numbers(people) + " s",
        email="'many-' || s.n || '@example.org'",
        time_zone=f"CASE s.n %% {len(ZONES)} {zones} END",
    )
    everybody = "(SELECT id FROM accounts_user WHERE email LIKE 'many-%%' ORDER BY id) u"
    copy_row(held, everybody, user_id="u.id")
    literal = "DATE '{}'" if connection.vendor == "postgresql" else "'{}'"
    of_few = literal.format(OF_FEW + timedelta(days=1))
    for number in range(EACH):
        few = f"CASE WHEN u.id %% {FEW} = 0 THEN {of_few} ELSE o.ends_on END" if number == 0 else "o.ends_on"
        starts_on = literal.format(date(2025, 1, 1) + timedelta(days=number))
        copy_row(cycle, everybody, user_id="u.id", starts_on=starts_on, ends_on=few)
    with connection.cursor() as cursor:
        through = Cycle.credentials.through._meta.db_table
        cursor.execute(
            f"INSERT INTO {through} (cycle_id, credentialheld_id) SELECT c.id, h.id FROM credentials_cycle c"
            " JOIN credentials_credentialheld h ON h.user_id = c.user_id ORDER BY c.id"
        )
        Cycle.objects.filter(user=first).delete()
        # as autovacuum does by itself; the cluster of the bench has it off
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


# --- measures ----------------------------------------------------------------------------------------------
def empty() -> None:
    """No reminders, as on the first day."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("TRUNCATE reminders_reminder, reminders_plantally")
        else:
            cursor.execute("DELETE FROM reminders_reminder")
            cursor.execute("DELETE FROM reminders_plantally")


class Growth:
    """The most memory that this process has while something runs, in MB more than before."""

    def __enter__(self) -> "Growth":
        import gc

        gc.collect()
        self.before = self.most = self._now()
        self.is_over = Event()
        self.watch = Thread(target=self._watch)
        self.watch.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.is_over.set()
        self.watch.join()
        self.mb = (self.most - self.before) / 2**20

    def _watch(self) -> None:
        while not self.is_over.wait(0.05):
            self.most = max(self.most, self._now())

    def _now(self) -> int:
        import psutil

        return int(psutil.Process().memory_info().rss)


#: A reminder of the floor, what differs left out.
INTO = (
    "INSERT INTO reminders_reminder (kind, step, channel, urgency, state, attempts, message_id, reason,"
    " last_error, not_before, created_at, key, subject, user_id, due_on)"
)
SAME = "'floor', 14, 'email', 2, 'planned', 0, '', '', '', '2027-02-22 15:00', '2027-02-22 15:00'"


def floors() -> Iterator[Line]:
    """What a row costs that nobody plans: made by the database, and handed over a thousand at a time."""
    from django.db import connection, transaction

    from courses.credentials.models import Cycle
    from courses.reminders.models import Reminder
    from tests.bench.exams import Clock

    count = min(FLOOR, Cycle.objects.count())
    clock = Clock()

    def each(began: float) -> float:
        took = (clock() - began) / count * 1e6
        empty()
        return took

    empty()
    began = clock()
    with connection.cursor() as cursor:
        key = "'floor:cycle-' || id || ':' || user_id || ':' || ends_on || ':14:email'"
        cursor.execute(
            f"{INTO} SELECT {SAME}, {key}, 'cycle-' || id, user_id, ends_on"
            " FROM credentials_cycle ORDER BY id LIMIT %s",
            [count],
        )
    yield "plan_floor_set", each(began), "us a row made by the database"
    rows = list(Cycle.objects.order_by("pk").values_list("pk", "user_id", "ends_on")[:count])
    values = [
        (f"floor:cycle-{pk}:{user}:{ends_on}:14:email", f"cycle-{pk}", user, str(ends_on))
        for pk, user, ends_on in rows
    ]
    began = clock()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(f"{INTO} VALUES ({SAME}, %s, %s, %s, %s)", values)
    yield "plan_floor_executemany", each(began), "us a row by executemany"
    began = clock()
    for start in range(0, count, 1000):
        Reminder.objects.bulk_create(
            Reminder(
                key=key,
                kind="floor",
                subject=subject,
                user_id=user,
                due_on=date.fromisoformat(due_on),
                step=14,
                not_before=SECOND,
                created_at=SECOND,
            )
            for key, subject, user, due_on in values[start : start + 1000]
        )
    yield "plan_floor_thousands", each(began), "us a row by bulk_create of 1,000"


def planning() -> Iterator[Line]:
    """A hundredth due, again, and everything due: by one channel and by both."""
    from django.conf import settings
    from django.db import connection

    from courses.reminders import kinds
    from courses.reminders.actions import Planned, plan
    from courses.reminders.kinds.credentials import CeCycleEnd
    from tests.bench.exams import Clock

    people = int(os.environ.get("BENCH_PEOPLE", 0)) or PEOPLE[connection.vendor]
    began = time.monotonic()
    make_world(people)
    yield "plan_world", time.monotonic() - began, f"s to make {people} people with {EACH} deadlines each"
    yield from floors()

    class ByMail(CeCycleEnd):
        on_by_default = ("email",)

    # a storm of this size would wait for approval: written as held, which costs the same
    settings.REMINDERS_HOLD_ABOVE = 10**9
    everything = dict(kinds._kinds)
    clock = Clock()

    def run(at: datetime) -> tuple[Any, float, float]:
        began, cpu = time.monotonic(), clock()
        planned = plan(at=at)
        return planned, time.monotonic() - began, clock() - cpu

    for channels, kind in (("mail", ByMail()), ("both", CeCycleEnd())):
        kinds._kinds.clear()
        kinds.register(kind)
        empty()
        rows = people * EACH * len(kind.on_by_default)
        plan(at=FIRST - timedelta(days=30))  # nothing is due: what a process reads once is read
        planned, wall, cpu = run(FIRST)
        assert planned.inserted == rows // EACH // FEW, planned
        yield f"plan_{channels}_few", wall, f"s to plan {planned.inserted} of {rows} (budget 0.5)"
        yield f"plan_{channels}_few_cpu", cpu, "s of CPU"
        planned, wall, cpu = run(FIRST + timedelta(minutes=1))
        assert planned == Planned(), planned
        yield f"plan_{channels}_again", wall, "s when everything is planned (budget 0.3)"
        yield f"plan_{channels}_again_cpu", cpu, "s of CPU"
        empty()
        with Growth() as growth:
            planned, wall, cpu = run(SECOND)
        assert planned.inserted == rows, planned
        yield f"plan_{channels}_all", wall, f"s to plan {rows} that are all due (budget 60 for 2,000,000)"
        yield f"plan_{channels}_all_cpu", cpu / rows * 1e6, "us of CPU a reminder (budget 30)"
        yield f"plan_{channels}_all_growth", growth.mb, "MB more than before (budget 64)"
    kinds._kinds.clear()
    kinds._kinds.update(everything)
    empty()
    plan(at=FIRST)
    planned, wall, cpu = run(FIRST + timedelta(minutes=1))
    assert planned == Planned(), planned
    yield "plan_every_kind_again", wall, f"s for all {len(everything)} kinds when everything is planned"
    empty()


def delivery() -> Iterator[Line]:
    """Mails to a local server; in a file of its own."""
    from tests.bench.reminders_delivery import delivery as measured

    yield from measured()


MEASURES: tuple[Callable[[], Iterator[Line]], ...] = (planning, delivery)


def main(names: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", "-v0")
    call_command("createcachetable", verbosity=0)
    for measure in MEASURES:
        if names and measure.__name__ not in names:
            continue
        for name, value, unit in measure():
            print(f"{name} {value:.3f} {unit}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
