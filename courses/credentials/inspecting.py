"""Looks into one file of a stranger: run as a process of its own, which the file may break and nothing else.

``python -I inspecting.py FILE REBUILT`` prints one line of JSON: ``{"kind": "pdf"}``, ``{"kind": "png"}``,
``{"kind": "jpeg"}`` or ``{"refused": REASON}``. A picture is written anew to REBUILT from nothing but its
pixels; a PDF is only walked. Started without environment and with limits on time, memory and output, so it
imports nothing of ours: see ``courses.credentials.files``.
"""

import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL import Image

#: What the process may use. A picture of the most pixels takes 140 MB, a see-through or turned one 350 MB.
CPU_SECONDS: Final = 12
MEMORY: Final = 768 * 1024 * 1024
#: The longest that is kept of a picture.
REBUILT_MAX: Final = 20 * 1024 * 1024
MAX_PIXELS: Final = 25_000_000
#: Rows of a picture that are moved at a time.
_BAND: Final = 128
MAX_PAGES: Final = 500
MAX_OBJECTS: Final = 200_000
MAX_DEPTH: Final = 60

PNG: Final = b"\x89PNG\r\n\x1a\n"
JPEG: Final = b"\xff\xd8\xff"
PDF: Final = b"%PDF-"

#: What would run as a page or a program if somebody served the bytes under another name.
MARKUP: Final = re.compile(rb"<\?php|<\?xml|<script|<svg|<html|<body|<iframe|javascript:", re.IGNORECASE)

