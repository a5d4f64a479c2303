"""The form of a question, made for its kind."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext_lazy as _

from courses.catalog.actions import CitationText
from courses.codesets.citing import CitationsField, cited
from courses.exams import editing, kinds
from courses.exams.actions import QuestionRefused, write_question_revision
from courses.exams.models import Domain, Question, QuestionRevision
from portal.lib.admin import RevisedForm

COMMON = (*("stem", "citations", "domain", "difficulty", "difficulty_reason", "exclusion_group", "edition"),)


class LinesField(CitationsField):
    """Citations with the line ends of the source whatever the browser sends."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class QuestionForm(RevisedForm):
    """What the next draft of a question says; ``form_for`` adds the fields of its kind."""

    refusals = (QuestionRefused,)
    refused_field = NON_FIELD_ERRORS
    how: kinds.Kind
    rows: int

    stem = editing.TextField(
        label=_("Question"),
        widget=forms.Textarea(attrs={"rows": 6, "class": "markdown-source"}),
        help_text=_("Markdown. Codes as [[E11.621]]; an exam shows them without their titles."),
    )
    citations = LinesField(
        label=_("Citations"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "One a line: guideline I.B.13, tabular E11.6, index Diabetes, type 2, or source 45 CFR 162.1002. "
            "A draft may lack them."
        ),
    )
    domain = forms.ModelChoiceField(label=_("Domain"), queryset=Domain.objects.all())
    difficulty = forms.IntegerField(label=_("Difficulty"), min_value=1, max_value=5)
    difficulty_reason = forms.CharField(label=_("Why this difficulty"), max_length=200)
    exclusion_group = forms.CharField(
        label=_("Exclusion group"),
        max_length=80,
        required=False,
        help_text=_("No exam holds two questions of one group: one would give the other away."),
    )
    edition = forms.CharField(label=_("Code edition"), max_length=40, required=False)

    class Meta:
        model = Question
        fields = ()

    def initial_text(self, newest: QuestionRevision, name: str) -> Any:
        if name == "citations":
            return "\n".join(f"{one.kind} {one.ref}" for one in newest.citations.all())
        if name in COMMON:
            common = {"stem": newest.stem_source.strip(), "domain": newest.domain_id}
            return common.get(name, getattr(newest, name, ""))
        if not hasattr(self, "_of_kind"):
            self._of_kind = editing.initial_of(self.how, newest.source)
        return self._of_kind.get(name, "")

    def write(self, *, by: Any, at: datetime) -> QuestionRevision:
        cleaned = self.cleaned_data
        return write_question_revision(
            question=self.instance,
            kind=self.how.key,
            domain=cleaned["domain"],
            difficulty=cleaned["difficulty"],
            difficulty_reason=cleaned["difficulty_reason"],
            stem=cleaned["stem"],
            source=editing.source_of(self.how, cleaned, self.rows),
            citations=[CitationText(*one) for one in cited(cleaned["citations"])],
            edition=cleaned["edition"],
            exclusion_group=cleaned["exclusion_group"],
            note=cleaned["note"],
            by=by,
            at=at,
        )


def form_for(how: kinds.Kind, rows: int) -> type[QuestionForm]:
    """The form of questions of a kind with so many rows."""
    fields = editing.fields_of(how, rows)
    text_fields = (*COMMON, *fields)
    return type(
        "QuestionForm", (QuestionForm,), {**fields, "how": how, "rows": rows, "text_fields": text_fields}
    )
