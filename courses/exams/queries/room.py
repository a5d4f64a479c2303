"""The exam room: all that its page shows, and nothing of the key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, JSONField, Max, OuterRef, QuerySet, Subquery
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from courses.exams import kinds, paper
from courses.exams.clock import first_of, remaining_s
from courses.exams.models import Attempt, AttemptItem, AttemptSection, Response


@dataclass(frozen=True)
class RoomQuestion:
    """A question of a running attempt: nothing here tells the key."""

    position: int
    stem_html: SafeString
    form_html: SafeString
    is_answered: bool
    is_flagged: bool
    saved_at: datetime | None


@dataclass(frozen=True)
class Room:
    """A section of a running attempt as its owner sees it."""

    questions: list[RoomQuestion]
    grid: SafeString
    #: None: there is no clock.
    remaining_s: int | None
    #: The greatest ``seq`` known; a new tab goes on from it.
    seq: int

    @property
    def unanswered(self) -> list[int]:
        return [one.position for one in self.questions if not one.is_answered]

    @property
    def flagged(self) -> list[int]:
        return [one.position for one in self.questions if one.is_flagged]


def _items(attempt: Attempt, section: AttemptSection | None) -> QuerySet[AttemptItem, Any]:
    """Items with the answer that counts, without anything of the key."""
    counting = Response.objects.newest_first().filter(item=OuterRef("pk"))
    items = AttemptItem.objects.filter(attempt=attempt, **({} if section is None else {"section": section}))
    return (
        items.order_by("position")
        .annotate(
            value=Subquery(counting.values("value")[:1], output_field=JSONField()),
            saved_at=Subquery(counting.values("received_at")[:1]),
            seq=Max("responses__seq"),
        )
        .values(
            "position",
            "order",
            "value",
            "saved_at",
            "seq",
            is_flagged=F("mark__flagged"),
            struck=F("mark__struck"),
            stem=F("question_revision__stem_html"),
            kind=F("question_revision__kind"),
            asked=F("question_revision__asked"),
        )
    )


def room(attempt: Attempt, at: datetime, section: AttemptSection | None = None) -> Room:
    """The questions of a section of a running attempt, or of all of it: one query, whatever the number."""
    questions = []
    cells = []
    seq = 0
    for row in _items(attempt, section):
        question = RoomQuestion(
            position=row["position"],
            stem_html=mark_safe(row["stem"]),  # sanitised on write
            form_html=kinds.get(row["kind"]).form(
                row["asked"], row["order"], row["value"], row["struck"] or ()
            ),
            is_answered=row["value"] is not None,
            is_flagged=bool(row["is_flagged"]),
            saved_at=row["saved_at"],
        )
        questions.append(question)
        cells.append(_room_cell(question))
        seq = max(seq, row["seq"] or 0)
    ends_at = first_of(attempt.deadline_at, section.deadline_at if section else None)
    return Room(questions, mark_safe("".join(cells)), remaining_s(ends_at, at), seq)  # cells are safe


def _room_cell(question: RoomQuestion) -> SafeString:
    names, words = "", _("not answered")
    if question.is_answered:
        names, words = " is-answered", _("answered")
    if question.is_flagged:
        names, words = names + " is-flagged", f"{words}, {_('flagged')}"
    return paper.cell(question.position, names=names, words=words, href=f"#q-{question.position}")
