"""``manage.py worker``: the schedule without a broker."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from django.utils.module_loading import import_string

from portal.celery import SCHEDULE
from portal.lib.stopping import ask_to_stop, let_run

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Run what beat and the worker would run, one function after the other, until a signal comes."""

    help = "Run the schedule of portal/celery.py by polling, without a broker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="run every task once and end")

    def handle(self, *args: Any, once: bool = False, **options: Any) -> None:
        tasks = {name: import_string(name) for name in SCHEDULE}
        if once:
            for name, task in tasks.items():
                run(name, task)
            return
        stop = threading.Event()

        def end(*_: object) -> None:
            stop.set()
            ask_to_stop()

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        self.stdout.write(f"Polling {len(tasks)} tasks.")
        self.stdout.flush()
        try:
            poll(tasks, stop)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            let_run()


def poll(tasks: dict[str, Callable[[], object]], stop: threading.Event) -> None:
    """Run each task when it is due; a signal lets the running one finish, a drain at its next mail."""
    due_at = dict.fromkeys(tasks, time.monotonic())
    while not stop.is_set():
        name = min(due_at, key=due_at.__getitem__)
        if stop.wait(max(due_at[name] - time.monotonic(), 0)):
            return
        run(name, tasks[name])
        due_at[name] = time.monotonic() + SCHEDULE[name]


def run(name: str, task: Callable[[], object]) -> None:
    """Run one task; an error is logged and the next round tries again, as every task may be repeated."""
    close_old_connections()
    try:
        task()
    except Exception:
        log.exception("The task %s failed", name)
    finally:
        close_old_connections()
