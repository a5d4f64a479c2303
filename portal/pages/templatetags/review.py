"""What waits for editors, for the desk of the editing pages."""

from collections import Counter

from django import template
from django.utils import timezone

from courses.reminders.queries import for_staff
from portal.pages.stale import stale_count

register = template.Library()


@register.simple_tag
def stale_codes_count() -> int:
    """Lessons and questions whose codes no longer hold."""
    return stale_count(timezone.now())


@register.simple_tag
def reminders_for_staff() -> Counter[str]:
    """Reminders that failed and that are held: nobody but staff can bring them forward."""
    return for_staff()
