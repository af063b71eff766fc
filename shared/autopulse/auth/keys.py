"""The issuer's public keys, from a setting or from the issuer's URL."""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Final, Protocol
from urllib.parse import urlsplit

from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError, PyJWTError

from autopulse.errors import TokenRefused, Transient
from autopulse.json_coercion import Json, read_mapping, read_text
from autopulse.settings import AuthSettings

TIMEOUT_SECONDS: Final = 3
"""The timeout in seconds of one request to the issuer; at most two fit into the authorizer's 10 s."""
LIFESPAN_SECONDS: Final = 600
"""The time for which keys are cached; issuers announce new keys days before they use them."""
COOLDOWN_SECONDS: Final = 30
"""The minimum time between reads for tokens with an unknown key id, which anyone can invent."""
MAX_DOCUMENT_BYTES: Final = 1_000_000


class Keys(Protocol):
    """A source of the issuer's keys."""

    def find(self, key_id: str) -> PyJWK:
        """Return the public key; raises TokenRefused if there is none, Transient if the keys are unavailable."""
        ...


class FixedKeys:
    """Keys from the configuration."""

    def __init__(self, key_set: str) -> None:
        """Read a JWKS document; raises Transient if it is invalid."""
        try:
            self._keys = PyJWKSet.from_json(key_set)
        except (PyJWTError, ValueError) as error:
            raise Transient("keys-unreadable") from error

    def find(self, key_id: str) -> PyJWK:
        """Return the key with this id; raises TokenRefused if there is none."""
        key = PyJWKClient.match_kid(self._keys.keys, key_id)
        if key is None:
            raise TokenRefused("unknown-key")
        return key


class PublishedKeys:
    """Keys from a URL, cached for a time, and read again for an unknown key id."""

    def __init__(self, url: str) -> None:
        """Keep the URL; nothing is read yet."""
        self._client = PyJWKClient(
            url, timeout=TIMEOUT_SECONDS, lifespan=LIFESPAN_SECONDS, cooldown_duration=COOLDOWN_SECONDS
        )

    def find(self, key_id: str) -> PyJWK:
        """Return the key with this id; raises TokenRefused if there is none, Transient if the URL fails."""
        try:
            self._client.get_jwk_set()  # the next call has one error for "no keys" and "not this key"
        except (PyJWTError, ValueError, OSError) as error:
            raise Transient("keys-unavailable") from error
        try:
            return self._client.get_signing_key(key_id)
        except (PyJWKClientConnectionError, ValueError, OSError) as error:
            raise Transient("keys-unavailable") from error
        except PyJWKClientError as error:
            raise TokenRefused("unknown-key") from error


def keys_of(settings: AuthSettings) -> Keys:
    """The configured issuer's keys; raises Transient if their URL is not known."""
    return FixedKeys(settings.jwks) if settings.jwks else PublishedKeys(_url(settings))


def _url(settings: AuthSettings) -> str:
    url = settings.jwks_url or _discover(settings.issuer)
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1"}:
        raise Transient("keys-unavailable", "the JWKS URL is not https")
    return url


def _discover(issuer: str) -> str:
    """Return the keys' URL from the issuer's discovery document (OpenID Connect Discovery 1.0)."""
    document = _read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    url = read_text(document.get("jwks_uri"))
    if document.get("issuer") != issuer or url is None:
        raise Transient("keys-unavailable", "the issuer's description is not its own")
    return url


def _read(url: str) -> dict[str, Json]:
    if not url.startswith(("https://", "http://")):
        raise Transient("keys-unavailable", "the issuer is no URL")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - the scheme was checked
            return dict(read_mapping(json.loads(response.read(MAX_DOCUMENT_BYTES))))
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        raise Transient("keys-unavailable") from error
