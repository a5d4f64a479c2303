"""Past activities out of a spreadsheet: text in, entries and what is wrong with them out; no database here.

Nothing is evaluated: a cell is text whatever it looks like. How AAPC and AHIMA write their exports is not
known, so columns are found by the names that people use, and can be named by hand.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

MAX_BYTES = 1_000_000
MAX_ROWS = 500
MAX_COLUMNS = 40
#: As long as the columns of the ledger.
LONGEST = {"title": 200, "provider": 120, "index_number": 60}
MAX_MINUTES = 10_000

SEPARATORS = (",", ";", "\t")
#: What a text holds only when it is none.
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Unreadable(StrEnum):
    """Why a file is not read at all."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    WORKBOOK = "workbook"
    NOT_TEXT = "not_text"
    BROKEN = "broken"


class UnreadableError(ValueError):
    """The file is not read; ``why`` says for what reason."""

    def __init__(self, why: Unreadable) -> None:
        super().__init__(why.value)
        self.why = why


class Column(StrEnum):
    """What a column may hold."""

    TITLE = "title"
    DATE = "completed_on"
    CEUS = "ceus"
    MINUTES = "minutes"
    HOURS = "hours"
    PROVIDER = "provider"
    INDEX_NUMBER = "index_number"
    KIND = "activity"
    PARTS = "topics"


#: Columns without which no row can become an activity.
NEEDED = (Column.TITLE, Column.DATE)
#: Names of columns as people write them, in letters and digits only; an earlier one goes first.
NAMES: Mapping[Column, tuple[str, ...]] = {
    Column.TITLE: (
        *("title", "activity", "activitytitle", "activityname", "coursetitle", "coursename", "course"),
        *("name", "event", "eventname", "eventtitle", "program", "programtitle", "description", "subject"),
        *("what", "ceutitle", "session", "sessiontitle"),
    ),
    Column.DATE: (
        *("completedon", "date", "datecompleted", "completiondate", "completed", "activitydate"),
        *("dateofcompletion", "dateearned", "earnedon", "eventdate", "enddate", "dateofactivity", "when"),
        *("dateattended", "completeddate", "coursedate"),
    ),
    Column.CEUS: (
        *("ceus", "ceu", "credits", "credit", "ceusearned", "ceuearned", "creditsearned", "ce", "ces"),
        *("numberofceus", "ceuvalue", "cehours", "ceucount", "ceucredits", "totalceus", "units", "amount"),
        *("noofceus", "creditamount", "points"),
    ),
    Column.MINUTES: ("minutes", "min", "mins", "durationminutes", "lengthminutes", "durationmin"),
    Column.HOURS: ("hours", "hrs", "hour", "clockhours", "contacthours", "durationhours", "numberofhours"),
    Column.PROVIDER: (
        *("provider", "sponsor", "vendor", "organization", "organisation", "organizer", "organiser"),
        *("providername", "vendorname", "sponsorname", "company", "school", "presenter", "host"),
        *("sponsororganization", "offeredby"),
    ),
    Column.INDEX_NUMBER: (
        *("indexnumber", "index", "indexno", "indexnum", "aapcindexnumber", "approvalnumber", "ceunumber"),
        *("indexnr", "approvalcode", "ceuindexnumber", "activitynumber"),
    ),
    Column.KIND: (
        *("kind", "type", "activitytype", "category", "ceutype", "format", "method", "typeofactivity"),
        *("kindofactivity", "creditype", "credittype"),
    ),
    Column.PARTS: (
        *("countsfor", "topics", "topic", "parts", "part", "specialty", "domain", "hiimdomain"),
        *("contentarea", "core", "ceucategory", "domains"),
    ),
}


class DateOrder(StrEnum):
    """Which of the first two numbers of 3/4/2026 is the month."""

    MONTH_FIRST = "month_first"
    DAY_FIRST = "day_first"


class Wrong(StrEnum):
    """What keeps a row from becoming an activity."""

    NO_TITLE = "no_title"
    TOO_LONG = "too_long"
    NO_DATE = "no_date"
    NOT_A_DATE = "not_a_date"
    WHICH_ORDER = "which_order"
    NOT_CEUS = "not_ceus"
    NOT_MINUTES = "not_minutes"
    NO_AMOUNT = "no_amount"
    SURPLUS_CELLS = "surplus_cells"


