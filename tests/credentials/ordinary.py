"""Certificates as ordinary programs write them, made by four of them: all of these are to be taken."""

import io
from functools import cache
from typing import Any

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name, String
from reportlab.lib import colors, pagesizes
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from tests.credentials.hostile import drawing, saved

WORDS = ("Certificate of completion", "Sam Lee", "Auditing evaluation and management services", "2.0 CEUs")


def _drawn(size: tuple[float, float] = pagesizes.letter, font: str = "Helvetica", **how: Any) -> Canvas:
    canvas = Canvas(io.BytesIO(), pagesize=size, **how)
    canvas.setFont(font, 20)
    for number, line in enumerate(WORDS):
        canvas.drawCentredString(size[0] / 2, size[1] - 120 - 40 * number, line)
    return canvas


def _bytes(canvas: Canvas) -> bytes:
    return bytes(canvas.getpdfdata())


def _reportlab() -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for name, size in (("letter", pagesizes.letter), ("A4", pagesizes.A4), ("small", (300.0, 200.0))):
        for turn, sides in (("upright", size), ("lying", pagesizes.landscape(size))):
            made[f"reportlab {name} {turn}"] = _bytes(_drawn(sides))
    for font in ("Times-Roman", "Courier", "Helvetica-BoldOblique"):
        made[f"reportlab {font}"] = _bytes(_drawn(font=font))
    for version in ((1, 3), (1, 4), (1, 7)):
        made[f"reportlab {version}"] = _bytes(_drawn(pdfVersion=version))
    made["reportlab packed"] = _bytes(_drawn(pageCompression=1))
    made["reportlab same bytes"] = _bytes(_drawn(invariant=1))

    linked = _drawn()
    linked.linkURL("https://www.example.org/verify?id=17", (10, 10, 200, 30))
    linked.linkURL("mailto:help@example.org", (10, 40, 200, 60))
    linked.linkURL("www.example.org", (10, 70, 200, 90))
    made["reportlab with links"] = _bytes(linked)

    marked = _drawn()
    marked.bookmarkPage("top")
    marked.addOutlineEntry("Certificate", "top")
    marked.linkRect("", "top", (0, 0, 9, 9))
    marked.showOutline()
    made["reportlab with bookmarks"] = _bytes(marked)

    filled = _drawn()
    filled.acroForm.textfield(name="name", value="Sam Lee", x=50, y=50, width=200)
    filled.acroForm.checkbox(name="present", checked=True, x=50, y=90)
    made["reportlab with fields"] = _bytes(filled)

    told = _drawn()
    told.setAuthor("An academy")
    told.setTitle("Certificate")
    told.setSubject("2.0 CEUs, index number 12345ABC")
    told.setKeywords(["CEU", "AAPC"])
    made["reportlab with words about it"] = _bytes(told)

    for name, kind in (("picture", "PNG"), ("photograph", "JPEG")):
        pictured = _drawn()
        pictured.drawImage(ImageReader(io.BytesIO(saved(drawing(), kind))), 50, 50, 100, 80)
        made[f"reportlab with a {name}"] = _bytes(pictured)

    styles, out = getSampleStyleSheet(), io.BytesIO()
    rows = Table([["Course", "CEUs"]] + [[f"Course {n}", "1.0"] for n in range(60)])
    rows.setStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.grey)])
    SimpleDocTemplate(out).build([Paragraph("Transcript", styles["Title"]), rows])
    made["reportlab transcript of pages"] = out.getvalue()
    return made


def _typst() -> dict[str, bytes]:
    sources = {
        "plain": "= Certificate\nSam Lee, 2.0 CEUs",
        "lying": '#set page("us-letter", flipped: true)\n= Certificate\nSam Lee',
        "links": '= Certificate\n#link("https://example.org/17")[Check it] #link("mailto:a@example.org")',
        "contents": "#outline()\n= One\n#pagebreak()\n= Two",
        "table": "#table(columns: 2, [Course], [CEUs], [Auditing], [2.0])",
        "formula": "$ sum_(i=1)^n i = (n(n+1))/2 $",
        "border": "#rect(width: 100%, height: 80%, stroke: 3pt + blue)[Certificate]",
        "note": "Text#footnote[With a note that links back.]",
        "many pages": "#for n in range(30) [= Page #n \n #pagebreak()]",
    }
    made = {f"typst {name}": bytes(typst.compile(text.encode())) for name, text in sources.items()}
    headed = b'#set document(title: "Certificate")\n#set text(lang: "en")\n= Certificate'
    for standard in ("ua-1", "a-2b", "a-3b", "1.7", "2.0"):
        made[f"typst {standard}"] = bytes(typst.compile(headed, pdf_standards=[standard]))
    return made


def _pillow() -> dict[str, bytes]:
    made = {f"Pillow {mode}": saved(drawing(mode), "PDF") for mode in ("RGB", "L", "1", "CMYK")}
    made["Pillow of pages"] = saved(
        drawing(), "PDF", save_all=True, append_images=[drawing("L"), drawing("1")]
    )
    made["Pillow with a title"] = saved(drawing(), "PDF", title="Certificate", author="An academy")
    made["Pillow with fine dots"] = saved(drawing(), "PDF", resolution=300)
    return made


def _pikepdf() -> dict[str, bytes]:
    def again(change: Any = None, **saving: Any) -> bytes:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(_bytes(_drawn()))) as document:
            if change is not None:
                change(document)
            document.save(out, **saving)
        return out.getvalue()

    def goes_to(document: pikepdf.Pdf) -> None:
        place = Array([document.pages[0].obj, Name.Fit])
        document.Root.OpenAction = Dictionary(S=Name.GoTo, D=place)

    def opens_at(document: pikepdf.Pdf) -> None:
        document.Root.OpenAction = Array([document.pages[0].obj, Name.XYZ, 0, 700, 1])
        document.Root.PageMode = Name.UseNone

    def signed(document: pikepdf.Pdf) -> None:
        value = Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=String(b"\0" * 64))
        field = Dictionary(FT=Name.Sig, T=String("Signature1"), V=document.make_indirect(value))
        document.Root.AcroForm = Dictionary(Fields=Array([document.make_indirect(field)]), SigFlags=3)

    def told(document: pikepdf.Pdf) -> None:
        with document.open_metadata() as words:
            words["dc:title"] = "Certificate"

    def labelled(document: pikepdf.Pdf) -> None:
        document.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.D)]))
        document.pages[0].obj.Trans = Dictionary(S=Name.Dissolve)

    packed = pikepdf.ObjectStreamMode.generate
    allowed = pikepdf.Permissions(modify_other=False, extract=False)
    return {
        "pikepdf again": again(),
        "pikepdf for the web": again(linearize=True),
        "pikepdf packed": again(object_stream_mode=packed, compress_streams=True),
        "pikepdf unpacked": again(compress_streams=False),
        "pikepdf that opens at its page": again(goes_to),
        "pikepdf that opens at a place": again(opens_at),
        "pikepdf with a signature": again(signed),
        "pikepdf with words about it": again(told),
        "pikepdf with page labels": again(labelled),
        "pikepdf only to print": again(encryption=pikepdf.Encryption(owner="o", user="", allow=allowed)),
        "pikepdf only to print, older": again(
            encryption=pikepdf.Encryption(owner="o", user="", R=4, allow=allowed)
        ),
        "pikepdf with an end of its own": again() + b"\n\n",
    }


@cache
def ordinary() -> dict[str, bytes]:
    """Every one of them, by who wrote it and what is in it."""
    return _reportlab() | _typst() | _pillow() | _pikepdf()
