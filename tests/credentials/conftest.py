"""The rule sets as they ship, and people who hold credentials under them."""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from accounts.models import User
from courses.catalog.models import Body, Certification
from courses.credentials.actions import record_credential, save_rule_set
from courses.credentials.models import CredentialHeld
from courses.credentials.rules import Rule, parse_terms

RULES = settings.BASE_DIR / "courses/content/packs/starter/rules.yaml"
BODIES = {
    "aapc": ("cpc", "cpma", "cpco", "cedc", "cemc"),
    "ahima": ("ccs", "cdip", "rhia", "rhit"),
    "hfma": ("crcr",),
}

Record = Callable[..., CredentialHeld]


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """The rows of the starter pack, by key."""
    return {row["key"]: row for row in yaml.safe_load(RULES.read_text())}


def rule(key: str) -> Rule:
    """A shipped row as the pure modules see it."""
    row = shipped()[key]
    return parse_terms(
        row,
        cycle_months=row["cycle_months"],
        anchor=row["anchor"],
        minutes_per_ceu=row["minutes_per_ceu"],
        min_remainder_minutes=row["min_remainder_minutes"],
        carry_over=row["carry_over"],
    )


@pytest.fixture
def bodies(db: None) -> None:
    for key, certifications in BODIES.items():
        body = Body.objects.create(key=key, name=key.upper(), short=key.upper(), pack_digest="x")
        for one in certifications:
            Certification.objects.create(
                key=one, body=body, abbreviation=one.upper(), name=f"Certified {one}", purpose="For a test."
            )


@pytest.fixture
def rules(bodies: None) -> None:
    for key in ("aapc-2015", "ahima-2021", "ahima-2025", "hfma-crcr"):
        save_rule_set(key=key, rule=shipped()[key], pack_digest="x")


@pytest.fixture
def record(rules: None, student: User, at: datetime) -> Record:
    """Record a credential of the student: unless said otherwise a CPC of 2020 that renews in March."""

    def make(key: str = "cpc", **fields: Any) -> CredentialHeld:
        if key in BODIES["aapc"] and "ends_on" not in fields:
            fields = {"renewal_month": 3} | fields
        return record_credential(
            **{
                "user": student,
                "certification": Certification.objects.get(key=key),
                "earned_on": date(2020, 5, 4),
                "at": at,
            }
            | fields
        )

    return make


@pytest.fixture
def private(tmp_path: Path, settings: Any) -> Path:
    """A storage of evidence of one's own."""
    where = tmp_path / "private"
    options = {"location": where, "base_url": None, "file_permissions_mode": 0o600}
    evidence = settings.STORAGES["evidence"] | {"OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"evidence": evidence}
    return where
