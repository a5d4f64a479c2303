from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CredentialsConfig(AppConfig):
    """Credentials held, their cycles, and the ledger of continuing education."""

    name = "courses.credentials"
    label = "credentials"
    verbose_name = _("Certifications and CE")

    def ready(self) -> None:
        from courses.credentials import checks  # noqa: F401  # registers
        from courses.credentials.keys import key_ring
        from courses.credentials.receivers import connect

        key_ring()  # keys that cannot be read end the start, not somebody's completion
        connect()
        from courses.credentials.jobs import PACKET_KIND, run_packet_job
        from courses.jobs.kinds import Words, register

        register(PACKET_KIND, run_packet_job, Words(_("Make an audit packet"), "credentials:packets"))
