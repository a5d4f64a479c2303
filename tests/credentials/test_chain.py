"""Whatever is changed behind the portal's back is named by the verifier."""

import random
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.catalog.models import Course
from courses.credentials import sealing
from courses.credentials.actions.anchoring import anchor_ledgers
from courses.credentials.actions.verifying import Flaw, verify_ledgers
from courses.credentials.models import (
    Credit,
    CreditDetail,
    Evidence,
    EvidenceRemoval,
    Ledger,
    LedgerAnchor,
    LedgerLink,
)
from courses.credentials.models.storage import evidence_storage
from tests.conftest import MakePerson
from tests.credentials.histories import write_history
from tests.credentials.tampering import alter, columns, lawless
from tests.guards import take_guards_away

CHANGES = 200


@pytest.fixture
def ledger(
    rules: None,
    student: User,
    other: User,
    course: Course,
    at: datetime,
    make_person: MakePerson,
    private: None,
) -> Ledger:
    """A person's ledger beside another's and an empty one, two days of anchors, and somebody without one."""
    ledger = write_history(student, course, at)
    anchor_ledgers(at=at)
    write_history(other, course, at)
    Ledger.objects.create(user=make_person("empty@example.com"), opened_at=at)
    anchor_ledgers(at=at + timedelta(days=1))
    make_person("without@example.com")
    return ledger


def found(**options: Any) -> list[str]:
    """What is wrong, apart from the guards that a test took away."""
    return [str(one) for one in verify_ledgers(**options) if one.flaw is not Flaw.UNGUARDED]


def names(model: type[models.Model], pk: Any) -> set[str]:
    """How a row is called in a finding."""
    if issubclass(model, CreditDetail | Credit):
        return {f"credit {pk} "}
    if issubclass(model, LedgerLink):
        return {f"link {LedgerLink.objects.get(pk=pk).number} "}
    if issubclass(model, LedgerAnchor):
        return {f"anchor {LedgerAnchor.objects.get(pk=pk).on} "}
    if issubclass(model, Ledger):
        return {f"ledger {pk} ", f"ledger {Ledger.objects.get(pk=pk).key} "}
    return {f"evidence {pk} "}


def keys_of(model: type[models.Model]) -> list[Any]:
    """The keys of rows that say something: an empty ledger is nobody's history yet."""
    rows = model._default_manager.order_by("pk")
    return list((rows.filter(length__gte=1) if model is Ledger else rows).values_list("pk", flat=True))


def test_untouched_ledger_has_no_findings(ledger: Ledger) -> None:
    assert list(verify_ledgers(files=True)) == []


# a row of each kind: an activity, what took one back, an award of ours
@pytest.mark.parametrize("place", [0, -2, -1])
@pytest.mark.parametrize(("model", "column"), columns(), ids=lambda one: getattr(one, "__name__", str(one)))
def test_every_column_is_covered(ledger: Ledger, model: type[models.Model], column: str, place: int) -> None:
    keys = keys_of(model)
    pk, dice = keys[place % len(keys)], random.Random(0)

    with lawless():
        called = names(model, pk)
        assert alter(model, column, pk, dice)
        findings = found()
        if column in {"on", "key"}:  # by which an anchor and a ledger are called
            called |= names(model, pk)

    if model is Ledger and column == "id":  # then nothing in it has a ledger
        called = {"credit 1 belongs", *(f"credit {one} belongs" for one in range(1, 100_000))}
    assert any(name in f"{text} " for text in findings for name in called), findings


def test_random_changes_are_all_named(ledger: Ledger) -> None:
    dice, changed = random.Random(5), 0
    places = columns()

    while changed < CHANGES:
        model, column = dice.choice(places)
        pk = dice.choice(keys_of(model))
        with lawless():
            if not alter(model, column, pk, dice):
                continue
            assert found(), (model, column, pk)
        changed += 1


def test_row_put_in_beside_the_actions_is_named(ledger: Ledger) -> None:
    credit = Credit.objects.filter(ledger=ledger, kind="award").first()
    assert credit is not None
    credit.pk, credit.activity_key = None, "own:forged"
    credit.save(force_insert=True)

    assert found() == [
        f"credit {credit.pk} of ledger {ledger.key} is in no chain.",
        f"credit {credit.pk} of ledger {ledger.key} has lost its words.",
    ]


