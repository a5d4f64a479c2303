"""A person's dates for the calendar of a phone: the feed, and the page that gives its secret address.

A room's dates enter the calendar by a function in ``SOURCES``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import icalendar
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.formats import date_format
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import make_calendar_feed, revoke_calendar_feed
from accounts.models import CalendarFeed, User
from accounts.requests import person_of
from courses.credentials.pace import steps
from courses.credentials.queries import standings
from courses.exams.planning import Kind
from courses.exams.queries.plan import Line, open_plan, study_plan
from courses.reminders.addresses import absolute, mail_host
from portal.lib.access import member, public
from portal.lib.limits import is_within_limit

#: Programs of one address a minute, and of one feed an hour; they are told to come every six hours.
_PER_MINUTE, _PER_HOUR = 120, 60
_REFRESH = timedelta(hours=6)


# --- what stands in a calendar ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Entry:
    """Something with a date: a whole day of the person's own, or the time between two moments.

    ``uid`` names the same thing whenever it is asked for; ``path`` is the page about it.
    """

    uid: str
    title: str
    starts: date | datetime
    ends: datetime | None = None
    text: str = ""
    path: str = ""


Source = Callable[[User, datetime], Iterable[Entry]]


def plan_entries(user: User, at: datetime) -> Iterator[Entry]:
    """The days of the study plan and the exam: seven queries."""
    of = open_plan(user)
    if of is None:
        return
    shown = study_plan(of, user, at)
    if shown.is_over:
        return
    for day in shown.days:
        for line in day.lines:
            yield Entry(
                f"plan-{of.pk}-{line.on:%Y-%m-%d}-{line.work.task.key}",
                _title(line),
                line.on,
                text=line.work.where,
                path=line.work.url,
            )
    yield Entry(
        f"plan-{of.pk}-exam",
        _("Exam day: %(exam)s") % {"exam": of.blueprint.certification or of.blueprint},
        of.exam_on,
        text=of.blueprint.title,
        path=reverse("exams:plan"),
    )


def _title(line: Line) -> str:
    words = {"title": line.work.title, "minutes": line.minutes}
    if line.work.kind is Kind.MOCK:
        return _("Mock exam: %(title)s (%(minutes)d min)") % words
    return _("%(title)s (%(minutes)d min)") % words


def cycle_entries(user: User, at: datetime) -> Iterator[Entry]:
    """The last day of each CE cycle that runs, and the days before it at which one looks: seven queries.

    With more time from the body it is the new last day. A cycle that is complete needs no looking.
    """
    today = user.local(at).date()
    for one in standings(user, today):
        if not one.credentials:
            continue
        due_on = one.cycle.extended_until or one.cycle.due_on
        words = {"day": date_format(today), "sentence": one.sentence}
        text = _("As of %(day)s: %(sentence)s") % words
        path = reverse("credentials:cycle", args=[one.cycle.pk])
        yield Entry(
            f"cycle-{one.cycle.pk}",
            _("%(credentials)s: last day for CEUs") % {"credentials": one.names},
            due_on,
            text=text,
            path=path,
        )
        for days, on in () if one.standing.is_met else steps(due_on):
            if on >= today:
                title = ngettext(
                    "%(credentials)s: %(n)d day left for CEUs",
                    "%(credentials)s: %(n)d days left for CEUs",
                    days,
                )
                yield Entry(
                    f"cycle-{one.cycle.pk}-{days}",
                    title % {"credentials": one.names, "n": days},
                    on,
                    text=text,
                    path=path,
                )


#: What stands in the calendar, in this order. A new kind of date is one more function here.
SOURCES: tuple[Source, ...] = (plan_entries, cycle_entries)


def entries(user: User, at: datetime, sources: Iterable[Source] = SOURCES) -> list[Entry]:
    """All dates of a person, in a number of queries that does not grow with them."""
    return [entry for source in sources for entry in source(user, at)]


# --- as iCalendar (RFC 5545, RFC 7986) -------------------------------------------------------------------
def as_ical(found: Iterable[Entry], *, stamp: datetime) -> bytes:
    """A calendar of ``found``; the same entries and stamp give the same bytes.

    Whole days are dates without a zone and moments are in UTC, so that no calendar needs to know zones.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Crosswalk//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", "Crosswalk")
    calendar.add("x-wr-calname", "Crosswalk")
    calendar.add("refresh-interval", _REFRESH, parameters={"value": "DURATION"})
    calendar.add(
        "x-published-ttl", icalendar.vDuration(_REFRESH)
    )  # the same for programs older than RFC 7986
    for entry in found:
        calendar.add_component(_event(entry, stamp))
    return bytes(calendar.to_ical())


