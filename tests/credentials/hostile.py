"""Files that somebody might give as a certificate to do harm, made here: none is taken from anywhere.

``HOSTILE`` are refused, each for one of the reasons named. ``PICTURES`` are pictures with something in
them: they are taken, and nothing but the pixels is left.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, ImageCms, PngImagePlugin

SCRIPT = b"<script>document.title='pwned'</script>"
PHP = b"<?php system($_GET['c']); ?>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'pwned\'"></svg>'
HTML = b"<!doctype html><html><body>" + SCRIPT + b"</body></html>"
#: Where the pictures say that they were taken.
GPS = "51.4779 N 0.0015 W"


# --- PDF written by hand, so that it says exactly what a test wants ----------------------------------------
def pdf(catalog: bytes = b"", page: bytes = b"", *others: bytes) -> bytes:
    """A PDF of one page with more in its catalog or page; ``others`` are the objects from number 4 on."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] " + page + b" >>",
        *others,
    ]
    text, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start = len(text)
    text += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    text += b"".join(b"%010d 00000 n \n" % place for place in places)
    text += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return text


def stream(content: bytes, head: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (head, len(content), content)


def made(change: Callable[[pikepdf.Pdf], Any], **saving: Any) -> bytes:
    """A PDF as pikepdf writes it after ``change``."""
    document, out = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    change(document)
    document.save(out, **saving)
    return out.getvalue()


JS = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


def _packed(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = document.make_indirect(
        Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    )


def _attached(document: pikepdf.Pdf) -> None:
    document.attachments["harmless.txt"] = b"MZ\x90"


def _unreachable(document: pikepdf.Pdf) -> None:
    document.Root.Unheard = document.make_indirect(
        Array([Dictionary(A=Array([Dictionary(S=Name.Launch, F=String("cmd.exe"))]))])
    )


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parcel:
        for name, content in files.items():
            parcel.writestr(name.replace("__", "/"), content)
    return out.getvalue()


# --- pictures ----------------------------------------------------------------------------------------------
@cache
def drawing(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Something to see: colours that change from corner to corner."""
    across = Image.linear_gradient("L").resize(size)
    down = across.transpose(Image.Transpose.ROTATE_180)
    return Image.merge("RGB", (across, down, across)).convert(mode)


def saved(image: Image.Image, format: str, **how: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **how)
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A part of a PNG with its check sum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(kind: bytes, content: bytes, image: bytes | None = None) -> bytes:
    """A PNG with one more part before its pixels."""
    png = image or saved(drawing(), "PNG")
    here = png.index(b"IDAT") - 4
    return png[:here] + chunk(kind, content) + png[here:]


def header_only(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG that says how large it is, and has a few bytes of it."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    packed = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def text_of(kind: str, text: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    if kind == "iTXt":
        info.add_itxt("Comment", text)
    else:
        info.add_text("Comment", text, zip=kind == "zTXt")
    return saved(drawing(), "PNG", pnginfo=info)


def exif() -> Image.Exif:
    told = Image.Exif()
    told[0x010E] = SCRIPT.decode()  # ImageDescription
    told[0x0112] = 6  # turn it to the right
    told.get_ifd(0x8825)[2] = (51.0, 28.0, 40.0)
    told.get_ifd(0x8825)[29] = GPS
    return told


def with_segment(marker: int, content: bytes) -> bytes:
    """A JPEG with one more segment behind its beginning."""
    jpeg = saved(drawing(), "JPEG")
    return jpeg[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def profile() -> bytes:
    """A colour profile that carries a script."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + SCRIPT


def spelled(text: bytes, format: str = "PNG") -> bytes:
    """A picture whose very pixels spell ``text`` among noise, so that it stands in the file unpacked."""
    noise = bytearray(Image.effect_noise((150, 100), 120).convert("RGB").tobytes())
    for row in range(0, 100, 3):
        start = row * 450 + 30
        noise[start : start + len(text)] = text
    image = Image.frombytes("RGB", (150, 100), bytes(noise))
    return saved(image, format, **({"compress_level": 0} if format == "PNG" else {}))


def palette() -> bytes:
    """A PNG whose palette is a program."""
    image = Image.new("P", (32, 32))
    image.putpalette((PHP * 40)[:768])
    return saved(image, "PNG")


def animated() -> bytes:
    frames = [drawing(), drawing().transpose(Image.Transpose.ROTATE_180)]
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)


def bomb() -> bytes:
    """10,000 by 10,000 pixels in 100 kB."""
    head = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = b"\0" * 10_001
    packed = b"".join(packer.compress(row * 100) for _ in range(100)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def wrong_crc() -> bytes:
    png = bytearray(saved(drawing(), "PNG"))
    png[png.index(b"IHDR") + 17] ^= 0xFF
    return bytes(png)


@cache
def hostile() -> dict[str, tuple[bytes, str]]:
    """Every file that is to be refused, with the reasons for which it may be."""
    plain, png, jpeg = pdf(), saved(drawing(), "PNG"), saved(drawing(), "JPEG")
    jar = zipped(META__INF=b"Manifest-Version: 1.0", Evil__class=b"\xca\xfe\xba\xbe")
    return {
        # what a PDF does
        "open action script": (pdf(b"/OpenAction " + JS), "script"),
        "open action script of its own": (pdf(b"/OpenAction 4 0 R", b"", JS), "script"),
        "open action link": (pdf(b"/OpenAction << /S /URI /URI (https://example.org) >>"), "opening"),
        "open action named": (pdf(b"/OpenAction << /S /Named /N /Print >>"), "opening"),
        "script by name": (pdf(b"/Names << /JavaScript << /Names [(a) 4 0 R] >> >>", b"", JS), "script"),
        "script of the document closing": (pdf(b"/AA << /WC " + JS + b" >>"), "script"),
        "script of a page opening": (pdf(b"", b"/AA << /O " + JS + b" >>"), "script"),
        "link when a page opens": (
            pdf(b"", b"/AA << /O << /S /URI /URI (https://example.org/seen) >> >>"),
            "opening",
        ),
        "script of a note": (
            pdf(b"", b"/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A " + JS + b" >>]"),
            "script",
        ),
        "script of a field": (
            pdf(
                b"/AcroForm << /Fields [4 0 R] >>",
                b"",
                b"<< /FT /Tx /T (a) /AA << /K 5 0 R >> >>",
                JS,
            ),
            "script",
        ),
        "script after another action": (
            pdf(
                b"",
                b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://a.org) /Next "
                + JS
                + b" >> >>]",
            ),
            "script",
        ),
        "script with escaped name": (
            pdf(b"/OpenAction << /S /J#61vaScr#69pt /J#53 (app.alert\\(1\\)) >>"),
            "script",
        ),
        "script key alone": (pdf(b"", b"/Annots [<< /Subtype /Link /A << /JS (x) >> >>]"), "script"),
        "script in an object stream": (
            made(_packed, object_stream_mode=pikepdf.ObjectStreamMode.generate),
            "script",
        ),
        "script in a stream": (
            pdf(
                b"/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS 4 0 R >>] >> >>",
                b"",
                stream(b"x"),
            ),
            "script",
        ),
        "script under a password of the owner": (
            made(_packed, encryption=pikepdf.Encryption(owner="owner", user="")),
            "script",
        ),
        "bookmark script": (
            pdf(b"/Outlines 4 0 R", b"", b"<< /First 5 0 R >>", b"<< /Title (x) /A " + JS + b" >>"),
            "script",
        ),
        "program": (pdf(b"/OpenAction << /S /Launch /F (cmd.exe) >>"), "program"),
        "program nobody reaches": (made(_unreachable), "program"),
        "attached file": (made(_attached), "embedded"),
        "attached file by a note": (
            pdf(b"", b"/Annots [<< /Subtype /FileAttachment /Rect [0 0 9 9] >>]"),
            "embedded",
        ),
        "attached file stream": (pdf(b"", b"", stream(b"MZ", b"/Type /EmbeddedFile")), "embedded"),
        "portfolio": (pdf(b"/Collection << /View /D >>"), "embedded"),
        "leads into an attached file": (pdf(b"/OpenAction << /S /GoToE /D [0 /Fit] >>"), "embedded"),
        "XFA form": (pdf(b"/AcroForm << /Fields [] /XFA 4 0 R >>", b"", stream(b"<xdp/>")), "form"),
        "form that sends": (
            pdf(b"", b"/Annots [<< /Subtype /Widget /A << /S /SubmitForm /F (https://a.org) >> >>]"),
            "form",
        ),
        "form that loads": (pdf(b"", b"/Annots [<< /A << /S /ImportData /F (x.fdf) >> >>]"), "form"),
        "leads to another document": (
            pdf(b"", b"/Annots [<< /Subtype /Link /A << /S /GoToR /F (\\\\\\\\host\\\\x.pdf) >> >>]"),
            "remote",
        ),
        "stream somewhere else": (
            pdf(b"", b"/Contents 4 0 R", stream(b"", b"/F (\\\\\\\\host\\\\x)")),
            "remote",
        ),
        "rich media": (pdf(b"", b"/Annots [<< /Subtype /RichMedia /Rect [0 0 9 9] >>]"), "media"),
        "film": (pdf(b"", b"/Annots [<< /Subtype /Screen /A << /S /Rendition >> >>]"), "media"),
        "model": (pdf(b"", b"/Annots [<< /Subtype /3D /Rect [0 0 9 9] >>]"), "media"),
        "sound": (pdf(b"", b"/Annots [<< /Subtype /Link /A << /S /Sound >> >>]"), "media"),
        "link that runs": (
            pdf(b"", b"/Annots [<< /Subtype /Link /A << /S /URI /URI (javascript:alert\\(1\\)) >> >>]"),
            "link",
        ),
        "link to a file": (
            pdf(b"", b"/Annots [<< /Subtype /Link /A << /S /URI /URI ( file:///etc/passwd) >> >>]"),
            "link",
        ),
        "link of data": (
            pdf(b"", b"/Annots [<< /Subtype /Link /A << /S /URI /URI (DATA:text/html,x) >> >>]"),
            "link",
        ),
        "link as hexadecimal": (
            pdf(b"", b"/Annots [<< /A << /S /URI /URI <" + b"javascript:x".hex().encode() + b"> >> >>]"),
            "link",
        ),
        # what is no PDF, or not only
        "PDF behind a space": (b" " + plain, "kind"),
        "PDF behind a line": (b"\n" + plain, "kind"),
        "PDF behind a page": (HTML + plain, "kind"),
        "PDF behind a mark": (b"\xef\xbb\xbf" + plain, "kind"),
        "PDF and archive": (plain + jar, "two_files"),
        "archive with PDF at its head": (plain[:-1] + zipped(word__document_xml=b"x"), "two_files"),
        "PDF that is cut off": (plain[: len(plain) // 2], "broken"),
        "PDF of a head": (b"%PDF-1.7\n", "broken"),
        "PDF of a head and a page": (b"%PDF-1.7\n" + HTML, "broken"),
        "PDF of a head and a program": (b"%PDF-1.4\nMZ\x90" + b"\0" * 300, "broken"),
        "PDF with wrong places": (plain.replace(b"0000000015", b"0000000099"), "broken"),
        "PDF without pages": (pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [] /Count 0     "), "broken"),
        "PDF with a password": (
            made(lambda _d: None, encryption=pikepdf.Encryption(owner="o", user="u")),
            "password",
        ),
        "PDF without end": (pdf(b"/A " + b"[" * 2000 + b"]" * 2000), "broken complicated"),
        "PDF of too many pages": (
            made(lambda d: [d.add_blank_page() for _ in range(501)]),
            "pages",
        ),
        # other kinds, whatever they are called
        "SVG": (SVG, "kind"),
        "SVG with a head": (b'<?xml version="1.0"?>' + SVG, "kind"),
        "page": (HTML, "kind"),
        "page of XML": (b'<html xmlns="http://www.w3.org/1999/xhtml">' + SCRIPT + b"</html>", "kind"),
        "HTML application": (b"<HTA:APPLICATION>" + SCRIPT, "kind"),
        "program in PHP": (PHP, "kind"),
        "script of a shell": (b"#!/bin/sh\nid\n", "kind"),
        "program for Windows": (b"MZ\x90\0" + b"\0" * 200, "kind"),
        "program for Linux": (b"\x7fELF" + b"\0" * 200, "kind"),
        "archive": (zipped(a=b"x"), "kind"),
        "archive of a program": (jar, "kind"),
        "text document": (zipped(word__document__xml=b"<w/>"), "kind"),
        "GIF": (saved(drawing(), "GIF"), "kind"),
        "GIF and archive": (saved(drawing(), "GIF") + jar, "kind"),
        "GIF that is a script": (b"GIF89a/*" + SCRIPT + b"*/=1;", "kind"),
        "WebP": (saved(drawing(), "WEBP"), "kind"),
        "TIFF": (saved(drawing(), "TIFF"), "kind"),
        "BMP": (saved(drawing(), "BMP"), "kind"),
        "icon": (saved(drawing(), "ICO"), "kind"),
        "PostScript": (b"%!PS-Adobe-3.0\n(%stdin) (r) file", "kind"),
        "pictures for ImageMagick": (b"push graphic-context\nimage over 0,0 0,0 'https://a.org/x'", "kind"),
        "letter": (b"From: a@example.org\r\nContent-Type: text/html\r\n\r\n" + HTML, "kind"),
        "nothing": (b"", "empty"),
        "one byte": (b"%", "kind"),
        "zeroes": (b"\0" * 1000, "kind"),
        "eleven megabytes": (plain + b"\0" * (11 * 1024 * 1024), "long"),
        # pictures that are none
        "picture that is a bomb": (bomb(), "pixels"),
        "picture that says it is huge": (header_only(60_000, 60_000), "pixels"),
        "picture that says it is wide": (header_only(2_000_000_000, 1), "pixels broken"),
        "picture of sixteen bits that is huge": (header_only(6_000, 6_000, 16), "pixels"),
        "text that is a bomb": (
            with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 80_000_000)),
            "broken",
        ),
        "PNG of a head": (b"\x89PNG\r\n\x1a\n", "broken"),
        "PNG of a head and a page": (b"\x89PNG\r\n\x1a\n" + HTML, "broken"),
        "PNG that is cut off": (png[: len(png) // 2], "broken"),
        "PNG with a wrong sum": (wrong_crc(), "broken"),
        "PNG without pixels": (header_only(0, 0), "broken"),
        "JPEG of a head": (b"\xff\xd8\xff\xe0", "broken"),
        "JPEG of a head and a page": (b"\xff\xd8\xff\xe0" + HTML, "broken"),
        "JPEG that is cut off": (jpeg[: len(jpeg) // 2], "broken"),
        "JPEG of a head and a program": (b"\xff\xd8\xff\xe1" + PHP * 20, "broken"),
    }


@cache
def pictures() -> dict[str, bytes]:
    """Pictures with something in them: taken, and then without it."""
    png, jpeg = saved(drawing(), "PNG"), saved(drawing(), "JPEG")
    jar = zipped(Evil__class=b"\xca\xfe\xba\xbe")
    return {
        "tEXt script": text_of("tEXt", SCRIPT.decode()),
        "zTXt script": text_of("zTXt", PHP.decode()),
        "iTXt script": text_of("iTXt", SVG.decode()),
        "part of its own": with_chunk(b"evIl", SCRIPT),
        "PNG with EXIF": saved(drawing(), "PNG", exif=exif()),
        "PNG with a profile": saved(drawing(), "PNG", icc_profile=profile()),
        "PNG and a page": png + HTML,
        "PNG and a program": png + PHP,
        "PNG and an archive": png + jar,
        "PNG and a PDF": png + pdf(),
        "palette that is a program": palette(),
        "pixels that are a program": spelled(PHP),
        "pixels that are a page": spelled(SCRIPT + b"<html><body>"),
        "pixels of JPEG": spelled(PHP, "JPEG"),
        "moving PNG": animated(),
        "see-through PNG": saved(drawing("RGBA"), "PNG"),
        "grey and see-through PNG": saved(drawing("LA"), "PNG"),
        "PNG of two colours": saved(drawing("1"), "PNG"),
        "PNG of sixteen bits": saved(Image.new("I;16", (32, 32), 40_000), "PNG"),
        "JPEG with EXIF and place": saved(drawing(), "JPEG", exif=exif()),
        "JPEG with a comment": saved(drawing(), "JPEG", comment=SCRIPT),
        "JPEG with a profile": saved(drawing(), "JPEG", icc_profile=profile()),
        "JPEG with a segment": with_segment(0xED, PHP),
        "JPEG with XMP": with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SCRIPT),
        "JPEG with a second EXIF": with_segment(0xE1, b"Exif\0\0" + PHP),
        "JPEG and a page": jpeg + HTML,
        "JPEG and an archive": jpeg + jar,
        "JPEG and a program": jpeg + PHP,
        "JPEG in four inks": saved(drawing("CMYK"), "JPEG"),
        "grey JPEG": saved(drawing("L"), "JPEG"),
        "JPEG in steps": saved(drawing(), "JPEG", progressive=True),
    }