def test_row_taken_out_is_named(ledger: Ledger) -> None:
    evidence = Evidence.objects.filter(credit__ledger=ledger).get()

    with lawless():
        Evidence.objects.filter(pk=evidence.pk)._raw_delete("default")
        findings = found()

    assert findings == [f"evidence {evidence.pk} of ledger {ledger.key} was linked and is not there."]


def test_chain_cut_off_at_its_end_is_noticed(ledger: Ledger) -> None:
    last = LedgerLink.objects.filter(ledger=ledger, number=ledger.length)

    with lawless():
        last._raw_delete("default")
        findings = found()

    assert f"link 6 of ledger {ledger.key} is not there." in findings


def test_chain_cut_off_with_its_row_and_head_is_noticed_by_the_anchor(ledger: Ledger) -> None:
    evidence = Evidence.objects.filter(credit__ledger=ledger)
    before = LedgerLink.objects.get(ledger=ledger, number=5)

    with lawless():
        LedgerLink.objects.filter(ledger=ledger, number=6)._raw_delete("default")
        evidence._raw_delete("default")
        Ledger.objects.filter(pk=ledger.pk).update(length=5, head=before.hash)
        findings = found()

    assert findings == [
        "anchor 2026-11-23 does not match the links that were there on its day.",
        "anchor 2026-11-24 does not match the links that were there on its day.",
    ]


def test_chain_made_anew_is_noticed_by_the_anchor(ledger: Ledger) -> None:
    with lawless():
        rewrite(ledger)
        findings = found()

    assert findings == ["anchor 2026-11-23 does not match the links that were there on its day."]


def test_chain_and_anchors_made_anew_are_noticed_by_a_root_that_was_noted(
    ledger: Ledger, at: datetime
) -> None:
    noted = dict(LedgerAnchor.objects.values_list("on", "root"))

    with lawless():
        rewrite(ledger)
        LedgerAnchor.objects.all()._raw_delete("default")
        anchor_ledgers(at=at)
        assert found() == []
        findings = found(roots=noted)

    assert findings == [
        "anchor 2026-11-23 has not the root that was noted elsewhere.",
        "anchor 2026-11-24 has not the root that was noted elsewhere.",
    ]


def rewrite(ledger: Ledger) -> None:
    """Change an amount and make the whole chain fit it."""
    from courses.credentials.actions.chain import credit_facts

    first = LedgerLink.objects.get(ledger=ledger, number=1)
    Credit.objects.filter(pk=first.row).update(ceus=9)
    first.digest = sealing.digest(credit_facts(Credit.objects.get(pk=first.row)))
    previous = ""
    for link in [first, *LedgerLink.objects.filter(ledger=ledger, number__gt=1).order_by("number")]:
        link.previous = previous
        previous = link.hash = sealing.link_hash(
            ledger=str(ledger.key),
            number=link.number,
            what=link.what,
            row=link.row,
            digest_of_row=link.digest,
            previous=link.previous,
            at=link.linked_at,
        )
        link.save()
    Ledger.objects.filter(pk=ledger.pk).update(head=previous)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("credit", "completed_on", "2026-13-99"),
        ("credit", "topics", '["aud'),
        ("credit", "recorded_at", "yesterday"),
        ("credit", "activity_key", b"\xff\xfe"),
        ("creditdetail", "proof", "{"),
        ("evidence", "added_at", "now"),
        ("ledgerlink", "linked_at", "x"),
        ("ledger", "key", "not a key"),
        ("ledgeranchor", "made_at", "2026-99-99 00:00:00"),
    ],
)
def test_value_that_cannot_be_read_is_named(ledger: Ledger, table: str, column: str, value: Any) -> None:
    with lawless(), connection.cursor() as cursor:
        cast = "CAST(%s AS TEXT)" if isinstance(value, bytes) else "%s"
        key = "credit_id" if table == "creditdetail" else "id"
        cursor.execute(
            f"UPDATE credentials_{table} SET {column} = {cast}"
            f" WHERE {key} = (SELECT min({key}) FROM credentials_{table})",
            [value],
        )
        findings = found()

    assert findings


def test_missing_guards_are_findings(ledger: Ledger) -> None:
    take_guards_away()

    assert (
        "trigger credentials_credit_not_updated is missing, so the database lets the ledger be changed."
        in {str(one) for one in verify_ledgers()}
    )


# --- files -------------------------------------------------------------------------------------------


