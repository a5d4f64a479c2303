from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CredentialsConfig(AppConfig):
    """Credentials held, their cycles, and the ledger of continuing education."""

    name = "courses.credentials"
    label = "credentials"
    verbose_name = _("Certifications and CE")

    def ready(self) -> None:
        from courses.credentials.receivers import connect

        connect()
