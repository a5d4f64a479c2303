"""Rules are edited here as dated rows; who goes by a row is shown before it is saved."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.requests import person_of
from courses.credentials.actions.cycling import apply_rule_set, cycles_to_take_over
from courses.credentials.models import Cycle, RuleSet
from courses.credentials.rules import BadTerms
from portal.lib.admin import PackRowAdmin


@admin.register(RuleSet)
class RuleSetAdmin(PackRowAdmin):
    list_display = ("title", "body", "valid_from", "valid_until", "confidence", "as_of")
    list_select_related = ("body",)
    list_filter = ("body", "confidence")
    search_fields = ("title", "key")
    readonly_fields = ("affected",)
    #: A change of the rules is a new row: "save as new" makes one from the old.
    save_as = True
    actions = ("apply",)

    @admin.display(description=_("who goes by it"))
    def affected(self, row: RuleSet) -> str:
        """How many running cycles a change of this row would change, and how many it could take over."""
        if row._state.adding:
            return str(_("Nobody yet: cycles that begin in its days will."))
        today = timezone.localdate()
        running = Cycle.objects.running_on(today).filter(rule_set=row).count()
        try:
            others = cycles_to_take_over(row, today).count()
        except BadTerms:
            others = 0
        now = ngettext(
            "%(n)d running cycle goes by this row, and a change changes what it asks. ",
            "%(n)d running cycles go by this row, and a change changes what they ask. ",
            running,
        ) % {"n": running}
        rest = ngettext(
            "%(n)d runs under other rules of this body: it keeps them unless this row takes over.",
            "%(n)d run under other rules of this body: they keep them unless this row takes over.",
            others,
        ) % {"n": others}
        return now + rest

    @admin.action(
        description=_("Put running cycles under these rules, which take over"), permissions=["change"]
    )
    def apply(self, request: HttpRequest, queryset: QuerySet[RuleSet]) -> TemplateResponse | None:
        """Ask first and name the number; then every change is written down with the rules before it."""
        rows = [row for row in queryset.select_related("body") if row.rule().takes_over_running]
        if not rows:
            messages.warning(request, _("None of these rows says takes_over_running: true in its terms."))
            return None
        if "confirmed" not in request.POST:
            today = timezone.localdate()
            counts = [(row, cycles_to_take_over(row, today).count()) for row in rows]
            context = {**self.admin_site.each_context(request), "counts": counts, "opts": self.opts}
            context["title"] = _("Put running cycles under these rules?")
            return TemplateResponse(request, "admin/credentials/ruleset/apply.html", context)
        at, by = timezone.now(), person_of(request)
        changed = sum(apply_rule_set(rule_set=row, by=by, at=at) for row in rows)
        text = ngettext(
            "%(n)d cycle goes by these rules now.", "%(n)d cycles go by these rules now.", changed
        )
        messages.success(request, text % {"n": changed})
        return None
