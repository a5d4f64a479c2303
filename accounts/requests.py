"""Who is behind a request."""

from django.http import HttpRequest

from accounts.models import User


def person_of(request: HttpRequest) -> User:
    """The signed-in person; only for views behind ``@member`` or ``@role``, where login is required."""
    assert isinstance(request.user, User)  # LoginRequiredMiddleware let nobody else through
    return request.user
