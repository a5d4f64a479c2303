"""J6: production refuses to start with an unsafe setting, and a demo waives only what its list says."""

import json
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
    "CERTIFICATE_KEYS": "k" * 42 + "A",
}

#: Why a setting is another in a demo: no protection is lost by these.
IDENTITY = "a demo is itself: its own name, addresses and key"
MAILBOX = "mail stays in a folder of the demo, no server is asked"
SPEED = "packing static files takes too long for a first start"
HARMLESS = {IDENTITY, MAILBOX, SPEED}
#: Every setting that is not the same in production and in a demo, with the reason or with what is waived.
DEMO_DIFFERS = {
    "ALLOWED_HOSTS": IDENTITY,  # loopback, and nothing else is accepted
    "DEMO": IDENTITY,
    "SECRET_KEY": IDENTITY,  # random, made at the first start
    "CERTIFICATE_KEYS": IDENTITY,  # the same
    "SITE_URL": IDENTITY,
    "EMAIL_BACKEND": MAILBOX,
    "EMAIL_HOST": MAILBOX,
    "EMAIL_HOST_PASSWORD": MAILBOX,
    "EMAIL_HOST_USER": MAILBOX,
    "EMAIL_PORT": MAILBOX,
    "EMAIL_USE_SSL": MAILBOX,
    "STORAGES": SPEED,
    "CSRF_COOKIE_NAME": "https",  # browsers take __Host- over https only
    "CSRF_COOKIE_SECURE": "https",
    "HTTPS": "https",
    "LANGUAGE_COOKIE_NAME": "https",
    "LANGUAGE_COOKIE_SECURE": "https",
    "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": "https",  # passkeys on http://localhost
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": "https",
    "SECURE_HSTS_PRELOAD": "https",
    "SECURE_HSTS_SECONDS": "https",
    "SECURE_SSL_REDIRECT": "https",
    "SESSION_COOKIE_NAME": "https",
    "SESSION_COOKIE_SECURE": "https",
    "STAFF_NEEDS_SECOND_FACTOR": "staff second factor",
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


@pytest.mark.parametrize("broker", ["", "redis://127.0.0.1:6379"])
def test_demo_differs_from_production_where_the_list_says_and_nowhere_else(
    tmp_path: Path, broker: str
) -> None:
    production = every_setting(tmp_path, **SAFE, REDIS_URL=broker)
    demo = every_setting(tmp_path, DEMO="1", REDIS_URL=broker)

    differing = {name for name in production | demo if production.get(name) != demo.get(name)}

    assert differing == DEMO_DIFFERS.keys()
    assert len(production) > 200  # Django's own are among them
    assert {name: demo[name] for name in ("DEBUG", "ALLOWED_HOSTS")} == {
        "DEBUG": "False",
        "ALLOWED_HOSTS": repr([*settings.LOOPBACK, "testserver"]),
    }


def test_demo_gives_up_no_protection_that_its_list_does_not_name() -> None:
    assert settings.DEMO_WAIVES == ("https", "staff second factor", "sign-in for the mailbox")
    assert set(DEMO_DIFFERS.values()) - HARMLESS <= set(settings.DEMO_WAIVES)


def test_demo_that_gave_up_more_would_be_noticed(tmp_path: Path) -> None:
    # the planted fault: a demo without the protection against foreign frames
    text = Path(settings.__file__).read_text()
    strict = 'X_FRAME_OPTIONS = "DENY"'
    assert text.count(strict) == 1
    (tmp_path / "lax_settings.py").write_text(
        text.replace(strict, 'X_FRAME_OPTIONS = "SAMEORIGIN" if DEMO else "DENY"')
    )
    planted = {"DJANGO_SETTINGS_MODULE": "lax_settings", "PYTHONPATH": str(tmp_path)}

    production = every_setting(tmp_path, **SAFE, **planted)
    demo = every_setting(tmp_path, DEMO="1", **planted)

    assert {n for n in production if production[n] != demo[n]} - DEMO_DIFFERS.keys() == {"X_FRAME_OPTIONS"}


def every_setting(folder: Path, **variables: str) -> dict[str, str]:
    """Every setting, Django's own included, as its text."""
    shown = "__import__('json').dumps({name: repr(getattr(s, name)) for name in dir(s) if name.isupper()})"
    code, said = start(folder, shown, **variables)
    assert code == 0, said
    found: dict[str, str] = json.loads(said)
    return found


def test_production_with_redis_has_a_table_behind_its_cache(tmp_path: Path) -> None:
    caches = every_setting(tmp_path, **SAFE, REDIS_URL="redis://127.0.0.1:6379")["CACHES"]

    assert "'default': {'BACKEND': 'portal.lib.cache.SharedCache'" in caches
    assert "'database': {'BACKEND': 'django.core.cache.backends.db.DatabaseCache'" in caches
