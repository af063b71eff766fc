"""Proof that the application set our call id in a message: `call_token` beside `call_id`.

The token is the HMAC-SHA256 of the id's decimal digits, as 64 hexadecimal digits, with a secret that the application
and the verifier share. An id is a small number that anyone can guess, but only the application can make its token. A
token proves its id in any call, as long as its secret is accepted.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from autopulse.json_coercion import Json

CALL_TOKEN: Final = "call_token"  # noqa: S105 - the name of a field


def call_token(call_id: int, key: bytes) -> str:
    """The token of a call id, as 64 hexadecimal digits."""
    return hmac.new(key, str(call_id).encode(), hashlib.sha256).hexdigest()


def is_proven(call_id: int, token: Json, keys: Sequence[bytes]) -> bool:
    """Whether the token was made with one of the keys. Each comparison takes constant time."""
    if not isinstance(token, str):
        return False
    given = token.strip().lower().encode("utf-8", "surrogatepass")
    same = [hmac.compare_digest(given, call_token(call_id, key).encode()) for key in keys]
    return any(same)
