"""Releases of code systems with their codes, notes, indexes and tables; what other rooms inherit."""

from courses.codesets.models.codes import Code, CodeNote, CodeQuerySet, ListedCode
from courses.codesets.models.indexes import IndexRef, IndexTarget, IndexTerm
from courses.codesets.models.pcs import PcsAggregation, PcsDefinition, PcsRow, PcsTable
from courses.codesets.models.people import LicencePack, LicenceSeat, SavedCode, Synonym
from courses.codesets.models.references import Citation, CodeRef, GuidelineSection
from courses.codesets.models.releases import CodeChange, CodeFile, Release, ReleaseQuerySet, SearchIndex

__all__ = [
    "Citation",
    "Code",
    "CodeChange",
    "CodeFile",
    "CodeNote",
    "CodeQuerySet",
    "CodeRef",
    "GuidelineSection",
    "IndexRef",
    "IndexTarget",
    "IndexTerm",
    "LicencePack",
    "LicenceSeat",
    "ListedCode",
    "PcsAggregation",
    "PcsDefinition",
    "PcsRow",
    "PcsTable",
    "Release",
    "ReleaseQuerySet",
    "SavedCode",
    "SearchIndex",
    "Synonym",
]
