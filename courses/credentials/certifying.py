"""What a certificate says, how it is signed, and how its number is spelt: pure, no database here.

The document is canonical JSON, signed with Ed25519 as it stands. Whoever has it, the signature and the public
key can verify it without us; one changed byte, of the document or of the signature, and it does not verify.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from courses.credentials.sealing import canonical, moment

# --- check numbers ---------------------------------------------------------------------------------------
#: Crockford's base 32: no I, L, O or U, so that what is misread still means one number.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011", " -‐‑‒–—.\t\r\n")
NUMBER_BITS, NUMBER_LENGTH = 128, 26
_GROUPS = (0, 5, 10, 15, 20, NUMBER_LENGTH)


def check_number(bits: int) -> str:
    """128 random bits as a check number."""
    if not 0 <= bits < 1 << NUMBER_BITS:
        raise ValueError("a check number has 128 bits")
    return "".join(_LETTERS[bits >> shift & 31] for shift in range(5 * (NUMBER_LENGTH - 1), -1, -5))


def read_number(typed: str) -> str | None:
    """The number that somebody typed, as it is kept; ``None`` when it cannot be one.

    Case, spaces and hyphens do not matter; O is read as 0, I and L as 1. An address of a check page will do.
    """
    address = re.search(r"/check/([^/?#\s]+)", typed)
    text = (address[1] if address else typed).strip().upper().translate(_MISREAD)
    return text if len(text) == NUMBER_LENGTH and all(one in _LETTERS for one in text) else None


def grouped(number: str) -> str:
    """The number in groups, as it is printed."""
    return "-".join(number[start:end] for start, end in pairwise(_GROUPS))


# --- keys --------------------------------------------------------------------------------------------------
class BadKeys(ValueError):
    """A key of the setting cannot be read; the text says which and why, and holds no key."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that verifies, and signs when it has its secret half."""

    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None = None

    @property
    def raw(self) -> bytes:
        return self.public.public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Half of the SHA-256 of the public key: names the key in what it signed."""
        return sha256(self.raw).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The first key signs, all verify."""

    keys: tuple[Key, ...]

    @property
    def signing(self) -> Ed25519PrivateKey:
        private = self.keys[0].private
        assert private is not None  # ``read_keys`` refuses others
        return private

    @property
    def signing_id(self) -> str:
        return self.keys[0].key_id

    def find(self, key_id: str) -> Key | None:
        return next((key for key in self.keys if key.key_id == key_id), None)


def read_keys(spelt: Iterable[str]) -> KeyRing:
    """The keys of a setting: each is 32 bytes in URL-safe base 64, ``pub:`` and a public key in the same
    spelling, or ``file:`` and the path of a file with one of these on each line.

    Raises ``BadKeys``, also when the first cannot sign.
    """
    keys = []
    for number, one in enumerate(_lines(spelt), start=1):
        is_public = one.startswith("pub:")
        raw = _unbase64(one.removeprefix("pub:").rstrip("="))
        if raw is None or len(raw) != 32:
            raise BadKeys(f"key {number} is not 32 bytes in URL-safe base 64")
        if is_public:
            keys.append(Key(Ed25519PublicKey.from_public_bytes(raw)))
        else:
            private = Ed25519PrivateKey.from_private_bytes(raw)
            keys.append(Key(private.public_key(), private))
    if not keys or keys[0].private is None:
        raise BadKeys("the first key must be able to sign")
    return KeyRing(tuple(keys))


def _lines(spelt: Iterable[str]) -> Iterable[str]:
    for one in spelt:
        if one.startswith("file:"):
            path = Path(one.removeprefix("file:"))
            try:
                lines = path.read_text(encoding="ascii").splitlines()
            except (OSError, UnicodeError) as problem:
                raise BadKeys(f"{path} cannot be read ({type(problem).__name__})") from None
            yield from (line.strip() for line in lines if line.strip() and not line.startswith("#"))
        else:
            yield one.strip()