def _event(entry: Entry, stamp: datetime) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", f"{entry.uid}@{mail_host()}")
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("summary", entry.title)
    if isinstance(entry.starts, datetime):
        event.add("dtstart", entry.starts.astimezone(UTC))
        if entry.ends is not None:
            event.add("dtend", entry.ends.astimezone(UTC))
    else:
        event.add("dtstart", entry.starts)
        event.add("dtend", entry.starts + timedelta(days=1))
        event.add("transp", "TRANSPARENT")  # a day with something to do is not a day on which one is away
    link = absolute(entry.path) if entry.path else ""
    if text := "\n".join(part for part in (entry.text, link) if part):
        event.add("description", text)
    if link:
        event.add("url", link)
    return event


# --- the feed --------------------------------------------------------------------------------------------
@public
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The calendar of whoever made this address; nothing about the person but what they planned."""
    at = timezone.now()
    if not is_within_limit(request, "calendar", amount=_PER_MINUTE, seconds=60):
        return _come_later(60)
    feed = CalendarFeed.objects.of_token(token).live(at).select_related("user").first()
    if feed is None or not feed.user.is_active:
        raise Http404
    if not is_within_limit(request, f"calendar-{feed.pk}", amount=_PER_HOUR, seconds=3600):
        return _come_later(3600)
    body = _calendar_of(feed, at)
    etag = quote_etag(sha256(body).hexdigest()[:32])
    if etag in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'inline; filename="crosswalk.ics"'
    response["ETag"] = etag
    # the address is a power: no cache in between keeps what it opens, no search engine learns it
    patch_cache_control(response, private=True, no_cache=True)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _calendar_of(feed: CalendarFeed, at: datetime) -> bytes:
    """The feed as it is on the person's day; it changes when a date does or with the next day."""
    user = feed.user
    found = entries(user, at)
    found.append(
        Entry(
            f"feed-{feed.pk}",
            _("This calendar address ends: make a new one"),
            user.local(feed.expires_at).date(),
            path=reverse("pages:calendar"),
        )
    )
    return as_ical(found, stamp=datetime.combine(user.local(at).date(), time(), tzinfo=UTC))


def _come_later(seconds: int) -> HttpResponse:
    text = _("This calendar is asked for too often.") + "\n"
    return HttpResponse(text, status=429, content_type="text/plain", headers={"Retry-After": str(seconds)})


# --- the page that gives the address ---------------------------------------------------------------------
@member
@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request: HttpRequest) -> HttpResponse:
    """Whether there is an address; POST makes a new one, which is shown this once, or revokes it."""
    user, at = person_of(request), timezone.now()
    context = {}
    if request.method == "POST":
        if "revoke" in request.POST:
            if revoke_calendar_feed(user=user, at=at):
                messages.success(
                    request, _("The address is revoked. Calendars that used it no longer get dates.")
                )
            return redirect("pages:calendar")
        token = make_calendar_feed(user=user, at=at)
        address = absolute(reverse("pages:calendar_feed", args=[token]))
        context = {"address": address, "webcal": urlsplit(address)._replace(scheme="webcal").geturl()}
    feed = CalendarFeed.objects.owned_by(user).live(at).first()
    return render(request, "pages/calendar.html", context | {"feed": feed})
