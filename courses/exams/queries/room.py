"""The exam room: all that its page shows, and nothing of the key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, JSONField, OuterRef, Subquery
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from courses.exams import kinds
from courses.exams.clock import first_of, remaining_s
from courses.exams.models import Attempt, AttemptItem, AttemptSection, Response
from portal.lib.rows import as_moment


# --- where a person stands ---------------------------------------------------------------------------------
def is_open(section: AttemptSection, at: datetime) -> bool:
    """Whether the questions of a section may be seen and answered."""
    return (
        section.opened_at is not None
        and section.closed_at is None
        and (section.deadline_at is None or at < section.deadline_at)
    )


@dataclass(frozen=True)
class Where:
    """The sections of an attempt, and which of them its owner is in."""

    sections: list[AttemptSection]
    at: datetime

    @property
    def current(self) -> AttemptSection | None:
        """The first one that is open."""
        return next((one for one in self.sections if is_open(one, self.at)), None)

    @property
    def ahead(self) -> AttemptSection | None:
        """The one that is opened next, if there is one."""
        return next((one for one in self.sections if one.opened_at is None), None)

    @property
    def before(self) -> AttemptSection | None:
        """The one before that: a break may follow it."""
        ahead = self.ahead
        return self.section(ahead.position - 1) if ahead else None

    def section(self, position: int) -> AttemptSection | None:
        return next((one for one in self.sections if one.position == position), None)

    def state(self, section: AttemptSection) -> str:
        """``open``, ``closed``, ``next`` or ``later``."""
        if is_open(section, self.at):
            return "open"
        if section.opened_at is not None:
            return "closed"
        return "next" if section == self.ahead else "later"

    @property
    def bar(self) -> list[tuple[AttemptSection, str]]:
        """What the bar of sections shows: nothing where there is only one."""
        return [(one, self.state(one)) for one in self.sections] if len(self.sections) > 1 else []


def where(attempt: Attempt, at: datetime) -> Where:
    """The sections of an attempt: one query."""
    return Where(list(AttemptSection.objects.filter(attempt=attempt).order_by("position")), at)


# --- its questions -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Room:
    """A section of a running attempt as its owner sees it."""

    section: AttemptSection
    #: The forms of its questions and the cells of its grid.
    forms: SafeString
    grid: SafeString
    #: Until the section ends or the exam, whichever is first; None: there is no clock.
    remaining_s: int | None
    exam_remaining_s: int | None
    #: The greatest ``seq`` known; a new tab goes on from it.
    seq: int
    #: Minutes that were added to the attempt.
    added_minutes: int


# A section's questions with the answer that counts and what was noted, without anything of the key. Written
# out because building it through the ORM and converting six columns of a hundred rows costs half of the page.
_ITEMS = """
    SELECT item.position, item."order", counting.value, counting.received_at, counting.seq,
           mark.flagged, mark.struck, mark.highlights, mark.note,
           revision.stem_html, revision.kind, revision.asked,
           (SELECT COUNT(*) FROM exams_attemptitem WHERE attempt_id = %(attempt)s),
           (SELECT COALESCE(SUM(minutes), 0) FROM exams_timeextension WHERE attempt_id = %(attempt)s)
      FROM exams_attemptitem item
      JOIN exams_questionrevision revision ON revision.id = item.question_revision_id
      LEFT JOIN exams_itemmark mark ON mark.item_id = item.id
      LEFT JOIN exams_response counting ON counting.id = (
           SELECT id FROM exams_response
            WHERE item_id = item.id AND NOT late ORDER BY seq DESC, client_id DESC LIMIT 1)
     WHERE item.section_id = %(section)s
     ORDER BY item.position
