"""What a browser may send while an exam runs; what practice and a study plan are built of."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from courses.exams import kinds
from courses.exams.models import Attempt, Blueprint, PracticeSettings
from courses.exams.planning import MONDAY_TO_SATURDAY
from courses.exams.queries.sets import DIFFICULTIES, FEWEST, MOST, STATUSES, Choice

#: PostgreSQL's integer: ``Response.seq`` and positions.
_MAX = 2**31 - 1
#: More fields than the longest case set has.
_MOST_FIELDS = 400
#: Steps told at once, and seconds of one: a tab tells them twice a minute, after a night offline all at once.
_MOST_STEPS, _LONGEST_S = 500, 24 * 60 * 60


class _JsonField(forms.JSONField):
    """JSON that also refuses what Python gives up on: thousands of brackets in each other, or of digits."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except (RecursionError, ValueError) as beyond:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from beyond


def _is_fields(sent: Any) -> bool:
    return (
        isinstance(sent, dict)
        and len(sent) <= _MOST_FIELDS
        and all(
            isinstance(values, list)
            and len(values) <= _MOST_FIELDS
            and all(type(one) is str for one in values)
            for values in sent.values()
        )
    )


class AnswerForm(forms.Form):
    """An answer as JSON: ``answer`` holds the values of each field of the question's form, as lists of texts.

    ``client_id`` and ``seq`` are those of its tab; a plain form has neither and sends its fields as they are.
    """

    position = forms.IntegerField(min_value=1, max_value=_MAX)
    answer = _JsonField(required=False)
    client_id = forms.RegexField(r"^[0-9a-f]{16,32}$", required=False)
    seq = forms.IntegerField(min_value=1, max_value=_MAX, required=False)

    def clean_answer(self) -> dict[str, list[str]] | None:
        sent = self.cleaned_data["answer"]
        if sent is not None and not _is_fields(sent):
            raise forms.ValidationError("an object of lists of texts")
        return sent  # type: ignore[no-any-return]  # checked above

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if (cleaned.get("seq") is None) != (not cleaned.get("client_id")):
            raise forms.ValidationError("client_id and seq come together")
        return cleaned


class MarkForm(forms.Form):
    """What a person notes on a question beside its answer."""

    position = forms.IntegerField(min_value=1, max_value=_MAX)
    # its own widget takes the value for the key of a dict, which a list cannot be
    flagged = forms.NullBooleanField(required=False, widget=forms.TextInput)
    struck = _JsonField(required=False)
    highlights = _JsonField(required=False)
    note = forms.CharField(max_length=2000, required=False)

    def clean_struck(self) -> list[int] | None:
        struck = self.cleaned_data["struck"]
        if struck is not None and not (isinstance(struck, list) and all(type(one) is int for one in struck)):
            raise forms.ValidationError("a list of ids")
        return struck

    def clean_highlights(self) -> list[list[int]] | None:
        sent = self.cleaned_data["highlights"]
        if sent is not None and not (
            isinstance(sent, list)
            and len(sent) <= 200
            and all(
                isinstance(one, list)
                and len(one) == 2
                and all(type(end) is int and 0 <= end <= _MAX for end in one)
                for one in sent
            )
        ):
            raise forms.ValidationError("a list of pairs")
        return sent

    def clean_note(self) -> str | None:
        # half of a character, as a broken browser sends it, is nothing that a database can keep
        note: str = self.cleaned_data["note"].encode(errors="replace").decode()
        return note if "note" in self.data else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if all(cleaned.get(name) is None for name in ("flagged", "struck", "highlights", "note")):
            raise forms.ValidationError("nothing to save")
        return cleaned


def _is_step(sent: Any) -> bool:
    return (
        isinstance(sent, dict)
        and type(sent.get("seq")) is int
        and 1 <= sent["seq"] <= _MAX
        and type(sent.get("position")) is int
        and 1 <= sent["position"] <= _MAX
        and type(sent.get("seconds")) is int
        and 1 <= sent["seconds"] <= _LONGEST_S
    )


class TraceForm(forms.Form):
    """For how many seconds questions were open, as a tab counted: ``{seq, position, seconds}`` each."""

    client_id = forms.RegexField(r"^[0-9a-f]{16,32}$")
    steps = _JsonField()

    def clean_steps(self) -> list[dict[str, int]]:
        sent = self.cleaned_data["steps"]
        if not isinstance(sent, list) or len(sent) > _MOST_STEPS or not all(map(_is_step, sent)):
            raise forms.ValidationError("a list of steps")
        return sent


