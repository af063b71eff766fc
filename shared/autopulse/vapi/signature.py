"""Verify that Vapi sent a request: the three kinds of credentials that Vapi offers, checked on the raw bytes.

Any bytes and any headers give an `Acceptance` or raise `Refused`, and no other error. Secrets are compared in constant
time, as bytes, because `compare_digest` raises an error for text that is not ASCII.
"""

import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, Protocol

from autopulse.errors import Miss, Refused
from autopulse.json_coercion import read_instant

DIGEST_BYTES: Final[Mapping[str, int]] = {"sha256": 32, "sha512": 64, "sha1": 20}
"""The algorithms that Vapi offers, and the length in bytes of their signatures."""
MESSAGE_ID_PLACEHOLDERS: Final = frozenset({"svix-id", "message-id"})
PLACEHOLDERS: Final = frozenset({"body", "timestamp", "method", "url"}) | MESSAGE_ID_PLACEHOLDERS
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_NUMBER: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?", re.ASCII)
_CLOSENESS: Final = ("missing", "malformed", "mismatch", "stale")
"""Reasons, from the farthest to the nearest miss: the nearest of all credentials is reported."""
_ANY_PREFIX: Final = re.compile(r"\A[A-Za-z0-9]{1,10}[=,:]")
_TIMESTAMP_HEADERS: Final = ("x-timestamp", "x-vapi-timestamp")
"""Headers with Vapi's time if the credential names none: Vapi's default, and that of our own default entry."""


class Part(str, Enum):
    """The part of a request that did not match. It is only logged: all refused requests get the same answer."""

    HEADER_MISSING = "header-missing"
    HEADER_EMPTY = "header-empty"
    HEADER_REPEATED = "header-repeated"
    PREFIX_MISSING = "prefix-missing"
    """The token lacks its prefix, such as `Bearer `."""
    SECRET_MISMATCH = "secret-mismatch"  # noqa: S105 - the name of a miss
    SECRET_SENT = "secret-sent"  # noqa: S105 - the name of a miss
    """The header has the secret itself in place of a signature."""
    WRONG_PREFIX = "wrong-prefix"
    WRONG_ALGORITHM = "wrong-algorithm"
    WRONG_ENCODING = "wrong-encoding"
    SIGNATURE_UNREADABLE = "signature-unreadable"
    TIMESTAMP_UNREADABLE = "timestamp-unreadable"
    SIGNATURE_MISMATCH = "signature-mismatch"
    """The secret or the body differs from those that were used for signing; the two cases look the same."""
    OTHER_TEXT_SIGNED = "other-text-signed"
    """The right secret signed this body, but with a time before it or without one, unlike `payload_format`."""
    STALE = "stale"
    FORMER_SECRET = "former-secret"  # noqa: S105 - the name of a miss
    """A credential of the secret's previous version accepts the request: either the secret or an option has changed."""


@dataclass(frozen=True)
class Delivery:
    """A request as it arrived: header names in lower case, each with its distinct values, and the raw bytes."""

    headers: Mapping[str, Sequence[str]]
    body: bytes
    method: str = "POST"

    def absent(self, name: str) -> str:
        """The reason why there is no value: the header is missing or blank."""
        return Part.HEADER_EMPTY if self.headers.get(name.lower()) else Part.HEADER_MISSING

    def values(self, name: str) -> list[str]:
        """Return the header's values that are not blank, since an empty header proves nothing."""
        return [value for value in self.headers.get(name.lower(), ()) if value.strip()]

    def single(self, name: str) -> str:
        """Return the header's only value; with two values it would be unclear which was signed."""
        values = self.values(name)
        if len(values) > 1:
            raise Refused("malformed", Miss(Part.HEADER_REPEATED, name))
        if not values:
            raise Refused("missing", Miss(self.absent(name), name))
        return values[0]


@dataclass(frozen=True)
class Acceptance:
    """The position of the credential that matched, and the message id if the signature covers one."""

    credential: int
    message_id: str | None = None


