"""Forms of credentials held. What an action refuses is shown beside the input that it names."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from courses.catalog.models import Body, Certification
from courses.credentials.actions.holding import CycleDates, Recorded
from courses.credentials.actions.refusals import RowRefused
from courses.credentials.forms.evidence import evidence_field
from courses.credentials.forms.fields import RefusableForm, date_field
from courses.credentials.models import CredentialHeld, Cycle
from courses.credentials.rules import Anchor, Need, Rule, Unit

#: Rows of an empty page, and as many as one page takes.
FIRST_ROWS, MOST_ROWS = 3, 12


class CertificationField(forms.ModelChoiceField):
    """Certifications under the body that grants them."""

    def grouped(self) -> list[tuple[str, Any]]:
        rows = self.queryset.select_related("body").order_by("body__short", "abbreviation")  # type: ignore[union-attr]  # set by the form
        return grouped_by_body(rows)


def grouped_by_body(rows: Iterable[Certification]) -> list[tuple[str, Any]]:
    """Choices of ``rows``, which stand in the order of their bodies."""
    groups: list[tuple[str, Any]] = [("", _("Choose one"))]
    for body, found in groupby(rows, key=lambda row: row.body.short):
        groups.append((body, [(row.pk, f"{row.abbreviation}: {row.name}") for row in found]))
    return groups


def month_field(**options: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(coerce=int, empty_value=None, required=False, **options)


def required_field() -> forms.DecimalField:
    return forms.DecimalField(
        label=_("CEUs asked for"),
        required=False,
        min_value=0,
        max_value=999,
        decimal_places=2,
        help_text=_("Only if the body told you another number than its rules."),
    )


def _day_after(last_on: date | None) -> date | None:
    """The first day after a cycle, as the actions take it."""
    return last_on + timedelta(days=1) if last_on else None


class CredentialForm(RefusableForm):
    """A credential and what fixes the dates of its cycle."""

    certification = CertificationField(label=_("Credential"), queryset=Certification.objects.none())
    number = forms.CharField(label=_("Number"), max_length=40, required=False)
    earned_on = date_field(_("Certified on"))
    status = forms.ChoiceField(
        label=_("Status"), choices=CredentialHeld.Status.choices, initial=CredentialHeld.Status.ACTIVE
    )
    renewal_month = month_field(
        label=_("Membership expires in"),
        choices=[("", _("not an AAPC credential")), *MONTHS.items()],
        help_text=_("AAPC: an odd month falls due in odd years, an even month in even years."),
    )
    last_on = date_field(
        _("Last day of the running cycle"),
        required=False,
        help_text=_(
            "As the body's site shows it. Leave it empty when the month or the day certified fixes it."
        ),
    )
    required = required_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["certification"]
        assert isinstance(field, CertificationField)
        field.queryset = Certification.objects.all()
        field.choices = field.grouped()

    def values(self) -> dict[str, Any]:
        """What ``record_credential`` takes: the first day after the cycle instead of its last."""
        values = dict(self.cleaned_data)
        return values | {"ends_on": _day_after(values.pop("last_on"))}


# --- several at once -------------------------------------------------------------------------------------
class RowForm(RefusableForm):
    """One credential of several; left as it is, it is no row."""

    certification = forms.TypedChoiceField(label=_("Which one"))
    earned_on = date_field(_("Certified on"))
    number = forms.CharField(label=_("Number"), max_length=40, required=False)
    status = forms.ChoiceField(
        label=_("Status"), choices=CredentialHeld.Status.choices, initial=CredentialHeld.Status.ACTIVE
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        known: Mapping[int, Certification],
        choices: Sequence[Any],
        prefix: str,
        initial: dict[str, Any],
    ) -> None:
        super().__init__(
            data, prefix=prefix, initial=initial, empty_permitted=True, use_required_attribute=False
        )
        field = self.fields["certification"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = choices
        field.coerce = lambda pk: known[int(pk)]

    @property
    def is_row(self) -> bool:
        """Whether something was entered."""
        return self.has_changed()

    def recorded(self) -> Recorded:
        return Recorded(**self.cleaned_data)


class BodyForm(RefusableForm):
    """What a person says once about the running cycle of a body, as far as its rules do not fix it."""

    renewal_month = month_field(
        label=_("Membership expires in"),
        choices=[("", _("Choose the month")), *MONTHS.items()],
        help_text=_(
            "The year follows: an odd month falls due in odd years, an even month in even years. A first "
            "cycle begins on the day you were certified."
        ),
    )
    last_on = date_field(_("Last day of the running cycle"), required=False)
    required = required_field()

    def __init__(
        self, data: Mapping[str, Any] | None, *, body: Body, rule: Rule | None, initial: dict[str, Any]
    ) -> None:
        super().__init__(data, prefix=f"body-{body.key}", initial=initial)
        self.body, self.rule = body, rule
        for asked in self.fields.values():
            asked.is_needed_by_some = True  # type: ignore[attr-defined]  # not “optional”: its body decides
        anchor = rule.anchor if rule else Anchor.UNKNOWN
        if anchor is Anchor.RENEWAL_MONTH:
            del self.fields["last_on"], self.fields["required"]
            return
        del self.fields["renewal_month"]
        if anchor is Anchor.PASS_DATE:
            del self.fields["required"]
            self.fields["last_on"].help_text = _(
                "Copy it from your account there. Left empty, cycles are counted from the day of your first "
                "credential, which is right as long as you hold one."
            )
        else:
            self.fields["last_on"].help_text = _("As the body's site shows it: its rules do not say.")
            if rule is not None and (rule.required.by_count or rule.required.base):
                del self.fields["required"]
            else:
                self.fields["required"].help_text = _("As the body told you: its rules were not found.")

    @property
    def is_main(self) -> bool:
        """Whether the page shows it at once: the bodies that most coders are with."""
        return self.rule is not None and self.rule.anchor is not Anchor.UNKNOWN

    @property
    def lacks_month(self) -> bool:
        return (
            "renewal_month" in self.fields
            and self.cleaned_data.get("renewal_month") is None
            and not self.errors
        )

    def dates(self) -> CycleDates:
        cleaned = self.cleaned_data
        return CycleDates(
            renewal_month=cleaned.get("renewal_month"),
            ends_on=_day_after(cleaned.get("last_on")),
            required=cleaned.get("required"),
        )


class StartForm:
    """Several credentials and, once for each body, what fixes its cycle.

    ``bodies`` are those with credentials to choose, with the rules in force; ``running`` names by key those
    with a cycle that runs, which new credentials join.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        certifications: Sequence[Certification],
        bodies: Sequence[tuple[Body, Rule | None]],
        rows: int = FIRST_ROWS,
        typed: Mapping[str, Any] | None = None,
        running: Collection[int] = (),
    ) -> None:
        self.running = running
        known = {one.pk: one for one in certifications}
        choices = grouped_by_body(certifications)
        count = max(FIRST_ROWS, min(rows, MOST_ROWS))
        initial = typed or {}
        self.rows = [
            RowForm(
                data,
                prefix=f"row-{number}",
                known=known,
                choices=choices,
                initial=_typed(initial, f"row-{number}", RowForm.base_fields),
            )
            for number in range(count)
        ]
        self.bodies = [
            BodyForm(
                data,
                body=body,
                rule=rule,
                initial=_typed(initial, f"body-{body.key}", BodyForm.base_fields),
            )
            for body, rule in bodies
        ]
        #: What belongs to no single input.
        self.problem = ""

    @property
    def forms(self) -> list[RefusableForm]:
        return [*self.rows, *self.bodies]

    @property
    def is_valid(self) -> bool:
        is_valid = not [form for form in self.forms if not form.is_valid()]  # every error is shown
        if not is_valid:
            self._ask_months()
        elif not any(row.is_row for row in self.rows):
            self.problem = _now("Choose at least one credential.")
        return is_valid and not self.problem

    def _ask_months(self) -> None:
        """Say with everything else that is wrong that a month is missing, not only once that is mended."""
        chosen = {
            row.cleaned_data["certification"].body_id
            for row in self.filled
            if row.cleaned_data.get("certification") and row.cleaned_data.get("status") in CredentialHeld.KEPT
        }
        for form in self.bodies:
            if form.body.pk in chosen and form.body.pk not in self.running and form.lacks_month:
                form.add_error("renewal_month", _now("Choose the month in which your membership expires."))

    @property
    def is_wrong_elsewhere(self) -> bool:
        """Whether an error stands with one of the bodies that the page folds away."""
        return any(form.errors for form in self.bodies if not form.is_main)

    @property
    def has_errors(self) -> bool:
        return bool(self.problem) or any(form.errors for form in self.forms)

    @property
    def filled(self) -> list[RowForm]:
        return [row for row in self.rows if row.is_row]

    def recorded(self) -> list[Recorded]:
        return [row.recorded() for row in self.filled]

    def dates(self) -> dict[int, CycleDates]:
        return {form.body.pk: form.dates() for form in self.bodies}

    def refuse(self, refusal: RowRefused) -> None:
        """Put a refusal beside the input of its row, or of the row's body."""
        row = self.filled[refusal.row]
        body = row.cleaned_data["certification"].body_id
        of_body = next((form for form in self.bodies if form.body.pk == body), None)
        if refusal.field not in row.fields and of_body is not None and refusal.field in of_body.fields:
            of_body.refuse(refusal.why)
        else:
            row.refuse(refusal.why)


