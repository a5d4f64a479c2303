"""Writing to the code sets: releases from official files, states of references, what people keep."""

from courses.codesets.actions.checking import check_citations, check_code_refs, confirm_refs, reevaluate
from courses.codesets.actions.loading import (
    Loaded,
    Source,
    load_release,
    package_source,
    rebuild_search_index,
)

__all__ = [
    "Loaded",
    "Source",
    "check_citations",
    "check_code_refs",
    "confirm_refs",
    "load_release",
    "package_source",
    "rebuild_search_index",
    "reevaluate",
]
