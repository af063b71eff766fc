"""The messages of the copying function's queue: the call whose recording is to be copied, and the number of attempts.

    {"version": 1, "vapi_call_id": …, "url": the report's presigned URL or null, "expires_at": when that ends or null,
     "tries": 0, "not_before": … or null}

Times are ISO 8601 in UTC with microseconds. The URL gives access to the recording for half an hour: the queue is
encrypted, and the URL is in no log and no event.
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
"""The prefix of the keys of all copies."""
MAX_TRIES: Final = 100
UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The form of Vapi's ids; no other text is put into a path of its API."""


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """A request to copy one recording."""

    vapi_call_id: str
    url: str | None = None
    """The report's presigned URL, for stacks without a key of Vapi's API."""
    expires_at: datetime | None = None
    """When the URL expires, if the report says so."""
    tries: int = 0
    """The number of failed attempts."""
    not_before: datetime | None = None
    """The earliest time of the next attempt, which may be later than a queue can delay a message."""

    @property
    def object_key(self) -> str:
        """Its key in the bucket: one for each Vapi call, so that a repeat overwrites the same object."""
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
    """The key of a call's copy: it contains Vapi's id, or the digest of an id that is not a UUID."""
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