def _typed(data: Mapping[str, Any], prefix: str, names: Iterable[str]) -> dict[str, Any]:
    """What was typed, as the first values of a form that does not complain yet."""
    return {name: data[f"{prefix}-{name}"] for name in names if f"{prefix}-{name}" in data}


# --- corrections -----------------------------------------------------------------------------------------
class EditForm(RefusableForm):
    """Corrections of a credential; the dates are asked when it asks for CEUs again and no cycle runs."""

    number = forms.CharField(label=_("Number"), max_length=40, required=False)
    earned_on = date_field(_("Certified on"))
    status = forms.ChoiceField(label=_("Status"), choices=CredentialHeld.Status.choices)
    renewal_month = month_field(
        label=_("Membership expires in"), choices=[("", _("Choose the month")), *MONTHS.items()]
    )
    last_on = date_field(_("Last day of the running cycle"), required=False)
    required = required_field()
    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        required=False,
        help_text=_("Needed when you give a credential up or correct the day certified."),
    )

    def __init__(
        self, *args: Any, held: CredentialHeld, asks_dates: bool, anchor: str, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {
            "number": held.number,
            "earned_on": held.earned_on,
            "status": held.status,
        }
        super().__init__(*args, **kwargs)
        if not asks_dates or anchor != Anchor.RENEWAL_MONTH:
            del self.fields["renewal_month"]
        if not asks_dates or anchor == Anchor.RENEWAL_MONTH:
            del self.fields["last_on"]
        if not asks_dates:
            del self.fields["required"]
        for name in {"renewal_month", "last_on"} & set(self.fields):
            self.fields[name].help_text = _(
                "No cycle of this body is running: it is opened from this when the credential is kept."
            )

    def values(self) -> dict[str, Any]:
        """What ``change_credential`` takes."""
        cleaned = self.cleaned_data
        return {
            "number": cleaned["number"],
            "earned_on": cleaned["earned_on"],
            "status": cleaned["status"],
            "reason": cleaned["reason"],
            "dates": CycleDates(
                renewal_month=cleaned.get("renewal_month"),
                ends_on=_day_after(cleaned.get("last_on")),
                required=cleaned.get("required"),
            ),
        }


class CycleForm(RefusableForm):
    """Corrections of a cycle's days and of what the body asks."""

    starts_on = date_field(_("First day"))
    last_on = date_field(_("Last day"))
    required = required_field()
    reason = forms.CharField(label=_("Why"), max_length=300, required=False)

    def __init__(self, *args: Any, cycle: Cycle, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "starts_on": cycle.starts_on,
            "last_on": cycle.due_on,
            "required": cycle.required_override,
        }
        super().__init__(*args, **kwargs)

    def values(self) -> dict[str, Any]:
        """What ``change_cycle`` takes."""
        cleaned = dict(self.cleaned_data)
        return cleaned | {"ends_on": _day_after(cleaned.pop("last_on"))}


class RenewalMonthForm(RefusableForm):
    """Another month in which membership expires; both days of the cycle follow."""

    renewal_month = forms.TypedChoiceField(label=_("Membership expires in"), coerce=int)

    def __init__(self, *args: Any, cycle: Cycle, **kwargs: Any) -> None:
        kwargs["initial"] = {"renewal_month": cycle.due_on.month}
        super().__init__(*args, **kwargs)
        field = self.fields["renewal_month"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = list(MONTHS.items())


class ExtensionForm(RefusableForm):
    """The last day that the body gave instead of the cycle's own."""

    extended_until = date_field(
        _("New last day"), required=False, help_text=_("Empty: the body gave no more time.")
    )

    def __init__(self, *args: Any, cycle: Cycle, **kwargs: Any) -> None:
        kwargs["initial"] = {"extended_until": cycle.extended_until}
        super().__init__(*args, **kwargs)


class ReportedForm(RefusableForm):
    """The day on which the CEUs were reported to the body."""

    submitted_on = date_field(_("Reported on"), required=False)


# --- apprentices -----------------------------------------------------------------------------------------
class ProofForm(RefusableForm):
    """Work, a course or cases towards losing the apprentice mark; its inputs are those of the need's unit."""

    text = forms.CharField(label=_("What"), max_length=200)
    starts_on = date_field(_("First day"))
    ends_on = date_field(_("Last day"), required=False, help_text=_("Empty: you still work there."))
    amount = forms.DecimalField(label=_("How many"), min_value=0, max_value=99_999, decimal_places=2)

    file = evidence_field()

    def __init__(self, data: Any = None, files: Any = None, *, need: Need) -> None:
        super().__init__(data, files, prefix=need.key)
        self.need = need
        text, amount = self.fields["text"], self.fields["amount"]
        if need.unit is not Unit.MONTHS:
            del self.fields["starts_on"], self.fields["ends_on"]
        match need.unit:
            case Unit.MONTHS:
                text.label = _("Employer and position")
                del self.fields["amount"]
            case Unit.HOURS:
                text.label, amount.label = _("Course and provider"), _("Contact hours")
            case Unit.CASES:
                text.label, amount.label = _("Where"), _("Cases")
            case _other:
                del self.fields["amount"]


class MarkRemovedForm(RefusableForm):
    """The day on which the body took the apprentice mark away."""

    removed_on = date_field(_("The body removed my apprentice mark on"))
