"""Every page that a person of each role can reach by links: no broken link, console error, axe violation or
sideways scrolling at 320 px. One page of each view is looked at in full, the rest are only fetched."""

import re
from urllib.parse import urldefrag, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

#: Answers that are no page.
NOT_PAGES = re.compile(r"/(raw|html)/$|^/jsi18n|/static/|^/admin/jsi18n")
#: Answers to save: fetched, not looked at.
FILES = re.compile(r"\.(pdf|csv|jwt|ics)$|/download/$|/(evidence|proofs)/\d+/(file/)?$|^/badges/")
#: Views of credentials that a role must come to by links alone.
CREDENTIALS = {
    "stranger": "check_form rules rule_set",
    "student": "check_form rules rule_set credentials start record certificates",
    "coder": """check_form check rules rule_set credentials record credential edit cycle edit_cycle
        activities add_credit credit import_credits what_if transcript packets certificates""",
    "editor": "check_form rules rule_set",
}


def links_of(page: Page, base: str) -> set[str]:
    found = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    local = {urldefrag(link).url for link in found if link.startswith(base)}
    return {link.removeprefix(base) for link in local if not NOT_PAGES.search(urlsplit(link).path)}


def view_of(path: str) -> str:
    """The view that answers: /codes/icd10cm/E11.9/ and /codes/icd10cm/I10/ are one."""
    try:
        match = resolve(urlsplit(path).path)
    except Resolver404:
        return path
    return str(match.view_name)


@pytest.mark.parametrize("role", ["stranger", "student", "coder", "editor"])
def test_every_page_reached_by_links(visit: Visit, role: str) -> None:
    start = {"/"}
    if role != "stranger":
        sign_in(visit, role)
        start |= {"/today/", "/account/profile/", "/account/2fa/", "/account/sessions/", "/account/email/"}
    if role == "editor":
        start |= {"/admin/", "/styleguide/"}
    waiting, looked, fetched, broken = sorted(start), set(), set(start), []
    while waiting:
        path = waiting.pop(0)
        view = view_of(path)
        if view not in looked and not FILES.search(urlsplit(path).path):
            looked.add(view)
            page = visit.go(path)
            visit.check()
            new = links_of(page, visit.base) - fetched
            fetched |= new
            waiting += sorted(new)
        elif len(fetched) < 600:  # more of the same view says little; a view that is new is always looked at
            answer = visit.context.request.get(visit.base + path, max_redirects=5)
            if answer.status >= 400:
                broken.append(f"{path}: {answer.status}")
    assert broken == []
    assert len(looked) >= 10
    assert {f"credentials:{name}" for name in CREDENTIALS[role].split()} - looked == set()


def test_pages_that_say_no_help(visit: Visit) -> None:
    page = visit.go("/no/such/page/")
    expect(page.locator("main").get_by_role("searchbox").first).to_be_visible()
    visit.check()


def test_panel_opens_by_keyboard_and_closes_with_escape(visit: Visit) -> None:
    page = visit.go("/courses/what-coders-do/a-day-of-coding-work/")
    chip = page.locator("main a.chip").first
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(chip.inner_text())
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(chip).to_be_focused()