"""


def _said(words: str) -> str:
    """Escaped, as a plain text: a hundred formatted pieces of safe text are checked a hundred times."""
    return str.__str__(escape(words))


@dataclass(frozen=True)
class _Words:
    """What every question says, read once and not once a question."""

    token: str
    base: str
    #: So that a browser without the script comes back to the section that it came from.
    section: str
    total: int
    question: str = field(default_factory=lambda: _said(_("Question %(n)d of %(total)d")))
    save: str = field(default_factory=lambda: _said(_("Save answer")))
    saved: str = field(default_factory=lambda: _said(_("Saved")))
    flag: str = field(default_factory=lambda: _said(_("Flag")))
    unflag: str = field(default_factory=lambda: _said(_("Take the flag off")))
    note: str = field(default_factory=lambda: _said(_("My note")))
    note_on: str = field(default_factory=lambda: _said(_("Note on question %(n)d")))
    check: str = field(default_factory=lambda: _said(_("Check my answer")))
    answered: str = field(default_factory=lambda: _said(_("answered")))
    unanswered: str = field(default_factory=lambda: _said(_("not answered")))
    flagged: str = field(default_factory=lambda: _said(_("flagged")))


def room(
    attempt: Attempt,
    place: Where,
    section: AttemptSection,
    *,
    token: str,
    revealed: Mapping[int, SafeString] | None = None,
) -> Room:
    """The questions of a section of a running attempt: one query, whatever the number.

    ``token`` is what the forms are sent with; ``revealed`` holds what a tutored set has explained already, by
    position.
    """
    base = reverse("exams:attempt", args=[attempt.pk])
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS, {"attempt": attempt.pk, "section": section.pk})
        rows = cursor.fetchall()
    *_, total, added = rows[0]
    words = _Words(token, base, f"?section={section.position}" if place.bar else "", total)
    is_tutored = attempt.mode == Attempt.Mode.TUTOR
    forms: list[str] = []
    cells: list[str] = []
    # one text for all: to begin four hundred times costs more than to read
    documents = json.loads(f"[{','.join(map(_documents, rows))}]")
    for row, document in zip(rows, documents, strict=True):
        explained = revealed.get(row[0]) if revealed else None
        forms.append(_form(words, row, document, explained, is_tutored=is_tutored))
        cells.append(_cell(words, row[0], row[2], row[5]))
    return Room(
        section,
        mark_safe("".join(forms)),  # joined below of what is sanitised or escaped
        mark_safe("".join(cells)),  # numbers and escaped words
        remaining_s(first_of(attempt.deadline_at, section.deadline_at), place.at),
        remaining_s(attempt.deadline_at, place.at),
        max(row[4] or 0 for row in rows),
        added,
    )


def _documents(row: tuple[Any, ...]) -> str:
    """What is asked, in which order, what was answered and what is struck out, as one document."""
    return f"[{row[11]},{row[1]},{row[2] or 'null'},{row[6] or '[]'}]"


def _is_value(value: str | None) -> bool:
    """Whether a stored answer is one: what was taken back is stored as nothing."""
    return value is not None and value != "null"


def _cell(words: _Words, position: int, value: str | None, flagged: bool | None) -> str:
    """A cell of the grid, as ``paper.cell`` makes it."""
    names, said = (" is-answered", words.answered) if _is_value(value) else ("", words.unanswered)
    if flagged:
        names, said = f"{names} is-flagged", f"{said}, {words.flagged}"
    return (
        f'<li><a class="cell{names}" href="#q-{position}" data-cell="{position}">{position}'
        f'<span class="visually-hidden">, {said}</span></a></li>'
    )


def _form(
    words: _Words,
    row: tuple[Any, ...],
    document: list[Any],
    explained: SafeString | None,
    *,
    is_tutored: bool,
) -> str:
    """One question as a form of its own: a template would spend five times as long on a hundred of them."""
    position, _order, _value, saved_at, _seq, flagged, _struck, highlights, note, stem, kind, *_ = row
    _asked, order, value, _struck_ids = document
    answered = value is not None
    body = explained or kinds.get(kind).form(*document)
    # charts have the same headings: their ids must differ in a page of many
    stem = stem.replace(' id="q-', f' id="q{position}-').replace('href="#q-', f'href="#q{position}-')
    flags = (" data-answered" if answered else "") + (" data-flagged" if flagged else "")
    # only options can be struck out, and only where their order was drawn for this attempt
    flags += " data-strikes" if kind in _STRUCK and order and not explained else ""
    flags += " data-revealed" if explained else ""
    # pairs of numbers, checked when they were stored
    marked = f' data-highlights="{highlights}"' if highlights and highlights != "[]" else ""
    save = check = when = ""
    if not explained:
        save = f'<button class="button" type="submit" data-without-script>{words.save}</button>'
        if saved_at:
            at = f"{localtime(as_moment(saved_at)):%H:%M:%S}"
            when = f'<span class="muted" data-without-script>{words.saved} {at}</span>'
        if is_tutored:
            url = f"{words.base}items/{position}/reveal/{words.section}"
            check = (
                f'<button class="button" type="submit" formaction="{url}" data-reveal>{words.check}</button>'
            )
    return (
        f'<form class="stack exam-question" id="q-{position}" method="post"'
        f' action="{words.base}answer/{words.section}" autocomplete="off" data-question="{position}"{flags}'
        f' tabindex="-1"><input type="hidden" name="csrfmiddlewaretoken" value="{words.token}">'
        f'<input type="hidden" name="position" value="{position}">'
        f'<fieldset class="question" aria-describedby="stem-{position}">'
        f"<legend><h2>{words.question % {'n': position, 'total': words.total}}</h2></legend>"
        f'<div class="stem" id="stem-{position}"{marked}>{stem}</div>{body}</fieldset>'
        f'<p class="cluster exam-actions">{save}{check}'
        f'<button class="button button-quiet" type="submit" name="flagged" data-flag'
        f' value="{"false" if flagged else "true"}" aria-pressed="{"true" if flagged else "false"}">'
        f"{words.unflag if flagged else words.flag}</button>{when}</p>"
        f'<details class="own-note"{" open" if note else ""}><summary>{words.note}</summary>'
        f'<label class="visually-hidden" for="note-{position}">{words.note_on % {"n": position}}</label>'
        f'<textarea id="note-{position}" name="note" rows="3" maxlength="2000">'
        f"\n{escape(note) if note else ''}</textarea></details></form>"
    )


_STRUCK = frozenset({"single", "multiple"})


# --- what is left to do ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """What is not answered and what is flagged in a section that is still open, or was."""

    section: AttemptSection
    is_open: bool
    unanswered: list[int]
    flagged: list[int]


def standings(attempt: Attempt, at: datetime) -> list[Standing]:
    """Section by section: two queries."""
    place = where(attempt, at)
    found = {one.pk: Standing(one, is_open(one, at), [], []) for one in place.sections}
    counting = Response.objects.newest_first().filter(item=OuterRef("pk"))
    items = AttemptItem.objects.filter(attempt=attempt).order_by("position")
    rows = items.annotate(
        value=Subquery(counting.values("value")[:1], output_field=JSONField()), is_flagged=F("mark__flagged")
    ).values_list("section", "position", "value", "is_flagged")
    for section, position, value, is_flagged in rows:
        if value is None:
            found[section].unanswered.append(position)
        if is_flagged:
            found[section].flagged.append(position)
    return list(found.values())
