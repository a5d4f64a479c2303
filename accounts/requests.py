"""Who is behind a request."""

from datetime import datetime

from django.http import HttpRequest

from accounts.models import User


def person_of(request: HttpRequest) -> User:
    """The signed-in person; only for views behind ``@member`` or ``@role``, where login is required."""
    assert isinstance(request.user, User)  # LoginRequiredMiddleware let nobody else through
    return request.user


def outlive(request: HttpRequest, until: datetime) -> None:
    """Keep the sign-in of this request going until then at least; it never ends sooner by this."""
    session = request.session
    if session.get_expiry_date() < until:
        session.set_expiry(until)
    # what is stored may be as old as the sign-in: saving it begins its time anew
    session.modified = True
