"""allauth, adapted: where mail is sent from and that its mails never wait inside a transaction."""

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from accounts.actions import give_role
from accounts.models import User
from accounts.roles import Role


class AccountAdapter(DefaultAccountAdapter):
    """Security mails go out directly, once the transaction that caused them is committed."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, object]) -> None:
        transaction.on_commit(lambda: super(AccountAdapter, self).send_mail(template_prefix, email, context))

    def save_user(self, request: HttpRequest, user: User, form: object, commit: bool = True) -> User:
        """Every new account is a student's."""
        user = super().save_user(request, user, form, commit)
        if commit:
            give_role(user=user, role=Role.STUDENT)
        return user
