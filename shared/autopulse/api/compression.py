"""Compress bodies with gzip for clients that accept it; a page of the list shrinks to an eighth."""

import base64
import gzip
from collections.abc import Mapping
from typing import Any, Final

from autopulse.negotiation import accepts_gzip

LEAST_BYTES: Final = 1000
"""The minimum size; a shorter body fits into the packet of its headers without compression."""
LEVEL: Final = 6


def compress(answer: dict[str, Any], headers: Mapping[str, Any]) -> None:
    """Compress the body of a proxy integration's answer in place, if the request's headers accept that."""
    body = answer.get("body")
    if answer.get("isBase64Encoded") or not isinstance(body, str) or len(body) < LEAST_BYTES:
        return
    vary = {"vary": ["accept-encoding"]}
    accepted = next((str(value) for name, value in headers.items() if name.lower() == "accept-encoding"), "")
    if accepts_gzip(accepted):
        vary["content-encoding"] = ["gzip"]
        answer["body"] = base64.b64encode(gzip.compress(body.encode(), LEVEL, mtime=0)).decode()
        answer["isBase64Encoded"] = True
    answer["multiValueHeaders"] = {**answer.get("multiValueHeaders", {}), **vary}
