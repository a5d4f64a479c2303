"""The ledger: every activity, one of them traced, adding one and taking one back."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.requests import person_of
from courses.credentials import actions
from courses.credentials.actions.ledger import Gate, gate_for
from courses.credentials.actions.placing import place_credit, take_back_choice
from courses.credentials.forms.activities import CreditForm, LedgerFilter, WithdrawForm
from courses.credentials.forms.evidence import accepted_from, status_of, takes_evidence
from courses.credentials.models import Certificate, CredentialHeld, Credit, CreditDetail, Cycle, LedgerLink
from courses.credentials.queries.activities import (
    Book,
    Row,
    RowState,
    book_of,
    choices_of,
    preview,
    rows_of,
    sums_of,
    traced,
)
from courses.credentials.queries.reviewing import evidence_of
from courses.credentials.queries.standing import standings
from portal.lib.access import member

ROWS_A_PAGE = 50


# --- the whole ledger --------------------------------------------------------------------------------


@member
@require_safe
def activities(request: HttpRequest) -> HttpResponse:
    """The whole ledger, the newest first, with where each activity counts."""
    user = person_of(request)
    book = book_of(user, user.local(timezone.now()).date())
    rows = rows_of(user, book)
    form = LedgerFilter(request.GET, choices=_filters(rows, book))
    chosen = form.chosen()
    shown = [row for row in rows if _fits(row, chosen)]
    context = {
        "form": form,
        "is_filtered": bool(chosen),
        "page": Paginator(shown, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "sums": sums_of(shown, cycle=int(chosen["cycle"]) if "cycle" in chosen else None),
        "has_rows": bool(rows),
        "has_credentials": bool(book.cycles) or CredentialHeld.objects.owned_by(user).exists(),
    }
    return render(request, "credentials/activities.html", context)


def _filters(rows: Sequence[Row], book: Book) -> Mapping[str, Sequence[tuple[str, Any]]]:
    bodies = {of.cycle.body.key: of.cycle.body.short for of in book.cycles}
    return {
        "body": sorted(bodies.items()),
        "cycle": [(str(of.cycle.pk), _period_name(of.cycle)) for of in book.cycles],
        "year": [(str(year), str(year)) for year in sorted({r.credit.completed_on.year for r in rows})[::-1]],
        "state": [
            ("counts", _("counts")),
            ("not", _("does not count")),
            ("returned", _("returned by a reviewer")),
            ("unproven", _("without a certificate")),
            ("withdrawn", _("withdrawn")),
        ],
    }


def _period_name(cycle: Cycle) -> str:
    return _("%(body)s, %(first)s to %(last)s") % {
        "body": cycle.body.short,
        "first": date_format(cycle.starts_on, "j M Y"),
        "last": date_format(cycle.due_on, "j M Y"),
    }


def _fits(row: Row, chosen: Mapping[str, str]) -> bool:
    """Whether a line is what the person asked for."""
    if "body" in chosen and chosen["body"] not in row.bodies:
        return False
    if "cycle" in chosen and int(chosen["cycle"]) not in {one.of.cycle.pk for one in row.counts}:
        return False
    if "year" in chosen and int(chosen["year"]) != row.credit.completed_on.year:
        return False
    match chosen.get("state"):
        case None:
            return True
        case "unproven":
            return not row.is_proven and row.state is not RowState.WITHDRAWN
        case state:
            return row.state == state


# --- one activity ------------------------------------------------------------------------------------


@member
@require_safe
def credit(request: HttpRequest, pk: int) -> HttpResponse:
    """One activity with every number traced: its words, its CEUs, its parts, its proof, its link."""
    user = person_of(request)
    row = _mine(user, pk)
    if row.reverses_id is not None:
        return redirect("credentials:credit", row.reverses_id)
    book = book_of(user, user.local(timezone.now()).date())
    completion = row.detail.course_completion
    context = {
        "credit": row,
        "is_withdrawn": hasattr(row, "reversal"),
        "traced": traced(row, book),
        "choices": choices_of(row, book) if not hasattr(row, "reversal") else [],
        "part_titles": _part_titles(row, book),
        "evidence": evidence_of(row),
        "link": LedgerLink.objects.filter(what=LedgerLink.What.CREDIT, row=row.pk).first(),
        "certificate": Certificate.objects.current().filter(completion=completion).first()
        if completion
        else None,
    }
    return render(request, "credentials/credit.html", context)


def _mine(user: User, pk: int) -> Credit:
    related = ("detail__course_completion__course", "reversal__detail", "placement__cycle", "ledger")
    return get_object_or_404(Credit.objects.owned_by(user).select_related(*related), pk=pk)


def _part_titles(row: Credit, book: Book) -> list[str]:
    """The ticked parts by their titles; a part that nobody asks for any more by its key."""
    titles = {part.key: part.title for body in book.parts() for part in body.demands}
    return [titles.get(topic, topic) for topic in row.topics]


@member
@require_POST
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Count an activity in the other of two periods that may claim it; choosing again takes it back."""
    user = person_of(request)
    row = _mine(user, pk)
    if "none" in request.POST:
        take_back_choice(credit=row)
        messages.success(request, _("“%(title)s” goes by its day again.") % {"title": row.detail.title})
        return redirect(row)
    mine = Cycle.objects.owned_by(user).select_related("rule_set", "body")
    cycle = mine.filter(pk=_number(request.POST.get("cycle")) or 0).first()
    if cycle is None:
        messages.error(request, _("Choose one of your cycles."))
        return redirect(row)
    try:
        place_credit(credit=row, cycle=cycle, at=timezone.now())
    except actions.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        words = {"title": row.detail.title, "period": _period_name(cycle)}
        messages.success(request, _("“%(title)s” counts in the cycle %(period)s.") % words)
    return redirect(row)


