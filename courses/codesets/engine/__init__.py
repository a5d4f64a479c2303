"""The search engine of code sets: builds the index file of a release, and answers questions from it.

Pure: no Django, no database. ``build`` turns entries and index phrases into bytes, ``Engine`` maps them.
"""

from courses.codesets.engine.indexing import Phrase, build
from courses.codesets.engine.search import Engine, Reason, Result, asked_about
from courses.codesets.engine.synonyms import Synonyms

__all__ = ["Engine", "Phrase", "Reason", "Result", "Synonyms", "asked_about", "build"]
