"""Reading of the catalog for its list pages."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Value

from courses.catalog.models import Certification, Course, EducationPath, Level
from courses.codesets.systems import System


@dataclass
class CatalogCourse:
    """A course as a line of the catalog."""

    key: str
    title: str
    summary: str
    level: str
    hours: Decimal
    ceus: Decimal
    systems: list[System] = field(default_factory=list)


def catalog_courses(filters: dict[str, Any], at: datetime) -> list[CatalogCourse]:
    """Published courses that match the cleaned filter form, with their code systems: one query."""
    courses = Course.objects.published(at)
    if filters.get("path"):
        courses = courses.on_path(filters["path"])
    if filters.get("certification"):
        courses = courses.filter(certifications__key=filters["certification"])
    if filters.get("system"):
        courses = courses.filter(pk__in=Course.objects.filter(systems__system=filters["system"]))
    if filters.get("level"):
        courses = courses.filter(level=filters["level"])
    if filters.get("hours"):
        courses = courses.filter(hours__lte=filters["hours"])
    if filters.get("ceus"):
        courses = courses.filter(ceus__gte=filters["ceus"])
    found: dict[str, CatalogCourse] = {}
    rows = courses.values_list(
        "key", "title", "summary", "level", "hours", "ceus", "systems__system"
    ).order_by("position", "title", "systems__system")
    for key, title, summary, level, hours, ceus, system in rows:
        line = found.setdefault(key, CatalogCourse(key, title, summary, str(Level(level).label), hours, ceus))
        if system:
            line.systems.append(System(system))
    return list(found.values())


def filter_choices(at: datetime) -> dict[str, list[tuple[str, str]]]:
    """Paths and certifications that the filters of the catalog offer: one query."""
    certifications = (
        Certification.objects.filter(courses__published_at__lte=at)
        .order_by()
        .values_list(Value("certification", output_field=CharField()), "key", "abbreviation")
    )
    paths = (
        EducationPath.objects.filter(published_at__lte=at)
        .order_by()
        .values_list(Value("path", output_field=CharField()), "key", "title")
    )
    choices: dict[str, list[tuple[str, str]]] = {"certification": [], "path": []}
    for kind, key, label in sorted(certifications.union(paths), key=lambda row: row[2]):
        choices[kind].append((key, label))
    return choices
