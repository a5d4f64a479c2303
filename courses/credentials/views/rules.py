"""The rules as everybody may read them: every value with its source, its day and how sure it is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.credentials.models import RuleSet
from courses.credentials.queries.terms import is_in_force, rules_by_body, term_lines
from portal.lib.access import public


@public
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Every body with the rules of cycles that begin today, and those of other days."""
    today = timezone.localdate()
    return render(request, "credentials/rules.html", {"bodies": rules_by_body(today), "today": today})


@public
@require_safe
def rule_set(request: HttpRequest, key: str) -> HttpResponse:
    """One rule set, value by value."""
    row = get_object_or_404(RuleSet.objects.select_related("body"), key=key)
    others = RuleSet.objects.filter(body=row.body).exclude(pk=row.pk).order_by("-valid_from", "key")
    apprentice = row.rule().apprentice
    context = {
        "rules": row,
        "lines": term_lines(row),
        "apprentice": apprentice,
        "marked": ", ".join(sorted(key.upper() for key in apprentice.certifications)) if apprentice else "",
        "is_now": is_in_force(row, timezone.localdate()),
        "others": others,
    }
    return render(request, "credentials/rule_set.html", context)
