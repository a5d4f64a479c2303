"""What catalog does when a lower room says that something happened."""

from typing import Any

from django.dispatch import receiver

from courses.catalog.models import LessonCodeRef
from courses.codesets.actions import reevaluate
from courses.codesets.models import Release
from courses.codesets.signals import release_loaded


@receiver(release_loaded, dispatch_uid="catalog.reevaluate_code_refs")
def on_release_loaded(*, release: Release, **_: Any) -> None:
    """Say anew of every code that a lesson names whether it still exists and is billable."""
    refs = LessonCodeRef.objects.filter(system=release.system)
    reevaluate(refs, on_date=release.checked_on)
