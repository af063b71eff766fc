"""Read the webhook secret: the accepted credentials, with all options that Vapi offers for them.

    {"secret": "…", "credentials": [{"kind": "shared-secret"}, {"kind": "hmac", "secret": "…", "algorithm": "sha512"}],
     "call_token_secret": "…" or ["…", …]}

An entry without a secret of its own uses the outer one. An unusable entry is left out and reported by its field, never
by a value; so is an entry with an unknown field, since a mistyped option must not weaken a check. With
`call_token_secret` the application signs its call ids (`autopulse.vapi.call_tokens`); each one of a list is accepted.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from autopulse.json_coercion import Json, read_list, read_mapping
from autopulse.vapi.signature import (
    DIGEST_BYTES,
    MESSAGE_ID_PLACEHOLDERS,
    PLACEHOLDERS,
    Credential,
    Hmac,
    SharedSecret,
    decode_base64,
    placeholders,
)

MAX_TOLERANCE_SECONDS: Final = 365 * 86_400
_CALL_TOKEN_SECRET: Final = "call_token_secret"  # noqa: S105 - the name of a field


class UnusableEntry(ValueError):
    """An entry of the list cannot be used; the argument is the name of the wrong field."""


@dataclass(frozen=True)
class Credentials:
    """The content of the webhook secret."""

    usable: tuple[Credential, ...]
    unusable: tuple[str, ...]
    """The wrong field of each unusable entry, such as `credentials[1].algorithm`."""
    call_token_keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Keys of the tokens that prove our call ids."""


def read_credentials(text: str) -> Credentials:
    """Read the JSON of the secret; never raises. Without a usable entry no request can be accepted."""
    try:
        document = read_mapping(json.loads(text))
    except (ValueError, RecursionError):
        return Credentials((), ("the JSON text",))
    keys, spoiled = _read_call_token_secret(document.get(_CALL_TOKEN_SECRET))
    entries = read_list(document.get("credentials"))
    if not entries:
        return Credentials((), ("credentials", *spoiled), keys)
    usable, unusable = _read_entries([read_mapping(entry) for entry in entries], document.get("secret"))
    return Credentials(usable, (*unusable, *spoiled), keys)


