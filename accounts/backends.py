"""Signing in, and who is behind a session."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.along import expressions
from accounts.models import User


class SignInBackend(AuthenticationBackend):
    """allauth's; the person of a session comes with what every page shows about them, in one statement."""

    def get_user(self, user_id: int) -> User | None:
        try:
            user = User.objects.annotate(**expressions()).get(pk=user_id)
        except User.DoesNotExist:
            return None
        return user if self.user_can_authenticate(user) else None
