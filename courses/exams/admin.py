"""Editing the question bank; attempts and answers are only read."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courses.catalog.actions import CitationText
from courses.codesets.citing import CitationsField, cited
from courses.exams.actions import QuestionRefused, write_question_revision
from courses.exams.models import (
    Attempt,
    Blueprint,
    BlueprintDomain,
    BlueprintSection,
    CheckpointAnswer,
    Domain,
    Question,
    QuestionRevision,
    Response,
    Score,
)
from portal.lib.admin import PackRowAdmin, ReadOnlyAdmin, RevisedAdmin, RevisedForm, RowsInline

_NUMBERS = range(1, 5)
_OPTION_FIELDS = tuple(f"{name}_{number}" for number in _NUMBERS for name in ("text", "rationale", "mistake"))


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "markdown-source"})


def _text(number: int) -> forms.CharField:
    return forms.CharField(label=_("Option %(number)d") % {"number": number}, widget=_area(2))


def _why(number: int) -> forms.CharField:
    label = _("Why option %(number)d is right or wrong") % {"number": number}
    return forms.CharField(label=label, widget=_area(2))


def _mistake(number: int) -> forms.CharField:
    label = _("The mistake option %(number)d shows") % {"number": number}
    return forms.CharField(label=label, max_length=120, required=False)


class QuestionForm(RevisedForm):
    """A question, its four options and its sources: what the next draft says."""

    text_fields = (
        *("stem", "correct", *_OPTION_FIELDS, "citations"),
        *("domain", "difficulty", "difficulty_reason", "exclusion_group", "edition"),
    )
    refusals = (QuestionRefused,)
    refused_field = "stem"

    stem = forms.CharField(
        label=_("Question"),
        widget=_area(6),
        help_text=_("Markdown. Codes as [[E11.621]]; an exam shows them without their titles."),
    )
    text_1, rationale_1, mistake_1 = _text(1), _why(1), _mistake(1)
    text_2, rationale_2, mistake_2 = _text(2), _why(2), _mistake(2)
    text_3, rationale_3, mistake_3 = _text(3), _why(3), _mistake(3)
    text_4, rationale_4, mistake_4 = _text(4), _why(4), _mistake(4)
    correct = forms.TypedChoiceField(
        label=_("Correct option"), coerce=int, choices=[(number, number) for number in _NUMBERS]
    )
    citations = CitationsField(
        label=_("Citations"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "One a line: guideline I.B.13, tabular E11.6, index Diabetes, type 2, or source 45 CFR 162.1002."
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
        fields = ("retired_at",)

    def initial_text(self, newest: QuestionRevision, name: str) -> Any:
        if name == "citations":
            return "\n".join(f"{one.kind} {one.ref}" for one in newest.citations.all())
        if name in {"correct", *_OPTION_FIELDS}:
            return self._initial_of_options(newest).get(name, "")
        return {"stem": newest.stem_source, "domain": newest.domain_id}.get(name, getattr(newest, name, ""))

    def _initial_of_options(self, newest: QuestionRevision) -> dict[str, Any]:
        if not hasattr(self, "_options"):
            self._options: dict[str, Any] = {}
            for position, choice in enumerate(newest.source.get("choices", []), start=1):
                self._options[f"text_{position}"] = choice["text"]
                self._options[f"rationale_{position}"] = choice["rationale"]
                self._options[f"mistake_{position}"] = choice.get("mistake", "")
                if choice.get("correct"):
                    self._options["correct"] = position
        return self._options

    def write(self, *, by: Any, at: datetime) -> QuestionRevision:
        cleaned = self.cleaned_data
        return write_question_revision(
            question=self.instance,
            kind="single",
            domain=cleaned["domain"],
            difficulty=cleaned["difficulty"],
            difficulty_reason=cleaned["difficulty_reason"],
            stem=cleaned["stem"],
            source={
                "choices": [
                    {
                        "text": cleaned[f"text_{number}"],
                        "rationale": cleaned[f"rationale_{number}"],
                        "correct": number == cleaned["correct"],
                        "mistake": cleaned[f"mistake_{number}"],
                    }
                    for number in _NUMBERS
                ]
            },
            citations=[CitationText(*one) for one in cited(cleaned["citations"])],
            edition=cleaned["edition"],
            exclusion_group=cleaned["exclusion_group"],
            note=cleaned["note"],
            by=by,
            at=at,
        )


@admin.register(Question)
class QuestionAdmin(RevisedAdmin):
    form = QuestionForm
    list_display = ("key", "newest_domain", "newest_difficulty", "state")
    list_filter = ("revisions__domain", ("retired_at", admin.EmptyFieldListFilter))
    search_fields = ("key", "revisions__stem_source")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        newest = QuestionRevision.objects.filter(question=OuterRef("pk")).order_by("-number")
        live = QuestionRevision.objects.published(timezone.now()).filter(question=OuterRef("pk"))
        questions: QuerySet[Question] = super().get_queryset(request)
        return questions.annotate(
            newest_number=Subquery(newest.values("number")[:1]),
            domain_title=Subquery(newest.values("domain__title")[:1]),
            difficulty=Subquery(newest.values("difficulty")[:1]),
            live_number=Subquery(live.order_by("-published_at", "-number").values("number")[:1]),
        )

    @admin.display(description=_("domain"), ordering="domain_title")
    def newest_domain(self, question: Any) -> str:
        return question.domain_title or "–"

    @admin.display(description=_("difficulty"), ordering="difficulty")
    def newest_difficulty(self, question: Any) -> str:
        return str(question.difficulty or "–")

    @admin.display(description=_("state"))
    def state(self, question: Any) -> str:
        """Which revision students see, and whether a draft waits beside it."""
        if question.retired_at:
            return gettext("retired")
        words = []
        if question.live_number:
            words.append(gettext("live %(number)d") % {"number": question.live_number})
        if question.newest_number != question.live_number and question.newest_number:
            words.append(gettext("draft %(number)d") % {"number": question.newest_number})
        return ", ".join(words) or gettext("empty")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        options = [
            (
                _("Option %(number)d") % {"number": number},
                {"fields": (f"text_{number}", f"rationale_{number}", f"mistake_{number}")},
            )
            for number in _NUMBERS
        ]
        about = (("domain", "difficulty"), "difficulty_reason", "exclusion_group", "edition", "note")
        return (
            (_("Place"), {"fields": ("key",) if obj is None else ("retired_at",)}),
            (_("Text of the next draft"), {"fields": ("stem",)}),
            *options,
            (_("Key and sources"), {"fields": ("correct", "citations")}),
            (_("About the question"), {"fields": about}),
        )


@admin.register(Domain)
class DomainAdmin(PackRowAdmin):
    list_display = ("title", "key")
    search_fields = ("title", "key")


class BlueprintDomainInline(RowsInline):
    model = BlueprintDomain


class BlueprintSectionInline(RowsInline):
    model = BlueprintSection
    show_change_link = True


@admin.register(Blueprint)
class BlueprintAdmin(PackRowAdmin):
    """An exam's outline. What is running or was sat keeps the outline it started with."""

    list_display = ("title", "key", "minutes", "pass_percent", "valid_from", "valid_until", "confidence")
    list_filter = ("confidence", "certification")
    search_fields = ("title", "key")
    inlines = (BlueprintSectionInline,)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("title", "user", "number", "state", "started_at", "submitted_at", "result")
    list_select_related = ("user",)
    list_prefetch_related = ("scores",)
    list_filter = ("state", "blueprint", "submitted_by_system")
    search_fields = ("user__email", "title")
    date_hierarchy = "started_at"

    @admin.display(description=_("result"))
    def result(self, attempt: Attempt) -> str:
        score = next((one for one in attempt.scores.all() if one.is_current), None)
        return "–" if score is None else format_html("{} ({} %)", score, score.percent)


@admin.register(Response)
class ResponseAdmin(ReadOnlyAdmin):
    """Every answer as it arrived, late ones too."""

    list_display = ("item", "person", "value", "seq", "client_id", "received_at", "late")
    list_select_related = ("item", "attempt__user")
    list_filter = ("late",)
    search_fields = ("attempt__user__email",)

    @admin.display(description=_("person"))
    def person(self, response: Response) -> str:
        return str(response.attempt.user)


@admin.register(Score)
class ScoreAdmin(ReadOnlyAdmin):
    list_display = ("attempt", "person", "correct", "total", "percent", "passed", "scored_at")
    list_select_related = ("attempt__user",)
    list_filter = ("passed", "attempt__blueprint")
    search_fields = ("attempt__user__email",)

    @admin.display(description=_("person"))
    def person(self, score: Score) -> str:
        return str(score.attempt.user)


@admin.register(CheckpointAnswer)
class CheckpointAnswerAdmin(ReadOnlyAdmin):
    list_display = ("user", "question_revision", "value", "is_correct", "answered_at")
    list_select_related = ("user", "question_revision")
    list_filter = ("is_correct",)
    search_fields = ("user__email", "question_revision__question__key")
