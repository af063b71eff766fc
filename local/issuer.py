"""The local stack's own OIDC issuer: a key pair, and tokens that are signed with it.

There is no server: the stack gets the public key in its parameter OidcJwks, and tokens are created here.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm

from local.stack_paths import StackPaths

ISSUER: Final = "https://issuer.example.com/autopulse-local"
AUDIENCE: Final = "autopulse-local"
ORGANIZATION_CLAIM: Final = "custom:organization_id"
KEY_ID: Final = "local"
LIFETIME_SECONDS: Final = 7 * 86_400
"""Lifetime of the token in stack.json; `make up` creates a new one."""

_SAMPLE_KEY_ID: Final = "sample"
_SAMPLE_KEY: Final = {
    "kty": "EC",
    "crv": "P-256",
    "x": "UhcuE2R0oq7mfTwSc9Qd9DuVwL-WOYONrbaq5ZP5YH8",
    "y": "fCcq55OZO_JdnuaSO6Zj_KhfC-iSBoL7GtNObf1q_8E",
    "kid": _SAMPLE_KEY_ID,
    "use": "sig",
    "alg": "ES256",
}
"""Public key for SAMPLE_TOKEN; the private key was deleted after it had signed that token."""
SAMPLE_EXPIRES_AT: Final = 4_102_444_800
"""Expiry of SAMPLE_TOKEN, in the year 2100."""
_SAMPLE_HEADER: Final = "eyJhbGciOiJFUzI1NiIsImtpZCI6InNhbXBsZSIsInR5cCI6IkpXVCJ9"
_SAMPLE_CLAIMS: Final = (
    "eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlLmNvbS9hdXRvcHVsc2UtbG9jYWwiLCJhdWQiOiJhdXRvcHVsc2UtbG9jYWwi"
    "LCJzdWIiOiJzYW1wbGUtcmVhZGVyIiwiaWF0IjoxNzkzNjM4ODAwLCJleHAiOjQxMDI0NDQ4MDAsImN1c3RvbTpvcmdhbml6YXRp"
    "b25faWQiOiIwYTExY2UwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEifQ"
)
_SAMPLE_SIGNATURE: Final = "AeBWSFoWoBvNtjg8XJ2jXb8YT6j_BLD4t0GnrYD2Hy0lfLgZ6hnXwChAzFsDiGBOEM2vEfUt5S30BaLDJlJmrQ"
SAMPLE_TOKEN: Final = f"{_SAMPLE_HEADER}.{_SAMPLE_CLAIMS}.{_SAMPLE_SIGNATURE}"
"""A token of a reader of the local stack's organization, for the sample events. It is public, and only local stacks
accept it.
"""


class Issuer:
    """The issuer of one local stack. Its key is created once and kept, so that tokens stay valid after a restart."""

    def __init__(self, paths: StackPaths) -> None:
        """Read the key, or create it."""
        self._key = _keep(paths.state / "issuer.pem")

    @property
    def jwks(self) -> str:
        """Return the public keys as a JWKS document."""
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        own = {"kty": "RSA", "n": public["n"], "e": public["e"], "kid": KEY_ID, "use": "sig", "alg": "RS256"}
        return json.dumps({"keys": [own, _SAMPLE_KEY]}, separators=(",", ":"))

    @property
    def parameters(self) -> dict[str, str]:
        """Return the template's parameters for this issuer."""
        return {"OidcIssuer": ISSUER, "OidcAudience": AUDIENCE, "OidcJwks": self.jwks}

    def mint(self, organization_id: str, seconds: int = LIFETIME_SECONDS, **claims: Any) -> str:  # noqa: ANN401 - any JSON
        """Create a token for a reader of one organization; `claims` replace the default ones, and None removes one."""
        now = int(time.time())
        usual = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "sample-reader",
            "name": "Sample Reader",
            "iat": now,
            "exp": now + seconds,
        }
        content = usual | {ORGANIZATION_CLAIM: organization_id} | claims
        kept = {name: value for name, value in content.items() if value is not None}
        return jwt.encode(kept, self._key, algorithm="RS256", headers={"kid": KEY_ID})


def _keep(file: Path) -> rsa.RSAPrivateKey:
    if not file.exists():
        _write(file, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{file} is not an RSA key; delete it")
    return key


def _write(file: Path, key: rsa.RSAPrivateKey) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    unfinished.replace(file)
