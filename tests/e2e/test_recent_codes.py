"""The codes looked at last: remembered by the browser alone, until it is told to forget them."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]


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
