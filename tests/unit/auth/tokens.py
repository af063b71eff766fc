"""An issuer of the tests: keys that are generated once, and tokens of every sort."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from autopulse.auth.keys import FixedKeys
from autopulse.auth.tokens import Rules

ISSUER: Final = "https://issuer.example.com/pool"
AUDIENCE: Final = "the-client"
CLAIM: Final = "custom:organization_id"
ORGANIZATION: Final = "0a11ce00-0000-4000-8000-0000000000aa"
NOW: Final = 1_795_000_000
"""The test clock's time, in seconds since the epoch."""
RULES: Final = Rules(ISSUER, AUDIENCE, CLAIM)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | bytes
RSA_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY: Final = ec.generate_private_key(ec.SECP256R1())
STRANGERS_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _public(kid: str, jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in jwk.items() if name != "key_ops"}, "kid": kid, "use": "sig"}


KEY_SET: Final = {
    "keys": [
        _public("rsa", RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True)),
        _public("ec", ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True)),
        # No issuer publishes a shared secret; if one did, it must not verify anything.
        {"kty": "oct", "k": base64.urlsafe_b64encode(b"published").decode(), "kid": "oct", "alg": "HS256"},
    ]
}
KEYS: Final = FixedKeys(json.dumps(KEY_SET))


def claims(**changed: object) -> dict[str, Any]:
    """Return the claims of a valid token; None removes one."""
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "reader-1", "iat": NOW, "exp": NOW + 3600, CLAIM: ORGANIZATION}
    return {name: value for name, value in (usual | changed).items() if value is not None}


def token(
    content: Mapping[str, Any], key: Key = RSA_KEY, algorithm: str = "RS256", kid: str | None = "rsa", **header: object
) -> str:
    """Sign arbitrary bytes: PyJWT's `encode` refuses some claims that an attacker may send."""
    return jwt.PyJWS().encode(_bytes(content), key, algorithm, {**({"kid": kid} if kid else {}), **header})


def unsigned(header: Mapping[str, Any], content: Mapping[str, Any], signature: bytes = b"") -> str:
    """Assemble a token from its parts, as an attacker does."""
    return ".".join(_part(part) for part in (_bytes(header), _bytes(content), signature))


def signed_with_the_public_key(kid: str) -> str:
    """Return the token of the key-confusion attack: an HMAC with the RSA key's public PEM as the shared secret."""
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signing = unsigned({"alg": "HS256", "kid": kid, "typ": "JWT"}, claims()).rsplit(".", 1)[0]
    return f"{signing}.{_part(hmac.new(pem, signing.encode(), hashlib.sha256).digest())}"


def _bytes(part: Mapping[str, Any]) -> bytes:
    return json.dumps(part).encode()


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
