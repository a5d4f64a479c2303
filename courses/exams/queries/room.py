"""The exam room: all that its page shows, and nothing of the key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F, JSONField, OuterRef, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import User
from courses.exams import kinds, paper
from courses.exams.clock import first_of, remaining_s
from courses.exams.models import Attempt, AttemptItem, AttemptSection, Response, TimeExtension


# --- where a person stands ---------------------------------------------------------------------------------
def attempts_of(user: User) -> QuerySet[Attempt]:
    """A person's attempts with what the room says about each beside its questions: ``added_minutes``."""
    added = TimeExtension.objects.filter(attempt=OuterRef("pk")).order_by().values("attempt")
    return (
        Attempt.objects.owned_by(user)
        .select_related("blueprint")
        .annotate(added_minutes=Subquery(added.annotate(sum=Sum("minutes")).values("sum")))
    )


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

    @property
    def total(self) -> int:
        """Questions of the attempt."""
        return sum(one.item_count for one in self.sections)  # type: ignore[attr-defined]  # annotated

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
    sections = AttemptSection.objects.filter(attempt=attempt).annotate(item_count=Count("items"))
    return Where(list(sections.order_by("position")), at)


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


def _items(section: AttemptSection) -> QuerySet[AttemptItem, Any]:
    """Items with the answer that counts, without anything of the key."""
    counting = Response.objects.newest_first().filter(item=OuterRef("pk"))
    return (
        AttemptItem.objects.filter(section=section)
        .order_by("position")
        .annotate(
            value=Subquery(counting.values("value")[:1], output_field=JSONField()),
            saved_at=Subquery(counting.values("received_at")[:1]),
            seq=Subquery(counting.values("seq")[:1]),
        )
        .values_list(
            "position",
            "order",
            "value",
            "saved_at",
            "seq",
            "mark__flagged",
            "mark__struck",
            "mark__highlights",
            "mark__note",
            "question_revision__stem_html",
            "question_revision__kind",
            "question_revision__asked",
        )
    )


@dataclass(frozen=True)
class _Words:
    """What every question says, read once and not once a question."""

    token: str
    base: str
    #: So that a browser without the script comes back to the section that it came from.
    section: str
    total: int
    question: str = field(default_factory=lambda: escape(_("Question %(n)d of %(total)d")))
    save: str = field(default_factory=lambda: escape(_("Save answer")))
    saved: str = field(default_factory=lambda: escape(_("Saved")))
    flag: str = field(default_factory=lambda: escape(_("Flag")))
    unflag: str = field(default_factory=lambda: escape(_("Take the flag off")))
    note: str = field(default_factory=lambda: escape(_("My note")))
    note_on: str = field(default_factory=lambda: escape(_("Note on question %(n)d")))
    check: str = field(default_factory=lambda: escape(_("Check my answer")))
    answered: str = field(default_factory=lambda: _("answered"))
    unanswered: str = field(default_factory=lambda: _("not answered"))
    flagged: str = field(default_factory=lambda: _("flagged"))


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
    words = _Words(token, base, f"?section={section.position}" if place.bar else "", place.total)
    is_tutored = attempt.mode == Attempt.Mode.TUTOR
    forms: list[str] = []
    cells: list[str] = []
    seq = 0
    for row in _items(section):
        position, _order, value, _saved_at, newest, flagged = row[:6]
        explained = revealed.get(position) if revealed else None
        forms.append(_form(words, row, explained, is_tutored=is_tutored))
        names, said = (" is-answered", words.answered) if value is not None else ("", words.unanswered)
        if flagged:
            names, said = names + " is-flagged", f"{said}, {words.flagged}"
        cells.append(paper.cell(position, names=names, words=said, href=f"#q-{position}"))
        seq = max(seq, newest or 0)
    return Room(
        section,
        mark_safe("".join(forms)),  # joined below of what is sanitised or escaped
        mark_safe("".join(cells)),  # cells are safe
        remaining_s(first_of(attempt.deadline_at, section.deadline_at), place.at),
        remaining_s(attempt.deadline_at, place.at),
        seq,
    )


def _form(words: _Words, row: tuple[Any, ...], explained: SafeString | None, *, is_tutored: bool) -> str:
    """One question as a form of its own: a template would spend five times as long on a hundred of them."""
    position, order, value, saved_at, _seq, flagged, struck, highlights, note, stem, kind, asked = row
    body = explained or kinds.get(kind).form(asked, order, value, struck or ())
    flags = (" data-answered" if value is not None else "") + (" data-flagged" if flagged else "")
    # only options can be struck out, and only where their order was drawn for this attempt
    flags += " data-strikes" if order and kind in _STRUCK and not explained else ""
    flags += " data-revealed" if explained else ""
    marked = f' data-highlights="{escape(json.dumps(highlights))}"' if highlights else ""
    save = check = when = ""
    if not explained:
        save = f'<button class="button" type="submit" data-without-script>{words.save}</button>'
        if saved_at:
            when = (
                f'<span class="muted" data-without-script>{words.saved} {localtime(saved_at):%H:%M:%S}</span>'
            )
        if is_tutored:
            url = f"{words.base}items/{position}/reveal/{words.section}"
            check = (
                f'<button class="button" type="submit" formaction="{url}" data-reveal>{words.check}</button>'
            )
    return (
        f'<form class="stack exam-question" id="q-{position}" method="post"'
        f' action="{words.base}answer/{words.section}" autocomplete="off" data-question="{position}"{flags} tabindex="-1">'
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{words.token}">'
        f'<input type="hidden" name="position" value="{position}">'
        f'<fieldset class="question" aria-describedby="stem-{position}">'
        f"<legend>{words.question % {'n': position, 'total': words.total}}</legend>"
        f'<div class="stem" id="stem-{position}"{marked}>{stem}</div>{body}</fieldset>'
        f'<p class="cluster exam-actions">{save}{check}'
        f'<button class="button button-quiet" type="submit" name="flagged" data-flag'
        f' value="{"false" if flagged else "true"}" aria-pressed="{"true" if flagged else "false"}">'
        f"{words.unflag if flagged else words.flag}</button>{when}</p>"
        f'<details class="own-note"{" open" if note else ""}><summary>{words.note}</summary>'
        f'<label class="visually-hidden" for="note-{position}">{words.note_on % {"n": position}}</label>'
        f'<textarea id="note-{position}" name="note" rows="3" maxlength="2000">'
        f"\n{escape(note or '')}</textarea></details></form>"
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
