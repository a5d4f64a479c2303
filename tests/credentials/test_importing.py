"""Reading spreadsheets: pure, then what becomes of the rows in a ledger and on the page."""

from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.models import User
from courses.credentials.actions import add_credit, reverse_credit
from courses.credentials.actions.importing import Becomes, SheetChanged, check_sheet, import_sheet
from courses.credentials.importing import (
    MAX_BYTES,
    MAX_ROWS,
    Column,
    DateOrder,
    Entry,
    Note,
    Unreadable,
    UnreadableError,
    Words,
    Wrong,
    decode,
    read,
)
from courses.credentials.models import Credit, Ledger
from tests.credentials.conftest import Record

HEAD = "Title,Completed on,CEUs,Minutes,Provider,Index number,Kind,Counts for\n"
WORDS = Words(
    kinds={"webinar": "webinar", "conference": "conference"},
    parts={"auditing": "auditing", "compliance": "compliance"},
)


def entry(line: str, head: str = HEAD, **options: Any) -> Entry:
    return read(head + line, WORDS, **options).entries[0]


def wrongs(line: str, **options: Any) -> list[Wrong | Note]:
    return [one.about for one in entry(line, **options).wrong]


def test_a_row_becomes_an_entry() -> None:
    found = entry('"Audit, part 2",2026-06-01,2.5,150,NAMAS,A-77,Webinar,Auditing; Compliance\n')

    assert found == Entry(
        line=2,
        title="Audit, part 2",
        completed_on=date(2026, 6, 1),
        ceus=Decimal("2.5"),
        minutes=150,
        provider="NAMAS",
        index_number="A-77",
        activity="webinar",
        topics=("auditing", "compliance"),
    )


# --- the file as a whole -----------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_are_found(encoding: str) -> None:
    text = HEAD + "Café – “coding”,2026-06-01,1\n"

    assert read(decode(text.encode(encoding)), WORDS).entries[0].title == "Café – “coding”"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_found(separator: str, end: str) -> None:
    text = end.join(separator.join(row) for row in (["Title", "Date", "CEU"], ["Talk", "2026-06-01", "1"]))

    found = read(text, WORDS).entries

    assert [(one.line, one.title, one.ceus) for one in found] == [(2, "Talk", Decimal(1))]


def test_a_line_that_names_the_separator_is_obeyed_and_counted() -> None:
    found = read("sep=;\nTitle;Date;CEUs\nTalk, long;2026-06-01;1,5\n", WORDS).entries[0]

    assert (found.line, found.title, found.ceus) == (3, "Talk, long", Decimal("1.5"))


def test_lines_are_numbered_as_in_the_file() -> None:
    found = read(HEAD + '\n"A\ntalk",2026-06-01,1\n,,\nB,2026-06-02,1\n', WORDS).entries

    assert [(one.line, one.title) for one in found] == [(3, "A talk"), (6, "B")]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", Unreadable.EMPTY),
        (b" \n,,\n", Unreadable.EMPTY),
        (b"x" * (MAX_BYTES + 1), Unreadable.TOO_LONG),
        (b"PK\x03\x04rest of a workbook", Unreadable.WORKBOOK),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", Unreadable.NOT_TEXT),
        (b"\xff\xfeodd", Unreadable.NOT_TEXT),
        (b"Title,Date\n\x01,2", Unreadable.NOT_TEXT),
        ((HEAD + "A,2026-06-01,1\n" * (MAX_ROWS + 1)).encode(), Unreadable.TOO_MANY_ROWS),
        (b"a," * 41 + b"a", Unreadable.TOO_MANY_COLUMNS),
        (b"Title\n" + b"x" * 200_000, Unreadable.BROKEN),
        (b"x" * 200_000, Unreadable.BROKEN),
    ],
)
def test_what_cannot_be_read_says_why(raw: bytes, why: Unreadable) -> None:
    with pytest.raises(UnreadableError) as refusal:
        read(decode(raw), WORDS)

    assert refusal.value.why is why


