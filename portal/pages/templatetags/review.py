"""What waits for editors, for the desk of the editing pages."""

from django import template
from django.utils import timezone

from portal.pages.stale import stale_count

register = template.Library()


@register.simple_tag
def stale_codes_count() -> int:
    """Lessons and questions whose codes no longer hold."""
    return stale_count(timezone.now())