def test_file_that_was_changed_or_lost_is_named(ledger: Ledger, other: User) -> None:
    mine = Evidence.objects.get(credit__ledger=ledger)
    theirs = Evidence.objects.get(credit__ledger__user=other)
    with open(evidence_storage().path(mine.path), "ab") as stored:
        stored.write(b" ")
    evidence_storage().delete(theirs.path)

    assert found() == []
    assert found(files=True) == [
        f"evidence {mine.pk} of ledger {ledger.key} has another file than was linked.",
        f"evidence {theirs.pk} of ledger {theirs.credit.ledger.key} has no file.",
    ]


def test_file_that_was_removed_with_a_reason_may_be_missing(
    ledger: Ledger, student: User, at: datetime
) -> None:
    evidence = Evidence.objects.get(credit__ledger=ledger)
    EvidenceRemoval.objects.create(evidence=evidence, reason="Not mine", removed_at=at, removed_by=student)

    assert "still has its file" in found(files=True)[0]
    evidence_storage().delete(evidence.path)
    assert found(files=True) == []


# --- the command -------------------------------------------------------------------------------------


def test_command_says_that_all_is_well(ledger: Ledger) -> None:
    out = StringIO()

    call_command("verify_ledger", files=True, stdout=out)

    assert out.getvalue() == "3 ledgers with 12 links are as they were written.\n"


def test_command_names_the_row_and_ends_with_1(ledger: Ledger) -> None:
    out = StringIO()

    with pytest.raises(CommandError) as ended:
        call_command("verify_ledger", "--root", "2026-11-23=00", stdout=out)

    assert ended.value.returncode == 1
    assert out.getvalue() == "anchor 2026-11-23 has not the root that was noted elsewhere.\n"


def test_command_refuses_a_root_that_is_none() -> None:
    with pytest.raises(CommandError, match="DAY=ROOT"):
        call_command("verify_ledger", "--root", "yesterday")


# --- anchors -----------------------------------------------------------------------------------------


def test_anchor_is_made_once_a_day(ledger: Ledger, at: datetime) -> None:
    assert anchor_ledgers(at=at) is None
    assert anchor_ledgers(at=at + timedelta(days=1, hours=2)) is None

    again = anchor_ledgers(at=at + timedelta(days=2))

    assert again is not None and (again.ledgers, again.links) == (3, 12)
    assert [one.links for one in LedgerAnchor.objects.order_by("on")] == [6, 12, 12]
    assert found() == []


def test_anchor_of_nothing_is_one_too(db: None, at: datetime) -> None:
    anchor = anchor_ledgers(at=at)

    assert anchor is not None and (anchor.ledgers, anchor.links) == (0, 0)
    assert found() == []


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 100])
def test_merkle_root_is_that_of_the_whole_tree(count: int) -> None:
    leaves = [str(number) for number in range(count)]
    row = [sealing.sha256(b"\0" + leaf.encode()).hexdigest() for leaf in leaves]
    while len(row) > 1:
        pairs = [row[place : place + 2] for place in range(0, len(row), 2)]
        row = [
            sealing.sha256(b"\1" + "".join(pair).encode()).hexdigest() if len(pair) == 2 else pair[0]
            for pair in pairs
        ]

    root = sealing.merkle_root(iter(leaves))

    assert root == (row[0] if row else sealing.sha256(b"").hexdigest())
    assert count < 2 or root != sealing.merkle_root(leaves[1:] + leaves[:1])


# --- what it costs -----------------------------------------------------------------------------------


def plain_ledgers(count: int, make_person: MakePerson, at: datetime) -> None:
    """Ledgers of people without a link."""
    people = [User(email=f"person-{number}@example.org") for number in range(count)]
    User.objects.bulk_create(people)
    Ledger.objects.bulk_create(Ledger(user=person, opened_at=at) for person in people)


def test_verifying_costs_the_same_for_three_ledgers_and_for_thirty(
    ledger: Ledger, make_person: MakePerson, at: datetime
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert list(verify_ledgers()) == []
        return len(queries)

    first = cost()
    plain_ledgers(28, make_person, at)

    assert first == cost() == 15


def test_sealed_key_says_nothing_of_what_was_typed() -> None:
    key = str(UUID(int=1))

    sealed = sealing.activity_key(key, "index:a1#2")

    assert sealed.startswith("index:") and sealed.endswith("#2")
    assert sealed != sealing.activity_key(str(UUID(int=2)), "index:a1#2")
    assert sealing.activity_key(key, "course:basics") == "course:basics"