class Credential(Protocol):
    """One accepted way to prove who sent a request."""

    def check(self, delivery: Delivery, now: datetime) -> str | None:
        """Return the signed message id, if there is one; raise Refused with the reason if the proof fails."""


@dataclass(frozen=True)
class SharedSecret:
    """The secret itself in a header; with a prefix it is a bearer token."""

    secret: bytes = field(repr=False)
    header: str
    prefix: str = ""

    def check(self, delivery: Delivery, now: datetime) -> None:  # noqa: ARG002 - part of the protocol
        """Accept a token that equals the secret; raise Refused otherwise."""
        sent = delivery.values(self.header)
        tokens = [value[len(self.prefix) :].strip() for value in sent if _has_prefix(value, self.prefix)]
        if not tokens and sent:
            raise Refused("malformed", Miss(Part.PREFIX_MISSING, self.header))
        if not tokens:
            raise Refused("missing", Miss(delivery.absent(self.header), self.header))
        if not _any_equal(self.secret, [_bytes(token) for token in tokens]):
            raise Refused("mismatch", Miss(Part.SECRET_MISMATCH, self.header))


@dataclass(frozen=True)
class Hmac:
    """An HMAC of the body, or of a text that contains it, in a header that may have several signatures."""

    secret: bytes = field(repr=False)
    header: str
    algorithm: str
    encoding: str
    prefix: str
    payload_format: str
    timestamp_header: str | None = None
    tolerance: timedelta = timedelta(seconds=300)
    message_id_header: str | None = None
    url: str = ""

    def check(self, delivery: Delivery, now: datetime) -> str | None:
        """See Credential. A stale request differs from a forged one in that its signature is right."""
        signatures = self._signatures(delivery)
        moment = self._timestamp(delivery)
        message_id = self._message_id(delivery)
        expected = hmac.digest(self.secret, self._payload(delivery, message_id), self.algorithm)
        if not _any_equal(expected, signatures):
            raise Refused("mismatch", Miss(Part.SIGNATURE_MISMATCH, self.header))
        if moment is not None and abs(now - moment) > self.tolerance:
            raise Refused("stale", Miss(Part.STALE, self.header, round((now - moment).total_seconds())))
        return message_id

    def explain(self, delivery: Delivery) -> Part:
        """Return the reason for a mismatch, such as that the right secret signed a text other than `payload_format`.

        All texts are tried even after one matches, so that the time of the answer reveals nothing.
        """
        signatures = self._signatures(delivery)
        times = {name: delivery.values(name) for name in (self.timestamp_header, *_TIMESTAMP_HEADERS) if name}
        texts = [delivery.body, *(_bytes(time) + b"." + delivery.body for sent in times.values() for time in sent[:1])]
        signed = [_any_equal(hmac.digest(self.secret, text, self.algorithm), signatures) for text in texts]
        return Part.OTHER_TEXT_SIGNED if any(signed) else Part.SIGNATURE_MISMATCH

    def _signatures(self, delivery: Delivery) -> list[bytes]:
        tokens = [token for value in delivery.values(self.header) for token in value.split()]
        if not tokens:
            raise Refused("missing", Miss(delivery.absent(self.header), self.header))
        decoded = [signature for token in tokens if (signature := self._decode(token)) is not None]
        if not decoded:
            raise Refused("malformed", Miss(self._malformation(tokens), self.header))
        return decoded

    def _malformation(self, tokens: Sequence[str]) -> str:
        """The way in which the signatures are written, if another configuration would accept it."""
        if _any_equal(self.secret, [_bytes(token) for token in tokens]):
            return Part.SECRET_SENT
        texts = [_ANY_PREFIX.sub("", token).rstrip(",") for token in tokens]
        other = "base64" if self.encoding == "hex" else "hex"
        lengths = {len(signature) for text in texts if (signature := _decoded(text, self.encoding)) is not None}
        others = {len(signature) for text in texts if (signature := _decoded(text, other)) is not None}
        if DIGEST_BYTES[self.algorithm] in lengths:
            return Part.WRONG_PREFIX
        if lengths.intersection(DIGEST_BYTES.values()):
            return Part.WRONG_ALGORITHM
        return Part.WRONG_ENCODING if others.intersection(DIGEST_BYTES.values()) else Part.SIGNATURE_UNREADABLE

    def _decode(self, token: str) -> bytes | None:
        text = (token[len(self.prefix) :] if _has_prefix(token, self.prefix) else token).rstrip(",")
        signature = _decoded(text, self.encoding)
        return signature if signature is not None and len(signature) == DIGEST_BYTES[self.algorithm] else None

    def _timestamp(self, delivery: Delivery) -> datetime | None:
        if self.timestamp_header is None:
            return None
        text = delivery.single(self.timestamp_header).strip()
        moment = read_instant(float(text) if _NUMBER.fullmatch(text) else text)
        if moment is None:
            raise Refused("malformed", Miss(Part.TIMESTAMP_UNREADABLE, self.timestamp_header))
        return moment

    def _message_id(self, delivery: Delivery) -> str | None:
        """Return the message id, if the signature covers it; any other id is worthless."""
        signed = MESSAGE_ID_PLACEHOLDERS.intersection(placeholders(self.payload_format))
        return delivery.single(self.message_id_header) if self.message_id_header and signed else None

    def _payload(self, delivery: Delivery, message_id: str | None) -> bytes:
        return b"".join(self._parts(delivery, _bytes(message_id or "")))

    def _parts(self, delivery: Delivery, message_id: bytes) -> Iterator[bytes]:
        """Yield literal texts and values in turn; `split` puts the placeholders at the odd positions."""
        values = {
            "body": delivery.body,
            "timestamp": _bytes(delivery.single(self.timestamp_header)) if self.timestamp_header else b"",
            "method": _bytes(delivery.method),
            "url": _bytes(self.url),
            **dict.fromkeys(MESSAGE_ID_PLACEHOLDERS, message_id),
        }
        for place, part in enumerate(_PLACEHOLDER.split(self.payload_format)):
            yield values[part] if place % 2 else _bytes(part)


