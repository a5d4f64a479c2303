"""When a new release of a code system takes effect, whether or not it is loaded here. Pure."""

from dataclasses import dataclass
from datetime import date

from courses.codesets.systems import System


@dataclass(frozen=True)
class Edition:
    """A release that the calendar announces."""

    label: str
    effective_from: date


def fiscal_year(day: date) -> int:
    """The federal fiscal year of a day: October 2026 is in 2027."""
    return day.year + (day.month >= 10)


def fiscal_year_start(day: date) -> date:
    """The October 1 on or before a day."""
    return date(fiscal_year(day) - 1, 10, 1)


def newest_edition(system: str, on: date) -> Edition | None:
    """The newest ICD-10 edition in force on a day: October 1, or the April update (since 2022).

    None for systems whose calendar is not kept here.
    """
    if system not in (System.ICD10CM, System.ICD10PCS):
        return None
    october = fiscal_year_start(on)
    april = date(october.year + 1, 4, 1)
    if on >= april and april.year >= 2022:
        return Edition(f"FY{april.year} April", april)
    return Edition(f"FY{october.year + 1}", october)


def missing_edition(system: str, loaded_from: date, on: date) -> Edition | None:
    """The edition in force on a day that is newer than the one loaded, if there is one."""
    newest = newest_edition(system, on)
    return newest if newest is not None and newest.effective_from > loaded_from else None
