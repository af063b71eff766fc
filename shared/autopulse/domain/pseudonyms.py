"""Pseudonyms of calls and numbers, which recognise what was erased or suppressed without revealing it.

A pseudonym is the HMAC-SHA-256 of an id or a number in lower-case hexadecimal digits. Each kind has its own prefix, so
that equal texts of two kinds have different pseudonyms. Without the key, numbers cannot be found by computing the
pseudonyms of all numbers.
"""

import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes pseudonyms with the stack's key; equal input gives equal pseudonyms as long as the key is the same."""

    key: bytes = field(repr=False)

    def of_call(self, our_id: int) -> str:
        """The pseudonym of our id of a call."""
        return self._of(f"call:{our_id}")

    def of_vapi_call(self, vapi_call_id: str) -> str:
        """The pseudonym of Vapi's id of a call; letter case and surrounding spaces make no difference."""
        return self._of(f"vapi-call:{vapi_call_id.strip().lower()}")

    def of_number(self, e164: str) -> str:
        """The pseudonym of a phone number in E.164, which the caller has to normalise."""
        return self._of(f"number:{e164}")

    def _of(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256").hex()
