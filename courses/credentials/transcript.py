"""A transcript as files: a spreadsheet, and tagged PDF. The same facts give the same bytes."""

import csv
from datetime import UTC, datetime, time
from io import StringIO
from typing import Final

from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courses.credentials.queries.papers import WHY_NOT, Line, Transcript, number
from portal.lib.pdf import blocks_of, typeset

#: What a spreadsheet would take for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def transcript_csv(of: Transcript) -> bytes:
    """A row an activity, the oldest first; what was withdrawn stands there with its reason.

    UTF-8 with a byte order mark: without it Excel takes the file for another encoding and breaks names.
    Nothing in it depends on the day on which it is made.
    """
    sheet = StringIO(newline="")
    rows = csv.writer(sheet)
    bodies = sorted({one.body.short for line in of.lines for one in line.counted})
    rows.writerow(
        [
            *(_("Number"), _("Completed on"), _("Activity"), _("Provider"), _("Index number"), _("Minutes")),
            *(_("CEUs"), _("Kind"), _("Comes from"), _("Evidence files"), _("Certificate check")),
            *(_("Counts with %(body)s") % {"body": body} for body in bodies),
            *(_("Withdrawn on"), _("Reason"), _("Link of the ledger"), _("Hash of the link")),
        ]
    )
    for line in of.lines:
        rows.writerow([inert(cell) for cell in _cells(line, bodies)])
    return ("\ufeff" + sheet.getvalue()).encode()


def _cells(line: Line, bodies: list[str]) -> list[object]:
    credit, detail, taken_back = line.credit, line.credit.detail, line.withdrawal
    counts = {one.body.short: one for one in line.counted}
    said = []
    for body in bodies:
        one = counts.get(body)
        said.append("" if one is None or taken_back else number(one.ceus))
    return [
        *(
            line.number,
            credit.completed_on.isoformat(),
            detail.title,
            detail.provider,
            " ".join(line.index_numbers),
        ),
        *(credit.minutes or "", number(credit.ceus), credit.get_activity_display()),
        *(credit.get_source_display(), len(line.files), line.check_url, *said),
        taken_back.recorded_at.astimezone(UTC).date().isoformat() if taken_back else "",
        taken_back.detail.reason if taken_back else _reason(line),
        *((line.link.number, line.link.hash) if line.link else ("", "")),
    ]


def _reason(line: Line) -> str:
    """Why an activity counts nowhere, by body."""
    return "; ".join(
        f"{one.body.short}: {WHY_NOT[one.why_not]}" for one in line.counted if one.why_not and not one.ceus
    )


def inert(cell: object) -> str:
    """The text as a spreadsheet shows it, never as a formula that it reckons."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def transcript_pdf(of: Transcript, *, title: str = "") -> bytes:
    """The transcript as its page shows it; the same bytes on the same day for the same ledger."""
    title = title or _("Transcript of continuing education")
    html = render_to_string("credentials/papers/transcript.html", {"of": of, "title": title})
    made = f"{of.made_on:%Y-%m-%d}"
    return typeset(
        blocks_of(html),
        title=title,
        language=(get_language() or "en").split("-")[0],
        footer=_("Crosswalk · %(name)s · made on %(made)s") % {"name": of.name, "made": made},
        at=datetime.combine(of.made_on, time(), UTC),
    )
