"""The walls: direction of foreign keys, access rules, public pages."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

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
        *("catalog:courses", "catalog:certifications"),
        *("pages:calendar_feed", "pages:certification", "pages:compare_certifications"),
        *("codesets:releases", "codesets:release", "codesets:release_csv"),
        *("codesets:lookup", "codesets:search_json", "codesets:code", "codesets:panel"),
        *("codesets:index_books", "codesets:index_book", "codesets:index_letter", "codesets:index_term"),
        *("codesets:pcs", "codesets:pcs_table", "codesets:browse", "codesets:browse_group"),
        *("reminders:stop", "exams:changes", "credentials:rules", "credentials:rule_set"),
        "reminders:mail_events",
        *("credentials:check_form", "credentials:check"),
        *("credentials:badge_issuer", "credentials:badge_keys", "credentials:badge_key"),
        *("credentials:badge_achievement", "credentials:badge_status"),
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


def sample_urls(patterns: Any = None, before: str = "/") -> Iterator[str]:
    """An address for every entry of the URL map, those of packages too; every argument is ``1``."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        shape, names = normalize(entry.pattern.regex.pattern.removeprefix("^"))[0]
        url = before + shape % dict.fromkeys(names, "1")
        if isinstance(entry, URLResolver):
            yield from sample_urls(entry.url_patterns, url)
        else:
            yield url


def undeclared() -> list[str]:
    """Views that name no access rule."""
    return [name for name, view in own_views().items() if not hasattr(view, "access")]


def open_views() -> set[str]:
    """Views that say they are public, or that let strangers in whatever they say."""
    return {
        name
        for name, view in own_views().items()
        if getattr(view, "access", "") == "public" or not getattr(view, "login_required", True)
    }


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
    assert undeclared() == []


def test_public_views_are_exactly_the_list() -> None:
    public = {name for name, view in own_views().items() if view.access == "public"}
    assert public == PUBLIC
    assert open_views() == PUBLIC