@member
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_credit(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an own entry back: asks why, and both rows stay in the ledger."""
    row = _mine(person_of(request), pk)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.reverse_credit(
                credit=row, reason=form.cleaned_data["reason"], by=person_of(request), at=timezone.now()
            )
        except actions.Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(title)s” is withdrawn.") % {"title": row.detail.title})
            if "again" in request.POST:
                return redirect(f"{reverse('credentials:add_credit')}?again={row.pk}")
            return redirect(row)
    status = 422 if form.errors else 200
    return render(request, "credentials/withdraw.html", {"form": form, "credit": row}, status=status)


# --- adding ------------------------------------------------------------------------------------------


@takes_evidence
@member
@require_http_methods(["GET", "HEAD", "POST"])
def add_credit(request: HttpRequest) -> HttpResponse:
    """Add an activity; before that, say where it would count and why.

    ``?cycle`` says which period it is for, ``?like`` and ``?again`` which own activity to begin with. A POST
    of ``check``, or one by htmx, writes nothing.
    """
    user, at = person_of(request), timezone.now()
    today = user.local(at).date()
    book, gate = book_of(user, today), gate_for(user, at=at)
    options: dict[str, Any] = {"bodies": book.parts(), "today": today}
    if request.method != "POST":
        initial = _initial(request, user, book)
        form = CreditForm(initial=initial, **options)
        return _add_page(request, form, book, gate)
    form = CreditForm(request.POST, request.FILES, **options)
    if request.htmx:  # type: ignore[attr-defined]  # HtmxMiddleware
        return render(request, "credentials/_preview.html", _previewed(form, book, gate))
    if "check" in request.POST:
        return _add_page(request, form, book, gate, _previewed(form, book, gate))
    file = accepted_from(form, request=request)
    if form.is_valid():
        try:
            row = actions.add_credit(user=user, by=user, at=at, **form.values())
        except actions.Refused as refusal:
            form.refuse(refusal)
        else:
            if file is not None:
                _keep(request, row, file, user)
            messages.success(request, _added(user, row, today))
            return redirect(row)
    return _add_page(request, form, book, gate, _previewed(form, book, gate), status=status_of(form))


def _add_page(
    request: HttpRequest,
    form: CreditForm,
    book: Book,
    gate: Gate,
    previewed: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "providers": sorted({row.detail.provider for of in book.cycles[:1] for row in of.credits} - {""}),
        "has_credentials": gate.first is not None,
        **(previewed or {}),
    }
    return render(request, "credentials/add_credit.html", context, status=status)


def _initial(request: HttpRequest, user: User, book: Book) -> dict[str, Any]:
    """What the form begins with, by the query of its address."""
    asked = {name: _number(request.GET.get(name)) for name in ("like", "again", "cycle")}
    initial: dict[str, Any] = {}
    if asked["cycle"] and (of := next((c for c in book.cycles if c.cycle.pk == asked["cycle"]), None)):
        initial["completed_on"] = min(book.on, of.cycle.due_on)
    if number := asked["again"] or asked["like"]:
        row = Credit.objects.owned_by(user).with_words().filter(pk=number, kind=Credit.Kind.AWARD).first()
        if row is not None:
            detail = row.detail
            initial |= {
                "title": detail.title,
                "provider": detail.provider,
                "minutes": row.minutes,
                "ceus": row.ceus.normalize() if row.is_stated else None,
                "activity": row.activity,
                "topics": row.topics,
            }
            if asked["again"]:
                initial |= {"completed_on": row.completed_on, "index_number": detail.index_number}
    return initial


def _number(text: str | None) -> int | None:
    """The number of a row that somebody asks for; ``None`` when it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def _previewed(form: CreditForm, book: Book, gate: Gate) -> dict[str, Any]:
    """What the form says so far, tried: a preview, or why there is none yet."""
    form.is_valid()
    typed = form.cleaned_data
    day = typed.get("completed_on")
    if day is None or (typed.get("minutes") is None and typed.get("ceus") is None):
        return {"is_waiting": True}
    try:
        ceus = gate.admit(day, typed.get("minutes"), typed.get("ceus"))
    except actions.Refused as refusal:
        return {"problem": str(refusal)}
    row = Credit(
        kind=Credit.Kind.AWARD,
        activity=typed.get("activity") or Credit.Activity.OTHER,
        topics=form.topics,
        completed_on=day,
        minutes=typed.get("minutes"),
        ceus=ceus,
        is_stated=typed.get("ceus") is not None,
        source=Credit.Source.SELF_REPORTED,
    )
    words = {name: typed.get(name, "") for name in ("title", "provider", "index_number")}
    row.detail = CreditDetail(**words)
    return {"preview": preview(book, row)}


def _keep(request: HttpRequest, row: Credit, file: Any, user: User) -> None:
    """Keep the file with the activity, which stays whatever becomes of the file."""
    try:
        actions.add_evidence(credit=row, file=file, by=user, at=timezone.now())
    except actions.Refused as refusal:
        messages.error(request, _("The file was not kept. %(why)s") % {"why": refusal})


def _added(user: User, row: Credit, today: date) -> str:
    """That the activity is in the ledger, and how the cycles stand that it counts in."""
    told = [_("“%(title)s” is in your ledger.") % {"title": row.detail.title}]
    for of in standings(user, today):
        if any(credit.pk == row.pk and verdict.ceus for credit, verdict in of.counting):
            told.append(_("%(names)s: %(sentence)s") % {"names": of.names, "sentence": of.sentence})
    return " ".join(told)