def placeholders(payload_format: str) -> list[str]:
    """The names of a format's placeholders, in order."""
    return _PLACEHOLDER.findall(payload_format)


def verify(credentials: Sequence[Credential], delivery: Delivery, now: datetime) -> Acceptance:
    """Accept a request that any credential accepts; else raise Refused with all misses, and the nearest's reason."""
    refusals: list[tuple[str, Miss]] = []
    for place, credential in enumerate(credentials):
        try:
            return Acceptance(place, credential.check(delivery, now))
        except Refused as refusal:
            refusals += [(refusal.reason, miss._replace(credential=place)) for miss in refusal.misses]
    refusals = [(reason, _explained(miss, credentials[miss.credential], delivery)) for reason, miss in refusals]
    refusals.sort(key=lambda told: (_CLOSENESS.index(told[0]), told[1].part == Part.OTHER_TEXT_SIGNED), reverse=True)
    raise Refused(refusals[0][0] if refusals else "missing", *(miss for _, miss in refusals))


def _explained(miss: Miss, credential: Credential, delivery: Delivery) -> Miss:
    """Explain a miss with more digests of the body, which are computed for refused requests only."""
    if miss.part == Part.SIGNATURE_MISMATCH and isinstance(credential, Hmac):
        return miss._replace(part=credential.explain(delivery))
    return miss


def decode_base64(text: str) -> bytes:
    """Decode strictly, with or without padding; raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _decoded(text: str, encoding: str) -> bytes | None:
    try:
        return bytes.fromhex(text) if encoding == "hex" else decode_base64(text)
    except ValueError:
        return None


def _any_equal(expected: bytes, candidates: Sequence[bytes]) -> bool:
    return any([hmac.compare_digest(expected, candidate) for candidate in candidates])  # noqa: C419 - compares all


def _has_prefix(value: str, prefix: str) -> bool:
    return value[: len(prefix)].lower() == prefix.lower()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
