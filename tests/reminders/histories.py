"""Histories of one person whose deadline, zone, hours and wishes change while planner and delivery run."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import strategies as st

from accounts.models import User
from courses.reminders.actions import plan, save_preference, save_settings
from courses.reminders.delivery import deliver_due
from courses.reminders.models import Reminder, ReminderSettings
from courses.reminders.timing import Hours
from tests.reminders.drill import Drill

Event = tuple[str, object]
ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe")

zone = st.tuples(st.just("zone"), st.sampled_from(ZONES))
hour = st.tuples(st.just("hour"), st.integers(8, 19))
EVENTS = st.lists(
    st.one_of(
        zone,
        hour,
        st.tuples(st.just("deadline"), st.integers(0, 12)),
        st.tuples(st.just("wait"), st.integers(1, 30)),
        # a clock that is set right, by hours or by a suspended machine
        st.tuples(st.just("jump"), st.sampled_from((-26, -2, -1, 2, 50))),
        st.tuples(st.just("wants"), st.booleans()),
        st.tuples(st.just("active"), st.booleans()),
        st.tuples(st.just("pause"), st.integers(0, 3)),
    ),
    max_size=16,
)
#: Nothing that speaks against a reminder, and never away for long.
QUIET_EVENTS = st.tuples(
    st.lists(st.one_of(hour, st.tuples(st.just("wait"), st.integers(1, 6))), max_size=8),
    zone,
    st.lists(st.one_of(hour, st.tuples(st.just("wait"), st.integers(1, 6))), max_size=8),
).map(lambda parts: [*parts[0], parts[1], *parts[2]])


def live(history: list[Event], drill: Drill, user: User, start: datetime) -> datetime:
    """Let it happen from ``start`` on, with a run of planner and delivery after each event; the end."""
    now = start
    drill.facts["a"] = (user.pk, start.date() + timedelta(days=9))
    tick(now)
    for what, value in history:
        person = User.objects.get(pk=user.pk)
        match what, value:
            case "zone", str(name):
                User.objects.filter(pk=user.pk).update(time_zone=name)
            case "active", bool(is_active):
                User.objects.filter(pk=user.pk).update(is_active=is_active)
            case "deadline", int(days):
                drill.facts["a"] = (user.pk, start.date() + timedelta(days=days))
            case "hour", int(hours):
                save_settings(user=person, hours=Hours(hour=hours), is_on={}, at=now)
            case "wants", bool(is_on):
                save_preference(user=person, kind=drill.key, is_on=is_on, at=now)
            case "pause", int(days):
                until = person.local(now).date() + timedelta(days=days)
                ReminderSettings.objects.update_or_create(user=person, defaults={"paused_until": until})
            case (("wait" | "jump"), int(hours)):
                now += timedelta(hours=hours)
        tick(now)
    return now


def settle(now: datetime, *, end: datetime, hours: int = 6) -> datetime:
    """Let time go by; when it stopped."""
    while now < end:
        now += timedelta(hours=hours)
        tick(now)
    return now


def tick(now: datetime) -> None:
    plan(at=now)
    deliver_due(at=now)


def repeated() -> list[object]:
    """Purposes and dates that were told more than once by one channel."""
    rows = Reminder.objects.filter(state=Reminder.State.SENT)
    told = Counter(
        (subject.partition("-")[0], due_on, step, channel)
        for subject, due_on, step, channel in rows.values_list("subject", "due_on", "step", "channel")
    )
    return [purpose for purpose, times in told.items() if times > 1]
