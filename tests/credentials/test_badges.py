"""Open Badges 3.0: what is signed, what is published, and that a library of others verifies it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from openbadgeslib.ob3 import OB3Verifier
from openbadgeslib.ob3.status import check_credential_status, decode_encoded_list, set_indices
from openbadgeslib.ob3.verifier import OB3VerificationError

from accounts.models import User
from courses.credentials import badges
from courses.credentials.actions import issue_certificate, revoke_certificate, withdraw_certificates
from courses.credentials.certifying import Key, read_keys
from courses.credentials.keys import key_ring
from courses.credentials.models import Certificate
from courses.credentials.queries.certificates import badge, checked
from tests.credentials.test_certificates import Complete, approve, complete
from tests.credentials.test_certifying import FACTS, FIRST

__all__ = ["approve", "complete"]

SITE = "https://learn.example.org"


@pytest.fixture(autouse=True)
def _no_checks_yet(db: None) -> None:
    cache.clear()


@pytest.fixture
def certificate(complete: Complete, at: datetime) -> Certificate:
    return issue_certificate(completion=complete(), at=at)


def token_of(certificate: Certificate) -> str:
    found = Certificate.objects.get(pk=certificate.pk)
    return badge(checked(found, found.issued_at.date()))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def published(address: str) -> Any:
    """What the public address of ours answers; ``address`` may be absolute."""
    return Client().get(address.removeprefix("http://localhost:8000"))


def download(address: str) -> bytes:
    content: bytes = published(address).content
    return content


def pem(key: Key) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


# --- the shape that the specification asks for --------------------------------------------------------------
def test_header_and_claims_are_those_of_the_specification(certificate: Certificate) -> None:
    header, claims = parts(token_of(certificate))

    assert header == {
        "alg": "EdDSA",
        "kid": f"http://localhost:8000/badges/keys/{certificate.key_id}/",
        "typ": "JWT",
    }
    assert claims["iss"] == claims["issuer"]["id"]
    assert claims["jti"] == claims["id"] == f"http://localhost:8000/check/{certificate.check_id}/"
    assert claims["sub"] == claims["credentialSubject"]["id"]
    assert claims["nbf"] == int(certificate.issued_at.timestamp())
    assert claims["validFrom"] == "2026-11-23T15:00:00Z"
    assert "exp" not in claims and "validUntil" not in claims
    assert "vc" not in claims  # of the data model 1.1; in 2.0 the credential is the payload


def test_badge_names_the_holder_the_achievement_and_the_credits(
    certificate: Certificate, student: User
) -> None:
    token = token_of(certificate)

    _header, claims = parts(token)
    subject = claims["credentialSubject"]
    assert claims["@context"] == list(badges.CONTEXTS)
    assert claims["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert subject["identifier"] == [
        {"type": "IdentityObject", "identityType": "name", "identityHash": "Sam Lee", "hashed": False}
    ]
    assert subject["creditsEarned"] == subject["achievement"]["creditsAvailable"] == 2
    assert subject["achievement"]["name"] == "Basics"
    assert subject["achievement"]["criteria"]["narrative"].startswith("Every lesson of “Basics”")
    assert student.email not in json.dumps(claims)
    assert token == token_of(certificate)


@pytest.mark.django_db
def test_badge_without_ceus_or_name_leaves_them_out(complete: Complete, student: User, at: datetime) -> None:
    student.name = ""
    student.save()

    _header, claims = parts(token_of(issue_certificate(completion=complete(ceus="0.00"), at=at)))

    subject = claims["credentialSubject"]
    assert "creditsEarned" not in subject and "identifier" not in subject
    assert "creditsAvailable" not in subject["achievement"]


@pytest.mark.django_db
def test_badge_ends_with_the_last_second_of_the_last_day(
    complete: Complete, approve: Callable[..., Any], at: datetime
) -> None:
    completion = complete()
    approve(completion.course, certificate_months=24)

    _header, claims = parts(token_of(issue_certificate(completion=completion, at=at)))

    assert claims["validUntil"] == "2028-11-23T23:59:59Z"
    assert claims["exp"] == int(datetime(2028, 11, 23, 23, 59, 59, tzinfo=UTC).timestamp())


# --- verified by others ------------------------------------------------------------------------------------
def test_independent_library_verifies_the_badge_with_the_published_key(certificate: Certificate) -> None:
    token = token_of(certificate)
    header, _claims = parts(token)
    key = published(header["kid"])
    assert key["Content-Type"] == "application/jwk+json"
    assert "d" not in key.json()

    # PyJWT, from the JSON Web Key alone
    jwt.decode(token, jwt.PyJWK(key.json()).key, algorithms=["EdDSA"])
    # openbadgeslib: signature, types, times, iss, jti, sub and the shape of the credential
    found = OB3Verifier(pem(key_ring().keys[0])).verify(token)

    assert found.issuer is not None and found.issuer.id == "http://localhost:8000/badges/issuer/"
    assert found.achievement.name == "Basics"


def test_changed_badge_is_refused_by_the_library(certificate: Certificate) -> None:
    head, payload, signature = token_of(certificate).split(".")
    verifier = OB3Verifier(pem(key_ring().keys[0]))
    claims = parts(f"{head}.{payload}.{signature}")[1]
    forged = badges._part(claims | {"name": "Another course"})

    for token in (
        f"{head}.{forged}.{signature}",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{badges._part({'alg': 'none'})}.{payload}.",
    ):
        with pytest.raises(OB3VerificationError):
            verifier.verify(token)


def test_badge_of_an_old_key_verifies_after_two_rotations(certificate: Certificate, settings: Any) -> None:
    token = token_of(certificate)

    for new in ("B" * 42 + "A", "C" * 42 + "A"):
        settings.CERTIFICATE_KEYS = [new, *settings.CERTIFICATE_KEYS]

    header, _claims = parts(token)
    jwt.decode(token, jwt.PyJWK(published(header["kid"]).json()).key, algorithms=["EdDSA"])
    known = published(reverse("credentials:badge_keys")).json()["keys"]
    assert len(known) == 3
    assert [one["kid"] for one in known if one["kid"] == header["kid"]] == [header["kid"]]
    assert len({one["x"] for one in known}) == 3


def test_library_reads_the_status_list_and_refuses_what_was_revoked(
    certificate: Certificate, editor: User, at: datetime
) -> None:
    public = pem(key_ring().keys[0])
    found = OB3Verifier(public).verify(token_of(certificate))
    check = {"download": download, "verify_list": True, "list_pubkey_pem": public}

    check_credential_status(found, **check)
    revoke_certificate(certificate=certificate, reason="Given in error", by=editor, at=at)

    with pytest.raises(OB3VerificationError, match="revocation"):
        check_credential_status(found, **check)


def test_status_list_is_that_of_the_rows_and_has_the_least_size(
    certificate: Certificate, complete: Complete, other: User, editor: User, at: datetime
) -> None:
    complete_more = [issue_certificate(completion=complete(key, user=other), at=at) for key in ("a", "b")]
    revoke_certificate(certificate=complete_more[0], reason="x", by=editor, at=at)
    withdraw_certificates(user=certificate.user)  # type: ignore[arg-type]  # there is one

    answer = published(reverse("credentials:badge_status", args=[0]))

    _header, claims = parts(answer.content.decode())
    bits = decode_encoded_list(claims["credentialSubject"]["encodedList"])
    assert answer["Content-Type"] == "application/jwt"
    assert len(bits) == 16 * 1024
    assert set_indices(bits) == {certificate.pk, complete_more[0].pk}
    assert claims["sub"] == claims["credentialSubject"]["id"] == f"{claims['id']}#list"
    assert published(reverse("credentials:badge_status", args=[1])).status_code == 404


def test_status_list_of_the_second_part_counts_from_its_beginning() -> None:
    assert badges.place_in_list(5) == (0, 5)
    assert badges.place_in_list(131_072 + 7) == (1, 7)


def test_status_list_ends_so_that_an_old_copy_undoes_nothing(at: datetime) -> None:
    said = badges.status_list(SITE, "Crosswalk", number=0, revoked=[], at=at)

    assert (said["validFrom"], said["validUntil"]) == ("2026-11-23T15:00:00Z", "2026-11-24T15:00:00Z")


# --- what is published -------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_what_verifiers_fetch_is_open_to_every_site_and_may_be_kept(certificate: Certificate) -> None:
    for name, args, kept in (
        ("badge_issuer", [], 3600),
        ("badge_keys", [], 3600),
        ("badge_key", [certificate.key_id], 3600),
        ("badge_achievement", ["basics"], 3600),
        ("badge_status", [0], 60),
    ):
        answer = published(reverse(f"credentials:{name}", args=args))
        assert answer.status_code == 200, name
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Cache-Control"] == f"public, max-age={kept}"
        assert not answer.cookies
        assert b'"d"' not in answer.content


def test_addresses_in_a_badge_lead_to_what_they_name(certificate: Certificate) -> None:
    header, claims = parts(token_of(certificate))

    issuer = published(claims["issuer"]["id"]).json()
    achievement = published(claims["credentialSubject"]["achievement"]["id"]).json()

    assert {name: issuer[name] for name in claims["issuer"]} == claims["issuer"]
    assert achievement["id"] == claims["credentialSubject"]["achievement"]["id"]
    assert published(header["kid"]).json()["kid"] == header["kid"]
    assert published(claims["id"]).status_code == 200


@pytest.mark.django_db
def test_unknown_keys_and_courses_are_not_there() -> None:
    assert published("/badges/keys/0123/").status_code == 404
    assert published("/badges/achievements/nothing/").status_code == 404


def test_key_of_the_rfc_is_spelt_as_the_rfc_does() -> None:
    # RFC 8037, appendix A: the public half of the seed there
    seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
    key = read_keys([seed]).keys[0]

    said = badges.jwk(SITE, key)

    assert (said["kty"], said["crv"]) == ("OKP", "Ed25519")
    assert said["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"


def test_credential_of_facts_is_the_same_each_time() -> None:
    ring = read_keys([FIRST])
    said = badges.credential(FACTS, row=9, narrative="n", description="d")

    assert badges.as_jwt(said, site=SITE, ring=ring) == badges.as_jwt(said, site=SITE, ring=ring)
    assert said["credentialStatus"]["statusListIndex"] == "9"
    assert timedelta(0) < badges.FRESH < badges.LIST_VALID
