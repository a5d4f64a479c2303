"""The look-up in a real browser: found as one types, by keys alone, and without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from portal.pages.demo import DEMO_PASSWORD, STUDENT
from tests.e2e.conftest import Demo, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def test_code_is_found_and_opened_by_keys_from_any_page(visit: Visit) -> None:
    page = visit.go("/catalog/")

    page.keyboard.press("/")
    page.keyboard.type("nstemi")
    options = page.get_by_role("listbox", name="Look up a code").get_by_role("option")
    expect(options.first).to_contain_text("I21.4")
    visit.check_rules()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("combobox", name="Look up a code")).to_have_attribute(
        "aria-activedescendant", "site-search-q-options-0"
    )
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/codes/icd10cm/I21\.4/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Non-ST elevation (NSTEMI)")


def test_escape_closes_the_list_and_enter_searches(visit: Visit) -> None:
    page = visit.go("/guide/")

    page.keyboard.press("/")
    page.keyboard.type("broken hip")
    listbox = page.get_by_role("listbox", name="Look up a code")
    expect(listbox).to_be_visible()
    page.keyboard.press("Escape")
    expect(listbox).to_be_hidden()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/codes/\?q=broken\+hip$"))
    expect(page.locator("#results")).to_contain_text("S72.00")


def test_results_follow_what_is_typed_and_the_date(visit: Visit) -> None:
    page = visit.go("/codes/")

    page.get_by_label("Words or a code").fill("heart attack")
    expect(page.locator("#results mark").first).to_be_visible()
    expect(page).to_have_url(re.compile("q=heart"))
    visit.check()
    page.get_by_label(re.compile("Date of service")).fill("2001-02-03")

    expect(page.locator("#results")).to_contain_text("No codes are loaded for Feb. 3, 2001")


def test_code_is_kept_with_a_note_removed_and_restored(visit: Visit) -> None:
    page = visit.go("/account/login/?next=/codes/icd10cm/M54.50/")
    page.get_by_label("Email").fill(STUDENT.email)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.locator("main").get_by_role("button", name=re.compile("sign in", re.I)).first.click()

    page.get_by_role("button", name="Save this code").click()
    page.get_by_role("link", name="Write a note").first.click()
    page.get_by_label("note").fill("Ask which side")
    page.get_by_role("button", name="Save note").click()
    expect(page).to_have_url(re.compile("/codes/saved/$"))
    row = page.get_by_role("row", name=re.compile("M54.50"))
    expect(row).to_contain_text("Ask which side")
    visit.check()
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()

    page = visit.go("/codes/saved/")
    expect(row).to_contain_text("Ask which side")
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


@pytest.fixture
def plain(browser: Browser, demo: Demo) -> Iterator[Visit]:
    """A browser without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    yield Visit(context, demo.url)
    context.close()


def test_look_up_and_the_way_to_a_billable_code_work_without_scripts(plain: Visit) -> None:
    page = plain.go("/codes/")
    page.get_by_label("Words or a code").fill("fracture neck of femur")
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#results")).to_contain_text("S72.0")

    page = plain.go("/codes/icd10cm/S72.001/")
    page.locator("main").get_by_role("link", name=re.compile("S72.001A")).first.click()

    expect(page).to_have_url(re.compile(r"/S72\.001A/$"))
    expect(page.locator("main")).to_contain_text("Billable")