def test_as_many_rows_as_allowed_are_read() -> None:
    assert len(read(HEAD + "A,2026-06-01,1\n" * MAX_ROWS, WORDS).entries) == MAX_ROWS


@given(st.binary(max_size=400))
@example(b'"')
@example(b"Title,Date\n=cmd|' /C calc'!A0,2026-01-01")
@example("Title,Date,CEUs\nA,٣/٤/٢٠٢٦,٢".encode())
@example(b"\xef\xbb\xbf")
@example(b"sep=;\n")
def test_hostile_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(UnreadableError):
        assert len(read(decode(raw), WORDS).entries) <= MAX_ROWS


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_hostile_cells_never_become_an_entry_that_is_not_whole(
    title: str, day: str, ceus: str, minutes: str
) -> None:
    line = ",".join('"' + cell.replace('"', '""') + '"' for cell in (title, day, ceus, minutes))
    try:
        rows = read(HEAD + line, WORDS).entries
    except UnreadableError:
        return
    for found in rows:
        assert found.wrong or (found.title and found.completed_on and (found.ceus or found.minutes))


# --- columns -----------------------------------------------------------------------------------------


def test_columns_are_found_by_the_names_people_use() -> None:
    sheet = read(
        "Date Earned;CEU(s);Sponsor;Activity Title;Index #;Remarks\n2026-06-01;2;AAPC;Talk;A1;x\n", WORDS
    )

    assert sheet.mapping == {
        Column.DATE: 0,
        Column.CEUS: 1,
        Column.PROVIDER: 2,
        Column.TITLE: 3,
        Column.INDEX_NUMBER: 4,
    }
    assert sheet.unread == ("Remarks",)
    assert not sheet.missing


def test_the_better_name_goes_before_the_first_one() -> None:
    sheet = read("Name,Course Title,Date\nSam,Talk,2026-06-01\n", WORDS)

    assert sheet.entries[0].title == "Talk"


def test_unknown_columns_are_named_by_hand() -> None:
    text = "Foo,Bar,Baz\nTalk,2026-06-01,2\n"
    assert read(text, WORDS).missing == (Column.TITLE, Column.DATE)

    sheet = read(text, WORDS, mapping={Column.TITLE: 0, Column.DATE: 1, Column.CEUS: 2, Column.HOURS: 9})

    assert sheet.entries[0].title == "Talk"
    assert Column.HOURS not in sheet.mapping


def test_a_file_without_names_loses_no_row() -> None:
    sheet = read("Talk,2026-06-01,2\nOther,2026-06-02,1,more\n", WORDS)

    assert sheet.columns == ("1", "2", "3", "4")
    assert [one.line for one in sheet.entries] == [1, 2]


# --- dates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-04", "2026/3/4", "2026.03.04", "20260304", "2026-03-04T10:30:00Z", "2026-03-04 10:30"),
        *("Mar 4, 2026", "March 4 2026", "Mar. 4th, 2026", "Wednesday, March 4, 2026", "4 March 2026"),
        *("04-Mar-2026", "4-Mar-26", "4.3.2026", "04.03.26"),
    ],
)
def test_dates_of_one_meaning_need_no_order(text: str) -> None:
    assert entry(f'Talk,"{text}",1').completed_on == date(2026, 3, 4)


@pytest.mark.parametrize("text", ["3/4/2026", "03/04/2026", "3-4-2026", "3/4/26", "3/4/2026 10:30 PM"])
def test_a_date_of_two_meanings_waits_for_the_order(text: str) -> None:
    sheet = read(f"{HEAD}Talk,{text},1\n", WORDS)

    assert sheet.is_ambiguous and sheet.order is None
    assert [one.about for one in sheet.entries[0].wrong] == [Wrong.WHICH_ORDER]
    assert entry(f"Talk,{text},1", order=DateOrder.MONTH_FIRST).completed_on == date(2026, 3, 4)
    assert entry(f"Talk,{text},1", order=DateOrder.DAY_FIRST).completed_on == date(2026, 4, 3)


