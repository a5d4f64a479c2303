"""Two working coders on their way through credentials, in a real browser against a real demo.

One with CPC, CPMA and CCS, set up from nothing; one with CCS and CDIP. What each reads is compared with
figures worked out here. Each test leaves its person's ledger complete: nothing waits and nothing lacks proof,
so that they can run in any order.
"""

import csv
import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from openbadgeslib.ob3 import OB3Verifier
from openbadgeslib.ob3.credential import OpenBadgeCredential
from openbadgeslib.ob3.status import check_credential_status
from openbadgeslib.ob3.verifier import OB3VerificationError
from playwright.sync_api import Browser, Locator, Page, expect
from pypdf import PdfReader

from tests.e2e.conftest import Demo, Visit, sign_in
from tests.e2e.credentials import (
    ARITHMETIC,
    FROM_AHIMA,
    HIIM,
    Held,
    Person,
    add_activity,
    card_of,
    fill_activity,
    hour_passes,
    new_person,
    open_cycle,
    pdf_certificate,
    photograph,
    read_cycle,
    rows_of_ledger,
    sentence_of,
    set_up,
    standing,
    visiting,
    withdraw,
)
from tests.e2e.test_journey import take_course

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("demo")]

AAPC, CCS = "CPC, CPMA", "CCS"


def renewal(today: date) -> date:
    """The last day of a cycle that ends with March: March falls due in odd years."""
    year = today.year + (today > date(today.year, 3, 31))
    return date(year + (year % 2 == 0), 3, 31)


@pytest.fixture(scope="module")
def auditor(browser: Browser, demo: Demo) -> Person:
    """CPC, CPMA and CCS, recorded from nothing; membership expires in March."""
    person = new_person(browser, demo)
    due = renewal(person.today)
    held = [
        Held("CPC", date(due.year - 7, 6, 1), "01234567"),
        Held("CPMA", date(due.year - 3, 9, 15), "01234567"),
        Held("CCS", person.today - timedelta(days=300)),
    ]
    with visiting(browser, demo, storage_state=person.state) as visit:
        set_up(visit, person.steps, held, month="March")
    return person


@pytest.fixture
def audit(browser: Browser, demo: Demo, auditor: Person) -> Iterator[Visit]:
    with visiting(browser, demo, storage_state=auditor.state) as found:
        yield found


# --- from nothing ------------------------------------------------------------------------------------------
def test_three_credentials_are_set_up_in_five_minutes(audit: Visit, auditor: Person) -> None:
    due = renewal(auditor.today)
    print(auditor.steps)

    page = audit.go("/credentials/")
    aapc, ahima = standing(audit, AAPC), standing(audit, CCS)

    assert len(auditor.steps.taken) <= 15 and auditor.steps.seconds < 300
    assert aapc.required == 40 and aapc.parts["Auditing"][1] == 16
    assert (
        due.year % 2 == 1 and f"Cycle from 1 Apr {due.year - 2} to {due:%a} 31 Mar {due.year}." in aapc.words
    )
    assert ahima.required == 20
    assert ahima.parts[HIIM][1] == 16 and ahima.parts[FROM_AHIMA][1] == 8
    for summary in page.get_by_text("The rules, and where they are from").all():
        summary.click()
    assert page.get_by_text("looked at on").count() == 2
    audit.check()


# --- activities --------------------------------------------------------------------------------------------
def test_activity_says_before_and_after_what_it_counts_for(audit: Visit, auditor: Person) -> None:
    days_left = (renewal(auditor.today) - auditor.today).days
    before, ahima_before = standing(audit, AAPC), standing(audit, CCS)
    certificate = pdf_certificate("Auditing the E/M note")

    page = audit.go("/credentials/activities/new/")
    fill_activity(page, "Auditing the E/M note", minutes="150", index_number="GOLD-150")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Counts 2.5 for CPC, CPMA (AAPC), 2 of 2.5 for CCS (AHIMA).")
    expect(preview).to_contain_text("150 min are 2 CEUs: the 30 min over are under 45 and earn nothing.")
    expect(preview).to_contain_text("“Auditing” is")  # short, so that ticking it would help
    audit.check()
    page.get_by_label("Auditing", exact=True).check()
    expect(preview).to_contain_text("2.5 CEUs for CPC, CPMA: 2.5 in “Auditing”.")
    fill_activity(page, "Auditing the E/M note", provider="Audit School", file=certificate)
    page.get_by_role("button", name="Add the activity").click()
    expect(page.get_by_role("heading", name="Evidence")).to_be_visible()
    expect(page.locator("main")).to_contain_text("waiting for review")
    audit.check()

    after, ahima = standing(audit, AAPC), standing(audit, CCS)
    assert after.earned == before.earned + Decimal("2.5")
    assert after.parts["Auditing"][0] == before.parts["Auditing"][0] + Decimal("2.5")
    assert after.sentence == sentence_of(after, days_left)
    assert ahima.earned == ahima_before.earned + 2


