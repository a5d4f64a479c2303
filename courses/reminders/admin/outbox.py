"""The delivery log: what went, what did not and why, and what only a person can bring forward."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.requests import person_of
from courses.reminders import kinds
from courses.reminders.actions import (
    NotOver,
    TooLate,
    approve_held,
    cancel_held,
    cancel_waiting,
    requeue_failed,
    send_again,
)
from courses.reminders.letters import letter_that_went
from courses.reminders.models import Channel, MailEvent, PlanTally, Reminder, ReminderQuerySet
from courses.reminders.queries.inbox import note_of, parts_of_mails
from courses.reminders.queries.log import LATE, WINDOW, delivery_log, held_runs, label_of
from portal.lib.admin import ReadOnlyAdmin
from portal.lib.mail import in_frame

logger = structlog.get_logger(__name__)

#: More at once would be a new storm: narrow the list.
MOST_AGAIN = 100
#: So many are named one by one in the history of the admin; more are one line.
MOST_NAMED = 500


class KindFilter(admin.SimpleListFilter):
    """By kind in words, from the code and not from all rows."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.key, str(kind.label)) for kind in kinds.registered()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class LateFilter(admin.SimpleListFilter):
    """What should have gone a quarter of an hour ago."""

    title = gettext_lazy("late")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("Due for over 15 minutes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(pk__in=Reminder.objects.due(timezone.now() - LATE).values("pk"))


class GoesFilter(admin.SimpleListFilter):
    """When it goes or went."""

    title = gettext_lazy("when")
    parameter_name = "goes"
    _DAYS = {"day": 1, "week": 7, "month": 28}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("coming", gettext_lazy("From now on")),
            ("day", gettext_lazy("Last 24 hours")),
            ("week", gettext_lazy("Last 7 days")),
            ("month", gettext_lazy("Last 28 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now, value = timezone.now(), self.value()
        if value == "coming":
            return queryset.filter(not_before__gt=now)
        if value in self._DAYS:
            return queryset.filter(not_before__lte=now, not_before__gt=now - timedelta(self._DAYS[value]))
        return queryset


@admin.register(Reminder)
class ReminderAdmin(ReadOnlyAdmin):
    list_display = (
        "kind_in_words",
        "subject",
        "user",
        "deadline",
        "channel",
        "state_in_words",
        "goes",
        "went",
    )
    list_select_related = ("user",)
    list_filter = ("state", KindFilter, "channel", "urgency", "reason", LateFilter, GoesFilter)
    search_fields = ("user__email",)  # shows the field; see get_search_results
    search_help_text = gettext_lazy("A person's e-mail address or a part of it, a Message-ID, or a subject.")
    ordering = ("-pk",)  # the newest planned first, by the key that is there anyway
    fields = (
        *("user", "subject", "due_on", "step", "channel", "urgency", "state", "reason"),
        *("not_before", "expires_at", "attempts", "last_error", "sent_at", "read_at"),
        *("message_id", "template_revision", "key", "created_at"),
    )
    actions = ("send_again", "cancel", "requeue_failed")
    change_list_template = "admin/reminders/reminder/change_list.html"
    change_form_template = "admin/reminders/reminder/change_form.html"

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_in_words(self, reminder: Reminder) -> str:
        return label_of(reminder.kind)

    @admin.display(description=gettext_lazy("deadline"), ordering="due_on")
    def deadline(self, reminder: Reminder) -> str:
        return date_format(reminder.due_on, "j M Y")

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, reminder: Reminder) -> str:
        state = reminder.get_state_display()
        return f"{state}: {reminder.get_reason_display()}" if reminder.reason else state

    @admin.display(description=gettext_lazy("goes at"), ordering="not_before")
    def goes(self, reminder: Reminder) -> str:
        return _moment(reminder.not_before)

    @admin.display(description=gettext_lazy("sent at"), ordering="sent_at")
    def went(self, reminder: Reminder) -> str:
        return _moment(reminder.sent_at)

    def has_look_after_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reminders.change_reminder")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what the words look like, so that each search has one question that an index can answer."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.startswith("<"):
            return queryset.filter(message_id=term), False
        if "@" in term and not User.objects.filter(email__icontains=term).exists():
            return queryset.filter(message_id=f"<{term}>"), False
        if term.rpartition("-")[2].isdigit():
            return queryset.filter(subject=term), False
        return queryset.filter(user__in=User.objects.filter(email__icontains=term)), False

    # --- what staff do to rows, each asked for first ------------------------------------------------------
    @admin.action(description=gettext_lazy("Send again"), permissions=["look_after"])
    def send_again(self, request: HttpRequest, chosen: ReminderQuerySet) -> HttpResponse | None:
        number = chosen.count()
        if number > MOST_AGAIN:
            text = _("At most %(n)d are sent again at once; %(chosen)d were chosen.")
            messages.error(request, text % {"n": MOST_AGAIN, "chosen": number})
            return None
        if "confirmed" not in request.POST:
            why = _(
                "Each goes at once as a row of its own, if it is still true and its person still wants it."
            )
            return self._ask(request, "send_again", chosen, _("Send these again?"), _("Send again"), why)
        by, at, planned, waiting, late = person_of(request), timezone.now(), 0, 0, 0
        for reminder in chosen:
            try:
                again = send_again(reminder=reminder, by=by, at=at)
            except NotOver:
                waiting += 1
            except TooLate:
                late += 1
            else:
                planned += 1
                self.log_change(request, reminder, f"Sent again as {again.pk}.")
        said = [ngettext("%(n)d goes again.", "%(n)d go again.", planned) % {"n": planned}]
        if waiting:
            said.append(ngettext("%(n)d still waits.", "%(n)d still wait.", waiting) % {"n": waiting})
        if late:
            text = ngettext("%(n)d is too late.", "%(n)d are too late.", late)
            said.append(text % {"n": late})
        messages.info(request, " ".join(said))
        return None

    @admin.action(description=gettext_lazy("Cancel those that wait"), permissions=["look_after"])
    def cancel(self, request: HttpRequest, chosen: ReminderQuerySet) -> HttpResponse | None:
        waiting = chosen.filter(state__in=(Reminder.State.PLANNED, Reminder.State.HELD)).order_by()
        if "confirmed" not in request.POST:
            why = _("They never go; the next of the same thing does, at its own time.")
            return self._ask(request, "cancel", waiting, _("Cancel these?"), _("Cancel them"), why)
        named = list(waiting[: MOST_NAMED + 1])
        cancelled = cancel_waiting(rows=waiting, by=person_of(request), at=timezone.now())
        self._note(request, named, cancelled, "Cancelled.")
        text = ngettext("%(n)d reminder is cancelled.", "%(n)d reminders are cancelled.", cancelled)
        messages.info(request, text % {"n": cancelled})
        return None

    @admin.action(description=gettext_lazy("Put failed ones back into the queue"), permissions=["look_after"])
    def requeue_failed(self, request: HttpRequest, chosen: ReminderQuerySet) -> HttpResponse | None:
        failed = chosen.filter(state=Reminder.State.FAILED).order_by()
        if "confirmed" not in request.POST:
            why = _("Each is tried again from now on, eight times at most.")
            return self._ask(
                request, "requeue_failed", failed, _("Try these again?"), _("Put them back"), why
            )
        named = list(failed[: MOST_NAMED + 1])
        back = requeue_failed(rows=failed, at=timezone.now())
        self._note(request, named, back, "Put back into the queue.")
        text = ngettext("%(n)d reminder goes again.", "%(n)d reminders go again.", back)
        messages.info(request, text % {"n": back})
        return None

    def _ask(
        self, request: HttpRequest, action: str, rows: QuerySet[Any], title: str, button: str, why: str
    ) -> HttpResponse | None:
        """The page that names the numbers before anything is done; None where there is nothing to do."""
        counts = list(
            rows.order_by("kind", "state").values_list("kind", "state").annotate(number=Count("pk"))
        )
        if not counts:
            messages.warning(request, _("None of the chosen ones is in a state for that."))
            return None
        every = request.POST.get("select_across") == "1"
        chosen = request.POST.getlist("_selected_action")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "action": action,
            "button": button,
            "why": why,
            "counts": [(label_of(k), Reminder.State(s).label, n) for k, s, n in counts],
            "chosen": chosen[:1] if every else chosen,
            "every": every,
        }
        return TemplateResponse(request, "admin/reminders/reminder/confirm.html", context)

    def _note(self, request: HttpRequest, named: list[Reminder], number: int, text: str) -> None:
        """Who did it, in the history of each row; of very many one line tells all."""
        if 0 < number <= MOST_NAMED:
            ids = [row.pk for row in named]
            rows = Reminder.objects.filter(pk__in=ids)
            LogEntry.objects.log_actions(person_of(request).pk, rows, CHANGE, text)
        elif number:
            self._note_all(request, f"{number} reminders", text)

    def _note_all(self, request: HttpRequest, what: str, text: str) -> None:
        LogEntry.objects.create(
            user=person_of(request),
            content_type=ContentType.objects.get_for_model(Reminder),
            object_repr=what[:200],
            action_flag=CHANGE,
            change_message=text,
        )

    # --- pages of its own -----------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        page: Callable[[Any], Any] = self.admin_site.admin_view
        return [
            path("delivery/", page(self.delivery), name="reminders_reminder_delivery"),
            path("delivery/<slug:kind>/", page(self.held), name="reminders_reminder_held"),
            path("<int:pk>/mail/", in_frame(page(self.mail_html)), name="reminders_reminder_mail"),
            *super().get_urls(),
        ]

    def delivery(self, request: HttpRequest) -> HttpResponse:
        """What went, what waits and how late, kind by kind."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Delivery"),
            "log": delivery_log(at=timezone.now()),
            "days": WINDOW.days,
        }
        return TemplateResponse(request, "admin/reminders/reminder/delivery.html", context)

    def held(self, request: HttpRequest, kind: str) -> HttpResponse:
        """What waits for approval of a kind, with its numbers; POST approves or cancels all of it."""
        if not self.has_look_after_permission(request):
            raise PermissionDenied
        at = timezone.now()
        found = held_runs(at=at, kind=kind)
        if request.method != "POST":
            if not found:
                raise Http404
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("%(kind)s: too many at once") % {"kind": label_of(kind)},
                "held": found[0],
            }
            return TemplateResponse(request, "admin/reminders/reminder/held.html", context)
        by = person_of(request)
        if request.POST.get("do") == "approve":
            rows = approve_held(kind=kind, by=by, at=at)
            said = ngettext("%(n)d reminder goes.", "%(n)d reminders go.", rows) % {"n": rows}
            self._note_all(request, f"{rows} {kind}", "Approved what was held.")
        elif request.POST.get("do") == "cancel":
            rows = cancel_held(kind=kind, by=by, at=at)
            said = ngettext("%(n)d reminder is cancelled.", "%(n)d reminders are cancelled.", rows) % {
                "n": rows
            }
            self._note_all(request, f"{rows} {kind}", "Cancelled what was held.")
        else:
            raise Http404
        messages.info(request, said)
        return redirect("admin:reminders_reminder_delivery")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The row with the mail itself and what is known of it since; nothing is sent by looking."""
        context: dict[str, Any] = dict(extra_context or {})
        reminder = self.get_object(request, object_id)
        if reminder is not None and self.has_view_permission(request, reminder):
            context |= {
                "kind_in_words": label_of(reminder.kind),
                "can_look_after": self.has_look_after_permission(request),
                "changelist": reverse("admin:reminders_reminder_changelist"),
                "is_over": reminder.state in ("sent", "cancelled", "failed"),
                "can_cancel": reminder.state in ("planned", "held"),
                **_said(reminder),
            }
            if reminder.state == Reminder.State.SENT:  # somebody reads what another person was told
                logger.info("reminder_read_by_staff", reminder=reminder.pk, by=request.user.pk)
        return super().change_view(request, object_id, form_url, context)

    def mail_html(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML of the mail for the frame on the row's page."""
        reminder = get_object_or_404(Reminder, pk=pk)
        if not self.has_view_permission(request, reminder):
            raise PermissionDenied
        letter = _said(reminder).get("letter")
        if letter is None:
            raise Http404
        return HttpResponse(letter.html)


def _moment(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i") if at else ""


def _said(reminder: Reminder) -> dict[str, Any]:
    """What went, as its person saw it, and what was heard of it afterwards."""
    if reminder.state != Reminder.State.SENT:
        return {}
    if reminder.channel == Channel.INBOX:
        return {"note": note_of(reminder)} if reminder.said is not None else {"is_lost": True}
    parts = list(parts_of_mails({reminder.message_id}))
    found: dict[str, Any] = {
        "others": [(part, label_of(part.kind)) for part in parts if part.pk != reminder.pk],
        "events": list(MailEvent.objects.filter(message_id=reminder.message_id)),
    }
    try:
        found["letter"] = letter_that_went(parts)
    except LookupError:  # it went before its words were kept
        found["is_lost"] = True
    return found


@admin.register(PlanTally)
class PlanTallyAdmin(ReadOnlyAdmin):
    """What a sudden storm is measured against."""

    list_display = ("on", "kind", "rows")
    list_filter = ("on",)
