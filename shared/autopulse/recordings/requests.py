"""What the queue of the copying function carries: whose recording is to be copied, and how often that was tried.

    {"version": 1, "vapi_call_id": …, "url": the report's presigned URL or null, "expires_at": when that ends or null,
     "tries": 0, "not_before": … or null}

Times are ISO 8601 in UTC with microseconds. The URL is a capability for half an hour: the queue is encrypted, and
neither a log nor an event has it.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from autopulse.errors import InvalidMessage
from autopulse.json_coercion import Json, read_mapping, read_text, read_time, read_vapi_call_id, to_text
from autopulse.json_text import read_json

VERSION: Final = 1
PREFIX: Final = "recordings/"
"""What the keys of all copies begin with."""
MAX_TRIES: Final = 100
UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Vapi's ids; nothing else goes into a path of its API."""


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """One recording to copy."""

    vapi_call_id: str
    url: str | None = None
    """The report's own presigned URL, for stacks without a key of Vapi's API."""
    expires_at: datetime | None = None
    """When the URL ends, if the report said so."""
    tries: int = 0
    """How often it has failed."""
    not_before: datetime | None = None
    """The next try is not made before; a queue delays no message for so long."""

    @property
    def object_key(self) -> str:
        """Its place in the bucket: one for each call of Vapi's, so that a repeat writes the same object again."""
        return object_key_of(self.vapi_call_id)

    def to_json(self) -> str:
        """The body of its message."""
        given = {
            "version": VERSION,
            "vapi_call_id": self.vapi_call_id,
            "url": self.url,
            "expires_at": to_text(self.expires_at),
            "tries": self.tries,
            "not_before": to_text(self.not_before),
        }
        return json.dumps(given, separators=(",", ":"))


def object_key_of(vapi_call_id: str) -> str:
    """The key of a call's copy: Vapi's id, or a digest of an id that is no UUID."""
    is_uuid = UUID.fullmatch(vapi_call_id)
    return PREFIX + (vapi_call_id.lower() if is_uuid else hashlib.sha256(vapi_call_id.encode()).hexdigest())


def read_request(body: str) -> CopyRequest:
    """Read a message's body; raises InvalidMessage, which names the field and never its value."""
    try:
        given: Json = read_mapping(read_json(body))
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"the body is not JSON: {type(error).__name__}") from None
    vapi_call_id, tries = read_vapi_call_id(given.get("vapi_call_id")), given.get("tries")
    if given.get("version") != VERSION:
        raise InvalidMessage("cannot read the request: version")
    if vapi_call_id is None:
        raise InvalidMessage("cannot read the request: vapi_call_id")
    if not isinstance(tries, int) or not 0 <= tries <= MAX_TRIES:
        raise InvalidMessage("cannot read the request: tries")
    return CopyRequest(
        vapi_call_id,
        read_text(given.get("url")),
        read_time(given.get("expires_at")),
        tries,
        read_time(given.get("not_before")),
    )