def test_same_index_number_is_refused_and_the_form_kept(audit: Visit) -> None:
    add_activity(
        audit,
        "Modifiers in depth",
        ceus="1",
        index_number="GOLD-TWICE",
        provider="Coding Hour",
        file=pdf_certificate("Modifiers"),
    )
    before = rows_of_ledger(audit)

    page = audit.go("/credentials/activities/new/")
    fill_activity(page, "Modifiers again", ceus="1", index_number="gold twice", provider="Coding Hour")
    expect(page.locator("#preview")).to_contain_text("This index number is in your ledger")
    page.get_by_role("button", name="Add the activity").click()

    expect(page.locator("main")).to_contain_text("An activity with this index number is in your ledger.")
    expect(page.get_by_label("What", exact=True)).to_have_value("Modifiers again")
    expect(page.get_by_label("Index number")).to_have_value("gold twice")
    audit.check()
    assert rows_of_ledger(audit) == before


def test_activity_without_index_number_waits_until_it_is_mended(audit: Visit, auditor: Person) -> None:
    days_left = (renewal(auditor.today) - auditor.today).days
    before = standing(audit, AAPC)
    add_activity(
        audit, "Chapter meeting", ceus="1.5", provider="Local chapter", file=pdf_certificate("Meeting")
    )
    waiting = standing(audit, AAPC)
    assert waiting.earned == before.earned
    assert waiting.sentence == sentence_of(waiting, days_left, waits="1.5 CEUs wait for an index number")

    page = audit.page
    page.get_by_role("link", name="Add the index number of “Chapter meeting”: 1.5 CEUs wait for it.").click()
    expect(page.locator("main")).to_contain_text(
        "Waits for an index number: without one AAPC counts nothing."
    )
    withdraw(page, "The index number was missing", "Withdraw it and enter it corrected")
    expect(page.get_by_label("What", exact=True)).to_have_value("Chapter meeting")
    fill_activity(
        page, "Chapter meeting", index_number="GOLD-CHAPTER", file=pdf_certificate("Meeting, mended")
    )
    page.get_by_role("button", name="Add the activity").click()
    expect(page.get_by_role("heading", name="Its place in the ledger")).to_be_visible()

    mended = standing(audit, AAPC)
    assert mended.earned == before.earned + Decimal("1.5")
    assert mended.sentence == sentence_of(mended, days_left)
    lines = [line for line in rows_of_ledger(audit) if "Chapter meeting" in line]
    assert len(lines) == 2 and sum("Withdrawn" in line for line in lines) == 1
    audit.check()


def test_withdrawn_activity_stays_with_its_reason_and_counts_no_more(audit: Visit) -> None:
    before = standing(audit, AAPC)
    page = add_activity(audit, "Counted twice", ceus="4", index_number="GOLD-GONE", parts=["Auditing"])
    assert standing(audit, AAPC).earned == before.earned + 4

    audit.go("/credentials/activities/")
    page.get_by_role("link", name="Counted twice", exact=True).click()
    withdraw(page, "It was the same session as last week's")

    expect(page.locator("main")).to_contain_text("It was the same session as last week's")
    audit.check()
    after = standing(audit, AAPC)
    assert (after.earned, after.parts) == (before.earned, before.parts)


def test_what_if_changes_nothing(audit: Visit) -> None:
    before, lines = standing(audit, AAPC), rows_of_ledger(audit)

    page = audit.go("/credentials/what-if/")
    audit.check()
    page.get_by_label("CEUs", exact=False).last.fill("3")
    page.get_by_label("Auditing", exact=True).check()
    page.get_by_role("button", name="What would it do?").last.click()

    table = page.get_by_role("table", name="CPC, CPMA")
    then = before.earned + 3
    expect(table.get_by_role("row", name="In all")).to_contain_text(f"{then.normalize():f}")
    audit.check()
    page.get_by_label("Course", exact=True).select_option(index=0)
    page.get_by_role("button", name="What would it do?").first.click()
    audit.check()
    assert (standing(audit, AAPC), rows_of_ledger(audit)) == (before, lines)


# --- review ------------------------------------------------------------------------------------------------
def review(visit: Visit, title: str, verdict: str, reason: str = "") -> None:
    """Decide about an activity that waits, as the administrator does."""
    page = visit.go("/admin/")
    page.get_by_role("link", name="Review evidence").click()
    visit.check()
    page.get_by_role("link", name=title, exact=True).click()
    visit.check()
    if reason:
        page.get_by_label("What is missing or wrong").fill(reason)
    page.get_by_role("button", name=verdict).click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(title)


