"""Certificates as Open Badges 3.0: credentials of the W3C data model 2.0 as signed JWTs. Pure: no database.

Follows the final Open Badges specification 3.0, section 8.2 (header ``alg``, ``kid``, ``typ`` and nothing
else; the credential's members stand in the payload beside ``iss``, ``jti``, ``nbf``, ``sub``, ``exp``), and
W3C Bitstring Status List 1.0. Ed25519 signs the same bytes the same way every time, so a badge is a rendering
of its certificate too. It holds no e-mail address: the holder is named as on the certificate.
"""

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from courses.credentials.certifying import Facts, Key, KeyRing, to_base64

CONTEXTS = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
#: Entries of one status list: the least that the specification allows, so that one entry hides among many.
LIST_SIZE = 131_072
#: How long a verifier may use a copy of a status list.
FRESH = timedelta(minutes=1)
#: After this a status list is not to be believed any more, so that an old copy cannot undo a revocation.
LIST_VALID = timedelta(days=1)

Json = dict[str, Any]


# --- addresses ---------------------------------------------------------------------------------------------
def issuer_url(site: str) -> str:
    return f"{site}/badges/issuer/"


def key_url(site: str, key_id: str) -> str:
    return f"{site}/badges/keys/{key_id}/"


def achievement_url(site: str, course_key: str) -> str:
    return f"{site}/badges/achievements/{course_key}/"


def status_url(site: str, number: int) -> str:
    return f"{site}/badges/status/{number}/"


def place_in_list(row: int) -> tuple[int, int]:
    """The status list of a certificate's row, and its index there."""
    return divmod(row, LIST_SIZE)


# --- what is published -------------------------------------------------------------------------------------
def issuer(site: str, name: str) -> Json:
    """The profile of who issues."""
    return {"id": issuer_url(site), "type": ["Profile"], "name": name, "url": f"{site}/"}


def jwk(site: str, key: Key) -> Json:
    """A public key as JSON Web Key (RFC 8037)."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": to_base64(key.raw),
        "alg": "EdDSA",
        "use": "sig",
        "kid": key_url(site, key.key_id),
    }


def jwks(site: str, ring: KeyRing) -> Json:
    return {"keys": [jwk(site, key) for key in ring.keys]}


def achievement(
    site: str, *, course_key: str, title: str, provider: str, ceus: float, narrative: str, description: str
) -> Json:
    """What is achieved by completing a course; ``ceus`` 0 means that it carries none."""
    found: Json = {
        "id": achievement_url(site, course_key),
        "type": ["Achievement"],
        "achievementType": "CertificateOfCompletion",
        "name": title,
        "description": description,
        "criteria": {"narrative": narrative},
        "creator": issuer(site, provider),
    }
    if ceus:
        found["creditsAvailable"] = ceus
    return found


# --- credentials -------------------------------------------------------------------------------------------
def credential(facts: Facts, *, row: int, narrative: str, description: str) -> Json:
    """The certificate as OpenBadgeCredential; ``row`` is its place among all certificates."""
    listed, index = place_in_list(row)
    list_url = status_url(facts.site, listed)
    subject: Json = {
        "id": f"{facts.check_url}#holder",
        "type": ["AchievementSubject"],
        "activityEndDate": _stamp(_midnight(facts.completed_on)),
        "achievement": achievement(
            facts.site,
            course_key=facts.course_key,
            title=facts.course_title,
            provider=facts.provider,
            ceus=float(facts.ceus),
            narrative=narrative,
            description=description,
        ),
    }
    if facts.name:
        subject["identifier"] = [
            {"type": "IdentityObject", "identityType": "name", "identityHash": facts.name, "hashed": False}
        ]
    if facts.ceus:
        subject["creditsEarned"] = float(facts.ceus)
    said: Json = {
        "@context": list(CONTEXTS),
        "id": facts.check_url,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": facts.course_title,
        "issuer": issuer(facts.site, facts.provider),
        "validFrom": _stamp(facts.issued_at),
        "credentialSubject": subject,
        "credentialSchema": [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
        "credentialStatus": {
            "id": f"{list_url}#{index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(index),
            "statusListCredential": list_url,
        },
    }
    if facts.expires_on:  # the last day counts whole
        said["validUntil"] = _stamp(_midnight(facts.expires_on + timedelta(days=1)) - timedelta(seconds=1))
    return said


def status_list(site: str, name: str, *, number: int, revoked: Iterable[int], at: datetime) -> Json:
    """The list that says which certificates of its part are revoked; ``revoked`` are indexes in the list."""
    url = status_url(site, number)
    return {
        "@context": [CONTEXTS[0]],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer_url(site),
        "name": f"{name}: status of certificates",
        "validFrom": _stamp(at),
        "validUntil": _stamp(at + LIST_VALID),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "ttl": int(FRESH.total_seconds() * 1000),
            "encodedList": _encoded(revoked),
        },
    }


def _encoded(indexes: Iterable[int]) -> str:
    bits = bytearray(LIST_SIZE // 8)
    for index in indexes:
        bits[index // 8] |= 0x80 >> index % 8  # the first entry is the leftmost bit
    return "u" + to_base64(gzip.compress(bytes(bits), mtime=0))


# --- as JWT -------------------------------------------------------------------------------------------
def as_jwt(said: Json, *, site: str, ring: KeyRing) -> str:
    """The credential signed as compact JWS."""
    header = {"alg": "EdDSA", "kid": key_url(site, ring.signing_id), "typ": "JWT"}
    claims: Json = {
        "iss": said["issuer"] if isinstance(said["issuer"], str) else said["issuer"]["id"],
        "jti": said["id"],
        "nbf": _seconds(said["validFrom"]),
        "sub": said["credentialSubject"]["id"],
    }
    if "validUntil" in said:
        claims["exp"] = _seconds(said["validUntil"])
    signed = f"{_part(header)}.{_part(said | claims)}"
    return f"{signed}.{to_base64(ring.signing.sign(signed.encode()))}"


def _part(plain: Json) -> str:
    return to_base64(json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def _stamp(at: datetime) -> str:
    """To the second, since ``nbf`` counts seconds and the two must be equal."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
