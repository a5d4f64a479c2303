"""Writing to the code sets: releases from official files, states of references, what people keep."""

from courses.codesets.actions.checking import check_citations, check_code_refs, confirm_refs, reevaluate
from courses.codesets.actions.loading import (
    Loaded,
    Source,
    build_missing_indexes,
    load_release,
    package_source,
)

__all__ = [
    "Loaded",
    "Source",
    "build_missing_indexes",
    "check_citations",
    "check_code_refs",
    "confirm_refs",
    "load_release",
    "package_source",
    "reevaluate",
]
