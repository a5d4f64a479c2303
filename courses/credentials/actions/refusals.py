"""Why something cannot be recorded: each names the input that it belongs to."""

from django.utils.translation import gettext as _


class Refused(Exception):
    """Something cannot be recorded; the text says why, ``field`` beside which input it belongs."""

    field = ""


class AlreadyRecorded(Refused):
    """The person has this credential on record."""

    field = "certification"


class FutureDate(Refused):
    """A date lies after today on the person's calendar."""

    def __init__(self, field: str) -> None:
        super().__init__(_("This day is still to come."))
        self.field = field


class DatesUnknown(Refused):
    """The dates of the cycle do not follow from a rule and were not given."""

    field = "last_on"


class DatesRefused(Refused):
    """The dates of the cycle cannot be right."""

    def __init__(self, message: str, field: str = "last_on") -> None:
        super().__init__(message)
        self.field = field


class RequirementUnknown(Refused):
    """No rule says how many CEUs are asked, and the person did not either."""

    field = "required"


class BeforeCertification(Refused):
    """An activity was completed before the first credential of the body was earned."""

    field = "completed_on"


class DuplicateActivity(Refused):
    """The activity is in the ledger already."""

    def __init__(self, message: str, field: str = "title") -> None:
        super().__init__(message)
        self.field = field


class AmountUnknown(Refused):
    """Neither CEUs nor minutes that a rule turns into CEUs were given."""

    field = "ceus"


class NoCredential(Refused):
    """The person has no credential on record that an activity could count for."""


class NotWithdrawable(Refused):
    """Only an own entry that still counts can be withdrawn, with a reason."""

    field = "reason"


class ReasonNeeded(Refused):
    """A change that takes something away, or changes what counts, says why."""

    field = "reason"


class StatusRefused(Refused):
    """A credential cannot have this status."""

    field = "status"


class RowRefused(Refused):
    """One of several credentials cannot be recorded: ``row`` is its place in the list."""

    def __init__(self, row: int, why: Refused) -> None:
        super().__init__(str(why))
        self.row = row
        self.why = why
        self.field = why.field


class ProofRefused(Refused):
    """Something cannot prove what it is given for."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NoSuchStep(Refused):
    """The rules of the cycle have no such step of renewal."""
