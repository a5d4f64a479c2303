"""Past activities from a file: looked at line by line, then added all at once; nothing is kept between."""

import csv
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import person_of
from courses.credentials import actions
from courses.credentials.actions.importing import Becomes, Line, check_sheet, import_sheet
from courses.credentials.forms.importing import COLUMN_NAMES, WHY_UNREADABLE, ReadingForm, SheetForm
from courses.credentials.importing import Sheet, UnreadableError, Words, plain, read
from courses.credentials.models import Credit
from courses.credentials.queries.activities import BodyParts, book_of
from portal.lib.access import member

#: What the template has as its first line: names that are read here.
TEMPLATE = (*("Title", "Completed on", "CEUs", "Minutes", "Provider", "Index number", "Kind", "Counts for"),)


@member
@require_safe
def template(request: HttpRequest) -> HttpResponse:
    """An empty sheet with the names of the columns; the mark at its start tells Excel that it is UTF-8."""
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="activities.csv"'
    csv.writer(answer).writerow(TEMPLATE)
    return answer


@member
@require_http_methods(["GET", "HEAD", "POST"])
def import_credits(request: HttpRequest) -> HttpResponse:
    """Ask for a file, show what each line would become, and add the new ones when the person says so.

    The text travels in the form that confirms and is read anew there.
    """
    user, at = person_of(request), timezone.now()
    parts = book_of(user, user.local(at).date()).parts()
    if request.method != "POST":
        return _asked(request, SheetForm(), parts)
    form = SheetForm(request.POST, request.FILES)
    if not form.is_valid():
        return _asked(request, form, parts, status=422)
    text = form.cleaned_data["text"]
    order, mapping = ReadingForm(request.POST).chosen()
    try:
        sheet = read(text, words_of(parts), mapping=mapping, order=order)
    except UnreadableError as refusal:
        form.add_error("file" if form.cleaned_data.get("file") else "text", WHY_UNREADABLE[refusal.why])
        return _asked(request, form, parts, status=422)
    if "apply" in request.POST:
        try:
            added = import_sheet(
                user=user, sheet=sheet, expected=_expected(request.POST.get("apply")), by=user, at=at
            )
        except actions.Refused as refusal:
            messages.error(request, str(refusal))
        else:
            words = {"n": len(added)}
            told = ngettext(
                "%(n)d activity is in your ledger.", "%(n)d activities are in your ledger.", len(added)
            )
            messages.success(request, told % words)
            return redirect("credentials:activities")
    return _shown(request, user, text, sheet, mapping is not None)


def _expected(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else -1


def _asked(
    request: HttpRequest, form: SheetForm, parts: Sequence[BodyParts], *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "kinds": Credit.Activity.labels, "parts": parts}
    return render(request, "credentials/import.html", context, status=status)


def _shown(request: HttpRequest, user: User, text: str, sheet: Sheet, is_mapped: bool) -> HttpResponse:
    lines = check_sheet(user=user, sheet=sheet, at=timezone.now())
    counts = {becomes: sum(line.becomes is becomes for line in lines) for becomes in Becomes}
    context: dict[str, Any] = {
        "sheet": sheet,
        "text": text,
        "lines": lines,
        "new": counts[Becomes.NEW],
        "wrong": counts[Becomes.WRONG],
        "known": counts[Becomes.THERE] + counts[Becomes.WITHDRAWN] + counts[Becomes.REPEATED],
        "needs_columns": bool(sheet.missing),
        "missing": [COLUMN_NAMES[column] for column in sheet.missing],
        "is_mapped": is_mapped,
        "columns": _columns(sheet),
        "holds": COLUMN_NAMES.items(),
        "orders": ReadingForm.base_fields["order"].choices,  # type: ignore[attr-defined]  # a ChoiceField
        "sum": sum(line.ceus for line in lines if line.ceus is not None),
        "notes": _notes(lines),
    }
    return render(request, "credentials/import_check.html", context)


def _columns(sheet: Sheet) -> list[dict[str, Any]]:
    """Each column with its name, what it is taken for, and the first thing that stands in it."""
    holds = {place: column for column, place in sheet.mapping.items()}
    return [
        {"place": place, "name": name, "holds": holds.get(place, ""), "sample": sheet.samples[place]}
        for place, name in enumerate(sheet.columns)
    ]


def _notes(lines: Sequence[Line]) -> int:
    return sum(bool(line.notes) for line in lines)


def words_of(parts: Sequence[BodyParts]) -> Words:
    """What kinds and parts are called: by their keys, by their titles, and by the words of the titles."""
    kinds = {plain(key): key for key, _label in Credit.Activity.choices}
    kinds |= {plain(str(label)): key for key, label in Credit.Activity.choices}
    for key, words in _KIND_WORDS.items():
        kinds |= dict.fromkeys(words, key.value)
    known: dict[str, str] = {}
    for body in parts:
        for demand in body.demands:
            known |= dict.fromkeys((plain(demand.key), plain(demand.title)), demand.key)
    return Words(kinds=kinds, parts=known)


_KIND_WORDS = {
    Credit.Activity.WEBINAR: ("online", "webcast", "virtual", "webinars"),
    Credit.Activity.CONFERENCE: ("workshop", "chapter", "meeting", "seminar", "symposium", "healthcon"),
    Credit.Activity.QUIZ: ("test", "quizzes", "exam", "assessment"),
    Credit.Activity.SELF_STUDY: ("article", "book", "magazine", "reading", "selfstudy", "study"),
    Credit.Activity.ACADEMIC: ("college", "university"),
    Credit.Activity.TEACHING: ("speaking", "speaker", "presenting", "presentation", "lecture"),
    Credit.Activity.WRITING: ("author", "authoring", "publication", "reviewing"),
    Credit.Activity.COURSE: ("class", "training", "elearning", "bootcamp"),
}
