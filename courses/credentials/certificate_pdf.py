"""A certificate on paper: a rendering of the signed document, the same bytes for the same document."""

import segno
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from courses.credentials.certifying import Facts, grouped, short_digest
from portal.lib.pdf import print_page


def certificate_pdf(facts: Facts, *, document: str, key_id: str) -> bytes:
    """One page of US letter, landscape, as PDF/UA-1. Everything on it is in the document.

    A character that no font has is shown as a box, and a line beneath says so and where the name is whole.
    """
    said = {
        "title": _("Certificate of completion: %(course)s") % {"course": facts.course_title},
        "language": "en",
        "heading": _("Certificate of Completion"),
        "provider": facts.provider,
        "lead": _("This certifies that"),
        "name": facts.name or _("the holder of this certificate"),
        "name_note": "" if facts.name else _("No name was given when it was issued."),
        "did": _("completed the course"),
        "course": facts.course_title,
        "facts": _rows(facts),
        "approvals_heading": _("Index numbers"),
        "approvals": [
            [
                one.body,
                one.index_number or _("no index number"),
                _("%(n)s CEUs") % {"n": number_format(one.ceus.normalize(), use_l10n=True)},
            ]
            for one in facts.approvals
        ],
        "no_approvals": _("No body has given this course an index number."),
        "check": _("Check this certificate"),
        "check_how": _("Scan the code, or open %(address)s and type the number.")
        % {"address": f"{facts.site}/check/"},
        "number": grouped(facts.check_id),
        "qr": _qr(facts.check_url),
        "qr_alt": _("QR code that opens the check page: %(address)s") % {"address": facts.check_url},
        "issue": _issue(facts),
        "signature": _("Signed with Ed25519, key %(key)s. SHA-256 begins with %(digest)s.")
        % {"key": key_id, "digest": short_digest(document)},
        "missing_note": _("A character cannot be printed here and shows as a box. The check page shows it."),
    }
    return print_page("certificate.typ", said, at=facts.issued_at)


def _rows(facts: Facts) -> list[list[str]]:
    ceus = number_format(facts.ceus.normalize(), use_l10n=True) if facts.ceus else _("none")
    return [
        [_("Provider"), facts.provider],
        [_("Completed on"), date_format(facts.completed_on, "j F Y")],
        [_("CEUs"), ceus],
        [_("Hours of the course"), number_format(facts.hours.normalize(), use_l10n=True)],
        [_("Time on record"), _("%(n)d minutes") % {"n": facts.minutes}],
        [
            _("Valid until"),
            date_format(facts.expires_on, "j F Y") if facts.expires_on else _("does not expire"),
        ],
    ]


def _issue(facts: Facts) -> str:
    day = date_format(facts.issued_at, "j F Y")
    if facts.replaces:
        return _("Issue %(n)d, made on %(day)s, replaces number %(number)s.") % {
            "n": facts.number,
            "day": day,
            "number": grouped(facts.replaces),
        }
    return _("Issued on %(day)s (UTC).") % {"day": day}


def _qr(address: str) -> str:
    drawn = segno.make(address, error="m", micro=False).svg_inline(border=0, dark="#1B2330", omitsize=True)
    # on its own, not inside HTML, a picture names its language
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
