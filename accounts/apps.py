from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People: sign-in by e-mail, profile, time zone, roles, accepted terms."""

    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from accounts.receivers import grant_role_permissions

        # without a sender: it must run after the last app's permissions exist
        post_migrate.connect(grant_role_permissions, dispatch_uid="accounts.grant_role_permissions")
