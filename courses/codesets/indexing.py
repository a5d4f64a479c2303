"""The look-up's index of a release: built from its rows, kept in the database, mapped from a file."""

from datetime import datetime

from courses.codesets.models import Release


def build_search_index(release: Release, *, at: datetime) -> None:
    """Build it anew."""