def test_reviewer_returns_an_activity_and_approves_it_when_it_is_mended(
    browser: Browser, demo: Demo, audit: Visit
) -> None:
    title, reason = "Denials workshop", "The second page is missing"
    before = standing(audit, AAPC)
    page = add_activity(
        audit,
        title,
        ceus="3",
        index_number="GOLD-REVIEW",
        provider="Denials Inc.",
        parts=["Auditing"],
        file=pdf_certificate(title),
    )
    activity = page.url

    with visiting(browser, demo) as reviewer:
        sign_in(reviewer, "administrator")
        review(reviewer, title, "Return with the reason", reason)

        returned = standing(audit, AAPC)
        assert returned.earned == before.earned
        assert "3 CEUs were returned" in returned.sentence
        page.get_by_role("link", name=f"Mend “{title}”, which a reviewer returned: 3 CEUs.").first.click()
        assert page.url == activity
        expect(page.locator("#evidence")).to_contain_text(reason)
        audit.check()
        page.get_by_label("Add another file").set_input_files(photograph(40))
        page.get_by_role("button", name="Add the file").click()
        expect(page.locator("#evidence")).to_contain_text("PNG")
        assert standing(audit, AAPC).earned == before.earned + 3

        review(reviewer, title, "Approve")
    page = audit.go(activity)
    expect(page.locator("#evidence tbody tr")).to_have_text([re.compile("approved")] * 2)
    audit.check()


# --- papers ------------------------------------------------------------------------------------------------
def test_check_before_the_packet_names_what_is_missing_until_it_is_mended(audit: Visit) -> None:
    title = "Half a story"
    page = add_activity(audit, title, ceus="1", index_number="GOLD-HALF", provider="Stories")
    activity = page.url
    open_cycle(audit, AAPC)
    page.get_by_role("link", name="Audit packet").click()
    expect(page.locator("main")).to_contain_text("Not complete")
    audit.check()
    page.get_by_role("link", name=title, exact=True).click()
    assert page.url == activity
    page.get_by_label("Certificate or other proof").set_input_files(pdf_certificate(title))
    page.get_by_role("button", name="Add the file").click()

    open_cycle(audit, AAPC)
    page.get_by_role("link", name="Audit packet").click()
    expect(page.locator("main")).not_to_contain_text("Not complete")
    expect(page.locator("main")).to_contain_text("Complete")


def make_packet(visit: Visit, names: str) -> Page:
    """Ask for the packet of a running cycle and wait for it."""
    page = open_cycle(visit, names)
    page.get_by_role("link", name="Audit packet").click()
    page.get_by_role("button", name=re.compile("Make the packet")).click()
    visit.check()
    expect(page.get_by_role("link", name="Download the ZIP")).to_be_visible(timeout=30_000)
    return page


def test_audit_packet_opens_offline_and_verifies(
    browser: Browser, demo: Demo, audit: Visit, tmp_path: Path
) -> None:
    certificate = pdf_certificate("Packet")
    add_activity(
        audit, "For the packet", ceus="1", index_number="GOLD-ZIP", provider="Zip & Co", file=certificate
    )
    read = standing(audit, AAPC)

    page = make_packet(audit, AAPC)
    audit.check()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download the ZIP").click()
    packet = downloading.value.path()
    shown = page.locator("#packet .mono").first.text_content()
    assert hashlib.sha256(packet.read_bytes()).hexdigest() == shown
    zipfile.ZipFile(packet).extractall(tmp_path)

    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True)
    named = {line.split("  ", 1)[1] for line in (tmp_path / "SHA256SUMS").read_text().splitlines()}
    assert named | {"SHA256SUMS"} == {
        str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file()
    }
    kept = [one.read_bytes() for one in (tmp_path / "evidence").iterdir()]
    assert certificate["buffer"] in kept
    assert json.loads((tmp_path / "manifest.json").read_text())
    with visiting(browser, demo, offline=True) as offline:
        asked: list[str] = []
        offline.page.on("request", lambda request: asked.append(request.url))
        offline.page.goto((tmp_path / "index.html").as_uri())
        offline.check()
        main = offline.page.locator("main")
        expect(main).to_contain_text("For the packet")
        expect(main.get_by_role("row", name=re.compile("AAPC.*All")).first).to_contain_text(
            f"{read.earned.normalize():f}"
        )
        links = offline.page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        local = {link for link in links if not link.startswith(("http", "#"))}
        assert local and all((tmp_path / link).is_file() for link in local)
        assert all(url.startswith("file://") for url in asked)


