"""What a certificate says and how it is signed: pure, no database."""

import base64
import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from courses.credentials.certifying import (
    Approved,
    BadDocument,
    BadKeys,
    Facts,
    check_number,
    grouped,
    is_signed,
    public_spelling,
    read_document,
    read_keys,
    read_number,
    short_digest,
    sign,
    to_base64,
    write_document,
)
from courses.credentials.sealing import canonical

FIRST, SECOND, THIRD = (to_base64(bytes([n]) * 32) for n in (1, 2, 3))
RING = read_keys([FIRST])
FACTS = Facts(
    check_id=check_number(2**127 + 12345678901234567890),
    number=1,
    name="Zoë Müller-Łukasz",
    course_key="what-coders-do",
    course_title="What medical coders do",
    provider="Crosswalk",
    ceus=Decimal("2.00"),
    approvals=(Approved("AAPC", "AB-123", Decimal("2.00")), Approved("AHIMA", "", Decimal("1.50"))),
    hours=Decimal("2.5"),
    completed_on=date(2026, 11, 22),
    minutes=134,
    issued_at=datetime(2026, 11, 23, 4, 30, 0, 123456, tzinfo=UTC),
    expires_on=date(2028, 11, 22),
    site="https://learn.example.org",
)
DOCUMENT = write_document(FACTS)


# --- check numbers ---------------------------------------------------------------------------------------
@given(st.integers(0, 2**128 - 1))
def test_check_number_is_read_back_however_it_was_copied(bits: int) -> None:
    number = check_number(bits)

    assert len(number) == 26
    for typed in (number, grouped(number), grouped(number).lower(), f"  {' '.join(number)} "):
        assert read_number(typed) == number
    assert read_number(number.replace("0", "O").replace("1", "l")) == number
    assert read_number(number.replace("1", "I").replace("0", "o").lower()) == number
    assert read_number(f"https://learn.example.org/check/{number}/?x=1") == number


@pytest.mark.parametrize(
    "typed", ["", "ABC", "U" * 26, "0" * 25, "0" * 27, "é" * 26, "０" * 26, "0" * 25 + "\0"]
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert read_number(typed) is None


def test_check_numbers_differ_in_every_bit() -> None:
    assert len({check_number(1 << bit) for bit in range(128)}) == 128
    assert grouped("0123456789ABCDEFGHJKMNPQRS") == "01234-56789-ABCDE-FGHJK-MNPQRS"
    with pytest.raises(ValueError, match="128 bits"):
        check_number(1 << 128)


# --- keys ------------------------------------------------------------------------------------------------
def test_first_key_signs_and_all_verify(tmp_path: Path) -> None:
    kept = tmp_path / "keys"
    kept.write_text(f"# the new one\n{SECOND}\n\n{public_spelling(RING.keys[0])}\n")
    ring = read_keys([f"file:{kept}", THIRD])

    assert [key.private is not None for key in ring.keys] == [True, False, True]
    assert ring.signing_id == read_keys([SECOND]).signing_id
    assert len({key.key_id for key in ring.keys}) == 3


@pytest.mark.parametrize(
    ("spelt", "said"),
    [
        ([], "must be able to sign"),
        ([public_spelling(RING.keys[0])], "must be able to sign"),
        ([FIRST[:-2]], "key 1 is not 32 bytes"),
        ([FIRST, "secret"], "key 2 is not 32 bytes"),
        ([FIRST.replace("A", "+")], "key 1 is not 32 bytes"),
        (["file:/nowhere/keys"], "cannot be read"),
    ],
)
def test_bad_keys_are_refused_without_showing_them(spelt: list[str], said: str) -> None:
    with pytest.raises(BadKeys, match=said) as refused:
        read_keys(spelt)

    assert all(one not in str(refused.value) for one in spelt if not one.startswith("file:"))


# --- documents -------------------------------------------------------------------------------------------
def test_document_says_every_fact_in_canonical_json() -> None:
    plain = json.loads(DOCUMENT)

    assert canonical(plain).decode() == DOCUMENT
    assert plain == {
        "kind": "crosswalk-certificate",
        "version": 1,
        "check_id": FACTS.check_id,
        "number": 1,
        "replaces": "",
        "name": "Zoë Müller-Łukasz",
        "course": {"key": "what-coders-do", "title": "What medical coders do"},
        "provider": "Crosswalk",
        "ceus": "2.00",
        "approvals": [
            {"body": "AAPC", "index_number": "AB-123", "ceus": "2.00"},
            {"body": "AHIMA", "index_number": "", "ceus": "1.50"},
        ],
        "hours": "2.5",
        "completed_on": "2026-11-22",
        "minutes": 134,
        "issued_at": "2026-11-23T04:30:00.123456+00:00",
        "expires_on": "2028-11-22",
        "site": "https://learn.example.org",
    }


@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=120),
    title=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=160),
    ceus=st.decimals(0, Decimal("999.99"), places=2),
    minutes=st.integers(0, 2**31),
    expires_on=st.none() | st.dates(),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_facts_come_back_as_they_were(
    name: str, title: str, ceus: Decimal, minutes: int, expires_on: date | None, at: datetime
) -> None:
    facts = replace(
        FACTS, name=name, course_title=title, ceus=ceus, minutes=minutes, expires_on=expires_on, issued_at=at
    )

    assert read_document(write_document(facts)) == facts


