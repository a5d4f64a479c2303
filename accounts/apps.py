from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People: sign-in by e-mail, profile, time zone, roles, accepted terms."""

    name = "accounts"
    verbose_name = _("People")
