from datetime import date

import pytest

from courses.catalog.models import Certification
from courses.credentials.forms.holding import CredentialForm, StartForm
from courses.credentials.queries.terms import bodies_to_record
from tests.credentials.conftest import rule

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("field", ["earned_on", "last_on"])
@pytest.mark.parametrize("day", ["0001-02-05", "1939-12-31", "9999-12-31"])
def test_credential_form_refuses_days_out_of_time(field: str, day: str) -> None:
    form = CredentialForm({field: day})

    assert not form.is_valid()
    assert field in form.errors


def test_a_body_asks_only_what_its_rules_do_not_fix(rules: None) -> None:
    bodies = bodies_to_record(date(2026, 11, 23))
    form = StartForm(
        certifications=list(Certification.objects.select_related("body")),
        bodies=[(one.body, one.rule) for one in bodies],
    )

    asked = {one.body.key: sorted(one.fields) for one in form.bodies}
    assert asked == {"aapc": ["renewal_month"], "ahima": ["last_on"], "hfma": ["last_on", "required"]}
    assert [one.body.key for one in form.bodies if one.is_main] == ["aapc", "ahima"]
    assert rule("hfma-crcr").required.base == {}