@pytest.mark.parametrize(
    ("other", "order", "day"),
    [
        ("6/30/2026", DateOrder.MONTH_FIRST, date(2026, 3, 4)),
        ("30/6/2026", DateOrder.DAY_FIRST, date(2026, 4, 3)),
    ],
)
def test_one_clear_date_settles_the_order_of_a_file(other: str, order: DateOrder, day: date) -> None:
    sheet = read(f"{HEAD}Talk,3/4/2026,1\nOther,{other},1\n", WORDS)

    assert (sheet.order, sheet.is_ambiguous) == (order, False)
    assert sheet.entries[0].completed_on == day


def test_dates_of_both_orders_in_one_file_ask_for_the_rest() -> None:
    sheet = read(f"{HEAD}A,3/4/2026,1\nB,30/6/2026,1\nC,6/30/2026,1\n", WORDS)

    assert sheet.is_ambiguous
    assert [one.completed_on for one in sheet.entries[1:]] == [date(2026, 6, 30)] * 2


def test_a_day_that_is_its_own_month_is_clear() -> None:
    assert not read(f"{HEAD}A,3/3/2026,1\n", WORDS).is_ambiguous


@pytest.mark.parametrize("text", ["soon", "2026-02-30", "13/13/2026", "2026", "46000", "0/0/2026", "1/2/3"])
def test_what_is_no_date_is_said(text: str) -> None:
    assert wrongs(f"Talk,{text},1", order=DateOrder.MONTH_FIRST) == [Wrong.NOT_A_DATE]


# --- amounts and the rest ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ceus"), [("2", "2"), ("2.50", "2.5"), ('"1,5"', "1.5"), ("1.5 CEUs", "1.5"), ("0.250", "0.25")]
)
def test_ceus_are_read_as_people_write_them(text: str, ceus: str) -> None:
    assert entry(f"Talk,2026-06-01,{text}").ceus == Decimal(ceus)


@pytest.mark.parametrize(
    ("text", "minutes"), [("90", 90), ("90 min", 90), ("1:30", 90), ("1.5 h", 90), ("2 hours", 120)]
)
def test_minutes_are_read_as_people_write_them(text: str, minutes: int) -> None:
    assert entry(f"Talk,2026-06-01,,{text}").minutes == minutes


def test_a_column_of_hours_becomes_minutes() -> None:
    assert entry("Talk,2026-06-01,1.5", "Title,Date,Hours\n").minutes == 90


def test_several_things_wrong_with_a_row_are_all_said() -> None:
    assert wrongs(f"{'x' * 201},tomorrow,many,-5,{'p' * 121},n,,,extra,more") == [
        Wrong.TOO_LONG,
        Wrong.TOO_LONG,
        Wrong.SURPLUS_CELLS,
        Wrong.NOT_A_DATE,
        Wrong.NOT_CEUS,
        Wrong.NOT_MINUTES,
    ]
    assert wrongs(",,,,Somebody") == [Wrong.NO_TITLE, Wrong.NO_DATE, Wrong.NO_AMOUNT]


@pytest.mark.parametrize("text", ["-1", "0", "1.234", "1000", "NaN", "1e3", "٢", "=1+1"])
def test_what_is_no_number_of_ceus_is_said(text: str) -> None:
    assert wrongs(f"Talk,2026-06-01,{text}") == [Wrong.NOT_CEUS]


@pytest.mark.parametrize("text", ["0", "10001", "1:75", "1.5", "much", "1e3"])
def test_what_is_no_number_of_minutes_is_said(text: str) -> None:
    assert wrongs(f"Talk,2026-06-01,,{text}") == [Wrong.NOT_MINUTES]


@pytest.mark.parametrize(
    "text", ['"=HYPERLINK(""http://x"")"', "@SUM(A1)", "+1", "-1", "<script>alert(1)</script>"]
)
def test_what_looks_like_a_formula_stays_text(text: str) -> None:
    assert entry(f"{text},2026-06-01,1").title == text.strip('"').replace('""', '"')


