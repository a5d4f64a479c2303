import pytest

from courses.credentials.forms.holding import CredentialForm

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("field", ["earned_on", "last_on"])
@pytest.mark.parametrize("day", ["0001-02-05", "1939-12-31", "9999-12-31"])
def test_credential_form_refuses_days_out_of_time(field: str, day: str) -> None:
    form = CredentialForm({field: day})

    assert not form.is_valid()
    assert field in form.errors
