"""The public pages of rules, and what editors see before they change one."""

from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from courses.credentials.models import Cycle, RuleSet
from courses.credentials.queries.terms import rules_by_body, term_lines
from portal.lib.sourced import Confidence
from tests.conftest import MakePerson
from tests.credentials.conftest import Record, shipped

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]


@pytest.fixture(autouse=True)
def clock(time_machine: Any, at: datetime) -> None:
    time_machine.move_to(at, tick=False)


def test_everybody_reads_the_rules_with_source_day_and_mark(client: Client) -> None:
    page = client.get(reverse("credentials:rules")).content.decode()
    one = client.get(reverse("credentials:rule_set", args=["ahima-2025"])).content.decode()

    assert "AAPC, CEU policies" in page
    assert "looked at on 1 Nov 2026" in page
    assert "cycles that begin from 1 Jan 2021 to 31 Dec 2024" in page  # the row before
    assert "at least 80 % of the CEUs asked for" in one
    assert "20 for" in one and "30 for" in one
    assert "sources disagree" in one  # the mark of a single value
    assert client.get(reverse("credentials:rule_set", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("key", sorted(shipped()))
def test_every_shipped_value_has_words_and_a_mark(key: str) -> None:
    row = shipped()[key]
    columns = {name: row[name] for name in ("title", "confidence", "cycle_months", "anchor", "carry_over")}
    minutes = {name: row[name] for name in ("minutes_per_ceu", "min_remainder_minutes")}

    lines = term_lines(RuleSet(key=key, terms=row, **columns, **minutes))

    assert {line.confidence for line in lines} <= set(Confidence.values)
    assert all(line.title and line.value for line in lines)
    marked = set(row["field_confidence"].values())
    assert marked <= {line.confidence for line in lines}
    known = {line.title: line.is_known for line in lines}
    assert known["Days of grace after the cycle"] is (row["grace"]["days"] is not None)


def test_rows_of_other_days_are_listed_apart() -> None:
    ahima = next(one for one in rules_by_body(date(2026, 11, 23)) if one.body.key == "ahima")

    assert [row.key for row in ahima.now] == ["ahima-2025"]
    assert [row.key for row in ahima.others] == ["ahima-2021"]


@pytest.mark.parametrize("rows", [1, 3])
def test_page_is_the_same_queries_for_one_row_and_three(
    client: Client, rows: int, django_assert_num_queries: Any
) -> None:
    RuleSet.objects.exclude(key__in=["aapc-2015", "ahima-2021", "ahima-2025"][:rows]).delete()

    with django_assert_num_queries(2):
        client.get(reverse("credentials:rules"))


# --- editors ---------------------------------------------------------------------------------------------
@pytest.fixture
def as_rules_editor(make_person: MakePerson) -> Client:
    client = Client()
    client.force_login(make_person("ed@example.com", role=Role.EDITOR))
    return client


def typed(client: Client, row: RuleSet) -> dict[str, Any]:
    form = client.get(reverse("admin:credentials_ruleset_change", args=[row.pk])).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in values.items()}


def test_editor_saves_a_rule_set_and_takes_it_from_the_pack(as_rules_editor: Client) -> None:
    row = RuleSet.objects.get(key="hfma-crcr")
    url = reverse("admin:credentials_ruleset_change", args=[row.pk])
    sent = typed(as_rules_editor, row) | {"title": "Ours"}

    assert as_rules_editor.post(url, sent).status_code == 302
    row.refresh_from_db()
    assert (row.title, row.pack_digest) == ("Ours", "")
    assert as_rules_editor.post(url, sent | {"terms": "{}"}).status_code == 200  # not the schema: shown again


def test_editor_sees_whom_a_change_concerns(as_rules_editor: Client, record: Record) -> None:
    record()
    page = as_rules_editor.get(
        reverse("admin:credentials_ruleset_change", args=[RuleSet.objects.get(key="aapc-2015").pk])
    ).content.decode()

    assert "1 running cycle goes by this row" in page
    assert as_rules_editor.get(reverse("admin:credentials_ruleset_add")).status_code == 200


def test_a_new_row_is_made_from_the_old_and_running_cycles_keep_theirs(
    as_rules_editor: Client, record: Record
) -> None:
    held = record()
    row = RuleSet.objects.get(key="aapc-2015")
    sent = typed(as_rules_editor, row) | {"key": "aapc-2026", "valid_from": "2026-11-01", "_saveasnew": "1"}

    url = reverse("admin:credentials_ruleset_change", args=[row.pk])
    assert as_rules_editor.post(url, sent).status_code == 302

    assert RuleSet.objects.filter(key="aapc-2026").exists()
    assert held.cycles.get().rule_set == row


def test_rules_take_running_cycles_over_only_when_they_say_so_and_after_asking(
    as_rules_editor: Client, record: Record
) -> None:
    record()
    old = RuleSet.objects.get(key="aapc-2015")
    new = RuleSet.objects.get(key="aapc-2015")
    new.pk, new.key, new.title = None, "aapc-2026", "New"
    new.save()
    url = reverse("admin:credentials_ruleset_changelist")
    asked = {"action": "apply", "_selected_action": [new.pk]}

    assert "None of these rows" in as_rules_editor.post(url, asked, follow=True).content.decode()
    new.terms = new.terms | {"takes_over_running": True}
    new.save()
    page = as_rules_editor.post(url, asked).content.decode()
    assert "New: 1 running cycle" in page
    assert Cycle.objects.get().rule_set == old

    as_rules_editor.post(url, asked | {"confirmed": "1"})
    assert Cycle.objects.get().rule_set == new
