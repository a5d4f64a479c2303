"""What browser tests of credentials have in common: working coders, what they do, and what they read."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect
from reportlab.pdfgen.canvas import Canvas

from tests.e2e.conftest import ROOT, Demo, Visit
from tests.e2e.test_journey import sign_up

#: Seconds that a slow person needs to look at a page, to find a field or button, to press a key.
LOOKING, FINDING, A_KEY = 15.0, 4.0, 0.5
HIIM = "Health informatics and information management domains"
FROM_AHIMA = "From AHIMA, HCPro or a component state association"
ARITHMETIC = "How this adds up"
ZERO = Decimal(0)


# --- people ------------------------------------------------------------------------------------------------
@dataclass
class Steps:
    """What a person does to get somewhere, counted, with the time that it may take them."""

    taken: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def look(self, what: str) -> None:
        self._note(f"look at {what}", LOOKING)

    def type(self, box: Locator, text: str) -> None:
        box.fill(text)
        self._note(f"type {text}", FINDING + A_KEY * len(text))

    def choose(self, box: Locator, words: str) -> None:
        labels = box.locator("option").all_inner_texts()
        box.select_option(label=next(label for label in labels if label.startswith(words)))
        self._note(f"choose {words}", 2 * FINDING)

    def click(self, what: Locator) -> None:
        self._note(f"click {what.inner_text()}", FINDING)
        what.click()

    def _note(self, what: str, seconds: float) -> None:
        self.taken.append(what)
        self.seconds += seconds

    def __str__(self) -> str:
        told = "\n".join(f"{number}. {what}" for number, what in enumerate(self.taken, start=1))
        return f"{told}\n{len(self.taken)} steps, {self.seconds:.0f} s of a slow person"


@dataclass(frozen=True)
class Person:
    """Somebody who signed up for these tests, and what they hold."""

    email: str
    #: Cookies of the signed-in browser.
    state: Any
    #: The day on the person's own clock.
    today: date
    steps: Steps = field(default_factory=Steps)


@dataclass(frozen=True)
class Held:
    """A credential as a person enters it."""

    abbreviation: str
    earned_on: date
    number: str = ""


@contextmanager
def visiting(browser: Browser, demo: Demo, **options: Any) -> Iterator[Visit]:
    """A browser of its own; fails at the end on any complaint of its pages."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    context.set_default_timeout(15_000)
    found = Visit(context, demo.url)
    try:
        yield found
    finally:
        context.close()
    assert not found.complaints, found.complaints


def new_person(browser: Browser, demo: Demo) -> Person:
    """Somebody who signs up now."""
    with visiting(browser, demo) as visit:
        email = f"ceu{secrets.token_hex(4)}@example.com"
        page = sign_up(visit, email)
        page.wait_for_url("**/today/")
        return Person(email, visit.context.storage_state(), day_where_it_is_day())


def day_where_it_is_day() -> date:
    """The day in the zone that ``sign_up`` chooses, where it is about two in the afternoon."""
    now = datetime.now(UTC)
    offset = 14 - now.hour
    offset = offset - 24 if offset > 12 else offset + 24 if offset < -11 else offset
    return (now + timedelta(hours=offset)).date()


def set_up(visit: Visit, steps: Steps, held: Sequence[Held], *, month: str = "", last_on: str = "") -> Page:
    """Record several credentials at once, from the empty page of credentials to its cards."""
    page = visit.go("/credentials/")
    steps.look("the empty page")
    steps.click(page.get_by_role("link", name="Record your credentials"))
    page.wait_for_url("**/credentials/start/")
    steps.look("the form")
    visit.check()
    for number, one in enumerate(held):
        row = page.get_by_role("group", name=f"Credential {number + 1}", exact=True)
        steps.choose(row.get_by_label("Which one", exact=True), f"{one.abbreviation}:")
        steps.type(row.get_by_label("Certified on"), one.earned_on.isoformat())
        if one.number:
            steps.type(row.get_by_label("Number", exact=False), one.number)
    if month:
        steps.choose(page.get_by_label("Membership expires in"), month)
    if last_on:
        ahima = page.get_by_role("group", name="American Health Information Management Association")
        steps.type(ahima.get_by_label("Last day of the running cycle"), last_on)
    steps.click(page.get_by_role("button", name="Record them"))
    page.wait_for_url("**/credentials/")
    return page


