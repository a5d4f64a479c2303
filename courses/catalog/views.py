"""Public lists of courses and certifications."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.catalog.forms import CatalogFilter
from courses.catalog.models import Certification
from courses.catalog.queries import catalog_courses, filter_choices
from portal.lib.access import public


@public
@require_safe
def courses(request: HttpRequest) -> HttpResponse:
    """The catalog with filters; a filter that makes no sense says so and is left out."""
    at = timezone.now()
    form = CatalogFilter(request.GET, choices=filter_choices(at))
    form.is_valid()
    found = catalog_courses(form.cleaned_data, at)
    return render(
        request,
        "catalog/courses.html",
        {"form": form, "courses": found, "filtered": any(form.cleaned_data.values())},
    )


@public
@require_safe
def certifications(request: HttpRequest) -> HttpResponse:
    """Every certification, by the body that grants it."""
    found = Certification.objects.select_related("body")
    return render(request, "catalog/certifications.html", {"certifications": found})
