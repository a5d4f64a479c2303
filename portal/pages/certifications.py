"""Pages of certifications: they show dated facts of the catalog with the exams that prepare for them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.catalog.models import Certification
from courses.exams.queries.outline import exam_outlines
from portal.lib.access import public
from portal.pages.comparing import compare

#: Compared when nobody has chosen.
USUAL = ("cpc", "cca", "ccs", "coc", "cic")


@public
@require_safe
def certification(request: HttpRequest, key: str) -> HttpResponse:
    """One certification: its exam, its facts with source and confidence, and what prepares for it."""
    shown = get_object_or_404(Certification.objects.select_related("body"), key=key)
    at = timezone.now()
    exams = exam_outlines([shown.pk], day=timezone.localdate(), at=at).get(shown.pk, [])
    return render(
        request,
        "pages/certification.html",
        {
            "certification": shown,
            "facts": shown.facts.all(),
            "body_facts": shown.body.facts.all(),
            "outline": exams[0] if exams else None,
            "exams": exams,
            "courses": shown.courses.published(at),
        },
    )


@public
@require_safe
def compare_certifications(request: HttpRequest) -> HttpResponse:
    """Any certifications side by side, ``?with=cpc&with=ccs``; what is not known by name is left out."""
    known = {one.key: one for one in Certification.objects.select_related("body")}
    wanted = dict.fromkeys(request.GET.getlist("with")) or USUAL
    chosen = [known[key] for key in wanted if key in known]
    exams = exam_outlines([one.pk for one in chosen], day=timezone.localdate(), at=timezone.now())
    return render(
        request,
        "pages/compare_certifications.html",
        {
            "certifications": known.values(),
            "chosen": {one.key for one in chosen},
            "table": compare(chosen),
            "exams": [(one, exams.get(one.pk, [])) for one in chosen],
        },
    )