#: Actions that run, start, send or fetch something.
_ACTIONS: Final = {
    "/JavaScript": "script",
    "/Launch": "program",
    "/GoToE": "embedded",
    "/GoToR": "remote",
    "/SubmitForm": "form",
    "/ImportData": "form",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/RichMediaExecute": "media",
    "/GoTo3DView": "media",
    "/GoToDp": "media",
}
#: Entries that have no business in a certificate, whatever they hold.
_KEYS: Final = {
    "/JS": "script",
    "/JavaScript": "script",
    "/XFA": "form",
    "/EmbeddedFiles": "embedded",
    "/EF": "embedded",
    "/Collection": "embedded",
    "/RichMediaContent": "media",
    "/RichMediaSettings": "media",
    "/Renditions": "media",
}
_SUBTYPES: Final = {
    "/RichMedia": "media",
    "/Screen": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/3D": "media",
    "/FileAttachment": "embedded",
}
_SCHEME: Final = re.compile(r"\s*([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_LINKS: Final = {"http", "https", "mailto", "tel"}


class Refused(Exception):
    """Why the file is not taken: a word of ``files.Reason``."""


# --- PDF ---------------------------------------------------------------------------------------------------
def walk_pdf(path: Path) -> None:
    """Look at every object of a PDF, those in compressed streams too. Raises ``Refused``."""
    import pikepdf

    if zipfile.is_zipfile(path):
        raise Refused("two_files")
    try:
        # what has to be repaired is read by every program in its own way
        pdf = pikepdf.open(path, attempt_recovery=False, suppress_warnings=True)
    except pikepdf.PasswordError:
        raise Refused("password") from None
    except (pikepdf.PdfError, RuntimeError, ValueError):
        raise Refused("broken") from None
    with pdf:
        try:
            _walk(pdf)
        except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise Refused("broken") from None


def _walk(pdf: Any) -> None:
    import pikepdf

    if len(pdf.objects) > MAX_OBJECTS:
        raise Refused("complicated")
    if not pdf.pages:
        raise Refused("broken")
    if len(pdf.pages) > MAX_PAGES:
        raise Refused("pages")
    opening = pdf.Root.get("/OpenAction")
    if isinstance(opening, pikepdf.Dictionary) and opening.get("/S") != "/GoTo":
        raise Refused(_ACTIONS.get(str(opening.get("/S")), "opening"))
    seen = 0
    for number in pdf.objects:
        for one in _inside(number):
            seen += 1
            if seen > MAX_OBJECTS * 5:
                raise Refused("complicated")
            _judge(one)


def _inside(top: Any) -> Iterator[Any]:
    """The dictionaries in an object; what is an object of its own has its own turn."""
    import pikepdf

    waiting = [(top, 0)]
    while waiting:
        one, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise Refused("complicated")
        if isinstance(one, pikepdf.Stream | pikepdf.Dictionary):
            yield one
            values = [value for _key, value in one.items()]
        elif isinstance(one, pikepdf.Array):
            values = list(one)
        else:
            continue
        held = pikepdf.Dictionary | pikepdf.Array | pikepdf.Stream
        waiting += [(v, depth + 1) for v in values if isinstance(v, held) and not v.is_indirect]


def _judge(one: Any) -> None:
    """Refuse a dictionary that does something."""
    import pikepdf

    keys = set(one.keys())
    for key in keys & _KEYS.keys():
        raise Refused(_KEYS[key])
    action = str(one.get("/S", ""))
    if action in _ACTIONS:
        raise Refused(_ACTIONS[action])
    subtype = str(one.get("/Subtype", ""))
    if subtype in _SUBTYPES:
        raise Refused(_SUBTYPES[subtype])
    if str(one.get("/Type", "")) == "/EmbeddedFile":
        raise Refused("embedded")
    if isinstance(one, pikepdf.Stream) and "/F" in keys:  # its bytes lie somewhere else
        raise Refused("remote")
    if "/URI" in keys and isinstance(one["/URI"], pikepdf.String):
        scheme = _SCHEME.match(str(one["/URI"]))
        if scheme and scheme[1].lower() not in _LINKS:
            raise Refused("link")
    triggers = one.get("/AA")
    if isinstance(triggers, pikepdf.Dictionary):
        for _name, trigger in triggers.items():
            if not isinstance(trigger, pikepdf.Dictionary) or trigger.get("/S") not in ("/GoTo", "/Named"):
                what = str(trigger.get("/S")) if isinstance(trigger, pikepdf.Dictionary) else ""
                raise Refused(_ACTIONS.get(what, "opening"))


# --- pictures ----------------------------------------------------------------------------------------------
def rebuild(source: Path, target: Path, kind: str) -> None:
    """Write ``source`` anew from its pixels, upright and without anything else. Raises ``Refused``."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # ours is lower, and refuses instead of warning
    try:
        with Image.open(source, formats=[kind]) as opened:
            width, height = opened.size
            if width * height > MAX_PIXELS:
                raise Refused("pixels")
            opened.load()
            ImageOps.exif_transpose(opened, in_place=True)
            plain = _plain(opened)
            if plain is not opened:
                opened.close()  # its pixels too: at most two copies are in memory at a time
    except (MemoryError, Image.DecompressionBombError):
        raise Refused("pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError):
        raise Refused("broken") from None
    except (IndexError, AttributeError, OverflowError, ZeroDivisionError, RuntimeError):
        raise Refused("broken") from None  # Pillow's decoders are many, and so are their ways to give up
    clean = _from_pixels(plain, target.with_suffix(".pixels"))
    if kind == "JPEG":
        _save_jpeg(clean, target)
    else:
        _save_png(clean, target)


def _from_pixels(plain: "Image.Image", raw: Path) -> "Image.Image":
    """A new picture of the same pixels; they wait on disk, so that one copy is in memory at a time."""
    from PIL import Image

    mode, (width, height) = plain.mode, plain.size
    with raw.open("wb") as out:
        for top in range(0, height, _BAND):
            out.write(plain.crop((0, top, width, min(top + _BAND, height))).tobytes())
    plain.close()
    clean = Image.new(mode, (width, height))
    with raw.open("rb") as pixels:
        for top in range(0, height, _BAND):
            rows = min(_BAND, height - top)
            band = pixels.read(width * rows * len(clean.getbands()))
            clean.paste(Image.frombytes(mode, (width, rows), band), (0, top))
    raw.unlink()
    return clean


def _fits(target: Path) -> bool:
    return target.stat().st_size <= REBUILT_MAX


def _save_jpeg(clean: "Image.Image", target: Path) -> None:
    for quality in (90, 80, 65):
        clean.save(target, "JPEG", quality=quality)
        if _fits(target) and not MARKUP.search(target.read_bytes()):
            return
    raise Refused("long_again")


def _save_png(clean: "Image.Image", target: Path) -> None:
    for _attempt in range(2):
        clean.save(target, "PNG", compress_level=6)
        if not _fits(target):
            break
        if not MARKUP.search(target.read_bytes()):
            return
        # the pixels themselves spell it: without their lowest bit they do not, and nobody sees it
        clean = clean.point([value & 0xFE for value in range(256)] * len(clean.getbands()))
    raise Refused("long_again")


def _plain(image: "Image.Image") -> "Image.Image":
    """Grey or colour of eight bits; what is see-through stands on white."""
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode == "I":
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        seen = image.convert("RGBA")
        sheet = Image.new("RGB", seen.size, "white")
        sheet.paste(seen, mask=seen.getchannel("A"))
        return sheet
    wanted = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


# --- the process -------------------------------------------------------------------------------------------
def inspect(source: Path, target: Path) -> dict[str, str]:
    """What the file is, by what it holds."""
    with source.open("rb") as file:
        head = file.read(8)
    try:
        if head.startswith(PDF):
            walk_pdf(source)
            return {"kind": "pdf"}
        if head.startswith(PNG):
            rebuild(source, target, "PNG")
            return {"kind": "png"}
        if head.startswith(JPEG):
            rebuild(source, target, "JPEG")
            return {"kind": "jpeg"}
    except Refused as refused:
        return {"refused": str(refused)}
    except (MemoryError, RecursionError):
        return {"refused": "complicated"}
    return {"refused": "kind"}


def confine() -> None:
    """Give up what a reader of files does not need, before the file is opened."""
    for what, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 4 * MAX_PIXELS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # not every system knows every limit; the parent keeps the time too
            continue


if __name__ == "__main__":
    confine()
    print(json.dumps(inspect(Path(sys.argv[1]), Path(sys.argv[2]))))