def test_transcript_of_a_range_is_the_same_as_page_pdf_and_csv(audit: Visit, auditor: Person) -> None:
    yesterday = auditor.today - timedelta(days=1)
    add_activity(
        audit,
        "Only of yesterday",
        ceus="1.25",
        index_number="GOLD-DAY",
        provider="Daily",
        completed_on=yesterday,
        file=pdf_certificate("Yesterday"),
    )

    page = audit.go("/credentials/transcript/")
    page.get_by_label("First day").fill(yesterday.isoformat())
    page.get_by_label("Last day").fill(yesterday.isoformat())
    page.get_by_role("button", name="Show these days").click()
    expect(page.locator("main")).to_contain_text("1 activity, 1.25 CEUs as their certificates state them")
    audit.check()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download as PDF").click()
    words = " ".join(sheet.extract_text() for sheet in PdfReader(downloading.value.path()).pages)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download as CSV").click()
    table = list(csv.reader(io.StringIO(downloading.value.path().read_text("utf-8-sig"))))

    assert "Only of yesterday" in words and "GOLD-DAY" in words and "1.25" in words
    assert "Auditing the E/M note" not in words
    lines = [row for row in table if "Only of yesterday" in row]
    assert len(lines) == 1 and "GOLD-DAY" in lines[0] and "1.25" in lines[0]


# --- a person with a history -------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def veteran(browser: Browser, demo: Demo) -> Person:
    """CPC, CPMA and CCS with the cycle before the running one, of AHIMA one under the rules before 2025."""
    person = new_person(browser, demo)
    due = renewal(person.today)
    held = [
        Held("CPC", date(due.year - 7, 6, 1)),
        Held("CPMA", date(due.year - 5, 9, 15)),
        Held("CCS", date(2022, 7, 1)),
    ]
    with visiting(browser, demo, storage_state=person.state) as visit:
        set_up(visit, person.steps, held, month="March")
        move_cycle(visit, AAPC, date(due.year - 4, 4, 1), date(due.year - 2, 3, 31))
        move_cycle(visit, CCS, date(2022, 7, 1), date(2024, 6, 30))
    hour_passes(demo)
    return person


def move_cycle(visit: Visit, names: str, first: date, last: date) -> None:
    """Correct the days of a cycle."""
    page = open_cycle(visit, names)
    page.get_by_role("link", name="Correct the cycle").click()
    page.get_by_label("First day").fill(first.isoformat())
    page.get_by_label("Last day").fill(last.isoformat())
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("The cycle is corrected.")


@pytest.fixture
def history(browser: Browser, demo: Demo, veteran: Person) -> Iterator[Visit]:
    with visiting(browser, demo, storage_state=veteran.state) as found:
        yield found


def test_activity_of_the_renewal_month_goes_to_the_other_period_and_back(
    history: Visit, veteran: Person
) -> None:
    due = renewal(veteran.today)
    end = date(due.year - 2, 3, 31)
    before = standing(history, AAPC)
    page = history.go("/credentials/activities/new/")
    fill_activity(
        page,
        "March meeting",
        ceus="2",
        index_number="GOLD-MARCH",
        provider="Chapter",
        completed_on=end - timedelta(days=10),
        file=pdf_certificate("March"),
    )
    expect(page.locator("#preview")).to_contain_text("At AAPC this day may also go to the cycle of")
    page.get_by_role("button", name="Add the activity").click()
    choice = page.locator("#period")
    expect(choice.locator("li").first).to_contain_text("Counts here")
    history.check()
    activity = page.url
    assert standing(history, AAPC).earned == before.earned
    offer = "“March meeting” may count in this cycle"
    expect(card_of(page, AAPC)).to_contain_text(offer)

    history.go(activity)
    choice.get_by_role("button", name="Count it here").click()
    expect(choice.locator("li").last).to_contain_text("Counts here")
    assert standing(history, AAPC).earned == before.earned + 2

    history.go(activity)
    choice.get_by_role("button", name="Count it here").click()
    expect(choice.locator("li").first).to_contain_text("Counts here")
    assert standing(history, AAPC).earned == before.earned


def test_cycle_begun_before_2025_has_no_ahima_part(history: Visit) -> None:
    page = history.go("/credentials/")

    over = card_of(page, CCS).page.locator("section.panel").filter(has_text="from 1 Jul 2022 to")
    old, now = read_cycle(over), standing(history, CCS)

    assert set(old.parts) == {HIIM} and old.parts[HIIM][1] == 16
    assert set(now.parts) == {HIIM, FROM_AHIMA} and now.parts[FROM_AHIMA][1] == 8
    history.check()


