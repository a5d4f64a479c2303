"""Tags and components: what they promise to every page."""

from datetime import timedelta

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from portal.lib.templatetags.crosswalk import icon, percent, span


def draw(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def test_icon_without_label_is_decorative() -> None:
    assert 'aria-hidden="true"' in icon("flag") and 'class="icon"' in icon("flag")


def test_icon_with_label_is_a_named_image() -> None:
    drawn = icon("flag", 'a "flag"')
    assert 'role="img"' in drawn and "a &quot;flag&quot;" in drawn and "aria-hidden" not in drawn


@pytest.mark.parametrize(
    ("value", "maximum", "shown"),
    [
        (0, 36, 0),
        (18, 36, 50),
        (35.9, 36, 99),
        (36, 36, 100),
        (40, 36, 100),
        (0, 0, 100),
        (-1, 5, 0),
        (None, 5, 0),
    ],
)
def test_percent_is_whole_and_says_hundred_only_when_reached(
    value: object, maximum: object, shown: int
) -> None:
    assert percent(value, maximum) == shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        *((-5, "0 s"), (0.4, "0 s"), (59, "59 s"), (60, "1 min"), (150, "2 min"), (3600, "1 h")),
        *((7500, "2 h 5 min"), (86_400, "1 d"), (90_061, "1 d 1 h")),
    ],
)
def test_span_is_short(seconds: float, said: str) -> None:
    assert span(timedelta(seconds=seconds)) == said


def test_capture_of_space_is_empty() -> None:
    assert draw("{% capture part %}  {% endcapture %}{% if part %}yes{% else %}no{% endif %}") == "no"


def test_capture_escapes_what_it_holds() -> None:
    drawn = draw("{% capture part %}{{ text }}{% endcapture %}{{ part }}", text="<b>")
    assert drawn == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("cookie", "forced"), [("dark", "dark"), ("light", "light"), ('"><script>', ""), ("", "")]
)
def test_theme_is_one_of_two_or_nothing(cookie: str, forced: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = cookie
    assert draw("{% theme %}", request=request) == forced


class NameForm(forms.Form):
    name = forms.CharField(help_text="As on the certificate.")
    goal = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect, required=False)
    terms = forms.BooleanField()


def test_form_ties_help_and_errors_to_the_field() -> None:
    drawn = render_to_string("components/form.html", {"form": NameForm({})})

    assert 'aria-describedby="id_name_helptext id_name_error"' in drawn
    assert 'id="id_name_helptext"' in drawn and 'id="id_name_error"' in drawn
    assert '<a href="#id_name">' in drawn and "<fieldset" in drawn and 'aria-invalid="true"' in drawn


def test_state_has_a_word_of_its_own() -> None:
    assert "Short" in render_to_string("components/state.html", {"state": "short"})


def test_meter_says_the_numbers_in_text() -> None:
    drawn = render_to_string("components/meter.html", {"value": 4, "max": 6, "label": "Lessons"})
    assert "4 of 6" in drawn and 'width="67"' in drawn and "style=" not in drawn
