"""Does a request prove that Vapi sent it? The three kinds of credential that Vapi offers, checked on the raw bytes.

Total: any bytes and any headers give an `Acceptance` or raise `Refused`, and nothing else. Secrets are compared in
constant time, as bytes, because `compare_digest` raises on text that is not ASCII.
"""

import base64
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from autopulse.errors import Refused
from autopulse.json_coercion import read_instant

DIGEST_BYTES: Final[Mapping[str, int]] = {"sha256": 32, "sha512": 64, "sha1": 20}
"""The algorithms that Vapi offers, and the length of their signatures."""
MESSAGE_ID_PLACEHOLDERS: Final = frozenset({"svix-id", "message-id"})
PLACEHOLDERS: Final = frozenset({"body", "timestamp", "method", "url"}) | MESSAGE_ID_PLACEHOLDERS
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_NUMBER: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?", re.ASCII)
_CLOSENESS: Final = ("missing", "malformed", "mismatch", "stale")
"""Reasons, from the farthest to the nearest miss: of several credentials the nearest is told."""


@dataclass(frozen=True)
class Delivery:
    """A request as it arrived: header names in lower case, each with its distinct values, and the bytes as sent."""

    headers: Mapping[str, Sequence[str]]
    body: bytes
    method: str = "POST"

    def values(self, name: str) -> list[str]:
        """Return the header's values that are not blank: an empty header proves nothing."""
        return [value for value in self.headers.get(name.lower(), ()) if value.strip()]

    def single(self, name: str) -> str:
        """Return the header's only value; two would leave open which of them was signed."""
        values = self.values(name)
        if len(values) > 1:
            raise Refused("malformed")
        return _first(values)


@dataclass(frozen=True)
class Acceptance:
    """Which credential matched, by its place in the list, and the message id if the signature covers one."""

    credential: int
    message_id: str | None = None


class Credential(Protocol):
    """One accepted way to prove the sender."""

    def check(self, delivery: Delivery, now: datetime) -> str | None:
        """Return the signed message id, if there is one; raise Refused with the reason if the proof fails."""


@dataclass(frozen=True)
class SharedSecret:
    """The secret itself in a header; with a prefix it is a bearer token."""

    secret: bytes = field(repr=False)
    header: str
    prefix: str = ""

    def check(self, delivery: Delivery, now: datetime) -> None:  # noqa: ARG002 - part of the protocol
        """The field of `Credential` with this name."""
        sent = delivery.values(self.header)
        tokens = [value[len(self.prefix) :].strip() for value in sent if _has_prefix(value, self.prefix)]
        if not tokens:
            raise Refused("malformed" if sent else "missing")
        if not _any_equal(self.secret, [_bytes(token) for token in tokens]):
            raise Refused("mismatch")


@dataclass(frozen=True)
class Hmac:
    """A keyed digest of the body, or of a text that contains it, in a header that may hold several."""

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
        """See Credential. A stale request is told from a forged one: its signature is right."""
        signatures = self._signatures(delivery)
        moment = self._timestamp(delivery)
        message_id = self._message_id(delivery)
        expected = hmac.digest(self.secret, self._payload(delivery, message_id), self.algorithm)
        if not _any_equal(expected, signatures):
            raise Refused("mismatch")
        if moment is not None and abs(now - moment) > self.tolerance:
            raise Refused("stale")
        return message_id

    def _signatures(self, delivery: Delivery) -> list[bytes]:
        tokens = [token for value in delivery.values(self.header) for token in value.split()]
        if not tokens:
            raise Refused("missing")
        decoded = [signature for token in tokens if (signature := self._decode(token)) is not None]
        if not decoded:
            raise Refused("malformed")
        return decoded

    def _decode(self, token: str) -> bytes | None:
        text = (token[len(self.prefix) :] if _has_prefix(token, self.prefix) else token).rstrip(",")
        try:
            signature = bytes.fromhex(text) if self.encoding == "hex" else decode_base64(text)
        except ValueError:
            return None
        return signature if len(signature) == DIGEST_BYTES[self.algorithm] else None

    def _timestamp(self, delivery: Delivery) -> datetime | None:
        if self.timestamp_header is None:
            return None
        text = delivery.single(self.timestamp_header).strip()
        moment = read_instant(float(text) if _NUMBER.fullmatch(text) else text)
        if moment is None:
            raise Refused("malformed")
        return moment

    def _message_id(self, delivery: Delivery) -> str | None:
        """Only an id that is part of what was signed is worth anything."""
        signed = MESSAGE_ID_PLACEHOLDERS.intersection(placeholders(self.payload_format))
        return delivery.single(self.message_id_header) if self.message_id_header and signed else None

    def _payload(self, delivery: Delivery, message_id: str | None) -> bytes:
        return b"".join(self._parts(delivery, _bytes(message_id or "")))

    def _parts(self, delivery: Delivery, message_id: bytes) -> Iterator[bytes]:
        """Yield literal texts and placeholders in turn; `split` puts the placeholders at the odd places."""
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
    """Their names, in order."""
    return _PLACEHOLDER.findall(payload_format)


def verify(credentials: Sequence[Credential], delivery: Delivery, now: datetime) -> Acceptance:
    """Accept what any one credential accepts; else raise Refused with the reason of the nearest miss."""
    reasons = ["missing"]
    for place, credential in enumerate(credentials):
        try:
            return Acceptance(place, credential.check(delivery, now))
        except Refused as refusal:
            reasons.append(refusal.reason)
    raise Refused(max(reasons, key=_CLOSENESS.index))


def decode_base64(text: str) -> bytes:
    """Strictly, but with or without padding; raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _first(values: Sequence[str]) -> str:
    if not values:
        raise Refused("missing")
    return values[0]


def _any_equal(expected: bytes, candidates: Sequence[bytes]) -> bool:
    return any([hmac.compare_digest(expected, candidate) for candidate in candidates])  # noqa: C419 - all of them


def _has_prefix(value: str, prefix: str) -> bool:
    return value[: len(prefix)].lower() == prefix.lower()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