def public_spelling(key: Key) -> str:
    """How a key that only verifies is written in the setting."""
    return f"pub:{to_base64(key.raw)}"


# --- signing ----------------------------------------------------------------------------------------------
def to_base64(raw: bytes) -> str:
    """URL-safe base 64 without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unbase64(text: str) -> bytes | None:
    """The bytes that ``text`` spells, when it is their one spelling."""
    if not re.fullmatch(r"[\w-]*", text, re.ASCII):
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if to_base64(raw) == text else None


def sign(document: str, ring: KeyRing) -> tuple[str, str]:
    """The signature of a document, and the id of the key that made it."""
    return to_base64(ring.signing.sign(document.encode())), ring.signing_id


def is_signed(document: str, signature: str, key_id: str, ring: KeyRing) -> bool:
    """Whether ``signature`` is that of the named key over exactly this document."""
    key, raw = ring.find(key_id), _unbase64(signature)
    if key is None or raw is None:
        return False
    try:
        key.public.verify(raw, document.encode("utf-8", "surrogatepass"))
    except InvalidSignature:
        return False
    return True


def short_digest(document: str) -> str:
    """The beginning of the document's SHA-256, in groups of four: enough to compare by eye."""
    digest = sha256(document.encode()).hexdigest()[:16]
    return " ".join(digest[at : at + 4] for at in range(0, 16, 4))


