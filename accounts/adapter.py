"""allauth, adapted: where mail is sent from and that its mails never wait inside a transaction."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.contrib.sites.shortcuts import get_current_site
from django.db import transaction
from django.http import HttpRequest

from accounts.actions import give_role
from accounts.models import User
from accounts.roles import Role


class AccountAdapter(DefaultAccountAdapter):
    """Security mails go out directly, once the transaction that caused them is committed."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render now, send after the commit. A mail server that is away is logged; the person asks again."""
        request = allauth_context.request
        known = {"request": request, "email": email, "current_site": get_current_site(request)}
        message = self.render_mail(template_prefix, email, known | context)
        transaction.on_commit(message.send, robust=True)

    def save_user(self, request: HttpRequest, user: User, form: object, commit: bool = True) -> User:
        """Every new account is a student's."""
        user = super().save_user(request, user, form, commit)
        if commit:
            give_role(user=user, role=Role.STUDENT)
        return user