class LookupForm(forms.Form):
    """What somebody looks up while an exam runs: words, or a code that was found."""

    q = forms.CharField(max_length=200, required=False)
    code = forms.RegexField(r"^[a-z0-9]{1,10} \S{1,20}$", required=False)
    position = forms.IntegerField(min_value=1, max_value=_MAX, required=False)


#: A date further away than this is a slip of the pen.
_LONGEST_PLAN = timedelta(days=730)


class _ExamField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Blueprint) -> str:
        return f"{obj.certification}: {obj.title}"


class PlanForm(forms.Form):
    """For which exam, until when and how much time a week somebody studies."""

    exam = _ExamField(label=_("Exam"), queryset=Blueprint.objects.none(), empty_label=_("Choose an exam"))
    exam_on = forms.DateField(
        label=_("Exam date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Your best guess will do: change it whenever you know better."),
    )
    hours_per_week = forms.DecimalField(
        label=_("Hours a week"),
        min_value=1,
        max_value=60,
        max_digits=4,
        decimal_places=1,
        initial=5,
        widget=forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal"}),
        help_text=_("What you can really give, not what you wish for. They are spread over your days."),
    )
    study_days = forms.TypedMultipleChoiceField(
        label=_("Days on which you study"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        initial=sorted(MONDAY_TO_SATURDAY),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose one day at least.")},
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        """``today`` is the person's: the exam lies ahead of it."""
        super().__init__(*args, **kwargs)
        self.today = today
        exams = Blueprint.objects.valid_on(today).filter(certification__isnull=False)
        field = self.fields["exam"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = exams.select_related("certification").order_by(
            "certification__abbreviation", "title", "-valid_from"
        )

    def clean_exam_on(self) -> date:
        day: date = self.cleaned_data["exam_on"]
        if day <= self.today:
            raise forms.ValidationError(_("The exam date must lie ahead: choose tomorrow or later."))
        if day > self.today + _LONGEST_PLAN:
            raise forms.ValidationError(_("A plan spans two years at most: choose an earlier date."))
        return day


# --- practice ----------------------------------------------------------------------------------------------
class SetForm(forms.Form):
    """How a set is built. In each group of boxes none ticked means all of them."""

    domain = forms.TypedMultipleChoiceField(required=False, coerce=str)
    status = forms.ChoiceField(choices=[(one, one) for one in STATUSES], required=False)
    difficulty = forms.TypedMultipleChoiceField(
        choices=[(one, one) for one in DIFFICULTIES], coerce=int, required=False
    )
    kind = forms.MultipleChoiceField(required=False)
    count = forms.IntegerField(
        label=_("Questions"), min_value=FEWEST, max_value=MOST, initial=20, required=False
    )
    mode = forms.ChoiceField(choices=Attempt.Mode.choices, required=False)
    of_attempt = forms.IntegerField(min_value=1, max_value=_MAX, required=False)

    def __init__(self, *args: Any, domains: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, values in (("domain", domains), ("kind", list(kinds.registered()))):
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = [(one, one) for one in values]

    def choice(self) -> Choice:
        """What was chosen; what is missing or not valid falls back to the widest."""
        kept = self.cleaned_data
        return Choice.from_json(
            {
                "domains": kept.get("domain") or [],
                "status": kept.get("status"),
                "difficulties": kept.get("difficulty") or [],
                "kinds": kept.get("kind") or [],
                "count": kept.get("count") or 20,
                "mode": kept.get("mode"),
                "of_attempt": kept.get("of_attempt"),
            }
        )


class PracticeSettingsForm(forms.ModelForm):
    """How a person wants to practise."""

    easy_days = forms.TypedMultipleChoiceField(
        label=_("Easy days"),
        help_text=_("On these days half as many cards come."),
        choices=[(number, name) for number, name in WEEKDAYS.items()],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = PracticeSettings
        fields = ("has_reviews", "daily_cap", "easy_days", "has_streak")
        labels = {
            "has_reviews": _("Bring back what I missed in a daily review"),
            "daily_cap": _("Cards a day at most"),
            "has_streak": _("Count my days in a row"),
        }
        help_texts = {
            "has_reviews": _("Off: no new cards are made, and none are shown. Those you have are kept."),
            "daily_cap": _("1 to 200. What is due beyond that waits for the next days."),
            "has_streak": _("A day counts when you finish an attempt, a review or a lesson."),
        }
