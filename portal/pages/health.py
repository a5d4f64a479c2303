"""Health pages: is the process alive, may it take requests, does delivery keep up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from courses.jobs.models import Heartbeat
from courses.reminders.queries import LATE, Punctuality, punctuality
from portal.lib.access import public

BEAT_MAY_PAUSE = timedelta(minutes=5)


@public
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """Every migration of the running code; it cannot change while the process lives."""
    return frozenset(MigrationLoader(None).disk_migrations)


@public
@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready for requests: the database answers and has every migration. One query.

    Says nothing of the broker: a dead one must not take exams out of service.
    """
    try:
        applied = set(MigrationRecorder(connection).migration_qs.values_list("app", "name"))
    except Error:
        return JsonResponse({"ready": False, "database": "not reachable or without tables"}, status=503)
    missing = len(_known_migrations() - applied)
    return JsonResponse({"ready": not missing, "missing_migrations": missing}, status=503 if missing else 200)


@dataclass(frozen=True)
class WorkerState:
    """Whether background work keeps up at a moment, and if not, why."""

    alarms: tuple[str, ...]
    ticks: Mapping[str, datetime]
    punctuality: Punctuality


def worker_state(*, at: datetime) -> WorkerState:
    """What ``worker_health`` judges: the last ticks and how late delivery is."""
    ticks = dict(Heartbeat.objects.values_list("name", "at"))
    mail = punctuality(at=at)
    alarms = []
    if not ticks or at - max(ticks.values()) > BEAT_MAY_PAUSE:
        alarms.append("beat has not ticked for 5 minutes")
    if mail.late_by > LATE:
        alarms.append("the oldest due reminder is over 15 minutes late")
        if mail.away_since is not None:
            alarms.append("the mail server is away")
    return WorkerState(tuple(alarms), ticks, mail)


@public
@require_safe
@never_cache
def worker_health(request: HttpRequest) -> HttpResponse:
    """Whether background work keeps up; needs ``WORKER_HEALTH_TOKEN``, 404 without.

    Red (503) when beat has not ticked for 5 minutes or the oldest due reminder is over 15 minutes late. A
    broker that does not answer, or a mail server that went away a moment ago, is shown but is no alarm by
    itself: work that it delays turns this red.
    """
    expected = settings.WORKER_HEALTH_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.GET.get("token", "")
    if not expected or not constant_time_compare(given, expected):
        raise Http404
    state = worker_state(at=timezone.now())
    away_since = state.punctuality.away_since
    answer: dict[str, Any] = {
        "healthy": not state.alarms,
        "alarms": list(state.alarms),
        "broker": _broker_state(),
        "mail_server_away_since": away_since.isoformat() if away_since else None,
        "ticks": {name: tick.isoformat() for name, tick in sorted(state.ticks.items())},
        "oldest_due_seconds": round(state.punctuality.late_by.total_seconds()),
    }
    return JsonResponse(answer, status=503 if state.alarms else 200)


def _broker_state() -> str:
    """``polling`` where there is no broker, else whether it answers within two seconds."""
    if not settings.REDIS_URL:
        return "polling"
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        try:
            client.ping()
        finally:
            client.close()
    except redis.RedisError:
        return "unreachable"
    return "reachable"