# --- what a certificate says ---------------------------------------------------------------------------
class BadDocument(ValueError):
    """A document is not one of a certificate; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What a body lets the course count for, as it was on the day of completion."""

    body: str
    index_number: str
    ceus: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is printed on a certificate. ``name`` is empty when the person had given none."""

    check_id: str
    number: int
    name: str
    course_key: str
    course_title: str
    provider: str
    ceus: Decimal
    approvals: tuple[Approved, ...]
    hours: Decimal
    completed_on: date
    minutes: int
    issued_at: datetime
    expires_on: date | None
    #: Where it is checked, without a slash at the end.
    site: str
    #: The check number of the one that this one replaces.
    replaces: str = ""

    @property
    def check_url(self) -> str:
        return f"{self.site}/check/{self.check_id}/"


_KIND, _VERSION = "crosswalk-certificate", 1
_KEYS = frozenset(
    {
        *("kind", "version", "check_id", "number", "replaces", "name", "course", "provider", "ceus"),
        *("approvals", "hours", "completed_on", "minutes", "issued_at", "expires_on", "site"),
    }
)
_AMOUNT = re.compile(r"(?:0|[1-9]\d{0,3})\.\d{1,2}")
_SITE = re.compile(r"https?://[^\s/?#@]+")


def write_document(facts: Facts) -> str:
    """The canonical document of ``facts``. Raises ``BadDocument`` when it could not be read back the same."""
    plain: dict[str, Any] = {
        "kind": _KIND,
        "version": _VERSION,
        "check_id": facts.check_id,
        "number": facts.number,
        "replaces": facts.replaces,
        "name": facts.name,
        "course": {"key": facts.course_key, "title": facts.course_title},
        "provider": facts.provider,
        "ceus": f"{facts.ceus:.2f}",
        "approvals": [asdict(one) | {"ceus": f"{one.ceus:.2f}"} for one in facts.approvals],
        "hours": f"{facts.hours:.1f}",
        "completed_on": facts.completed_on.isoformat(),
        "minutes": facts.minutes,
        "issued_at": moment(facts.issued_at),
        "expires_on": facts.expires_on.isoformat() if facts.expires_on else None,
        "site": facts.site,
    }
    document = canonical(plain).decode()
    if read_document(document) != facts:
        raise BadDocument("the facts do not come back as they were")
    return document


def read_document(document: str) -> Facts:
    """The facts of a document; raises ``BadDocument`` unless every one of them is there as it should be."""
    try:
        plain = json.loads(document)
    except ValueError:
        raise BadDocument("it is not JSON") from None
    if not isinstance(plain, dict) or set(plain) != _KEYS:
        raise BadDocument("it has not exactly the facts of a certificate")
    if (plain["kind"], plain["version"]) != (_KIND, _VERSION) or type(plain["version"]) is not int:
        raise BadDocument("it is of another kind")
    if canonical(plain).decode() != document:
        raise BadDocument("it is not spelt canonically")
    course = _mapping(plain["course"], {"key", "title"})
    if not isinstance(plain["approvals"], list):
        raise BadDocument("approvals: not a list")
    replaces = _text(plain, "replaces", may_be_empty=True)
    facts = Facts(
        check_id=_number(_text(plain, "check_id")),
        number=_whole(plain, "number", least=1),
        replaces=_number(replaces) if replaces else "",
        name=_text(plain, "name", may_be_empty=True, longest=120),
        course_key=_text(course, "key", longest=80),
        course_title=_text(course, "title", longest=160),
        provider=_text(plain, "provider", longest=120),
        ceus=_amount(plain, "ceus"),
        approvals=tuple(
            _approved(_mapping(one, {"body", "index_number", "ceus"})) for one in plain["approvals"]
        ),
        hours=_amount(plain, "hours"),
        completed_on=_day(_text(plain, "completed_on")),
        minutes=_whole(plain, "minutes", least=0),
        issued_at=_moment(_text(plain, "issued_at")),
        expires_on=None if plain["expires_on"] is None else _day(_text(plain, "expires_on")),
        site=_text(plain, "site", longest=200),
    )
    if not _SITE.fullmatch(facts.site):
        raise BadDocument("site: not an address")
    if (facts.number == 1) != (facts.replaces == ""):
        raise BadDocument("replaces: does not fit the number")
    return facts


def _approved(one: Mapping[str, Any]) -> Approved:
    return Approved(
        body=_text(one, "body", longest=40),
        index_number=_text(one, "index_number", may_be_empty=True, longest=60),
        ceus=_amount(one, "ceus"),
    )


def _mapping(found: Any, keys: set[str]) -> Mapping[str, Any]:
    if not isinstance(found, dict) or set(found) != keys:
        raise BadDocument(f"it has not exactly {', '.join(sorted(keys))}")
    return found


def _text(plain: Mapping[str, Any], key: str, *, may_be_empty: bool = False, longest: int = 200) -> str:
    found = plain[key]
    if not isinstance(found, str) or len(found) > longest or not (found or may_be_empty):
        raise BadDocument(f"{key}: not a text of that length")
    return found


def _whole(plain: Mapping[str, Any], key: str, *, least: int) -> int:
    found = plain[key]
    if type(found) is not int or found < least:
        raise BadDocument(f"{key}: not such a number")
    return found


def _amount(plain: Mapping[str, Any], key: str) -> Decimal:
    found = _text(plain, key)
    if not _AMOUNT.fullmatch(found):
        raise BadDocument(f"{key}: not an amount")
    try:
        return Decimal(found)
    except InvalidOperation:
        raise BadDocument(f"{key}: not an amount") from None


def _number(found: str) -> str:
    if read_number(found) != found:
        raise BadDocument("check_id: not a check number")
    return found


def _day(found: str) -> date:
    try:
        day = date.fromisoformat(found)
    except ValueError:
        raise BadDocument(f"{found[:20]}: not a day") from None
    if day.isoformat() != found:
        raise BadDocument(f"{found[:20]}: not a day")
    return day


def _moment(found: str) -> datetime:
    try:
        at = datetime.fromisoformat(found)
    except ValueError:
        raise BadDocument("issued_at: not a moment") from None
    if at.tzinfo is None or moment(at) != found:
        raise BadDocument("issued_at: not a moment in UTC")
    return at.astimezone(UTC)
