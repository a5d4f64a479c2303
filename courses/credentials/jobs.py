"""Making an audit packet in the background."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from courses.credentials.actions.packets import PACKET_KIND, make_packet, packet_words
from courses.credentials.models import Packet
from courses.jobs.kinds import JobRefused, Report

__all__ = ["PACKET_KIND", "run_packet_job"]


def run_packet_job(job_id: int, subject: str, report: Report, at: datetime) -> dict[str, Any]:
    """Make the packet that ``subject`` names."""
    packet = Packet.objects.select_related("user", "body").filter(pk=int(subject)).first()
    if packet is None:
        raise JobRefused(_("This packet is not wanted any more."))
    count = make_packet(packet=packet, at=at, report=report)
    return {"page": packet.get_absolute_url(), "message": packet_words(count)}
