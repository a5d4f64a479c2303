"""Password rules: length and a list of common ones; no composition rules, no forced change."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

#: One factor alone needs 15 characters (NIST SP 800-63B-4); a phrase of four words has them.
MIN_LENGTH = 15
#: Hashing cost grows with length; nobody types more.
MAX_LENGTH = 256


class LengthValidator:
    """Accept passwords of 15 to 256 characters."""

    def validate(self, password: str, user: object = None) -> None:
        if len(password) < MIN_LENGTH:
            missing = MIN_LENGTH - len(password)
            raise ValidationError(
                ngettext(
                    "This password is %(missing)d character too short.",
                    "This password is %(missing)d characters too short.",
                    missing,
                )
                % {"missing": missing}
                + " "
                + str(self.get_help_text()),
                code="password_too_short",
            )
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                _("Use at most %(max)d characters."), params={"max": MAX_LENGTH}, code="password_too_long"
            )

    def get_help_text(self) -> str:
        return gettext("Use at least 15 characters: a phrase of four or five words is easy to remember.")
