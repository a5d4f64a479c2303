"""One cycle: the whole arithmetic, the steps of renewal, more time, and that it was reported."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.requests import person_of
from courses.credentials.actions.changing import (
    change_cycle,
    extend_cycle,
    is_renewal_month,
    submit_cycle,
    tick_step,
)
from courses.credentials.actions.refusals import Refused
from courses.credentials.cycles import add_months, due_year, renewal_period
from courses.credentials.forms.fields import RefusableForm
from courses.credentials.forms.holding import CycleForm, ExtensionForm, RenewalMonthForm, ReportedForm
from courses.credentials.models import Credit, Cycle
from courses.credentials.queries.cards import Card, required_words, window_of
from courses.credentials.queries.history import changes_of_cycle
from courses.credentials.queries.papers import check_cycle
from courses.credentials.queries.standing import (
    CycleStanding,
    standing_for_cycle,
    verdict_text,
)
from courses.credentials.queries.terms import term_lines
from courses.credentials.standing import Verdict, claimable
from courses.credentials.views.scope import my_cycle
from portal.lib.access import member


@dataclass(frozen=True)
class Row:
    """An activity in the arithmetic of a cycle; ``total`` is what counts with all rows up to it."""

    credit: Credit
    verdict: Verdict
    text: str
    total: Decimal
    #: Its day may go to either of two cycles.
    is_either: bool


@dataclass(frozen=True)
class RenewalStep:
    """A step of renewal, ticked by the facts of the portal or, where it has a ``key``, by the person."""

    text: str
    is_done: bool
    key: str = ""
    confidence: str = ""
    done_on: date | None = None


@member
@require_safe
def cycle(request: HttpRequest, pk: int) -> HttpResponse:
    """The arithmetic of a cycle, row by row, and what is left to do for it."""
    return _page(request, my_cycle(request, pk))


@member
@require_http_methods(["GET", "HEAD", "POST"])
def edit_cycle(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct the days of a cycle, by the renewal month or one by one, and what the body asks."""
    of, at = my_cycle(request, pk), timezone.now()
    by_month = request.method == "POST" and "renewal_month" in request.POST and is_renewal_month(of)
    month = RenewalMonthForm(request.POST if by_month else None, cycle=of) if is_renewal_month(of) else None
    form = CycleForm(request.POST if request.method == "POST" and not by_month else None, cycle=of)
    used: RefusableForm = month if by_month and month is not None else form
    if request.method == "POST" and used.is_valid():
        try:
            if used is form:
                changed = change_cycle(cycle=of, by=person_of(request), at=at, **form.values())
            else:
                changed = _move_to_month(request, of, used.cleaned_data["renewal_month"])
        except Refused as refusal:
            used.refuse(refusal)
        else:
            messages.success(request, _("The cycle is corrected.") if changed else _("Nothing was changed."))
            return redirect("credentials:cycle", of.pk)
    context = {"cycle": of, "form": form, "month": month}
    return render(request, "credentials/edit_cycle.html", context, status=422 if used.errors else 200)


def _move_to_month(request: HttpRequest, of: Cycle, month: int) -> list[str]:
    """The cycle that ends with ``month`` nearest to the end it has now; a cut first day stays."""
    assert of.rule_set is not None
    rule = of.rule_set.rule()
    year = due_year(month, add_months(of.due_on.replace(day=1), -11), parity=rule.year_parity)
    period = renewal_period(month, year, months=rule.cycle_months, parity=rule.year_parity)
    was_cut = of.starts_on > add_months(of.ends_on, -rule.cycle_months)
    return change_cycle(
        cycle=of,
        starts_on=max(of.starts_on, period.starts_on) if was_cut else period.starts_on,
        ends_on=period.ends_on,
        required=of.required_override,
        by=person_of(request),
        at=timezone.now(),
    )


@member
@require_POST
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """The last day that the body gave; left empty it takes the extension back."""
    of = my_cycle(request, pk)
    form = ExtensionForm(request.POST, cycle=of)
    if form.is_valid():
        until = form.cleaned_data["extended_until"]
        try:
            extend_cycle(cycle=of, until=until, by=person_of(request), at=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, _("The new last day is saved.") if until else _("The cycle ends as it would.")
            )
            return redirect("credentials:cycle", of.pk)
    return _page(request, of, extension=form)


