"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Whether this is a demo and whether a broker runs: the page shell says so."""
    return {"demo": settings.DEMO, "polling": settings.DEMO and not settings.REDIS_URL}
