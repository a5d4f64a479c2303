"""The pages of the official indexes and tables, and where their references lead."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from courses.codesets.actions import Source, load_release
from courses.codesets.models import IndexRef
from courses.codesets.reading import letters_of
from tests.codesets.formats.official import official


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("form", "file", "letters", "led"),
    [
        # "Accident, transport, by type of vehicle" leads as far as it can; 15 references name codes
        ("icd10cm-external", "icd10cm_eindex_april_1_2026.xml.xz", 22, 786),
        # the others lead to groups of substances that have no row of their own
        ("icd10cm-drugs", "icd10cm_drug_april_1_2026.xml.xz", 27, 115),
        # the others name codes, or rows of the Alphabetic Index
        ("icd10cm-neoplasms", "icd10cm_neoplasm_april_1_2026.xml.xz", 24, 171),
    ],
)
def test_every_letter_opens_and_references_lead_somewhere(
    client: Client, tmp_path: Path, code_data: Path, form: str, file: str, letters: int, led: int
) -> None:
    path = tmp_path / "index.xml"
    path.write_bytes(official(code_data, file))
    source = Source(form, path, "index.xml", "FY2026 April", date(2026, 4, 1))
    release = load_release(source=source, by=None, at=datetime(2026, 4, 1, tzinfo=UTC)).release
    found = letters_of(release)
    assert len(found) == letters
    for one in found:
        address = reverse("codesets:index_letter", args=[release.system, release.book, one.letter])
        assert client.get(address).status_code == 200
        address = reverse("codesets:index_term", args=[release.system, release.book, one.first])
        assert client.get(address).status_code == 200
    assert IndexRef.objects.filter(target__isnull=False).count() == led
