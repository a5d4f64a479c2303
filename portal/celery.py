"""Celery is the doorbell: the tables say what is due, tasks only sweep them.

``SCHEDULE`` is read by beat and, where there is no broker, by ``manage.py worker``, so both run the
same functions. Every task takes no arguments and is harmless when repeated.
"""

import os

from celery import Celery
from celery.signals import worker_shutting_down

from portal.lib.stopping import ask_to_stop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

#: task name -> seconds between two runs
SCHEDULE: dict[str, float] = {
    # a newcomer to the demo should see a reminder arrive, not wait for it
    "courses.reminders.tasks.plan_reminders": 5.0 if os.environ.get("DEMO") == "1" else 60.0,
    "courses.reminders.tasks.drain_reminders": 5.0,
    "courses.exams.tasks.sweep_attempts": 15.0,
    "courses.jobs.tasks.run_jobs": 3.0,
    "courses.credentials.tasks.turn_cycles": 3600.0,
    "courses.credentials.tasks.sweep_packets_away": 3600.0,
    "courses.credentials.tasks.issue_missing_certificates": 3600.0,
    "courses.credentials.tasks.anchor_ledgers": 3600.0,  # once a day, whenever the day's first ring comes
}

app = Celery("crosswalk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# expires: a worker that was away must not find a thousand old rings of the bell
app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": max(seconds * 2, 10)}}
    for name, seconds in SCHEDULE.items()
}
# before the children are made, so that they share the flag: a drain then ends at its next mail
worker_shutting_down.connect(ask_to_stop, weak=False)