@pytest.mark.parametrize(
    "change",
    [
        {"check_id": "o" * 26},
        {"number": 0},
        {"number": True},
        {"number": 2},
        {"replaces": FACTS.check_id},
        {"name": None},
        {"course": {"key": "a", "title": ""}},
        {"course": {"key": "a"}},
        {"provider": ""},
        {"ceus": "2"},
        {"ceus": "-2.00"},
        {"ceus": 2},
        {"approvals": {}},
        {"approvals": [{"body": "AAPC"}]},
        {"completed_on": "2026-02-30"},
        {"completed_on": "20261122"},
        {"minutes": 1.5},
        {"issued_at": "2026-11-23T04:30:00"},
        {"expires_on": ""},
        {"site": "javascript:alert(1)"},
        {"site": "https://learn.example.org/"},
        {"email": "sam@example.com"},
        {"kind": "other"},
        {"version": 2},
    ],
    ids=str,
)
def test_document_that_is_not_as_it_should_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadDocument):
        read_document(canonical(json.loads(DOCUMENT) | change).decode())


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "1", DOCUMENT + " ", " " + DOCUMENT, DOCUMENT.replace(",", ", ")]
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(BadDocument):
        read_document(text)


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, name="x" * 121),
        replace(FACTS, course_title=""),
        replace(FACTS, ceus=Decimal("2.005")),
        replace(
            FACTS, issued_at=FACTS.issued_at.replace(tzinfo=None).astimezone(UTC), site="learn.example.org"
        ),
    ],
)
def test_facts_that_would_not_come_back_are_not_written(facts: Facts) -> None:
    with pytest.raises(BadDocument):
        write_document(facts)


# --- I5: signatures --------------------------------------------------------------------------------------
def changed(text: str, rng: random.Random) -> str:
    """``text`` with one byte changed."""
    raw = bytearray(text.encode())
    at = rng.randrange(len(raw))
    raw[at] ^= rng.randrange(1, 256)
    return raw.decode("latin-1")


def test_no_single_byte_change_verifies() -> None:
    signature, key_id = sign(DOCUMENT, RING)
    rng = random.Random(5)
    assert is_signed(DOCUMENT, signature, key_id, RING)

    documents = [changed(DOCUMENT, rng) for _ in range(8_000)]
    signatures = [changed(signature, rng) for _ in range(2_000)]

    assert [one for one in documents if is_signed(one, signature, key_id, RING)] == []
    assert [one for one in signatures if is_signed(DOCUMENT, one, key_id, RING)] == []


def test_every_byte_and_every_letter_of_a_signature_counts() -> None:
    # the last letter of base 64 has bits to spare: another spelling of the same bytes is another signature
    signature, key_id = sign(DOCUMENT, RING)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ "

    passing = [
        signature[:at] + letter + signature[at + 1 :]
        for at in (0, 40, len(signature) - 1)
        for letter in letters
        if is_signed(DOCUMENT, signature[:at] + letter + signature[at + 1 :], key_id, RING)
    ]

    assert set(passing) == {signature}
    assert not any(is_signed(DOCUMENT, s, key_id, RING) for s in (signature + "=", signature + "A", "", "é"))


def test_old_certificates_verify_after_two_rotations() -> None:
    signature, key_id = sign(DOCUMENT, RING)
    once = read_keys([SECOND, FIRST])
    twice = read_keys([THIRD, public_spelling(once.keys[0]), public_spelling(RING.keys[0])])

    assert is_signed(DOCUMENT, signature, key_id, once)
    assert is_signed(DOCUMENT, signature, key_id, twice)
    assert sign(DOCUMENT, twice)[1] not in {key_id, once.signing_id}
    assert not is_signed(DOCUMENT, signature, key_id, read_keys([THIRD]))


def test_signature_of_another_key_does_not_pass_under_the_name_of_ours() -> None:
    forged, _forged_id = sign(DOCUMENT, read_keys([SECOND]))

    assert not is_signed(DOCUMENT, forged, RING.signing_id, read_keys([FIRST, SECOND]))


def test_anybody_verifies_with_the_public_key_alone() -> None:
    signature, _key_id = sign(DOCUMENT, RING)
    public = Ed25519PublicKey.from_public_bytes(RING.keys[0].raw)

    public.verify(base64.urlsafe_b64decode(signature + "=="), DOCUMENT.encode())  # raises when it does not


def test_short_digest_is_read_by_eye() -> None:
    assert [len(part) for part in short_digest(DOCUMENT).split(" ")] == [4, 4, 4, 4]
    assert short_digest(DOCUMENT) != short_digest(DOCUMENT + " ")
