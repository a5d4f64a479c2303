"""Who may call a view. Every view names its rule by one of these decorators.

The rule decides about the *role*; which *rows* a person may touch is decided by the queryset the view
starts from (``Attempt.objects.owned_by(request.user)``), so a stranger's object is a 404.
A walk over the URLconf fails on a view that names no rule.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]


def public(view: View) -> View:
    """Open to everybody, signed in or not."""
    view = login_not_required(view)
    view.access = "public"  # type: ignore[attr-defined]  # read by the sweep test
    return view


def member(view: View) -> View:
    """Open to any signed-in person; ``LoginRequiredMiddleware`` turns others to the sign-in page."""
    view.access = "member"  # type: ignore[attr-defined]  # read by the sweep test
    return view


def role(*names: str) -> Callable[[View], View]:
    """Open to people in one of the groups ``names`` (administrators always); 404 to everybody else."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_role(*names):  # type: ignore[union-attr]  # signed in: login is the default
                raise Http404
            return view(request, *args, **kwargs)

        guarded.access = "role:" + ",".join(names)  # type: ignore[attr-defined]  # read by the sweep test
        return guarded

    return decorate
