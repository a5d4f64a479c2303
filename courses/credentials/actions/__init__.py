"""Writing to credentials; the other rooms and the pages import from here."""

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
from courses.credentials.actions.rules import Saved, rule_set_for, save_rule_set

__all__ = [
    "OUR_NAME",
    "AlreadyRecorded",
    "AmountUnknown",
    "BeforeCertification",
    "DatesRefused",
    "DatesUnknown",
    "DuplicateActivity",
    "FutureDate",
    "NoCredential",
    "NotWithdrawable",
    "Refused",
    "RequirementUnknown",
    "Saved",
    "add_credit",
    "award_course",
    "record_credential",
    "reverse_credit",
    "rule_set_for",
    "save_rule_set",
]