class Note(StrEnum):
    """What was read in a way that the person may want to know."""

    KIND_UNKNOWN = "kind_unknown"
    PART_UNKNOWN = "part_unknown"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said about a cell; ``text`` is what stands there, shortened."""

    about: Wrong | Note
    column: Column | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What kinds of activities and parts of requirements are called: plain name to key."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the file; it may become an activity when ``wrong`` is empty."""

    line: int
    title: str = ""
    completed_on: date | None = None
    ceus: Decimal | None = None
    minutes: int | None = None
    provider: str = ""
    index_number: str = ""
    activity: str = ""
    topics: tuple[str, ...] = ()
    wrong: tuple[Remark, ...] = ()
    notes: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it was read."""

    #: Names of the columns as the file writes them, or their numbers where it names none.
    columns: tuple[str, ...]
    #: The first thing that stands in each column.
    samples: tuple[str, ...]
    #: Which column holds what, by its place from 0.
    mapping: Mapping[Column, int]
    entries: tuple[Entry, ...]
    #: As chosen, else as the file itself shows; ``None`` where no date of it depends on it.
    order: DateOrder | None
    #: Whether there are dates that can be read in two ways.
    is_ambiguous: bool

    @property
    def missing(self) -> tuple[Column, ...]:
        """Needed columns that were not found."""
        return tuple(column for column in NEEDED if column not in self.mapping)

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of columns of which nothing is taken."""
        taken = set(self.mapping.values())
        return tuple(name for place, name in enumerate(self.columns) if place not in taken)


def plain(name: str) -> str:
    """A name in small letters and digits only, as names are compared."""
    return "".join(char for char in name.casefold() if char.isalnum())


