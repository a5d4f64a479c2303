"""Where questions are shown, their stylesheet is loaded."""

from pathlib import Path

TEMPLATES = Path(__file__).parents[3] / "templates"
LOADS = "{% static 'portal/css/exam.css' %}"


def test_base_loads_the_look_of_questions_for_the_exams_room() -> None:
    base = (TEMPLATES / "base.html").read_text()
    assert (
        f'{{% if request.resolver_match.app_name == "exams" %}}<link rel="stylesheet" href="{LOADS}">' in base
    )


def test_pages_of_other_rooms_that_show_questions_load_their_look() -> None:
    pages = {path: path.read_text() for path in TEMPLATES.glob("*/*.html") if path.parent.name != "exams"}
    showing = {
        str(path.relative_to(TEMPLATES)): text
        for path, text in pages.items()
        if '{% include "exams/_' in text or 'class="question"' in text
    }
    assert "pages/lesson.html" in showing
    assert [name for name, text in showing.items() if LOADS not in text] == []
