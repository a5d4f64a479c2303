"""What a load balancer and a monitor may rely on."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from courses.jobs.models import Heartbeat
from tests.broker import running_broker

TOKEN = "a-token-of-the-monitor"


def test_healthz_asks_no_database(client: Client) -> None:
    # no django_db mark: a query would fail the test
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_is_ready_with_every_migration(client, django_assert_num_queries) -> None:
    client.get("/readyz")  # reads the migrations of the code, once a process

    with django_assert_num_queries(1):
        response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"ready": True, "missing_migrations": 0}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_not_ready_with_a_migration_missing(client: Client) -> None:
    MigrationRecorder(connection).migration_qs.order_by("-pk").first().delete()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["missing_migrations"] == 1


@pytest.mark.django_db
def test_worker_health_without_a_configured_token_is_not_found(client: Client, settings) -> None:
    settings.WORKER_HEALTH_TOKEN = ""

    assert client.get("/healthz/worker").status_code == 404
    assert client.get("/healthz/worker?token=").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["", "Bearer wrong", f"Basic {TOKEN}", "Bearer \xe9"])
def test_worker_health_refuses_a_wrong_token(client: Client, settings, header: str) -> None:
    settings.WORKER_HEALTH_TOKEN = TOKEN

    assert client.get("/healthz/worker", headers={"authorization": header}).status_code == 404


@pytest.mark.django_db
def test_worker_health_is_green_after_a_tick(client: Client, settings) -> None:
    settings.WORKER_HEALTH_TOKEN, settings.REDIS_URL = TOKEN, ""
    Heartbeat.objects.create(name="plan_reminders", at=timezone.now())

    response = client.get("/healthz/worker", headers={"authorization": f"Bearer {TOKEN}"})

    assert response.status_code == 200
    assert response.json()["broker"] == "polling"
    assert list(response.json()["ticks"]) == ["plan_reminders"]
    assert client.get(f"/healthz/worker?token={TOKEN}").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [None, 6])
def test_worker_health_is_red_without_a_tick_for_five_minutes(client: Client, settings, minutes) -> None:
    settings.WORKER_HEALTH_TOKEN, settings.REDIS_URL = TOKEN, ""
    Heartbeat.objects.all().delete()
    if minutes:
        Heartbeat.objects.create(name="plan_reminders", at=timezone.now() - timedelta(minutes=minutes))

    response = client.get("/healthz/worker", headers={"authorization": f"Bearer {TOKEN}"})

    assert response.status_code == 503
    assert response.json()["alarms"] == ["beat has not ticked for 5 minutes"]


@pytest.mark.django_db
@pytest.mark.broker
def test_worker_health_sees_whether_the_broker_answers(client: Client, settings, tmp_path) -> None:
    settings.WORKER_HEALTH_TOKEN = TOKEN
    with running_broker(tmp_path) as url:
        settings.REDIS_URL = url
        assert client.get(f"/healthz/worker?token={TOKEN}").json()["broker"] == "reachable"

    assert client.get(f"/healthz/worker?token={TOKEN}").json()["broker"] == "unreachable"