def decode(raw: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or Windows-1252; raises ``UnreadableError``."""
    if len(raw) > MAX_BYTES:
        raise UnreadableError(Unreadable.TOO_LONG)
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableError(Unreadable.WORKBOOK)
    for encoding in _encodings(raw):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableError(Unreadable.NOT_TEXT)


def _encodings(raw: bytes) -> tuple[str, ...]:
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return (encoding,)
    # UTF-16 without a mark: every second byte of ordinary text is zero
    head = raw[:200]
    if head.count(0) * 3 > len(head) and len(raw) % 2 == 0:
        return ("utf-16-le",) if head[1::2].count(0) >= head[::2].count(0) else ("utf-16-be",)
    return ("utf-8", "cp1252")


def read(
    text: str,
    words: Words,
    *,
    mapping: Mapping[Column, int] | None = None,
    order: DateOrder | None = None,
) -> Sheet:
    """Read the rows of ``text``; ``mapping`` and ``order`` are what the person chose.

    Raises ``UnreadableError``; what is wrong with a row stands in the row.
    """
    if len(text) > MAX_BYTES:
        raise UnreadableError(Unreadable.TOO_LONG)
    if _NOT_TEXT.search(text):
        raise UnreadableError(Unreadable.NOT_TEXT)
    lines = list(_rows(text.removeprefix("\ufeff")))
    if not lines:
        raise UnreadableError(Unreadable.EMPTY)
    columns, rows, found = _head(lines)
    mapping = found if mapping is None else {c: place for c, place in mapping.items() if place < len(columns)}
    place = mapping.get(Column.DATE)
    dates = [cells[place] for _line, cells in rows if place is not None and place < len(cells)]
    evident = _order_of(dates)
    is_ambiguous = any(_reads_both_ways(one) for one in dates)
    chosen = order or evident
    return Sheet(
        columns=columns,
        samples=tuple(_sample(rows, place) for place in range(len(columns))),
        mapping=mapping,
        entries=tuple(_entry(line, cells, mapping, len(columns), words, chosen) for line, cells in rows),
        order=chosen,
        is_ambiguous=is_ambiguous and evident is None,
    )


def _sample(rows: Sequence[tuple[int, list[str]]], place: int) -> str:
    return next((_short(cells[place]) for _line, cells in rows if place < len(cells) and cells[place]), "")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, each with the number of its first line."""
    rows = first = 0
    try:
        if (named := re.match(r"sep=([,;\t])\r?\n", text, re.IGNORECASE)) is not None:  # as Excel writes it
            separator, text, first = named[1], text[named.end() :], 1
        else:
            separator = _separator(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        line = first + 1
        for cells in reader:
            start, line = line, first + reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            while cells and not cells[-1].strip():
                cells.pop()
            rows += 1
            if rows > MAX_ROWS + 1:
                raise UnreadableError(Unreadable.TOO_MANY_ROWS)
            if len(cells) > MAX_COLUMNS:
                raise UnreadableError(Unreadable.TOO_MANY_COLUMNS)
            yield start, [_cell(cell) for cell in cells]
    except csv.Error as broken:
        raise UnreadableError(Unreadable.BROKEN) from broken


def _separator(text: str) -> str:
    """The separator that cuts the first line with something in it into the most cells."""
    line = next((one for one in text.splitlines() if one.strip()), "")
    return max(SEPARATORS, key=lambda one: len(next(csv.reader([line], delimiter=one), [])))


def _cell(text: str) -> str:
    """A cell on one line, without the quote that a careful export puts before a formula."""
    return re.sub(r"\A'(?=[=+\-@])", "", " ".join(text.split()))


def _head(
    lines: Sequence[tuple[int, list[str]]],
) -> tuple[tuple[str, ...], Sequence[tuple[int, list[str]]], dict[Column, int]]:
    """The names of the columns, the rows under them, and which column is which by its name."""
    names = lines[0][1]
    found: dict[Column, int] = {}
    places = {plain(name): place for place, name in reversed(list(enumerate(names)))}
    for column, known in NAMES.items():
        if (best := next((places[name] for name in known if name in places), None)) is not None:
            found[column] = best
    if not found and any(_day(cell, None) or _reads_both_ways(cell) for cell in names):
        width = max(len(cells) for _line, cells in lines)  # no names: the first line is an activity
        columns, rows = tuple(str(number) for number in range(1, width + 1)), lines
    else:
        columns, rows = tuple(name or str(place) for place, name in enumerate(names, 1)), lines[1:]
    if len(rows) > MAX_ROWS:
        raise UnreadableError(Unreadable.TOO_MANY_ROWS)
    return columns, rows, found


# --- a row -----------------------------------------------------------------------------------------------


def _entry(
    line: int,
    cells: Sequence[str],
    mapping: Mapping[Column, int],
    width: int,
    words: Words,
    order: DateOrder | None,
) -> Entry:
    at = {column: cells[place] for column, place in mapping.items() if place < len(cells)}
    wrong: list[Remark] = []
    notes: list[Remark] = []

    def problem(what: Wrong, column: Column | None = None) -> None:
        wrong.append(Remark(what, column, _short(at.get(column, "")) if column else ""))

    for name, longest in LONGEST.items():
        if len(at.get(Column(name), "")) > longest:
            problem(Wrong.TOO_LONG, Column(name))
    if len(cells) > width:
        problem(Wrong.SURPLUS_CELLS)
    if not at.get(Column.TITLE):
        problem(Wrong.NO_TITLE, Column.TITLE)
    day = None
    if text := at.get(Column.DATE):
        day = _day(text, order)
        if day is None:
            unsettled = order is None and _reads_both_ways(text)
            problem(Wrong.WHICH_ORDER if unsettled else Wrong.NOT_A_DATE, Column.DATE)
    else:
        problem(Wrong.NO_DATE, Column.DATE)
    ceus = minutes = None
    if text := at.get(Column.CEUS):
        ceus = _ceus(text)
        if ceus is None:
            problem(Wrong.NOT_CEUS, Column.CEUS)
    for column in (Column.MINUTES, Column.HOURS):
        if minutes is None and (text := at.get(column)):
            minutes = _minutes(text, column)
            if minutes is None:
                problem(Wrong.NOT_MINUTES, column)
    if not any(at.get(column) for column in (Column.CEUS, Column.MINUTES, Column.HOURS)):
        problem(Wrong.NO_AMOUNT)
    activity = ""
    if text := at.get(Column.KIND):
        activity = _kind(text, words.kinds)
        if not activity:
            notes.append(Remark(Note.KIND_UNKNOWN, Column.KIND, _short(text)))
    topics: list[str] = []
    for text in re.split(r"[;,|]", at.get(Column.PARTS, "")):
        if plain(text) in words.parts:
            topics.append(words.parts[plain(text)])
        elif text.strip():
            notes.append(Remark(Note.PART_UNKNOWN, Column.PARTS, _short(text.strip())))
    return Entry(
        line=line,
        title=at.get(Column.TITLE, ""),
        completed_on=day,
        ceus=ceus,
        minutes=minutes,
        provider=at.get(Column.PROVIDER, ""),
        index_number=at.get(Column.INDEX_NUMBER, ""),
        activity=activity,
        topics=tuple(sorted(set(topics))),
        wrong=tuple(wrong),
        notes=tuple(notes),
    )


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _kind(text: str, kinds: Mapping[str, str]) -> str:
    """The kind of activity that ``text`` names, alone or as a word of it; empty when none is."""
    if plain(text) in kinds:
        return kinds[plain(text)]
    return next((kinds[plain(word)] for word in re.split(r"[\W_]+", text) if plain(word) in kinds), "")


def _ceus(text: str) -> Decimal | None:
    found = re.fullmatch(
        r"([0-9]{1,3})(?:[.,]([0-9]{1,2})0*)?\s*(?:ceus?|ces?|credits?|h|hrs?|hours?)?", text, re.I
    )
    if found is None:
        return None
    number = Decimal(f"{found[1]}.{found[2] or 0}")
    return number if number > 0 else None


def _minutes(text: str, column: Column) -> int | None:
    """Whole minutes of ``90``, ``90 min``, ``1:30`` or ``1.5 h``; a bare number is in the column's unit."""
    if clock := re.fullmatch(r"([0-9]{1,3}):([0-5][0-9])(?::00)?", text):
        minutes = Decimal(int(clock[1]) * 60 + int(clock[2]))
    else:
        found = re.fullmatch(
            r"([0-9]{1,5}(?:[.,][0-9]{1,2})?)\s*(m|mins?|minutes?|h|hrs?|hours?)?\.?", text, re.I
        )
        if found is None:
            return None
        is_hours = found[2][0] in "hH" if found[2] else column is Column.HOURS
        minutes = Decimal(found[1].replace(",", ".")) * (60 if is_hours else 1)
    whole = int(minutes)
    return whole if whole == minutes and 1 <= whole <= MAX_MINUTES else None


# --- dates -----------------------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july"),
            *("aug august", "sep sept september", "oct october", "nov november", "dec december"),
        ),
        1,
    )
    for name in names.split()
}
_TIME = re.compile(
    r"[T ]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)
_ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})|([0-9]{4})([0-9]{2})([0-9]{2})")
_SLASHED = re.compile(r"([0-9]{1,2})\s*[/-]\s*([0-9]{1,2})(?:\s*[/-]\s*([0-9]{4})|/([0-9]{2}))")
_DOTTED = re.compile(r"([0-9]{1,2})\.\s*([0-9]{1,2})\.\s*([0-9]{4}|[0-9]{2})")
_NAMED = re.compile(r"(?:[a-z]+,\s+)?([a-z]{3,9})\.?\s+([0-9]{1,2})(?:st|nd|rd|th)?,?\s+([0-9]{4})", re.I)
_NAMED_LAST = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})\.?,?[\s-]+([0-9]{4}|[0-9]{2})", re.I
)


