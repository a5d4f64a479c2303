"""The books of a code system: each is published, dated and replaced on its own. Pure."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Book(TextChoices):
    """A part of a code system that comes as a file of its own."""

    CODES = "codes", _("code list")
    MODIFIERS = "modifiers", _("modifiers")
    INDEX = "index", _("index")
    EXTERNAL = "external", _("index of external causes")
    DRUGS = "drugs", _("table of drugs and chemicals")
    NEOPLASMS = "neoplasms", _("table of neoplasms")
    TABLES = "tables", _("tables")
    DEFINITIONS = "definitions", _("definitions")
    POA_EXEMPT = "poa_exempt", _("exempt from POA reporting")
    CC = "cc", _("complications and comorbidities (CC)")
    MCC = "mcc", _("major complications and comorbidities (MCC)")


#: Books of codes, of index lines, and lists of codes: what kind of rows a release brings.
CODE_BOOKS = (Book.CODES, Book.MODIFIERS)
INDEX_BOOKS = (Book.INDEX, Book.EXTERNAL, Book.DRUGS, Book.NEOPLASMS)
#: What the look-up reads beside the code list itself.
READ_BESIDE = (*INDEX_BOOKS, Book.MODIFIERS)
LISTS = (Book.POA_EXEMPT, Book.CC, Book.MCC)
