"""The kinds of work that a job can be; each room registers its own in ``AppConfig.ready``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils.functional import Promise

Outcome = dict[str, Any]


class Report(Protocol):
    """Says how far the work is and renews the lease; raises ``actions.LeaseLost`` when it is gone."""

    def __call__(self, done: int, total: int | None, message: str) -> None: ...


#: ``run(job_id, subject, report, at)`` does the work and returns what is worth keeping of its result.
#: It may be called again after a crash, so it must be harmless when repeated.
Run = Callable[[int, str, Report, datetime], Outcome | None]

_RUNS: dict[str, Run] = {}


@dataclass(frozen=True)
class Words:
    """What people are told of a kind of work, and the name of the page that shows what came of it."""

    title: str | Promise
    leads_to: str = ""


_WORDS: dict[str, Words] = {}


class JobRefused(Exception):
    """The work cannot be done, today or tomorrow; the text is shown to whoever asked for it."""


def register(kind: str, run: Run, words: Words | None = None) -> None:
    """Name the function that does jobs of ``kind``; the same name twice is a mistake."""
    if _RUNS.get(kind, run) is not run:
        raise ValueError(f"two functions for jobs of kind {kind}")
    _RUNS[kind] = run
    if words is not None:
        _WORDS[kind] = words


def words_of(kind: str) -> Words:
    """The words of ``kind``; its bare name where none were registered."""
    return _WORDS.get(kind) or Words(kind)


def run_of(kind: str) -> Run:
    """The function of ``kind``. Raises ``JobRefused`` for a kind that this version does not know."""
    try:
        return _RUNS[kind]
    except KeyError:
        raise JobRefused(f"This version of the portal cannot do work of the kind {kind}.") from None
