"""Signing in, and who is behind a session."""

from functools import cache

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import QuerySet

from accounts.along import expressions
from accounts.models import User


@cache  # made once: at each request it would cost more than the statement
def people() -> QuerySet[User]:
    """Everybody, with what is read along; never evaluated itself."""
    return User.objects.annotate(**expressions())


class SignInBackend(AuthenticationBackend):
    """allauth's; the person of a session comes with what every page shows about them, in one statement."""

    def get_user(self, user_id: int) -> User | None:
        try:
            user = people().get(pk=user_id)
        except User.DoesNotExist:
            return None
        return user if self.user_can_authenticate(user) else None
