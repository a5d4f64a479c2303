"""A few tables, definitions and codes of our own in the shape of ICD-10-PCS, with a year between them."""

from datetime import UTC, date, datetime
from typing import Any

from courses.codesets import writing
from courses.codesets.models import Release
from courses.codesets.records import Axis, CodeList, Definition, Definitions, Entry, PcsTable, PcsTables

AT = datetime(2026, 11, 1, tzinfo=UTC)


def put(record: Any, system: str, book: str, label: str, day: date) -> Release:
    """Load a record as a release that answers from ``day`` on."""
    release = Release.objects.create(
        system=system,
        book=book,
        label=label,
        effective_from=day,
        covers_from=day,
        source_name="typed",
        sha256=f"{system}-{book}-{label}",
        counts=writing.counts(record),
        begun_at=AT,
    )
    writing.write(record, release, lambda done, total, message: None)
    release.loaded_at = AT
    release.save()
    return release


def row(part: dict[str, str], approach: dict[str, str], device: dict[str, str], last: dict[str, str]) -> Any:
    """A row of a table of the usual four axes."""
    titles = ("Body Part", "Approach", "Device", "Qualifier")
    axes = zip(titles, (part, approach, device, last), strict=True)
    return tuple(Axis(place, title, values) for place, (title, values) in enumerate(axes, 4))


NO_DEVICE, NO_QUALIFIER = {"Z": "No Device"}, {"Z": "No Qualifier"}
OPEN, ENDOSCOPIC = {"0": "Open"}, {"4": "Percutaneous Endoscopic"}
#: The colon may be reached through an opening, the appendix may not.
RESECTION = (
    row({"J": "Appendix", "H": "Cecum"}, OPEN | ENDOSCOPIC, NO_DEVICE, NO_QUALIFIER),
    row({"G": "Large Intestine, Left"}, OPEN | {"F": "Via Natural Opening"}, NO_DEVICE, NO_QUALIFIER),
)
#: In New Technology a value means another substance every year.
NEW_SUBSTANCES = (
    row({"3": "Peripheral Vein"}, {"3": "Percutaneous"}, {"1": "First Drug"}, {"5": "Group 5"}),
    row({"3": "Peripheral Vein"}, {"3": "Percutaneous"}, {"1": "Second Drug"}, {"6": "Group 6"}),
)


def table(code: str, names: tuple[str, str, str], rows: Any, definition: str = "") -> PcsTable:
    titles = ("Section", "Body System", "Operation")
    parts = zip(titles, code, names, strict=True)
    first, second, third = (
        Axis(place, title, {value: name}) for place, (title, value, name) in enumerate(parts, 1)
    )
    return PcsTable(code, (first, second, third), definition, tuple(rows))


GUT = ("Medical and Surgical", "Gastrointestinal System")
TABLES = PcsTables(
    "2023",
    (
        table("0DB", (*GUT, "Excision"), RESECTION[:1], "Cutting out a portion of a body part"),
        table("0DT", (*GUT, "Resection"), RESECTION, "Cutting out all of a body part"),
        table("XW0", ("New Technology", "Anatomical Regions", "Introduction"), NEW_SUBSTANCES),
    ),
)
DEFINITIONS = Definitions(
    "2023",
    (
        Definition(
            "0", 3, "Resection", "Cutting out all of a body part", "All of it", ("Total nephrectomy",)
        ),
        Definition("0", 4, "Appendix", includes=("Vermiform appendix",)),
        Definition("0", 5, "Open", "Cutting through the skin"),
    ),
)


def header(code: str, title: str) -> Entry:
    return Entry("category", code, title)


def billable(code: str, title: str, parent: int) -> Entry:
    return Entry("code", code, title, parent, is_billable=True)


CODES = CodeList(
    "",
    (
        header("0D1", "Gastrointestinal System, Bypass"),
        billable("0D16079", "Bypass Stomach to Duodenum, Open Approach", 0),
        header("0DT", "Gastrointestinal System, Resection"),
        billable("0DTJ0ZZ", "Resection of Appendix, Open Approach", 2),
        billable("0DTJ4ZG", "Resection of Appendix, Hand-Assisted", 2),
        billable("0DTJ4ZZ", "Resection of Appendix, Percutaneous Endoscopic Approach", 2),
        header("XW0", "New Technology, Anatomical Regions, Introduction"),
        billable("XW03316", "Introduction of Second Drug", 6),
        billable("XW03317", "Introduction of Third Drug", 6),
    ),
)


def load_tables() -> Release:
    return put(TABLES, "icd10pcs", "tables", "FY2023", date(2022, 10, 1))


def load_definitions() -> Release:
    return put(DEFINITIONS, "icd10pcs", "definitions", "FY2023", date(2022, 10, 1))


def load_codes() -> Release:
    return put(CODES, "icd10pcs", "codes", "FY2026", date(2025, 10, 1))