def test_cycle_that_is_over_stays_until_it_is_reported(history: Visit, veteran: Person) -> None:
    page = history.go("/credentials/")
    over = page.locator("section.panel").filter(has_text="from 1 Jul 2024 to")
    assert over.count() == 1
    over.get_by_role("link", name="Deal with it").click()
    history.check()
    page.get_by_label("Reported on").fill(veteran.today.isoformat())
    page.get_by_role("button", name="Save the day").click()

    expect(
        history.go("/credentials/").locator("section.panel").filter(has_text="from 1 Jul 2024 to")
    ).to_have_count(0)


# --- AHIMA -------------------------------------------------------------------------------------------------
TWO = "CCS, CDIP"


@pytest.fixture(scope="module")
def integrity(browser: Browser, demo: Demo) -> Person:
    """CCS and CDIP, in a cycle under the rule of 2025."""
    person = new_person(browser, demo)
    held = [
        Held("CCS", person.today - timedelta(days=300)),
        Held("CDIP", person.today - timedelta(days=200), "C-77"),
    ]
    with visiting(browser, demo, storage_state=person.state) as visit:
        set_up(visit, person.steps, held)
    return person


@pytest.fixture
def ahima(browser: Browser, demo: Demo, integrity: Person) -> Iterator[Visit]:
    with visiting(browser, demo, storage_state=integrity.state) as found:
        yield found


def test_two_credentials_of_ahima_ask_for_forty_with_both_parts(ahima: Visit) -> None:
    read = standing(ahima, TWO)

    assert read.required == 40
    assert {part: asked for part, (_there, asked) in read.parts.items()} == {HIIM: 32, FROM_AHIMA: 16}
    page = open_cycle(ahima, TWO)
    expect(page.locator("main")).to_contain_text("30 CEUs")  # the higher of both, and 10 for the other
    ahima.check()


def test_webinar_of_150_minutes_gives_two_and_the_page_says_why(ahima: Visit) -> None:
    before = standing(ahima, TWO)

    page = ahima.go("/credentials/activities/new/")
    fill_activity(page, "Querying physicians", minutes="150", ceus="2.5", provider="AHIMA", parts=[HIIM])
    page.get_by_label("Kind of activity").select_option(label="Webinar or online session")
    why = "150 min are 2 CEUs: the 30 min over are under 45 and earn nothing."
    expect(page.locator("#preview")).to_contain_text("Counts 2 of 2.5 for CCS, CDIP (AHIMA).")
    expect(page.locator("#preview")).to_contain_text(why)
    fill_activity(page, "Querying physicians", file=pdf_certificate("Querying"))
    page.get_by_role("button", name="Add the activity").click()

    expect(page.get_by_role("heading", name="Where it counts, and why")).to_be_visible()
    expect(page.locator("main")).to_contain_text(why)
    ahima.check()
    after = standing(ahima, TWO)
    assert after.earned == before.earned + 2
    for part in (HIIM, FROM_AHIMA):
        assert after.parts[part][0] == before.parts[part][0] + 2


def test_file_of_past_activities_is_checked_and_applied_once(ahima: Visit, integrity: Person) -> None:
    def day(ago: int) -> str:
        return (integrity.today - timedelta(days=ago)).strftime("%m/%d/%Y")

    sheet = f"""Activity,Date,Credits,Minutes,Sponsor,Counts for
Coding roundtable,{day(40)},3,180,AHIMA,hiim
Outpatient update,{day(30)},1.5,90,Local college,
Nobody knows when,soon,many,,,
Not there yet,{day(-3)},1,60,,
Too early,{day(400)},1,60,,
"""
    before, lines = standing(ahima, TWO), rows_of_ledger(ahima)
    page = ahima.go("/credentials/activities/import/")
    ahima.check()
    file = {"name": "past.csv", "mimeType": "text/csv", "buffer": sheet.encode("utf-16")}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()

    expect(page.get_by_role("status").last).to_contain_text("2 new activities with 4.5 CEUs")
    expect(page.get_by_role("status").last).to_contain_text("3 lines cannot be added as they are")
    wrong = page.get_by_role("row").filter(has_text="Nobody knows when")
    expect(wrong).to_contain_text("“soon” is not a date")
    expect(wrong).to_contain_text("“many” is not a number of CEUs")
    expect(page.get_by_role("row").filter(has_text="Too early")).to_contain_text("day you were certified")
    expect(page.get_by_role("row").filter(has_text="Not there yet")).to_contain_text("Error")
    ahima.check()
    page.get_by_role("button", name="Add 2 activities").click()
    expect(page.locator("main, [role=status]").filter(has_text="in your ledger").first).to_be_visible()
    # 90 minutes are 1.5 on the certificate; at AHIMA the 30 over an hour earn nothing
    after = standing(ahima, TWO)
    assert after.earned == before.earned + 4
    assert after.parts[HIIM][0] == before.parts[HIIM][0] + 3
    assert len(rows_of_ledger(ahima)) == len(lines) + 2

    page = ahima.go("/credentials/activities/import/")
    page.get_by_label("Or paste the cells here").fill(sheet.replace(",", "\t"))
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("status").last).to_contain_text("2 lines are there already")
    expect(page.get_by_role("button", name=re.compile("^Add "))).to_have_count(0)
    assert standing(ahima, TWO) == after


