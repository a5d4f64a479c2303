"""The walls: direction of foreign keys, access rules, public pages."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField
from django.urls import URLPattern, URLResolver, get_resolver

#: Lowest first; a room may only point at itself or at rooms before it.
ORDER = (
    *("auth", "contenttypes", "accounts", "jobs", "codesets", "catalog", "progress", "exams", "cases"),
    *("credentials", "reminders", "cohorts", "content", "pages"),
)
ROOMS = frozenset(ORDER[2:])

#: Every view that a stranger may open. A new one is added here on purpose, or not at all.
PUBLIC = frozenset(
    {
        *("pages:home", "pages:guide", "pages:search", "pages:notices", "pages:paths", "pages:path"),
        *("pages:course", "pages:lesson", "pages:healthz", "pages:readyz", "pages:worker_health"),
        *("pages:mailbox", "pages:mail", "pages:mail_raw", "pages:mail_html"),
        *("catalog:courses", "catalog:certifications", "catalog:certification"),
        *("codesets:lookup", "codesets:code", "codesets:panel"),
        "reminders:stop",
    }
)
#: Views of packages: their own rules are tested in tests/accounts and tests/house/test_admin.py.
FOREIGN = ("account_", "mfa_", "usersessions_", "admin:")


def named_views(patterns: Any = None, namespace: str = "") -> Iterator[tuple[str, Any]]:
    """Every ``(name, view)`` of the URL map."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from named_views(entry.url_patterns, inner)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", entry.callback


def own_views() -> dict[str, Any]:
    return {n: v for n, v in named_views() if not n.startswith(FOREIGN) and n != "None"}


def test_foreign_keys_point_down() -> None:
    wrong = []
    for model in apps.get_models():
        label = model._meta.app_label
        if label not in ROOMS:
            continue
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey | ManyToManyField):
                target = field.related_model._meta.app_label
                if ORDER.index(target) > ORDER.index(label):
                    wrong.append(f"{label}.{model.__name__}.{field.name} -> {target}")
    assert wrong == []


def test_every_view_names_its_access_rule() -> None:
    undeclared = [name for name, view in own_views().items() if not hasattr(view, "access")]
    assert undeclared == []


def test_public_views_are_exactly_the_list() -> None:
    public = {name for name, view in own_views().items() if view.access == "public"}
    open_to_all = {name for name, view in own_views().items() if not getattr(view, "login_required", True)}
    assert public == PUBLIC
    assert open_to_all == PUBLIC