def _numbers(text: str) -> tuple[int, int, int] | None:
    """The three numbers of a date such as 3/4/2026, whose order only its file tells."""
    found = _SLASHED.fullmatch(_TIME.sub("", text))
    if found is None:
        return None
    return int(found[1]), int(found[2]), _year(found[3] or found[4])


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _reads_both_ways(text: str) -> bool:
    numbers = _numbers(text)
    return (
        numbers is not None and numbers[0] != numbers[1] and max(numbers[:2]) <= 12 and min(numbers[:2]) > 0
    )


def _order_of(dates: Iterable[str]) -> DateOrder | None:
    """The order that the dates themselves show; ``None`` when they show none, or both."""
    shown = set()
    for text in dates:
        match _numbers(text):
            case (first, second, _) if first > 12 >= second:
                shown.add(DateOrder.DAY_FIRST)
            case (first, second, _) if second > 12 >= first:
                shown.add(DateOrder.MONTH_FIRST)
    return shown.pop() if len(shown) == 1 else None


def _day(text: str, order: DateOrder | None) -> date | None:
    """The day that ``text`` names; ``None`` when it names none, or two and no order is known."""
    text = _TIME.sub("", text)
    if found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups() if part is not None)
        return _date(year, month, day)
    if numbers := _numbers(text):
        first, second, year = numbers
        if first == second or (order is None and second > 12):
            return _date(year, first, second)
        if order is None:
            return _date(year, second, first) if first > 12 else None
        return _date(year, first, second) if order is DateOrder.MONTH_FIRST else _date(year, second, first)
    if found := _DOTTED.fullmatch(text):
        return _date(_year(found[3]), int(found[2]), int(found[1]))
    if found := _NAMED.fullmatch(text):
        return _date(int(found[3]), _MONTHS.get(found[1].casefold(), 0), int(found[2]))
    if found := _NAMED_LAST.fullmatch(text):
        return _date(_year(found[3]), _MONTHS.get(found[2].casefold(), 0), int(found[1]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
