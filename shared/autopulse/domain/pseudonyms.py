"""Pseudonyms of calls and numbers: they recognise what was erased or suppressed, and do not say what it was.

A pseudonym is the HMAC-SHA-256 of an id or a number in lower-case hexadecimal digits. Each kind has its own prefix,
so that equal texts of two kinds have two pseudonyms. Without the key nobody can tell a number from its pseudonym by
trying all numbers.
"""

import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms with the stack's key; equal input gives an equal pseudonym as long as the key is the same."""

    key: bytes = field(repr=False)

    def of_call(self, our_id: int) -> str:
        """Of our id of a call."""
        return self._of(f"call:{our_id}")

    def of_vapi_call(self, vapi_call_id: str) -> str:
        """Of Vapi's id of a call; letter case and surrounding spaces make no difference."""
        return self._of(f"vapi-call:{vapi_call_id.strip().lower()}")

    def of_number(self, e164: str) -> str:
        """Of a phone number as `+` and digits; the caller has brought it into that form."""
        return self._of(f"number:{e164}")

    def _of(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256").hex()