def test_the_quote_of_a_careful_export_is_taken_off() -> None:
    assert entry("'=1+1,2026-06-01,1").title == "=1+1"
    assert entry("'Tis a talk,2026-06-01,1").title == "'Tis a talk"


def test_what_is_not_known_is_left_out_and_said() -> None:
    found = entry("Talk,2026-06-01,1,,,,Live webinar,Auditing;Core A")

    assert (found.activity, found.topics) == ("webinar", ("auditing",))
    assert [(one.about, one.text) for one in found.notes] == [(Note.PART_UNKNOWN, "Core A")]
    assert entry("Talk,2026-06-01,1,,,,Whatever").notes[0].about is Note.KIND_UNKNOWN


# --- what becomes of the rows ------------------------------------------------------------------------

IMPORT = "credentials:import_credits"
FILE = (
    HEAD
    + "Audit webinar,2026-06-01,2.5,150,NAMAS,A-77,Webinar,Auditing\n"
    + "Chapter meeting,2026-05-01,1,,Local chapter,,Conference,\n"
)


@pytest.fixture
def clock(time_machine: Any, at: datetime) -> None:
    """Views read the real clock: let it be that of the tests."""
    time_machine.move_to(at, tick=False)


def becomes(user: User, text: str, at: datetime) -> list[tuple[int, str]]:
    sheet = read(text, WORDS)
    return [(line.entry.line, line.becomes.value) for line in check_sheet(user=user, sheet=sheet, at=at)]


def test_new_lines_become_activities_once(record: Record, student: User, at: datetime) -> None:
    record()
    sheet = read(FILE, WORDS)
    assert becomes(student, FILE, at) == [(2, "new"), (3, "new")]
    assert not Ledger.objects.exists()

    added = import_sheet(user=student, sheet=sheet, expected=2, by=student, at=at)

    assert [(one.detail.title, one.source, one.activity) for one in added] == [
        ("Chapter meeting", "imported", "conference"),
        ("Audit webinar", "imported", "webinar"),
    ]
    assert (added[1].topics, added[1].is_stated, added[1].minutes) == (["auditing"], True, 150)
    assert becomes(student, FILE, at) == [(2, "there"), (3, "there")]
    assert import_sheet(user=student, sheet=sheet, expected=0, by=student, at=at) == []
    assert Credit.objects.count() == 2


def test_lines_are_compared_with_what_was_entered_by_hand(
    record: Record, student: User, at: datetime
) -> None:
    record()
    fields: dict[str, Any] = {"user": student, "by": student, "at": at, "ceus": Decimal(1)}
    add_credit(title="Other words", completed_on=date(2026, 7, 1), index_number="a77", **fields)
    gone = add_credit(
        title="chapter  MEETING", provider="local chapter", completed_on=date(2026, 5, 1), **fields
    )
    reverse_credit(credit=gone, reason="Was not there", by=student, at=at)

    assert becomes(student, FILE, at) == [(2, "there"), (3, "withdrawn")]


def test_a_line_twice_in_the_file_counts_once(record: Record, student: User, at: datetime) -> None:
    record()
    text = FILE + "Same number,2026-07-01,1,,,a77,,\n"

    assert becomes(student, text, at) == [(2, "new"), (3, "new"), (4, "repeated")]


def test_every_reason_of_a_line_is_said(record: Record, student: User, at: datetime) -> None:
    record()
    text = HEAD + ",2026-11-24,lots\nOld,2019-01-01,1\nShort,2026-06-01,,\nNo day,,1\n"

    lines = check_sheet(user=student, sheet=read(text, WORDS), at=at)

    assert {line.becomes for line in lines} == {Becomes.WRONG}
    assert [list(line.reasons) for line in lines] == [
        ["There is no title.", "“lots” is not a number of CEUs such as 1.5.", "This day is still to come."],
        ["CEUs count from the day you were certified, May 4, 2020."],
        ["There are neither CEUs nor minutes."],
        ["There is no date."],
    ]


