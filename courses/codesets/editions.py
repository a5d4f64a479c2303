"""When a new release of a code system takes effect, whether or not it is loaded here. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from courses.codesets.systems import System

#: The months that HCPCS releases are named by.
_QUARTERS: Final = {1: "January", 4: "April", 7: "July", 10: "October"}


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
    """The newest edition in force on a day.

    ICD-10 is published for October 1, with an April update since 2022; HCPCS every quarter; MS-DRG weights
    every October. None for systems whose calendar is not kept here.
    """
    october = fiscal_year_start(on)
    if system == System.HCPCS:
        quarter = date(on.year, (on.month - 1) // 3 * 3 + 1, 1)
        return Edition(f"{quarter.year} {_QUARTERS[quarter.month]}", quarter)
    if system == System.MSDRG:
        # version 43 is of the fiscal year 2026
        return Edition(f"FY{october.year + 1} v{october.year + 1 - 1983}", october)
    if system not in (System.ICD10CM, System.ICD10PCS):
        return None
    april = date(october.year + 1, 4, 1)
    if on >= april and april.year >= 2022:
        return Edition(f"FY{april.year} April", april)
    return Edition(f"FY{october.year + 1}", october)


def missing_edition(system: str, loaded_from: date, on: date) -> Edition | None:
    """The edition in force on a day that is newer than the one loaded, if there is one."""
    newest = newest_edition(system, on)
    return newest if newest is not None and newest.effective_from > loaded_from else None
