"""A kind that reminds every local day at a time of its own, and an independent reading of the same clocks."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from courses.reminders.actions import plan, save_settings
from courses.reminders.delivery import deliver_due
from courses.reminders.kinds import Candidate
from courses.reminders.models import Reason, Reminder
from courses.reminders.timing import Hours, local_instant
from tests.reminders.drill import Drill
from tests.worlds import LONG_AGO, make_person

ONE_DAY, TICK = timedelta(days=1), timedelta(minutes=15)
ZONES = (
    *("UTC", "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo"),
    *("America/Havana", "America/Asuncion", "America/Santiago", "America/Phoenix", "Atlantic/Azores"),
    *("Europe/Berlin", "Europe/London", "Europe/Lisbon", "Africa/Casablanca", "Africa/Cairo", "Africa/Lagos"),
    *("Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Gaza", "Asia/Tokyo", "Asia/Beirut"),
    *("Australia/Lord_Howe", "Australia/Sydney", "Australia/Adelaide", "Pacific/Chatham", "Pacific/Apia"),
    *("Pacific/Kiritimati", "Pacific/Auckland", "Pacific/Pago_Pago"),
)
WALLS = (time(0, 0), time(1, 30), time(2, 30), time(9, 0))


def walked(zone: ZoneInfo, first: date, days: int) -> dict[tuple[date, time], datetime]:
    """The first quarter of an hour at which a clock in ``zone`` shows each of ``WALLS`` or more, day by day.

    Found by walking through the time in UTC and looking at the clock, without any arithmetic of ours.
    """
    found: dict[tuple[date, time], datetime] = {}
    now = datetime.combine(first, time(), UTC) - ONE_DAY
    for _ in range((days + 2) * 96):
        local = now.astimezone(zone)
        day = local.date()
        for wall in WALLS:
            if local.time() >= wall:
                found.setdefault((day, wall), now)
        now += TICK
    last = first + days * ONE_DAY
    return {key: moment for key, moment in found.items() if first <= key[0] < last}


def days_of_change(zone: ZoneInfo, first: date, days: int) -> set[date]:
    """The local days on which the clock changes, and those beside them."""
    moments = [datetime.combine(first + n * ONE_DAY, time(12), UTC).astimezone(zone) for n in range(days)]
    changes = [b.date() for a, b in pairwise(moments) if a.utcoffset() != b.utcoffset()]
    return {day + n * ONE_DAY for day in changes for n in (-2, -1, 0, 1)}


class Daily(Drill):
    """Reminds each person once on each of their ``days``, at their ``wall`` time."""

    key = "daily"
    steps = (0,)
    on_by_default = ("email",)

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[int, tuple[ZoneInfo, time, Collection[date]]] = {}

    def candidates(self, *, at: datetime, until: datetime, user_id: int | None = None) -> Iterator[Candidate]:
        for pk, (zone, wall, days) in self.people.items():
            day, last = at.astimezone(zone).date(), until.astimezone(zone).date()
            while day <= last:
                if day in days and user_id in (None, pk):
                    # the person's settings know whole hours; another time is a moment of the kind's own
                    own = local_instant(day, wall, zone) if wall.minute else None
                    yield Candidate(f"day-{day}", pk, day, 0, day, day + ONE_DAY, own)
                day += ONE_DAY

    def deadlines(self, subjects: Collection[str]) -> dict[str, date]:
        return {subject: date.fromisoformat(subject.removeprefix("day-")) for subject in subjects}

    def read(self, reminders: Sequence[Reminder], *, at: datetime) -> Mapping[int, str]:
        return {reminder.pk: reminder.subject for reminder in reminders}

    def still_true(self, reminder: Reminder, fact: str, *, at: datetime) -> Reason | None:
        return None


def populate(kind: Daily, first: date, days: int, *, only_changes: bool) -> dict[int, tuple[str, time]]:
    """A person for every zone and time of day who is reminded daily; or only around changes of the clock."""
    people = {}
    for name in ZONES:
        zone = ZoneInfo(name)
        wanted = {first + n * ONE_DAY for n in range(days)}
        if only_changes:
            # a zone without any is looked at around the changes of its neighbours
            wanted &= days_of_change(zone, first, days) or days_of_change(
                ZoneInfo("Europe/London"), first, days
            )
        for wall in WALLS:
            user = make_person(f"{name.replace('/', '-')}-{wall:%H%M}@example.com".lower(), time_zone=name)
            hours = Hours(hour=wall.hour, quiet_from=0, quiet_until=0)
            save_settings(user=user, hours=hours, is_on={}, at=LONG_AGO)
            kind.people[user.pk] = (zone, wall, wanted)
            people[user.pk] = (name, wall)
    return people


def play(start: datetime, end: datetime, tell: Callable[[datetime, int], object] | None = None) -> int:
    """Plan twice a day and deliver at each moment at which something is due, and a second before it."""
    at = plans_at = start
    sent = 0
    while at < end:
        if at >= plans_at:
            plan(at=at)
            plans_at = at + timedelta(hours=12)
            if tell:
                tell(at, sent)
        waiting = Reminder.objects.filter(state=Reminder.State.PLANNED)
        coming = waiting.order_by("not_before").values_list("not_before", flat=True).first()
        if coming is None or coming >= plans_at:
            at = plans_at
            continue
        at = max(at, coming)
        assert at > coming or deliver_due(at=at - timedelta(seconds=1)).sent == 0
        while done := deliver_due(at=at, limit=1000).sent:
            sent += done
    return sent


def play_days(first: date, days: int, tell: Callable[[datetime, int], object] | None = None) -> int:
    """Play these days of every zone."""
    start = datetime.combine(first, time(), UTC) - ONE_DAY
    return play(start, start + (days + 3) * ONE_DAY, tell)


def wrong(kind: Daily, people: Mapping[int, tuple[str, time]], first: date, days: int) -> list[str]:
    """What is missing, double, early or late, against the clocks themselves."""
    clocks = {name: walked(ZoneInfo(name), first, days) for name in ZONES}
    expected = {
        (pk, day): clocks[name][day, wall]
        for pk, (name, wall) in people.items()
        for day in kind.people[pk][2]
    }
    rows = Reminder.objects.filter(kind=kind.key, state=Reminder.State.SENT)
    seen = Counter(rows.values_list("user_id", "due_on"))
    found = [f"{people[pk]} {day}: missing" for pk, day in expected.keys() - seen.keys()]
    found += [f"{people[pk]} {day}: {count} times" for (pk, day), count in seen.items() if count > 1]
    for pk, day, sent_at in rows.values_list("user_id", "due_on", "sent_at"):
        if sent_at != expected.get((pk, day)):
            found.append(f"{people[pk]} {day}: at {sent_at}, not {expected.get((pk, day))}")
    return found
