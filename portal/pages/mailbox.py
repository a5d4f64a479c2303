"""The demo's mailbox: every mail that was sent, without sign-in. Anywhere but in a demo it is a 404."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.policy import default
from functools import wraps
from html.parser import HTMLParser
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.lib.access import public
from portal.lib.mail import in_frame

#: The names that ``portal.lib.mailfolder`` gives; nothing else is ever opened.
_NAME = re.compile(r"\d{20}-[0-9a-f]{8}")
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
SHOWN = 200
VIEWS = ("text", "html", "headers", "raw")


def _demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """There is no mailbox outside a demo."""

    @wraps(view)
    def guarded(request: HttpRequest, **names: str) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request, **names)

    return guarded


@dataclass(frozen=True)
class Envelope:
    """What a list of mails shows of one."""

    name: str
    to: str
    subject: str
    at: datetime


@dataclass(frozen=True)
class Link:
    """An address in a mail, with the words that carried it."""

    url: str
    text: str


class _Links(HTMLParser):
    """Collects the links of an HTML mail in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []
        self._url, self._text = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._url, self._text = dict(attrs).get("href") or "", ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and _ADDRESS.fullmatch(self._url):
            self.found.append(Link(self._url, " ".join(self._text.split()) or self._url))
            self._url = ""


def _path(name: str) -> Path:
    """The file of a mail; 404 for any name that the mail backend would not have given."""
    path = Path(settings.MAIL_FOLDER) / f"{name}.eml"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise Http404
    return path


def _sent_at(name: str) -> datetime:
    """When the mail was written: its name begins with the time in nanoseconds."""
    return datetime.fromtimestamp(int(name[:20]) // 1_000_000_000, tz=timezone.get_default_timezone())


def _envelope(path: Path, headers: Message) -> Envelope:
    return Envelope(path.stem, str(headers["to"] or ""), str(headers["subject"] or ""), _sent_at(path.stem))


def _part(message: EmailMessage, kind: str) -> str:
    """The text or HTML of a mail, or nothing."""
    body = message.get_body(preferencelist=(kind,))
    return str(body.get_content()) if body is not None else ""


def _links(text: str, html: str) -> list[Link]:
    """Every address of the mail once: those of the HTML with their words, then others of the text."""
    parser = _Links()
    parser.feed(html)
    plain = [Link(url, url) for url in (found.rstrip(".,;:)>") for found in _ADDRESS.findall(text))]
    return list({link.url: link for link in [*reversed(plain), *reversed(parser.found)]}.values())[::-1]


@public
@require_safe
@_demo_only
def mailbox(request: HttpRequest) -> HttpResponse:
    """The newest mails first."""
    folder = Path(settings.MAIL_FOLDER)
    names = sorted((path for path in folder.glob("*.eml") if _NAME.fullmatch(path.stem)), reverse=True)
    parser = BytesHeaderParser(policy=default)
    mails = [_envelope(path, parser.parsebytes(path.read_bytes())) for path in names[:SHOWN]]
    return render(request, "pages/mailbox.html", {"mails": mails, "hidden": max(len(names) - SHOWN, 0)})


@public
@require_safe
@_demo_only
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail as text, HTML, headers or raw (``?as=``), with its links as links of the page."""
    raw = _path(name).read_bytes()
    message = message_from_bytes(raw, policy=default)
    text, html = _part(message, "plain"), _part(message, "html")
    shown = request.GET.get("as", "")
    if shown not in VIEWS:
        shown = "html" if html else "text"
    return render(
        request,
        "pages/mailbox_mail.html",
        {
            "envelope": _envelope(_path(name), message),
            "shown": shown,
            "text": text,
            "has_html": bool(html),
            "headers": [(key, str(value)) for key, value in message.items()],
            "raw": raw.decode("utf-8", errors="replace") if shown == "raw" else "",
            "links": _links(text, html),
        },
    )


@public
@require_safe
@_demo_only
def mail_raw(request: HttpRequest, name: str) -> HttpResponse:
    """The file itself; a download, so that no browser tries to render it."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}.eml"'}
    return HttpResponse(
        _path(name).read_bytes(), content_type="text/plain; charset=utf-8", headers=disposition
    )


@public
@require_safe
@in_frame
@_demo_only
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of a mail for the frame on its page: sandboxed, with its own styles and nothing else."""
    html = _part(message_from_bytes(_path(name).read_bytes(), policy=default), "html")
    if not html:
        raise Http404
    return HttpResponse(html)