@member
@require_POST
def report_cycle(request: HttpRequest, pk: int) -> HttpResponse:
    """The day on which the CEUs were reported to the body; left empty it takes that back."""
    of = my_cycle(request, pk)
    form = ReportedForm(request.POST)
    if form.is_valid():
        on = form.cleaned_data["submitted_on"]
        try:
            submit_cycle(cycle=of, on=on, by=person_of(request), at=timezone.now())
        except Refused as refusal:
            form.refuse(refusal)
        else:
            body = {"body": of.body.short}
            text = _("Reported to %(body)s: saved.") if on else _("Not reported to %(body)s yet: saved.")
            messages.success(request, text % body)
            return redirect("credentials:cycle", of.pk)
    return _page(request, of, reported=form)


@member
@require_POST
def tick(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick a step of renewal, or take the tick back."""
    of = my_cycle(request, pk)
    is_done = "undo" not in request.POST
    try:
        tick_step(cycle=of, key=request.POST.get("key", "")[:60], is_done=is_done, at=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Ticked as done.") if is_done else _("The tick is taken back."))
    return redirect("credentials:cycle", of.pk)


def _page(
    request: HttpRequest,
    of: Cycle,
    *,
    extension: ExtensionForm | None = None,
    reported: ReportedForm | None = None,
) -> HttpResponse:
    at = timezone.now()
    today = of.user.local(at).date()
    one = standing_for_cycle(of, today)
    siblings = list(Cycle.objects.owned_by(of.user).filter(body=of.body).select_related("rule_set"))
    opens, closes = window_of(one)
    context = {
        "cycle": of,
        "card": Card(one, term_lines(of.rule_set) if of.rule_set else [], is_over=one.days_left < 0),
        "required": required_words(one),
        "rows": _rows(one, siblings),
        "steps": _steps(one, of),
        "checked": check_cycle(of, at),
        "opens": opens,
        "closes": closes,
        "today": today,
        "extension": extension or ExtensionForm(cycle=of),
        "reported": reported or ReportedForm(initial={"submitted_on": of.submitted_on or today}),
        "changes": changes_of_cycle(of),
    }
    bad = any(form is not None and form.errors for form in (extension, reported))
    return render(request, "credentials/cycle.html", context, status=422 if bad else 200)


def _rows(one: CycleStanding, siblings: list[Cycle]) -> list[Row]:
    """The activities by their days, each with the sum so far."""
    rows, total = [], Decimal(0)
    claims = [(of.rule_set.rule() if of.rule_set else None, of) for of in siblings]
    for credit, verdict in sorted(one.counting, key=lambda pair: (pair[0].completed_on, pair[0].pk)):
        total += verdict.ceus
        day = credit.completed_on
        either = [
            of for rule, of in claims if claimable(rule, of.period, day, extended_until=of.extended_until)
        ]
        rows.append(Row(credit, verdict, verdict_text(one, credit, verdict), total, len(either) > 1))
    return rows


def _steps(one: CycleStanding, of: Cycle) -> list[RenewalStep]:
    """Steps that the facts tick, then those of the rules that only the person knows of."""
    waits = Card(one, []).waiting
    steps = [
        RenewalStep(_("Collect all CEUs, in every part"), one.standing.is_met),
        RenewalStep(_("Every activity has its number and its certificate"), not waits and bool(one.counting)),
    ]
    ticked = {row.key: row.ticked_at for row in of.ticks.all()}
    for step in one.rule.checklist if one.rule else ():
        at = ticked.get(step.key)
        done_on = of.user.local(at).date() if at else None
        steps.append(RenewalStep(step.text, at is not None, step.key, step.confidence, done_on))
    steps.append(
        RenewalStep(
            _("Save the day on which you reported it, below"),
            of.submitted_on is not None,
            done_on=of.submitted_on,
        )
    )
    return steps
