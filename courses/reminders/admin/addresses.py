"""Addresses that take no mail, and what was heard of mails after they left."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from courses.reminders.actions import lift_suppressions
from courses.reminders.addresses import address_digests
from courses.reminders.models import MailEvent, Suppression
from portal.lib.admin import ReadOnlyAdmin


class HoldsFilter(admin.SimpleListFilter):
    """Whether mail is kept from the address now."""

    title = gettext_lazy("takes mail")
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("Takes no mail")), ("0", gettext_lazy("Takes mail again"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("0", "1"):
            return queryset.filter(Suppression.HOLDS if self.value() == "1" else ~Q(Suppression.HOLDS))
        return queryset


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Addresses as digests: nobody reads here whose they are, and who knows an address finds it."""

    list_display = ("__str__", "source", "reason", "at", "lifted_at", "takes_mail")
    list_filter = (HoldsFilter, "source")
    search_fields = ("email_hmac",)  # shows the field; see get_search_results
    search_help_text = gettext_lazy("The whole e-mail address, or a word of the reason.")
    actions = ("lift",)

    @admin.display(description=gettext_lazy("takes mail"), boolean=True)
    def takes_mail(self, row: Suppression) -> bool:
        return row.lifted_at is not None and row.at <= row.lifted_at

    def has_look_after_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reminders.change_suppression")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return _by_address(queryset, search_term, "reason")

    @admin.action(description=gettext_lazy("Write to these addresses again"), permissions=["look_after"])
    def lift(self, request: HttpRequest, chosen: QuerySet[Suppression]) -> HttpResponse | None:
        """Ask first: an address that does not exist costs the sender's good name."""
        held = chosen.filter(Suppression.HOLDS).order_by("pk")
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Write to these addresses again?"),
                "rows": held,
            }
            return TemplateResponse(request, "admin/reminders/suppression/lift.html", context)
        rows = list(held)
        lifted = lift_suppressions(
            rows=Suppression.objects.filter(pk__in=[row.pk for row in rows]), at=timezone.now()
        )
        for row in rows:
            self.log_change(request, row, "Mail goes there again.")
        text = ngettext("%(n)d address takes mail again.", "%(n)d addresses take mail again.", lifted)
        messages.info(request, text % {"n": lifted})
        return None


@admin.register(MailEvent)
class MailEventAdmin(ReadOnlyAdmin):
    """Each thing that was heard of a mail, once."""

    list_display = ("happened_at", "what", "detail", "message_id", "received_at")
    list_filter = ("what",)
    search_fields = ("message_id",)  # shows the field; see get_search_results
    search_help_text = gettext_lazy("The whole e-mail address, or a Message-ID.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return _by_address(queryset, search_term, "message_id")


def _by_address(queryset: QuerySet[Any], term: str, field: str) -> tuple[QuerySet[Any], bool]:
    """The rows of an address, found by its digests; other words are looked for in ``field``."""
    term = term.strip()
    if not term:
        return queryset, False
    found = Q(**{f"{field}__icontains": term})
    if "@" in term:
        found |= Q(email_hmac__in=address_digests(term))
    return queryset.filter(found), False
