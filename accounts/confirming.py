"""Entering the code sent to an address. Not in ``forms``: allauth reads that while it makes its own."""

from allauth.account.adapter import get_adapter
from allauth.account.forms import ConfirmEmailVerificationCodeForm
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.core import context
from django.contrib import messages


class ConfirmCodeForm(ConfirmEmailVerificationCodeForm):
    """allauth's, which is silent where the address was verified before; then it is proved to work again."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        known = EmailAddress.objects.filter(user=self.user, email__iexact=self.email, verified=True)
        for address in known if self.user is not None else ():
            email_confirmed.send(sender=EmailAddress, request=context.request, email_address=address)
            get_adapter().add_message(
                context.request,
                messages.SUCCESS,
                "account/messages/email_confirmed.txt",
                {"email": address.email},
            )
        return code
