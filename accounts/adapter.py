"""allauth, adapted: where mail is sent from and that its mails never wait inside a transaction."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actions import give_role
from accounts.models import User
from accounts.roles import Role
from portal.lib.mail import framed, letter_as_html

#: What the button says for each address that a mail may hold.
ACTIONS = {
    "activate_url": _("Confirm this address"),
    "password_reset_url": _("Reset my password"),
    "signup_url": _("Sign up"),
}


class AccountAdapter(DefaultAccountAdapter):
    """Security mails go out directly, once the transaction that caused them is committed."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render now, send after the commit. A mail server that is away is logged; the person asks again."""
        request = allauth_context.request
        known = {"request": request, "email": email, "current_site": get_current_site(request)}
        message = self.render_mail(template_prefix, email, known | context)
        transaction.on_commit(message.send, robust=True)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """The mail as text and as HTML in the house's look, also where the package has a text only."""
        context = {"site_url": settings.SITE_URL} | context
        message: EmailMessage = super().render_mail(template_prefix, email, context, headers)
        if isinstance(message, EmailMultiAlternatives) and not message.alternatives:
            # what follows the signature's dashes is in the frame already
            letter = str(message.body).rpartition("\n-- \n")[0] or str(message.body)
            body = letter_as_html(
                letter,
                code=str(context.get("code") or ""),
                actions={str(context[name]): label for name, label in ACTIONS.items() if context.get(name)},
            )
            why = _("Crosswalk sends this mail because of something done with your account or address.")
            message.attach_alternative(
                framed(subject=str(message.subject), body=body, around={"why": why}), "text/html"
            )
        return message

    def save_user(self, request: HttpRequest, user: User, form: object, commit: bool = True) -> User:
        """Every new account is a student's."""
        user = super().save_user(request, user, form, commit)
        if commit:
            give_role(user=user, role=Role.STUDENT)
        return user
