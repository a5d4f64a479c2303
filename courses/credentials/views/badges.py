"""What verifiers of badges fetch: who issues, the public keys, what is achieved, and what was revoked."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.catalog.models import Course
from courses.credentials import badges
from courses.credentials.actions import OUR_NAME
from courses.credentials.keys import key_ring
from courses.credentials.queries.certificates import badge_words, status_list
from portal.lib.access import public

#: Seconds that keys and profiles may be kept by whoever asks.
_KEPT = 3600


@public
@require_safe
def issuer(request: HttpRequest) -> HttpResponse:
    """The profile that badges name as their issuer."""
    return _published(badges.issuer(settings.SITE_URL, OUR_NAME) | {"@context": list(badges.CONTEXTS)})


@public
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """Every key that verifies, as JSON Web Key Set."""
    return _published(badges.jwks(settings.SITE_URL, key_ring()), kind="application/jwk-set+json")


@public
@require_safe
def key(request: HttpRequest, key_id: str) -> HttpResponse:
    """The key that a badge names by its address."""
    found = key_ring().find(key_id)
    if found is None:
        raise Http404
    return _published(badges.jwk(settings.SITE_URL, found), kind="application/jwk+json")


@public
@require_safe
def achievement(request: HttpRequest, course_key: str) -> HttpResponse:
    """What the badge of a course stands for, as the course is now; a badge holds it as it was."""
    course = get_object_or_404(Course.objects.published(timezone.now()), key=course_key)
    said = badges.achievement(
        settings.SITE_URL,
        course_key=course.key,
        title=course.title,
        provider=OUR_NAME,
        ceus=float(course.ceus),
        **badge_words(course.title),
    )
    return _published(said | {"@context": list(badges.CONTEXTS)})


@public
@require_safe
def status(request: HttpRequest, number: int) -> HttpResponse:
    """The signed list of what was revoked."""
    signed = status_list(number, name=OUR_NAME, at=timezone.now())
    if signed is None:
        raise Http404
    response = HttpResponse(signed, content_type="application/jwt")
    return _open(response, seconds=int(badges.FRESH.total_seconds()))


def _published(said: dict[str, Any], *, kind: str = "application/json") -> HttpResponse:
    return _open(JsonResponse(said, content_type=kind), seconds=_KEPT)


def _open(response: HttpResponse, *, seconds: int) -> HttpResponse:
    """A verifier may be a page of any site."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    return response
