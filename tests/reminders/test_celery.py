"""B5, B17: Celery only rings the bell: its settings, and both ways of ringing call the same functions."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from celery.signals import worker_shutting_down
from django.conf import settings

from courses.reminders import tasks
from courses.reminders.models import Reminder
from portal.celery import SCHEDULE, app
from portal.lib import stopping
from tests.reminders.crowd import drill_rows, make_crowd
from tests.reminders.drill import Drill

#: RELIABILITY 2.2, each with what its absence did elsewhere.
WANTED = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_ignore_result": True,
    "result_backend": None,
    "task_time_limit": 120,
    "task_soft_time_limit": 90,
    "task_publish_retry": False,
    "accept_content": ["json"],
    "timezone": "UTC",
    "enable_utc": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "worker_max_tasks_per_child": 500,
    "worker_max_memory_per_child": 250_000,
    "worker_soft_shutdown_timeout": 30,
    "worker_enable_remote_control": False,
}
TRANSPORT = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "global_keyprefix": "crosswalk:",
}


@pytest.mark.parametrize(("name", "value"), WANTED.items())
def test_celery_is_set_as_a_doorbell(name: str, value: Any) -> None:
    assert app.conf[name] == value


def test_broker_answers_soon_or_is_given_up() -> None:
    assert dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS) == TRANSPORT
    # a task given out again while it runs would run twice
    given_out_again = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    assert given_out_again >= 2 * settings.CELERY_TASK_TIME_LIMIT
    assert WANTED["task_soft_time_limit"] > tasks.DRAIN_SECONDS


def test_both_ways_of_ringing_know_the_same_functions() -> None:
    mine = {name for name in SCHEDULE if name.startswith("courses.reminders.")}
    assert mine == {one.name for one in (tasks.plan_reminders, tasks.drain_reminders)}
    assert mine <= set(app.tasks)
    assert {one["task"] for one in app.conf.beat_schedule.values()} == set(SCHEDULE)


@pytest.mark.django_db
def test_worker_that_is_ending_begins_no_mail(drill: Drill, at: datetime, mailoutbox: list[object]) -> None:
    drill_rows(make_crowd(3, never_quiet=True), at=at - timedelta(days=1000))
    worker_shutting_down.send(sender="test", sig="SIGTERM", how="Warm", exitcode=0)
    try:
        assert stopping.is_stopping()
        tasks.drain_reminders()
        assert mailoutbox == []
        assert not Reminder.objects.exclude(state="planned", attempts=0).exists()
    finally:
        stopping.let_run()
    tasks.drain_reminders()
    assert len(mailoutbox) == 3
