"""A small typed book, and the package's real one; each index is built once."""

import pytest
import yaml

from courses.codesets.actions import package_source
from courses.codesets.engine import Engine, Phrase, Synonyms, build
from courses.codesets.formats import icd10cm_tabular
from courses.codesets.records import Entry, Note
from courses.content.management.commands.load_content import PACKS

#: A few rows, shaped like ICD-10-CM: two chapters, notes that name other codes, a 7th character.
BOOK = (
    Entry("chapter", "9", "Diseases of the circulatory system"),
    Entry("block", "I20-I25", "Ischemic heart diseases", parent=0),
    Entry("category", "I20", "Angina pectoris", parent=1),
    Entry("code", "I20.0", "Unstable angina", 2, True, (Note("inclusion_term", "Crescendo angina"),)),
    Entry("code", "I20.9", "Angina pectoris, unspecified", 2, True, (Note("inclusion_term", "Angina NOS"),)),
    Entry("category", "I21", "Acute myocardial infarction", parent=1),
    Entry("code", "I21.4", "Non-ST elevation (NSTEMI) myocardial infarction", 5, True),
    Entry("code", "I21.9", "Acute myocardial infarction, unspecified", 5, True),
    Entry("chapter", "10", "Diseases of the respiratory system"),
    Entry(
        "category",
        "J18",
        "Pneumonia, unspecified organism",
        8,
        notes=(Note("excludes1", "walking pneumonia (J18.9)"), Note("code_also", "lung swelling (J81.-)")),
    ),
    Entry("code", "J18.9", "Pneumonia, unspecified organism", 9, True),
    Entry("category", "J81", "Pulmonary edema", 8),
    Entry("code", "J81.0", "Acute pulmonary edema", 11, True),
    Entry("category", "K81", "Cholecystitis"),
    Entry("code", "K81.9", "Cholecystitis, unspecified", 13, True),
    Entry("category", "S72", "Fracture of femur"),
    Entry("code", "S72.00", "Fracture of unspecified part of neck of femur", 15),
    Entry("code", "S72.001", "Fracture of unspecified part of neck of right femur", 16, takes_seventh=True),
    Entry(
        "code",
        "S72.001A",
        "Fracture of unspecified part of neck of right femur, initial encounter",
        17,
        is_billable=True,
        seventh="A",
    ),
    Entry("category", "B01", "Varicella [chickenpox]"),
    Entry("code", "B01.9", "Varicella without complication", 19, is_billable=True),
)  # fmt: skip
INDEX = (
    Phrase("Attack, heart", "I21.9", "cardiac"),
    Phrase("Fracture, hip", "S72.001A"),
    Phrase("Leads, nowhere", "Z99.9"),
)
SYNONYMS = Synonyms(
    [("heart attack", "acute myocardial infarction"), ("mi", "myocardial infarction"), ("mi", "angina")]
)


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine(build(BOOK, INDEX))


@pytest.fixture(scope="session")
def real() -> tuple[Engine, Synonyms]:
    """The tabular list of the package, and the synonyms of the starter pack."""
    with package_source().path.open("rb") as stream:
        entries = icd10cm_tabular.parse(stream).entries
    rows = yaml.safe_load((PACKS / "starter" / "synonyms.yaml").read_text(encoding="utf-8"))
    return Engine(build(entries)), Synonyms((row["phrase"], row["means"]) for row in rows)