def test_minutes_become_ceus_by_the_rule(record: Record, student: User, at: datetime) -> None:
    record()
    text = HEAD + "Talk,2026-06-01,,90\n"

    (credit,) = import_sheet(user=student, sheet=read(text, WORDS), expected=1, by=student, at=at)

    assert (credit.ceus, credit.is_stated) == (Decimal("1.5"), False)


def test_all_or_nothing_when_the_ledger_changed_meanwhile(
    record: Record, student: User, at: datetime
) -> None:
    record()
    add_credit(
        title="Webinar",
        completed_on=date(2026, 6, 1),
        ceus=Decimal(1),
        index_number="A-77",
        user=student,
        by=student,
        at=at,
    )

    with pytest.raises(SheetChanged):
        import_sheet(user=student, sheet=read(FILE, WORDS), expected=2, by=student, at=at)

    assert Credit.objects.count() == 1


def test_a_person_without_credentials_is_told(bodies: None, student: User, at: datetime) -> None:
    lines = check_sheet(user=student, sheet=read(FILE, WORDS), at=at)

    assert lines[0].reasons == ("Record the credential first that the activity is to count for.",)


# --- the pages ---------------------------------------------------------------------------------------


def given_file(raw: bytes) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("mine.csv", raw)}


def page_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.usefixtures("clock")
def test_file_is_shown_first_and_added_when_the_person_says_so(
    as_student: Client, record: Record, student: User
) -> None:
    record()
    record("cpma")

    shown = as_student.post(reverse(IMPORT), given_file(FILE.encode("utf-16")))

    assert shown.status_code == 200
    assert "2 new activities with 3.5 CEUs" in page_of(shown)
    assert "Add 2 activities" in page_of(shown)
    assert not Credit.objects.exists()

    added = as_student.post(reverse(IMPORT), {"text": shown.context["text"], "apply": "2"}, follow=True)

    assert "2 activities are in your ledger." in page_of(added)
    assert Credit.objects.count() == 2
    again = as_student.post(reverse(IMPORT), given_file(FILE.encode()))
    assert "0 new activities with 0 CEUs" in page_of(again)
    assert "2 lines are there already" in page_of(again)
    assert 'name="apply"' not in page_of(again)


@pytest.mark.usefixtures("clock")
def test_confirming_what_was_not_shown_shows_it_again(as_student: Client, record: Record) -> None:
    record()

    for number in ("3", "0", "x", "-2", ""):
        answer = as_student.post(reverse(IMPORT), {"text": FILE, "apply": number})
        assert "Your ledger has changed meanwhile" in page_of(answer)

    assert not Credit.objects.exists()


@pytest.mark.usefixtures("clock")
def test_dates_of_two_meanings_are_asked_for(as_student: Client, record: Record) -> None:
    record()
    text = "Title\tDate\tCEUs\nTalk\t3/4/2026\t1\n"

    asked = page_of(as_student.post(reverse(IMPORT), {"text": text}))
    assert "How does the file write dates?" in asked
    assert 'name="apply"' not in asked

    chosen = {"text": text, "order": "day_first"}
    assert "3 Apr 2026" in page_of(as_student.post(reverse(IMPORT), chosen))
    as_student.post(reverse(IMPORT), chosen | {"apply": "1"})
    assert Credit.objects.get().completed_on == date(2026, 4, 3)


