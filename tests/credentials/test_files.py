"""G1, G2, G8, G9: what is taken as evidence, by what it holds; hostile files made here, and ordinary ones."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from courses.credentials import files, inspecting
from courses.credentials.files import MAX_BYTES, SENTENCES, NotAccepted, Reason, accept
from tests.credentials.hostile import (
    GPS,
    animated,
    drawing,
    exif,
    hostile,
    pdf,
    pictures,
    saved,
    spelled,
    with_segment,
    zipped,
)
from tests.credentials.ordinary import ordinary

ROOT = Path(__file__).resolve().parents[2]
#: What must not be left in a picture; a place is in it as the text of its tag.
DIRT = (b"<script", b"<?php", b"<svg", b"<html", b"PK\x03\x04", b"%PDF", b"Exif", GPS.encode(), b"ns.adobe")

Look = Callable[[bytes], str]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """What is said of a file, in this process: the one of its own has its tests below."""

    def say(content: bytes) -> str:
        (tmp_path / "came").write_bytes(content)
        said = inspecting.inspect(tmp_path / "came", tmp_path / "rebuilt")
        return said.get("refused") or said["kind"]

    return say


@pytest.fixture
def rebuilt(tmp_path: Path, look: Look) -> Callable[[bytes], bytes]:
    """A picture as it is kept."""

    def make(content: bytes) -> bytes:
        look(content)
        return (tmp_path / "rebuilt").read_bytes()

    return make


# --- G1, G9: which files ---------------------------------------------------------------------------------
def wrongly_judged(look: Look) -> list[str]:
    """Hostile files that are taken or refused for another reason, and ordinary ones that are refused."""
    outside = {"long", "empty"}  # said before anybody looks into them
    wrong = [
        f"{name}: {said}, not {reasons}"
        for name, (content, reasons) in hostile().items()
        if reasons not in outside and (said := look(content)) not in reasons.split()
    ]
    return wrong + [f"{name}: {said}" for name, one in ordinary().items() if (said := look(one)) != "pdf"]


def test_hostile_files_are_refused_and_ordinary_certificates_taken(look: Look) -> None:
    assert len(hostile()) >= 60 and len(ordinary()) >= 50
    assert wrongly_judged(look) == []


def test_lax_rule_for_pdf_would_be_noticed() -> None:
    # the planted fault: a head somewhere at the beginning, and nobody walks through it
    wrong = wrongly_judged(lambda content: "pdf" if b"%PDF-" in content[:1024] else "kind")

    assert len(wrong) >= 40
    assert any(one.startswith("PDF behind a page") for one in wrong)
    assert any(one.startswith("script in an object stream") for one in wrong)


def test_every_reason_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    said = {reason for _content, reasons in hostile().values() for reason in reasons.split()}
    assert said <= {reason.value for reason in Reason}
    assert str(NotAccepted(Reason.SCRIPT)) == (
        "The PDF holds a script. Print it to a PDF, or take a picture of it, and give that."
    )


# --- G2: pictures ----------------------------------------------------------------------------------------
def dirty(clean: Callable[[bytes], bytes]) -> list[str]:
    """Pictures in which something is left."""
    found = []
    for name, content in pictures().items():
        kept = clean(content)
        with Image.open(io.BytesIO(kept)) as image:
            told = {*image.info} - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            if any(mark in kept for mark in DIRT) or told or image.getexif():
                found.append(name)
    return found


def test_nothing_but_pixels_is_left_of_pictures(rebuilt: Callable[[bytes], bytes]) -> None:
    assert dirty(rebuilt) == []


def test_picture_that_is_only_saved_again_would_be_noticed() -> None:
    def saved_again(content: bytes) -> bytes:
        with Image.open(io.BytesIO(content)) as image:
            return saved(image, image.format or "PNG", **image.info)

    # the planted faults: nothing done at all, and the re-encoding that is often taken for cleaning
    assert len(dirty(lambda content: content)) >= 18
    assert len(dirty(saved_again)) >= 6


@pytest.mark.parametrize("name", sorted(pictures()))
def test_picture_shows_the_same(name: str, rebuilt: Callable[[bytes], bytes]) -> None:
    with (
        Image.open(io.BytesIO(pictures()[name])) as before,
        Image.open(io.BytesIO(rebuilt(pictures()[name]))) as now,
    ):
        sides = before.size[::-1] if before.getexif().get(0x0112) == 6 else before.size
        assert now.size == sides
        assert now.mode in {"L", "RGB"}
        assert not getattr(now, "is_animated", False)


def test_turned_photograph_stands_upright(rebuilt: Callable[[bytes], bytes]) -> None:
    turned = saved(drawing(), "JPEG", exif=exif(), quality=95)

    with Image.open(io.BytesIO(rebuilt(turned))) as now:
        upright = drawing().transpose(Image.Transpose.ROTATE_270)
        assert now.size == upright.size
        corners = [(2, 2), (45, 61), (2, 61)]
        assert all(
            abs(a - b) < 12
            for corner in corners
            for a, b in zip(now.getpixel(corner), upright.getpixel(corner), strict=True)  # type: ignore[arg-type]  # a colour
        )


def test_grey_of_sixteen_bits_keeps_its_brightness(rebuilt: Callable[[bytes], bytes]) -> None:
    with Image.open(io.BytesIO(rebuilt(saved(Image.new("I;16", (8, 8), 40_000), "PNG")))) as now:
        assert now.getpixel((3, 3)) == 40_000 // 256


def test_see_through_stands_on_white(rebuilt: Callable[[bytes], bytes]) -> None:
    with Image.open(io.BytesIO(rebuilt(saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")))) as now:
        assert now.getpixel((3, 3)) == (255, 255, 255)


def test_pixels_that_spell_a_program_are_a_real_case() -> None:
    # the control: such a file holds the text unpacked, whoever strips what stands around the pixels
    assert b"<?php" in spelled(b"<?php echo 1 ?>")


def test_same_picture_makes_the_same_bytes(rebuilt: Callable[[bytes], bytes]) -> None:
    plain = rebuilt(saved(drawing(), "PNG"))

    assert plain == rebuilt(saved(drawing(), "PNG")) == rebuilt(pictures()["tEXt script"])
    assert rebuilt(animated()) == plain  # its first picture


# --- the process of its own ------------------------------------------------------------------------------
def pieces(content: bytes, size: int = 64 * 1024) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def reason_of(content: bytes) -> Reason:
    with pytest.raises(NotAccepted) as refused:
        accept(pieces(content))
    return refused.value.reason


def test_pdf_is_kept_as_it_came_and_picture_is_made_anew() -> None:
    kept = accept(pieces(pdf()))
    assert (kept.kind, kept.path.read_bytes(), kept.size) == ("pdf", pdf(), len(pdf()))
    assert kept.sha256 == kept.original_sha256

    picture = accept(pieces(pictures()["JPEG with EXIF and place"]))
    assert picture.kind == "jpeg" and picture.sha256 != picture.original_sha256
    assert picture.size == picture.path.stat().st_size
    assert not any(mark in picture.path.read_bytes() for mark in DIRT)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("script in an object stream", Reason.SCRIPT),
        ("PDF behind a line", Reason.KIND),
        ("PDF and archive", Reason.TWO_FILES),
        ("picture that is a bomb", Reason.PIXELS),
        ("text that is a bomb", Reason.BROKEN),
        ("nothing", Reason.EMPTY),
        ("eleven megabytes", Reason.LONG),
    ],
)
def test_hostile_file_is_refused_by_the_process_too(name: str, reason: Reason) -> None:
    assert reason_of(hostile()[name][0]) is reason


def test_file_of_exactly_ten_megabytes_is_taken_and_one_byte_more_is_not() -> None:
    whole = pdf(
        b"",
        b"",
        b"<< /Length %d >>\nstream\n" % (MAX_BYTES - 1000) + b"x" * (MAX_BYTES - 1000) + b"\nendstream",
    )
    whole += b"\n" * (MAX_BYTES - len(whole))

    assert accept(pieces(whole)).size == MAX_BYTES
    assert reason_of(whole + b"\n") is Reason.LONG


def test_file_that_is_too_long_is_not_read_to_its_end() -> None:
    given = []

    def endless() -> Iterator[bytes]:
        while True:
            given.append(1)
            yield b"x" * 1024 * 1024

    with pytest.raises(NotAccepted):
        accept(endless())
    assert len(given) == 11


def test_nothing_stays_in_the_folder_of_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    kept = accept(pieces(pdf()))
    assert len(list(tmp_path.iterdir())) == 1
    reason_of(b"no certificate")
    del kept

    assert list(tmp_path.iterdir()) == []


def inspector(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program looks into files."""
    other = folder / "inspector.py"
    other.write_text(code)
    monkeypatch.setattr(files, "_INSPECTOR", other)


