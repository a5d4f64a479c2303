"""Writing to credentials; the other rooms and the pages import from here."""

from courses.credentials.actions.certificates import (
    NotReissuable,
    NotRevocable,
    issue_certificate,
    issue_missing,
    reissue_certificate,
    revoke_certificate,
    withdraw_certificates,
)
from courses.credentials.actions.evidence import (
    EvidenceDamaged,
    EvidenceRefused,
    RemovalRefused,
    add_evidence,
    add_proof_file,
    is_approved,
    read_evidence,
    remove_evidence,
)
from courses.credentials.actions.holding import record_credential
from courses.credentials.actions.ledger import OUR_NAME, add_credit, award_course, reverse_credit
from courses.credentials.actions.refusals import (
    AlreadyRecorded,
    AmountUnknown,
    BeforeCertification,
    DatesRefused,
    DatesUnknown,
    DuplicateActivity,
    FutureDate,
    NoCredential,
    NotWithdrawable,
    Refused,
    RequirementUnknown,
)
from courses.credentials.actions.reviewing import ReviewRefused, review_credit
from courses.credentials.actions.rules import Saved, rule_set_for, save_rule_set

__all__ = [
    "OUR_NAME",
    "AlreadyRecorded",
    "AmountUnknown",
    "BeforeCertification",
    "DatesRefused",
    "DatesUnknown",
    "DuplicateActivity",
    "EvidenceDamaged",
    "EvidenceRefused",
    "FutureDate",
    "NoCredential",
    "NotReissuable",
    "NotRevocable",
    "NotWithdrawable",
    "Refused",
    "RemovalRefused",
    "RequirementUnknown",
    "ReviewRefused",
    "Saved",
    "add_credit",
    "add_evidence",
    "add_proof_file",
    "award_course",
    "is_approved",
    "issue_certificate",
    "issue_missing",
    "read_evidence",
    "record_credential",
    "reissue_certificate",
    "remove_evidence",
    "reverse_credit",
    "review_credit",
    "revoke_certificate",
    "rule_set_for",
    "save_rule_set",
    "withdraw_certificates",
]