@pytest.mark.usefixtures("clock")
def test_unknown_columns_are_assigned_by_hand(as_student: Client, record: Record) -> None:
    record()
    text = "Foo,Bar,Baz\nTalk,2026-06-01,2\n"

    asked = page_of(as_student.post(reverse(IMPORT), {"text": text}))
    assert "No column was found for: What and Completed on" in asked

    mapped = {
        "text": text,
        "mapped": "1",
        "column-0": "title",
        "column-1": "completed_on",
        "column-2": "ceus",
    }
    assert "Add 1 activity" in page_of(as_student.post(reverse(IMPORT), mapped))
    as_student.post(reverse(IMPORT), mapped | {"apply": "1"})
    assert Credit.objects.get().ceus == 2


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, None),
        ({"text": "  \n"}, None),
        ({"text": "\u0001"}, "text"),
        ({"raw": b""}, "file"),
        ({"raw": b"PK\x03\x04"}, "file"),
        ({"raw": b"Title,Date\n\x00\x01"}, "file"),
        ({"raw": b"x" * (MAX_BYTES + 1)}, "file"),
        ({"raw": ("A,2026-06-01,1\n" * 501).encode()}, "file"),
    ],
)
def test_what_cannot_be_read_is_explained(
    as_student: Client, record: Record, sent: dict[str, Any], field: str | None
) -> None:
    record()
    fields = given_file(sent["raw"]) if "raw" in sent else sent

    answer = as_student.post(reverse(IMPORT), fields)

    assert answer.status_code == 422
    form = answer.context["form"]
    assert form.errors[field] if field else form.non_field_errors()


@pytest.mark.usefixtures("clock")
def test_hostile_files_never_break_the_page(as_student: Client, record: Record) -> None:
    record()
    chance = Random(5)
    kinds = [bytes(range(256)), b',;\t"\n\r', b"Title,Date\n0/-123:= \xff\xfe"]
    blobs = [bytes(chance.choices(chance.choice(kinds), k=chance.randrange(1, 300))) for _ in range(40)]

    answers = {as_student.post(reverse(IMPORT), given_file(blob)).status_code for blob in blobs}

    assert answers == {200, 422}


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "fields",
    [
        {"order": "sideways"},
        {"mapped": "1"},
        {"mapped": "1", "column-0": "nothing", "column-99": "title"},
        {"mapped": "1", "column-0": "title", "column-1": "title", "column-39": "ceus"},
    ],
)
def test_choices_that_mean_nothing_change_nothing(
    as_student: Client, record: Record, fields: dict[str, str]
) -> None:
    record()

    assert as_student.post(reverse(IMPORT), {"text": FILE} | fields).status_code == 200
    assert not Credit.objects.exists()


@pytest.mark.usefixtures("clock")
def test_what_looks_like_markup_or_a_formula_is_shown_as_text(as_student: Client, record: Record) -> None:
    record()
    text = HEAD + '"=1+1</textarea><script>alert(1)</script>",2026-06-01,1\n'

    answer = as_student.post(reverse(IMPORT), {"text": text})

    assert b"<script>alert" not in answer.content
    as_student.post(reverse(IMPORT), {"text": answer.context["text"], "apply": "1"})
    assert Credit.objects.get().detail.title == "=1+1</textarea><script>alert(1)</script>"


def test_template_is_read_as_it_is_given(as_student: Client) -> None:
    answer = as_student.get(reverse("credentials:import_template"))

    sheet = read(decode(answer.content), WORDS)
    assert (sheet.entries, sheet.missing, sheet.unread) == ((), (), ())
    assert "attachment" in answer["Content-Disposition"]


#: Opening the ledger, first credential, cycles; then four statements a row: credit, words, link,
#: ledger.
QUERIES_OF_ONE, QUERIES_A_ROW = 16, 4


@pytest.mark.parametrize("rows", [1, 3])
def test_rows_are_written_in_few_statements(
    record: Record, student: User, at: datetime, rows: int, django_assert_num_queries: Any
) -> None:
    record()
    text = HEAD + "".join(f"Talk {n},2026-06-01,1\n" for n in range(rows))
    sheet = read(text, WORDS)

    with django_assert_num_queries(QUERIES_OF_ONE + QUERIES_A_ROW * (rows - 1)):
        import_sheet(user=student, sheet=sheet, expected=rows, by=student, at=at)
