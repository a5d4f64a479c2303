"""What a person wants to get, and when; and what they want to see of what went."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.reminders.actions.preferences import Limits
from courses.reminders.kinds import Group, Kind
from courses.reminders.models import Channel, Reminder, ReminderSettings
from courses.reminders.models.people import MOST_A_DAY
from courses.reminders.queries.people import Choice
from courses.reminders.timing import SATURDAY, Hours

ONE_DAY = timedelta(days=1)
#: The longest pause: after it somebody would wonder why nothing ever comes.
LONGEST_PAUSE = timedelta(days=366)
_HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


class Switch(NamedTuple):
    """A button that turns everything of a group by one channel on or off."""

    value: str
    channel: Channel
    turns_on: bool


@dataclass(frozen=True)
class Row:
    """A kind with its ticks."""

    kind: Kind
    fields: Sequence[tuple[Channel, BoundField]]
    next_at: datetime | None

    @property
    def is_on(self) -> bool:
        return any(field.value() for _channel, field in self.fields)


@dataclass(frozen=True)
class GroupShown:
    """A heading with its kinds."""

    group: Group
    rows: Sequence[Row]
    switches: Sequence[Switch]


class PreferencesForm(forms.Form):
    """One tick for each kind and channel, the person's hours, and a pause.

    A button named ``all`` saves the form with everything of a group by one channel turned on or off, so that
    it works without a script.
    """

    hour = forms.TypedChoiceField(
        label=gettext_lazy("Send at"),
        coerce=int,
        choices=_HOURS,
        help_text=gettext_lazy("What comes on a day comes at this hour, all of it in one mail where it can."),
    )
    quiet_from = forms.TypedChoiceField(label=gettext_lazy("Never from"), coerce=int, choices=_HOURS)
    quiet_until = forms.TypedChoiceField(
        label=gettext_lazy("Until"),
        coerce=int,
        choices=_HOURS,
        help_text=gettext_lazy("The same hour twice means no quiet hours."),
    )
    weekends = forms.BooleanField(label=gettext_lazy("Also on Saturdays and Sundays"), required=False)
    most_a_day = forms.TypedChoiceField(
        label=gettext_lazy("Mails a day at most"),
        coerce=int,
        choices=[(number, str(number)) for number in range(1, MOST_A_DAY + 1)],
        help_text=gettext_lazy(
            "A deadline within two days and an answer to you are not counted. What does not fit goes with "
            "the mail of the next day."
        ),
    )
    digest_day = forms.TypedChoiceField(
        label=gettext_lazy("Weekly overview on"), coerce=int, choices=ReminderSettings.Weekday.choices
    )
    digest_hour = forms.TypedChoiceField(label=gettext_lazy("Weekly overview at"), coerce=int, choices=_HOURS)
    paused_until = forms.DateField(
        label=gettext_lazy("No mail until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy(
            "The first day on which mail comes again. Until then nothing goes, urgent ones neither; what is "
            "still true goes on that day. Your inbox here goes on."
        ),
    )

    def __init__(
        self, data: QueryDict | None = None, *, kinds: Sequence[Kind], today: date, **options: Any
    ) -> None:
        self.kinds, self.today = kinds, today
        self.switched = self._switched(data)
        if data is not None and self.switched is not None:
            data = data.copy()
            group, channel, is_on = self.switched
            for kind in kinds:
                if kind.group == group:
                    data.pop(self.name_of(Choice(kind.key, channel)), None)
                    if is_on:
                        data[self.name_of(Choice(kind.key, channel))] = "on"
        super().__init__(data, **options)
        for choice, label in self._choices():
            self.fields[self.name_of(choice)] = forms.BooleanField(label=str(label), required=False)
        # a date that is over is no pause, and the picker offers none
        self.fields["paused_until"].widget.attrs |= {
            "min": (today + ONE_DAY).isoformat(),
            "max": (today + LONGEST_PAUSE).isoformat(),
        }

    @staticmethod
    def name_of(choice: Choice) -> str:
        return f"on_{choice.kind}_{choice.channel}"

    @classmethod
    def initial_of(
        cls, settings: ReminderSettings, wishes: Mapping[Choice, bool], today: date
    ) -> dict[str, Any]:
        """What the form shows before anybody changed it; a pause that is over is none."""
        names = [*asdict(Hours()), *asdict(Limits())]
        initial = {name: getattr(settings, name) for name in names}
        if settings.paused_until is not None and settings.paused_until <= today:
            initial["paused_until"] = None
        return initial | {cls.name_of(choice): is_on for choice, is_on in wishes.items()}

    def _choices(self) -> list[tuple[Choice, str | Promise]]:
        return [(Choice(kind.key, channel.value), kind.label) for kind in self.kinds for channel in Channel]

    @staticmethod
    def _switched(data: QueryDict | None) -> tuple[Group, Channel, bool] | None:
        """The group, channel and direction of the button that was pressed, if it was one of those."""
        try:
            group, channel, direction = (data.get("all", "") if data else "").split(":")
            return Group(group), Channel(channel), direction == "on"
        except ValueError:
            return None

    def groups(self, coming: Mapping[str, datetime]) -> list[GroupShown]:
        """The kinds under their headings, each with its next moment."""
        shown = []
        for group in Group:
            rows = [
                Row(
                    kind,
                    [(one, self[self.name_of(Choice(kind.key, one.value))]) for one in Channel],
                    coming.get(kind.key),
                )
                for kind in self.kinds
                if kind.group == group
            ]
            if rows:
                shown.append(GroupShown(group, rows, list(self._switches(group, rows))))
        return shown

    def _switches(self, group: Group, rows: Sequence[Row]) -> list[Switch]:
        switches = []
        for position, channel in enumerate(Channel):
            turns_on = not any(row.fields[position][1].value() for row in rows)
            direction = "on" if turns_on else "off"
            switches.append(Switch(f"{group.value}:{channel.value}:{direction}", channel, turns_on))
        return switches

    @property
    def when_fields(self) -> list[BoundField]:
        return [self[name] for name in ("hour", "quiet_from", "quiet_until")]

    @property
    def much_fields(self) -> list[BoundField]:
        return [self[name] for name in ("weekends", "most_a_day")]

    @property
    def digest_fields(self) -> list[BoundField]:
        return [self[name] for name in ("digest_day", "digest_hour")]

    def clean_paused_until(self) -> date | None:
        until: date | None = self.cleaned_data["paused_until"]
        if until is not None and until <= self.today:
            raise forms.ValidationError(_("Choose a day after today, or leave it empty."))
        if until is not None and until > self.today + LONGEST_PAUSE:
            raise forms.ValidationError(
                _("Choose a day within a year; turn kinds off to hear nothing for longer.")
            )
        return until

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not {"hour", "quiet_from", "quiet_until"} <= cleaned.keys():
            return cleaned
        hours = self.hours  # a field with an error is no longer among the cleaned
        for name in ("hour", "digest_hour"):
            if name in cleaned and hours.are_quiet(cleaned[name]):
                self.add_error(name, _("This hour is in your quiet hours: choose another, or change those."))
        if not cleaned.get("weekends") and cleaned.get("digest_day", 0) >= SATURDAY:
            self.add_error(
                "digest_day", _("You take no mail on weekends: choose another day, or allow them.")
            )
        return cleaned

    @property
    def hours(self) -> Hours:
        cleaned = self.cleaned_data
        return Hours(
            cleaned["hour"], cleaned["quiet_from"], cleaned["quiet_until"], cleaned.get("weekends", False)
        )

    @property
    def limits(self) -> Limits:
        return Limits(**{name: self.cleaned_data[name] for name in asdict(Limits())})

    @property
    def is_on(self) -> dict[Choice, bool]:
        return {choice: self.cleaned_data[self.name_of(choice)] for choice, _label in self._choices()}


class HistoryFilter(forms.Form):
    """What of the history to show; what is not understood shows everything."""

    STATES: Mapping[str, tuple[str, ...]] = {
        "": (Reminder.State.SENT, Reminder.State.CANCELLED, Reminder.State.FAILED),
        "sent": (Reminder.State.SENT,),
        "not": (Reminder.State.CANCELLED, Reminder.State.FAILED),
        "waiting": (Reminder.State.PLANNED, Reminder.State.LEASED, Reminder.State.HELD),
    }

    state = forms.ChoiceField(
        label=gettext_lazy("What happened"),
        required=False,
        choices=[
            ("", gettext_lazy("Sent or not")),
            ("sent", gettext_lazy("Sent")),
            ("not", gettext_lazy("Not sent")),
            ("waiting", gettext_lazy("Waiting to go")),
        ],
    )
    kind = forms.ChoiceField(label=gettext_lazy("Reminder"), required=False)
    channel = forms.ChoiceField(
        label=gettext_lazy("Way"),
        required=False,
        choices=[("", gettext_lazy("Any way")), *Channel.choices],
    )

    def __init__(self, *args: Any, kinds: Sequence[Kind], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]  # a ChoiceField, made above
            ("", _("Any reminder")),
            *((kind.key, kind.label) for kind in kinds),
        ]

    def chosen(self) -> dict[str, str]:
        """Only what was chosen and is understood."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