def _read_call_token_secret(value: Json) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Return the keys, and the fields that cannot be used; absent and null give no key."""
    if value is None:
        return (), ()
    secrets = value if isinstance(value, list) else [value]
    usable = [isinstance(secret, str) and bool(secret.strip()) for secret in secrets]
    names = (
        [f"{_CALL_TOKEN_SECRET}[{place}]" for place in range(len(secrets))]
        if value is secrets
        else [_CALL_TOKEN_SECRET]
    )
    keys = [secret.encode("utf-8", "surrogatepass") for secret, good in zip(secrets, usable, strict=True) if good]
    return tuple(keys), tuple(name for name, good in zip(names, usable, strict=True) if not good)


def _read_entries(
    entries: list[Mapping[str, Json]], common_secret: Json
) -> tuple[tuple[Credential, ...], tuple[str, ...]]:
    usable: list[Credential] = []
    unusable: list[str] = []
    for place, entry in enumerate(entries):
        try:
            usable.append(_read_entry(_Options(entry, common_secret)))
        except UnusableEntry as problem:
            unusable.append(f"credentials[{place}].{problem}")
    return tuple(usable), tuple(unusable)


class _Options:
    """The fields of one entry with their defaults; it records which fields were read."""

    def __init__(self, entry: Mapping[str, Json], common_secret: Json) -> None:
        """Read `entry`, in which null counts as absent."""
        self._entry = {"secret": common_secret} | {name: value for name, value in entry.items() if value is not None}
        self._asked = {"kind", "secret"}

    def text(self, name: str, default: str) -> str:
        """Read a text, which may be empty."""
        value = self.value(name, default)
        if not isinstance(value, str):
            raise UnusableEntry(name)
        return value

    def name(self, name: str, default: str) -> str:
        """Read a text that is not blank."""
        value = self.text(name, default)
        if not value.strip():
            raise UnusableEntry(name)
        return value.strip()

    def optional_name(self, name: str) -> str | None:
        """Read a text that is not blank; None if it is absent."""
        return None if self.value(name, None) is None else self.name(name, "")

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Read one of the choices; the first is the default."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise UnusableEntry(name)
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self.value(name, default)
        if not isinstance(value, bool):
            raise UnusableEntry(name)
        return value

    def seconds(self, name: str, default: float) -> timedelta:
        """Read a positive number of seconds, at most a year."""
        value = self.value(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_TOLERANCE_SECONDS:
            raise UnusableEntry(name)
        return timedelta(seconds=value)

    def value(self, name: str, default: Json) -> Json:
        """Read the value unchanged."""
        self._asked.add(name)
        return self._entry.get(name, default)

    def refuse_unknown(self) -> None:
        """Raise UnusableEntry for the first field that was not read."""
        for name in sorted(self._entry.keys() - self._asked):
            raise UnusableEntry(name)


def _read_entry(options: _Options) -> Credential:
    read = _READERS.get(options.text("kind", ""))
    if read is None:
        raise UnusableEntry("kind")
    credential = read(options)
    options.refuse_unknown()
    return credential


def _read_shared_secret(options: _Options) -> Credential:
    return SharedSecret(_plain(options), options.name("header", "x-vapi-secret"))


def _read_bearer(options: _Options) -> Credential:
    return SharedSecret(_plain(options), options.name("header", "authorization"), options.text("prefix", "Bearer "))


def _read_hmac(options: _Options) -> Credential:
    algorithm = options.choice("algorithm", tuple(DIGEST_BYTES))
    timestamp_header = options.optional_name("timestamp_header")
    message_id_header = options.optional_name("message_id_header")
    url = options.text("url", "")
    given = {"timestamp": timestamp_header, "url": url, **dict.fromkeys(MESSAGE_ID_PLACEHOLDERS, message_id_header)}
    return Hmac(
        secret=_key(options),
        header=options.name("header", "x-vapi-signature"),
        algorithm=algorithm,
        encoding=options.choice("encoding", ("hex", "base64")),
        prefix=options.text("prefix", f"{algorithm}=").strip(),
        payload_format=_payload_format(options, given),
        timestamp_header=timestamp_header,
        tolerance=options.seconds("tolerance_seconds", 300),
        message_id_header=message_id_header,
        url=url,
    )


_READERS: Final[Mapping[str, Callable[[_Options], Credential]]] = {
    "shared-secret": _read_shared_secret,
    "bearer": _read_bearer,
    "hmac": _read_hmac,
}


def _payload_format(options: _Options, given: Mapping[str, str | None]) -> str:
    """Return the format, if it covers the body, each of its placeholders has a value, and each header is signed.

    An unsigned time or id could be replaced by anyone who resends a captured request.
    """
    payload_format = options.text("payload_format", "{timestamp}.{body}" if given["timestamp"] else "{body}")
    names = placeholders(payload_format)
    if "body" not in names or any(name not in PLACEHOLDERS or not given.get(name, name) for name in names):
        raise UnusableEntry("payload_format")
    if given["timestamp"] and "timestamp" not in names:
        raise UnusableEntry("timestamp_header")
    if given["svix-id"] and MESSAGE_ID_PLACEHOLDERS.isdisjoint(names):
        raise UnusableEntry("message_id_header")
    return payload_format


def _plain(options: _Options) -> bytes:
    """Return the secret as a header can carry it, without blanks around it, because HTTP trims values."""
    return options.name("secret", "").encode("utf-8", "surrogatepass")


def _key(options: _Options) -> bytes:
    """Return the secret as the key of a digest, in which every character counts."""
    options.name("secret", "")
    secret = options.text("secret", "")
    is_base64 = options.boolean("secret_is_base64", default=False)
    return _decoded(secret) if is_base64 else secret.encode("utf-8", "surrogatepass")


def _decoded(secret: str) -> bytes:
    """Return the key that is encoded as base64, with or without the prefix `whsec_` of Standard Webhooks."""
    try:
        key = decode_base64(secret.strip().removeprefix("whsec_"))
    except ValueError:
        key = b""
    if not key:
        raise UnusableEntry("secret")
    return key