def test_file_that_is_never_read_through_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inspector(tmp_path, "import time\ntime.sleep(60)", monkeypatch)
    monkeypatch.setattr(files, "SECONDS", 0.5)

    assert reason_of(pdf()) is Reason.COMPLICATED


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
        "confine()\nwhile True: pass",
        "confine()\nheld = bytearray(2_000_000_000)",
        "confine()\nopen(sys.argv[2], 'wb').write(bytes(200_000_000))",
    ],
    ids=["dies", "thinks", "eats", "writes"],
)
def test_file_that_breaks_its_reader_breaks_nothing_else(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = inspecting.__file__
    head = "import sys, runpy\n"
    if "confine" in code:
        head += f"inspecting = runpy.run_path({source!r})\ninspecting['resource'].RLIMIT_CPU\n"
        head += "confine = inspecting['confine']\nconfine.__globals__['CPU_SECONDS'] = 1\n"
    inspector(tmp_path, head + code, monkeypatch)

    assert reason_of(pdf()) is Reason.BROKEN
    monkeypatch.undo()
    assert accept(pieces(pdf())).kind == "pdf"


def test_reader_of_files_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")
    code = "import os, json\nprint(json.dumps({'kind': 'pdf'} if 'SECRET_KEY' not in os.environ else {}))"
    inspector(tmp_path, code, monkeypatch)

    assert accept(pieces(pdf())).kind == "pdf"


def test_reader_of_files_imports_nothing_of_ours() -> None:
    code = (
        "import sys, runpy; runpy.run_path(sys.argv[1]);"
        "print(sorted({'django', 'portal', 'courses', 'accounts'} & {m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, inspecting.__file__], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_who_comes_when_all_are_busy_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    with files._turn:
        assert reason_of(pdf()) is Reason.BUSY
    assert accept(pieces(pdf())).kind == "pdf"


# --- G8: many at once ------------------------------------------------------------------------------------
@pytest.mark.fault
@pytest.mark.parametrize("fault", ["", "planted"])
def test_many_uploads_at_once_stay_flat_in_memory(fault: str) -> None:
    # the planted fault reads each file into memory and looks into all of them at once, in the web process
    done = subprocess.run(
        [sys.executable, "-m", "tests.credentials.uploader", "24", fault],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    taken, grown = map(int, done.stdout.split())

    assert taken == 24
    assert (grown <= 150) is (not fault), grown


def test_polyglots_of_the_set_are_real() -> None:
    # the controls: what is hidden in them is found by a program that looks for it
    for name in ("PDF and archive", "GIF and archive"):
        assert zipfile.is_zipfile(io.BytesIO(hostile()[name][0])), name
    assert zipfile.is_zipfile(io.BytesIO(pictures()["PNG and an archive"]))
    assert b"<?php" in with_segment(0xED, b"<?php") and zipped(a=b"x").startswith(b"PK")
