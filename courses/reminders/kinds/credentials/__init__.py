"""Kinds about credentials: cycles and their ends, reports and dues, papers, and the apprentice mark."""

from courses.reminders.kinds.credentials.apprentice import ApprenticeStep
from courses.reminders.kinds.credentials.cycles import CeCycleEnd, CePace, EvidenceMissing
from courses.reminders.kinds.credentials.dues import MembershipDue
from courses.reminders.kinds.credentials.papers import (
    CertificateReady,
    CreditApproved,
    CreditReturned,
    PacketReady,
)
from courses.reminders.kinds.credentials.renewing import CeGraceBegins, CeSubmissionOpens

#: In the order in which a person finds them.
KINDS = (
    *(CeCycleEnd, CePace, CeSubmissionOpens, CeGraceBegins, MembershipDue, EvidenceMissing),
    *(CreditReturned, CreditApproved, CertificateReady, PacketReady, ApprenticeStep),
)

__all__ = [
    "KINDS",
    "ApprenticeStep",
    "CeCycleEnd",
    "CeGraceBegins",
    "CePace",
    "CeSubmissionOpens",
    "CertificateReady",
    "CreditApproved",
    "CreditReturned",
    "EvidenceMissing",
    "MembershipDue",
    "PacketReady",
]
