"""The form of a file of activities."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.credentials.importing import (
    MAX_BYTES,
    MAX_COLUMNS,
    Column,
    DateOrder,
    Unreadable,
    UnreadableError,
    decode,
)

WHY_UNREADABLE: Mapping[Unreadable, Any] = {
    Unreadable.EMPTY: _("There is nothing in it."),
    Unreadable.TOO_LONG: _("It is longer than 1 MB. Cut it into several files."),
    Unreadable.TOO_MANY_ROWS: _("It has more than 500 lines. Cut it into several files."),
    Unreadable.TOO_MANY_COLUMNS: _("It has more than 40 columns. Leave only those that are needed."),
    Unreadable.WORKBOOK: _(
        "This is a workbook. Save the sheet as CSV, or copy its cells and paste them here."
    ),
    Unreadable.NOT_TEXT: _(
        "This is not a text file. Save the sheet as CSV, or copy its cells and paste them here."
    ),
    Unreadable.BROKEN: _("A cell does not end: look for a quotation mark that has no second one."),
}
COLUMN_NAMES: Mapping[Column, Any] = {
    Column.TITLE: _("What"),
    Column.DATE: _("Completed on"),
    Column.CEUS: _("CEUs"),
    Column.MINUTES: _("Minutes"),
    Column.HOURS: _("Hours"),
    Column.PROVIDER: _("Provider"),
    Column.INDEX_NUMBER: _("Index number"),
    Column.KIND: _("Kind of activity"),
    Column.PARTS: _("What it was about"),
}


class SheetForm(forms.Form):
    """A file or pasted cells; ``text`` is what is read."""

    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
        help_text=_("Up to 500 lines and 1 MB. Comma, semicolon or tab between the cells."),
        error_messages={"empty": WHY_UNREADABLE[Unreadable.EMPTY]},
    )
    text = forms.CharField(
        label=_("Or paste the cells here"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "mono", "spellcheck": "false"}),
        help_text=_("Copied from a spreadsheet, with the names of the columns in the first line."),
    )

    def clean(self) -> dict[str, Any]:
        """The text of the file goes before what was pasted."""
        cleaned = super().clean() or self.cleaned_data
        if (file := cleaned.get("file")) is not None:
            try:
                cleaned["text"] = decode(file.read(MAX_BYTES + 1))
            except UnreadableError as refusal:
                self.add_error("file", WHY_UNREADABLE[refusal.why])
        elif not self.errors and not cleaned.get("text", "").strip():
            self.add_error(None, _("Choose a file or paste the cells."))
        return cleaned


class ReadingForm(forms.Form):
    """How a file is to be read: the order of its dates, and what each column holds."""

    order = forms.ChoiceField(
        label=_("How the file writes 3/4"),
        required=False,
        choices=[
            (DateOrder.MONTH_FIRST, _("month first: 3/4 is March 4")),
            (DateOrder.DAY_FIRST, _("day first: 3/4 is April 3")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        holds = [("", _("nothing of it")), *COLUMN_NAMES.items()]
        for place in range(MAX_COLUMNS):
            self.fields[f"column-{place}"] = forms.ChoiceField(required=False, choices=holds)

    def chosen(self) -> tuple[DateOrder | None, dict[Column, int] | None]:
        """The order and the columns as chosen; ``None`` for what the file itself is to show."""
        self.is_valid()
        order = self.cleaned_data.get("order")
        mapping: dict[Column, int] = {}
        for place in range(MAX_COLUMNS):
            if holds := self.cleaned_data.get(f"column-{place}"):
                mapping.setdefault(Column(holds), place)
        is_mapped = "mapped" in self.data
        return DateOrder(order) if order else None, mapping if is_mapped else None
