"""J6: production refuses to start with an unsafe setting, and a demo waives only what its list says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal import settings

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "portal.example.org",
    "EMAIL_URL": "smtp://user:secret@mail.example.org:465/?ssl=True",
}


def start(folder: Path, show: str = "'started'", **variables: str) -> tuple[int, str]:
    """Read the settings in a fresh process; returns exit code and what it printed."""
    code = f"import django; django.setup(); from django.conf import settings as s; print({show})"
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "VAR": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("missing", sorted(SAFE))
def test_production_without_a_required_variable_refuses(tmp_path: Path, missing: str) -> None:
    code, said = start(tmp_path, **{k: v for k, v in SAFE.items() if k != missing})

    assert code != 0
    assert f"{missing} is not set" in said


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("SECRET_KEY", "short", "at least 50 characters"),
        ("ALLOWED_HOSTS", "*", "must name the hosts"),
        ("ALLOWED_HOSTS", "portal.example.org,*", "must name the hosts"),
        ("EMAIL_URL", "smtp+ssl://mail.example.org", "must look like"),
    ],
)
def test_production_with_an_unsafe_value_refuses(
    tmp_path: Path, variable: str, value: str, reason: str
) -> None:
    code, said = start(tmp_path, **(SAFE | {variable: value}))

    assert code != 0
    assert reason in said


@pytest.mark.parametrize(
    ("guard", "broken", "variable", "value"),
    [
        ("if value or DEMO or TESTING:", "if True:", "SECRET_KEY", None),
        ("len(SECRET_KEY) < 50", "len(SECRET_KEY) < 5", "SECRET_KEY", "short"),
        ('if "*" in ALLOWED_HOSTS:', "if False:", "ALLOWED_HOSTS", "*"),
    ],
)
def test_settings_that_lost_a_guard_are_noticed(
    tmp_path: Path, guard: str, broken: str, variable: str, value: str | None
) -> None:
    # the planted fault: our own settings without one guard start where they must refuse
    text = Path(settings.__file__).read_text()
    assert text.count(guard) == 1
    (tmp_path / "lax_settings.py").write_text(text.replace(guard, broken))
    planted = {"DJANGO_SETTINGS_MODULE": "lax_settings", "PYTHONPATH": str(tmp_path)}
    unsafe = {k: v for k, v in (SAFE | {variable: value}).items() if v is not None}

    assert start(tmp_path, **unsafe)[0] != 0
    assert start(tmp_path, **unsafe, **planted) == (0, "started\n")


def test_demo_for_other_hosts_refuses(tmp_path: Path) -> None:
    code, said = start(tmp_path, DEMO="1", ALLOWED_HOSTS="portal.example.org")

    assert code != 0
    assert "serves this machine only" in said


def test_production_is_safe_by_default(tmp_path: Path) -> None:
    shown = (
        "(s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT,"
        " s.STAFF_NEEDS_SECOND_FACTOR, s.SESSION_COOKIE_NAME, s.SECURE_HSTS_SECONDS)"
    )
    code, said = start(tmp_path, shown, **SAFE)

    assert (code, said.strip()) == (0, "(False, True, True, True, True, '__Host-sessionid', 31536000)")


def test_demo_waives_what_its_list_says_and_nothing_else(tmp_path: Path) -> None:
    names = (
        "DEBUG",
        "CONTENT_SECURITY_POLICY",
        "AUTH_PASSWORD_VALIDATORS",
        "ACCOUNT_RATE_LIMITS",
        "X_FRAME_OPTIONS",
    )
    names += (
        "MIDDLEWARE",
        "SESSION_COOKIE_HTTPONLY",
        "SESSION_COOKIE_SAMESITE",
        "ACCOUNT_EMAIL_VERIFICATION",
    )
    shown = "[" + ",".join(f"s.{name}" for name in names) + "]"

    production, demo = start(tmp_path, shown, **SAFE), start(tmp_path, shown, DEMO="1")

    assert settings.DEMO_WAIVES == ("https", "staff second factor", "sign-in for the mailbox")
    assert production == demo
    assert start(tmp_path, "(s.SECURE_SSL_REDIRECT, s.STAFF_NEEDS_SECOND_FACTOR)", DEMO="1")[1].strip() == (
        "(False, False)"
    )