def test_every_number_of_a_cycle_is_the_sum_of_its_rows(ahima: Visit) -> None:
    for number, (minutes, provider, part) in enumerate(
        [("60", "AHIMA", [HIIM]), ("105", "", [HIIM]), ("59", "HCPro", [])]
    ):
        add_activity(ahima, f"Traced {number}", minutes=minutes, provider=provider, parts=part)
    page = open_cycle(ahima, TWO)
    read = read_cycle(page.locator("main"))

    total, parts, links = Decimal(0), dict.fromkeys(read.parts, Decimal(0)), []
    rows = page.get_by_role("region", name="Activities").locator("tbody tr")
    for row in rows.all():
        counts = Decimal(row.locator('[data-label="Counts"]').inner_text())
        total += counts
        assert Decimal(row.locator('[data-label="Sum"]').inner_text()) == total
        why = row.locator('[data-label="Where, and why"]').inner_text()
        for amount, titles in re.findall(r"([\d.]+) in ((?:“[^”]+”(?: and at once in )?)+)", why):
            for title in re.findall("“([^”]+)”", titles):
                parts[title] += Decimal(amount)
        links.append(row.get_by_role("link").first.get_attribute("href") or "")

    assert rows.count() >= 3 and total == read.earned
    assert parts == {part: there for part, (there, _asked) in read.parts.items()}
    assert read.sentence.startswith(f"{(read.required - read.earned).normalize():f} CEU")
    for link in links:
        ahima.go(link)
        expect(page.get_by_role("heading", name="Evidence")).to_be_visible()
        expect(page.get_by_role("heading", name="Its place in the ledger")).to_be_visible()


# --- certificates ------------------------------------------------------------------------------------------
COURSE = "what-coders-do"
PRINTED = ("Provider", "Completed on", "CEUs", "Hours of the course", "Time on record", "Valid until")


def fact(page: Page, label: str) -> str:
    """What stands beside a label in a list of facts."""
    term = page.locator("dl.facts > div").filter(has=page.locator(f'dt:text-is("{label}")'))
    return term.locator("dd").inner_text().strip()


def test_certificate_is_checked_by_a_stranger_until_it_is_revoked(browser: Browser, demo: Demo) -> None:
    learner = new_person(browser, demo)
    with (
        visiting(browser, demo, storage_state=learner.state) as visit,
        visiting(browser, demo) as stranger,
        visiting(browser, demo) as office,
    ):
        take_course(visit, COURSE)
        page = visit.go("/credentials/certificates/")
        visit.check()
        number = page.locator("main .mono").first.inner_text()
        with page.expect_download() as downloading:
            page.get_by_role("link", name="PDF to print").click()
        printed = " ".join(
            " ".join(p.extract_text() for p in PdfReader(downloading.value.path()).pages).split()
        )
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Badge file").click()
        badge = downloading.value.path().read_text()

        check = stranger.go("/")
        check.get_by_role("link", name="Check a certificate").click()
        stranger.check()
        check.get_by_label("Number").fill(number.replace("-", " ").lower())
        check.get_by_role("button", name="Check", exact=True).click()
        expect(check.locator("main")).to_contain_text("This certificate is valid")
        stranger.check()
        shown = {label: fact(check, label) for label in PRINTED}
        assert fact(check, "Name") == "Jo Rivera" and "Jo Rivera" in printed
        assert fact(check, "Course") in printed
        assert fact(check, "Number") == number and number in printed.replace(" ", "")
        assert all(f"{label} {said}" in printed for label, said in shown.items()), (shown, printed)
        for seal in check.locator("#signature ~ p .mono").all_inner_texts():
            assert seal in printed

        found = verified(stranger, badge)
        assert found.achievement.name == fact(check, "Course")

        sign_in(office, "administrator")
        office.go(f"/admin/credentials/certificate/?q={number.replace('-', '')}")
        desk = office.page
        desk.locator("#result_list tbody th a").first.click()
        desk.get_by_role("link", name="Revoke").click()
        office.check()
        desk.get_by_label("Reason", exact=False).fill("Issued in error")
        desk.get_by_role("button", name="Revoke it").click()

        check.reload()
        expect(check.locator("main")).to_contain_text("This certificate was revoked on")
        expect(check.locator("main")).to_contain_text("Reason: Issued in error")
        stranger.check()
        with pytest.raises(OB3VerificationError, match="revo"):
            check_credential_status(found, download=download_of(stranger), verify_list=False)
        expect(visit.go("/credentials/certificates/").locator("main")).to_contain_text("Issued in error")
        visit.check()