def hour_passes(demo: Demo) -> None:
    """What the worker does with cycles every hour, now."""
    environment = {name: value for name, value in os.environ.items() if name != "TESTING"}
    environment |= {"DEMO": "1", "VAR": str(demo.var), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    doing = (
        "import django; django.setup(); from courses.credentials.tasks import turn_cycles; turn_cycles.run()"
    )
    subprocess.run([sys.executable, "-c", doing], cwd=ROOT, env=environment, check=True)


# --- files of proof ----------------------------------------------------------------------------------------
def pdf_certificate(title: str) -> FilePayload:
    """A certificate as a provider sends it."""
    content = BytesIO()
    paper = Canvas(content)
    paper.drawString(72, 720, f"Certificate of attendance: {title}")
    paper.save()
    return {"name": "certificate.pdf", "mimeType": "application/pdf", "buffer": content.getvalue()}


def photograph(shade: int) -> FilePayload:
    """A certificate photographed."""
    content = BytesIO()
    Image.new("RGB", (60, 40), (shade, 120, 90)).save(content, "PNG")
    return {"name": "photo.png", "mimeType": "image/png", "buffer": content.getvalue()}


# --- what a card says --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Read:
    """The figures and the sentence of a cycle, as the page shows them."""

    earned: Decimal
    required: Decimal
    parts: dict[str, tuple[Decimal, Decimal]]
    sentence: str
    words: str


def numbers(text: str) -> tuple[Decimal, Decimal]:
    """``2.5 of 40 CEUs``."""
    found = re.match(r"([\d.]+) of ([\d.]+)", text.strip())
    assert found, text
    return Decimal(found[1]), Decimal(found[2])


def card_of(page: Page, names: str) -> Locator:
    """The card of the running cycle that keeps these credentials."""
    heading = page.get_by_role("heading", level=2).filter(has_text=re.compile(rf"^\s*{re.escape(names)}\b"))
    return page.locator("section.panel").filter(has=heading).last


def read_cycle(within: Locator) -> Read:
    earned, required = numbers(within.get_by_role("img").first.get_attribute("aria-label") or "")
    parts = {}
    for meter in within.locator(".meter-label").all():
        title, figures = meter.locator("span").all_inner_texts()
        parts[title] = numbers(figures)
    sentence = within.locator(".cycle strong").first.inner_text()
    return Read(earned, required, parts, sentence, within.inner_text())


def open_cycle(visit: Visit, names: str) -> Page:
    """Open the page of the running cycle from its card."""
    page = visit.go("/credentials/")
    card_of(page, names).get_by_role("link", name=ARITHMETIC).click()
    page.wait_for_url("**/cycles/*/")
    return page


def standing(visit: Visit, names: str) -> Read:
    """How the card of these credentials says that their cycle stands now."""
    return read_cycle(card_of(visit.go("/credentials/"), names))


def sentence_of(read: Read, days_left: int, *, waits: str = "") -> str:
    """The sentence that the figures must lead to, where no CEU fills two parts at once."""
    lacks = {part: asked - there for part, (there, asked) in read.parts.items() if asked > there}
    fewest = max(read.required - read.earned, sum(lacks.values(), ZERO))
    where = " and ".join(f"{lack.normalize():f} in “{part}”" for part, lack in lacks.items())
    told = [f"{fewest.normalize():f} CEUs short", *([f"of them {where}"] if where else [])]
    told += [waits] if waits else []
    return f"{', '.join(told)}, {days_left} days left."


# --- activities --------------------------------------------------------------------------------------------
def fill_activity(
    page: Page,
    title: str,
    *,
    ceus: str = "",
    minutes: str = "",
    index_number: str = "",
    provider: str = "",
    parts: Sequence[str] = (),
    kind: str = "",
    completed_on: date | None = None,
    file: FilePayload | None = None,
) -> None:
    """Fill the form of an activity on its page."""
    page.get_by_label("What", exact=True).fill(title)
    typed = {"CEUs": ceus, "Minutes": minutes, "Index number": index_number, "Provider": provider}
    for label, text in typed.items():
        if text:
            page.get_by_label(re.compile(rf"^{label}\b")).fill(text)
    if completed_on:
        page.get_by_label("Completed on").fill(completed_on.isoformat())
    if kind:
        page.get_by_label("Kind of activity").select_option(label=kind)
    for part in parts:
        page.get_by_label(part, exact=True).check()
    if file:
        page.get_by_label("Certificate or other proof").set_input_files(file)


def add_activity(visit: Visit, title: str, **typed: Any) -> Page:
    """Add an activity; the page is then that of the activity."""
    page = visit.go("/credentials/activities/new/")
    fill_activity(page, title, **typed)
    page.get_by_role("button", name="Add the activity").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("heading", name="Its place in the ledger")).to_be_visible()
    return page


def rows_of_ledger(visit: Visit) -> list[str]:
    """The lines of the ledger as they read."""
    return visit.go("/credentials/activities/").locator("main tbody tr").all_inner_texts()


def withdraw(page: Page, reason: str, button: str = "Withdraw it") -> None:
    """Take back the activity whose page is open."""
    page.get_by_role("link", name="Withdraw or correct it").click()
    page.get_by_label("Why do you withdraw it?").fill(reason)
    page.get_by_role("button", name=button, exact=True).click()
