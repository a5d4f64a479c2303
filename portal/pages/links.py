"""Links that editors write as ``kind:key``, so that no URL is typed into content."""

from django.urls import NoReverseMatch, reverse

_ROUTES = {"path": "pages:path", "course": "pages:course", "certification": "pages:certification"}
_PAGES = {
    "home": "pages:home",
    "guide": "pages:guide",
    "catalog": "catalog:courses",
    "certifications": "catalog:certifications",
    "codes": "codesets:lookup",
    "practice": "exams:practice",
    "credentials": "credentials:credentials",
    "reminders": "reminders:reminders",
    "today": "pages:today",
    "paths": "pages:paths",
    "signup": "account_signup",
}


def link_target(to: str) -> str:
    """The URL of ``path:KEY``, ``course:KEY``, ``certification:KEY`` or ``page:NAME``; empty if unknown."""
    kind, _colon, key = to.partition(":")
    try:
        if kind == "page":
            return reverse(_PAGES[key])
        return reverse(_ROUTES[kind], args=[key])
    except (KeyError, NoReverseMatch):
        return ""
