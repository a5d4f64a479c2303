"""Rule sets, credentials held with their cycles, the ledger with its evidence, certificates and packets."""

from courses.credentials.models.certificates import Certificate, CertificateRevocation
from courses.credentials.models.held import (
    ApprenticeProof,
    ChecklistTick,
    CredentialChange,
    CredentialHeld,
    Cycle,
    CycleQuerySet,
    ProofFile,
)
from courses.credentials.models.ledger import (
    Credit,
    CreditDetail,
    CreditPlacement,
    CreditQuerySet,
    Evidence,
    EvidenceRemoval,
    EvidenceReview,
    Ledger,
    LedgerAnchor,
    LedgerLink,
)
from courses.credentials.models.packets import Packet
from courses.credentials.models.rules import CourseApproval, RuleSet
from courses.credentials.models.storage import StoredFile

__all__ = [
    "ApprenticeProof",
    "Certificate",
    "CertificateRevocation",
    "ChecklistTick",
    "CourseApproval",
    "CredentialChange",
    "CredentialHeld",
    "Credit",
    "CreditDetail",
    "CreditPlacement",
    "CreditQuerySet",
    "Cycle",
    "CycleQuerySet",
    "Evidence",
    "EvidenceRemoval",
    "EvidenceReview",
    "Ledger",
    "LedgerAnchor",
    "LedgerLink",
    "Packet",
    "ProofFile",
    "RuleSet",
    "StoredFile",
]
