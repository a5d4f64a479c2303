"""A code is looked at, completed, kept, annotated, removed, taken back; the browser remembers the last ones."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


def test_heading_is_completed_step_by_step(visit: Visit) -> None:
    page = visit.go("/codes/icd10cm/S72.00/")
    for answer in ("right femur (S72.001)", "initial encounter for closed fracture (S72.001A)"):
        page.locator("#complete-to").select_option(label=answer)
        page.get_by_role("button", name="Continue").click()
    visit.check()

    page.get_by_role("link", name="Open the code").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("S72.001A")
    expect(page.locator("main")).to_contain_text("Billable")


def test_code_is_kept_annotated_removed_and_taken_back(visit: Visit) -> None:
    sign_in(visit, "student")
    page = visit.go("/codes/icd10cm/M54.50/")
    page.get_by_role("button", name="Save this code").click()
    page.get_by_role("link", name="Write a note").first.click()
    page.get_by_label("Your note").fill("Only without a cause")
    visit.check()
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_role("row", name="M54.50")).to_contain_text("Only without a cause")

    page.get_by_role("button", name="Remove M54.50").click()
    expect(page.locator("[data-messages]")).to_contain_text("M54.50 is removed.")
    visit.check()
    page.get_by_role("button", name="Undo").click()

    expect(page.locator("main")).to_contain_text("Only without a cause")


def test_browser_remembers_the_last_codes_and_forgets_on_demand(visit: Visit) -> None:
    sign_in(visit, "student")
    visit.go("/codes/icd10cm/I10/")
    visit.go("/codes/icd10cm/E11.621/")
    page = visit.go("/codes/saved/")
    recent = page.locator("[data-recent]")
    expect(recent.locator("li").first).to_contain_text("E11.621")
    expect(recent.locator("li").nth(1)).to_contain_text("Essential (primary) hypertension")
    visit.check()

    recent.get_by_role("button", name="Clear").click()

    expect(recent).to_be_hidden()
    page.reload()
    expect(recent).to_be_hidden()
