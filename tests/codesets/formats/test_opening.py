"""Opening official files: plain, in a zip as published, and in each zip that nobody should believe."""

import os
import time
import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings

from courses.codesets.errors import LoadRefused
from courses.codesets.formats.opening import MAX_BYTES, open_member, open_official
from tests.codesets.formats.hostile import HOSTILE, Member, archive
from tests.codesets.formats.mutating import mutated, outcome

WANTS = r"codes.*\.txt"


def read(path: Path, wants: str = WANTS) -> bytes:
    """All of it, in pieces as the readers take it."""
    with open_official(path, wants=wants) as stream:
        return b"".join(iter(lambda: stream.read(1 << 16), b""))


def zipped(folder: Path, **contents: bytes) -> Path:
    path = folder / "official.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def test_plain_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "download(1)"
    path.write_bytes(b"00001 A00\n" * 20_000)

    assert read(path) == b"00001 A00\n" * 20_000


def test_wanted_member_is_read_out_of_the_official_zip(tmp_path: Path) -> None:
    content = b"".join(b"%05d A00\n" % number for number in range(20_000))
    path = zipped(
        tmp_path,
        **{"Code Descriptions/": b"", "Code Descriptions/Codes_2026.TXT": content, "order.pdf": b"%PDF-"},
    )

    assert read(path) == content


def test_leftovers_of_another_system_are_not_taken_for_the_file(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"__MACOSX/codes.txt": b"leftover", "codes.txt": b"codes"})

    assert read(path) == b"codes"


def test_path_with_backslashes_is_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "official.zip"
    path.write_bytes(archive(Member(b"Table and Index\\codes.txt", b"codes")))

    assert read(path) == b"codes"


def test_stored_member_is_read(tmp_path: Path) -> None:
    path = tmp_path / "official.zip"
    path.write_bytes(archive(Member(b"codes.txt", b"codes", method=0)))

    assert read(path) == b"codes"


def test_small_file_of_blanks_is_no_bomb(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"codes.txt": b" " * 900_000})

    assert read(path) == b" " * 900_000


def test_spreadsheet_is_wanted_whole_though_it_is_a_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"[Content_Types].xml": b"<Types/>", "xl/worksheets/sheet1.xml": b"<sheet/>"})

    assert read(path, r".*\.xlsx") == path.read_bytes()


def test_spreadsheet_inside_a_zip_is_given_out_and_opens(tmp_path: Path) -> None:
    sheet = zipped(tmp_path, **{"[Content_Types].xml": b"<Types/>", "xl/worksheets/sheet1.xml": b"<sheet/>"})
    path = tmp_path / "hcpcs.zip"
    path.write_bytes(archive(Member(b"HCPC2026_JAN.xlsx", sheet.read_bytes(), method=0)))

    found = read(path, r"hcpc.*\.xlsx")

    with open_member(BytesIO(found), wants=r"sheet1\.xml") as stream:
        assert stream.read() == b"<sheet/>"


def test_lines_of_a_member_are_read_as_of_a_file(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"codes.txt": b"one\r\ntwo\r\nthree"})

    with open_official(path, wants=WANTS) as stream:
        assert [stream.readline(100) for _ in range(4)] == [b"one\r\n", b"two\r\n", b"three", b""]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_zip_is_refused_at_once_and_nothing_is_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, reason = HOSTILE[name]
    path = tmp_path / "work" / "official.zip"
    path.parent.mkdir()
    path.write_bytes(build())
    monkeypatch.chdir(path.parent)
    before = time.process_time()

    with pytest.raises(LoadRefused, match=reason):
        read(path)

    assert time.process_time() - before <= 10
    assert sorted(tmp_path.rglob("*")) == [path.parent, path]


def test_there_are_hostile_zips_enough() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize("name", ["60,000 files", "120 MB", "60 MB of zeros", "says 10 bytes, holds 60 MB"])
def test_bomb_takes_no_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "official.zip"
    path.write_bytes(HOSTILE[name][0]())
    tracemalloc.start()

    try:
        with pytest.raises(LoadRefused):
            read(path)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 5_000_000


def test_refusal_names_all_files_that_may_be_meant(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"codes_2026.txt": b"", "codes_2027.txt": b"", "order.pdf": b""})

    with pytest.raises(LoadRefused, match=r"may be meant: codes_2026\.txt, codes_2027\.txt$"):
        read(path)


def test_refusal_lists_what_is_inside_up_to_twenty_names(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{f"{number:02}.pdf": b"" for number in range(23)})

    with pytest.raises(LoadRefused, match=r"in it: 00\.pdf, .*, 19\.pdf and 3 more$"):
        read(path)


def test_file_longer_than_the_cap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.txt"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)

    with pytest.raises(LoadRefused, match=r"^codes\.txt is longer than 100 MB$"):
        read(path)


def test_zip_longer_than_the_cap_is_not_even_opened(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"codes.txt": b"codes"})
    os.truncate(path, MAX_BYTES + 1)

    with pytest.raises(LoadRefused, match=r"^official\.zip is longer than 100 MB$"):
        read(path)


def test_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.txt"
    path.write_bytes(b"0")

    with open_official(path, wants=WANTS) as stream:
        os.truncate(path, MAX_BYTES + 1)
        with pytest.raises(LoadRefused, match="longer than 100 MB"):
            stream.read()


@pytest.mark.parametrize("name", ["missing.txt", "folder", "pipe", "zero"])
def test_what_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")

    with pytest.raises(LoadRefused, match=r"cannot be opened|is not a file"):
        read(tmp_path / name)


def test_fault_of_the_reader_is_not_taken_for_one_of_the_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path, **{"codes.txt": b"codes"})

    with pytest.raises(ValueError, match="own"), open_official(path, wants=WANTS):
        raise ValueError("own")


HONEST = archive(
    Member(b"a/codes.txt", b"00001 A00\n" * 40),
    Member(b"a/", b"", method=0, mode=0o040755),
    Member(b"b.pdf", b"%PDF-", method=0),
)


@settings(max_examples=600, deadline=5_000)
@given(mutated(HONEST))
def test_mutated_zip_is_refused_or_read(data: bytes) -> None:
    def whole(file: BytesIO) -> None:
        with open_member(file, wants=WANTS) as stream:
            stream.read()

    assert outcome(whole, data) in ("read", "refused")