def download_of(visit: Visit) -> Callable[[str], bytes]:
    def download(address: str) -> bytes:
        answer = visit.context.request.get(visit.base + urlsplit(address).path)
        assert answer.ok, address
        return answer.body()

    return download


def verified(visit: Visit, badge: str) -> OpenBadgeCredential:
    """The badge, verified by two libraries of others with the key that its header names."""
    published = json.loads(download_of(visit)(jwt.get_unverified_header(badge)["kid"]))
    key = jwt.PyJWK(published).key
    jwt.decode(badge, key, algorithms=["EdDSA"])
    return OB3Verifier(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).verify(badge)


# --- keyboard, no script, phone ----------------------------------------------------------------------------
def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until ``wanted`` has the focus, which is seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            assert wanted.evaluate("element => element.matches(':focus-visible')")
            return
    raise AssertionError(f"the keyboard does not reach {wanted}")


def test_activity_is_added_and_standing_read_with_the_keyboard_alone(audit: Visit) -> None:
    before = standing(audit, AAPC)
    page = audit.page
    # the browser is told now that choosers are wanted: at the key press it may hear of it too late
    page.on("filechooser", lambda _chooser: None)
    audit.check()
    reach(page, page.get_by_role("link", name="Add an activity", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/activities/new/")

    for label, text in (
        ("What", "Typed by keyboard"),
        ("CEUs optional", "2"),
        ("Provider optional", "Keys"),
        ("Index number optional", "GOLD-KEYS"),
    ):
        reach(page, page.get_by_label(label, exact=True))
        page.keyboard.type(text)
    reach(page, page.get_by_label("Auditing", exact=True))
    page.keyboard.press("Space")
    file = page.get_by_label("Certificate or other proof")
    reach(page, file)
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Enter")
    choosing.value.set_files(pdf_certificate("Keys"))
    expect(page.locator("#preview")).to_contain_text("2 in “Auditing”")
    audit.check()
    reach(page, page.get_by_role("button", name="Add the activity"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Evidence")).to_be_visible()
    audit.check()

    reach(page, page.locator("main").get_by_role("link", name="Add another activity"))
    reach(page, page.get_by_role("navigation").get_by_role("link", name="Credentials", exact=True).first)
    page.keyboard.press("Enter")
    page.wait_for_url("**/credentials/")
    after = read_cycle(card_of(page, AAPC))
    assert after.earned == before.earned + 2
    assert after.parts["Auditing"][0] == before.parts["Auditing"][0] + 2
    reach(page, card_of(page, AAPC).get_by_role("link", name=ARITHMETIC))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Activity by activity")).to_be_visible()
    audit.check()


def test_credentials_work_without_javascript(browser: Browser, demo: Demo) -> None:
    person = new_person(browser, demo)
    with visiting(browser, demo, storage_state=person.state, java_script_enabled=False) as visit:
        page = visit.go("/credentials/start/")
        first, fourth = (page.get_by_role("group", name=f"Credential {n}", exact=True) for n in (1, 4))
        first.get_by_label("Which one", exact=True).select_option(label="CPC: Certified Professional Coder")
        first.get_by_label("Certified on").fill("2020-06-01")
        page.get_by_role("button", name="Add another row").click()
        expect(fourth).to_be_visible()
        expect(first.get_by_label("Certified on")).to_have_value("2020-06-01")
        fourth.get_by_label("Which one", exact=True).select_option(label="CCS: Certified Coding Specialist")
        page.get_by_role("button", name="Record them").click()
        expect(page.get_by_role("alert")).to_contain_text("Credential 4, Certified on")
        fourth.get_by_label("Certified on").fill((person.today - timedelta(days=300)).isoformat())
        page.get_by_label("Membership expires in").select_option(label="March")
        page.get_by_role("button", name="Record them").click()
        expect(page.locator("main")).to_contain_text("CPC, CCS are recorded.")
        before = standing(visit, "CPC")
        assert before.required == 36

        page = visit.go("/credentials/activities/new/")
        fill_activity(page, "By hand", ceus="2", index_number="NOJS-1", file=pdf_certificate("By hand"))
        page.get_by_role("button", name="Check where it counts").click()
        expect(page.locator("#preview")).to_contain_text("Counts 2 for CPC (AAPC), 2 for CCS (AHIMA).")
        assert standing(visit, "CPC") == before
        add_activity(visit, "By hand", ceus="2", index_number="NOJS-1", file=pdf_certificate("By hand"))
        assert standing(visit, "CPC").earned == 2

        page = visit.go("/credentials/activities/import/")
        sheet = f"Title;Completed on;CEUs;Index number\nFrom a file;{person.today};1.25;NOJS-2\n"
        page.get_by_label("Or paste the cells here").fill(sheet)
        page.get_by_role("button", name="Look at it").click()
        page.get_by_role("button", name="Add 1 activity").click()
        expect(page.locator("main")).to_contain_text("From a file")
        assert standing(visit, "CPC").earned == Decimal("3.25")


PAGES = (
    *("", "start/", "new/", "activities/", "activities/new/", "activities/import/", "what-if/"),
    *("transcript/", "packets/", "certificates/", "rules/", "rules/aapc-2015/"),
)


def test_pages_fit_a_phone(browser: Browser, demo: Demo, auditor: Person) -> None:
    phone = {"viewport": {"width": 375, "height": 812}, "is_mobile": True, "has_touch": True}
    with visiting(browser, demo, storage_state=auditor.state, **phone) as visit:
        page = visit.go("/credentials/")
        more = page.locator('main a[href^="/credentials/"]').evaluate_all(
            "all => [...new Set(all.map(a => a.pathname))]"
        )
        own = [path for path in more if re.fullmatch(r"/credentials/(cycles/)?\d+/", path)]
        assert len(own) == 5  # three credentials, two cycles
        for path in [f"/credentials/{name}" for name in PAGES] + own:
            page = visit.go(path)
            page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 375, f"{path} is {wide} px wide"
            visit.check_rules()


# --- pages that no link of the demo reaches ----------------------------------------------------------------
def test_apprentice_gathers_proof_gives_up_a_credential_and_takes_that_back(
    browser: Browser, demo: Demo
) -> None:
    person = new_person(browser, demo)
    earned = person.today - timedelta(days=400)
    with visiting(browser, demo, storage_state=person.state) as visit:
        set_up(visit, person.steps, [Held("CPC", earned), Held("CRC", earned)], month="March")
        page = visit.page
        page.get_by_role("link", name="CPC", exact=True).click()
        visit.check()
        page.locator('main a[href$="/edit/"]').first.click()
        visit.check()
        page.get_by_label("Status").select_option(label="Apprentice")
        page.locator("main form").get_by_role("button").last.click()

        page.locator('main a[href$="/apprentice/"]').first.click()
        visit.check()
        work = page.locator("#work")
        work.locator("summary").click()
        work.get_by_label("Employer and position").fill("Mercy Hospital, coder")
        work.get_by_label("First day").fill(date(person.today.year - 2, 1, 1).isoformat())
        work.get_by_label("Last day").fill(date(person.today.year - 2, 12, 31).isoformat())
        work.get_by_label("Certificate or other proof").set_input_files(pdf_certificate("Letter"))
        work.locator("details button").click()
        expect(work).to_contain_text("Mercy Hospital, coder")
        steps = page.locator(".step").filter(has_text="Two years of work")
        expect(steps).to_contain_text("12 of 24 months")
        visit.check()
        work.get_by_role("button", name=re.compile("^Remove")).click()
        expect(steps).to_contain_text("0 of 24 months")

        both = standing(visit, "CPC")
        assert both.required == 40 or "reduced in proportion" in both.words
        page.get_by_role("link", name="CRC", exact=True).click()
        page.locator('main a[href$="/edit/"]').first.click()
        page.get_by_label("Status").select_option(label="Retired")
        page.get_by_label("Why").fill("I code inpatient only now")
        page.locator("main form").get_by_role("button").last.click()
        visit.check()
        page.locator("main form").get_by_role("button").click()
        expect(page.locator("main")).to_contain_text("I code inpatient only now")
        assert standing(visit, "CPC").required < both.required
        page.locator("main").get_by_role("link", name="CRC", exact=True).click()
        page.locator('main a[href$="/edit/"]').first.click()
        page.get_by_label("Status").select_option(label="Active")
        page.locator("main form").get_by_role("button").last.click()
        assert standing(visit, "CPC").required == both.required

        add_activity(visit, "Wrong file", ceus="1", index_number="NEW-1", file=pdf_certificate("Wrong"))
        page.locator("#evidence").get_by_role("link", name="Remove").click()
        visit.check()
        page.get_by_label("Why do you remove it?").fill("It is of another session")
        page.get_by_role("button", name="Remove the file").click()
        expect(page.locator("#evidence")).to_contain_text("It is of another session")
        visit.check()
