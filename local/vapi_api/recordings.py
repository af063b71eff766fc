"""Vapi's storage of recordings: a host of its own, without a key, that serves presigned URLs until they expire.

It answers like the real storage: 403 for a wrong or expired signature, 400 for a URL without a signature and for an
`Authorization` header beside the signature, 206 for a range, and any page may read it.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from secrets import token_bytes
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import NAMESPACE_URL, uuid5

from local.simulator.recordings import tone
from local.vapi_api.answers import Answer

FOLDER: Final = "/hipaa-recordings/"
EXPIRES_SECONDS: Final = 1800
CHANNELS: Final = {"mono-recording": "mono", "stereo-recording": "stereo"}
"""Endpoint below a call -> suffix of the file's name."""
_SECONDS: Final = 2
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")
_ANYBODY: Final = {"Accept-Ranges": "bytes", "Access-Control-Allow-Origin": "*"}


class Storage:
    """The files of one storage, generated when they are requested."""

    def __init__(self, url: str) -> None:
        """Keep `url`, the host's without a path."""
        self.url = url
        self._key = token_bytes()

    def presign(self, call_id: str, channel: str, now: datetime) -> str:
        """Return a URL that is valid for half an hour; `channel` is `mono` or `stereo`."""
        path = f"{FOLDER}{call_id}-{uuid5(NAMESPACE_URL, call_id)}-{channel}.wav"
        query = {"X-Amz-Date": now.astimezone(timezone.utc).strftime(_STAMP), "X-Amz-Expires": str(EXPIRES_SECONDS)}
        return f"{self.url}{path}?{urlencode(query | {'X-Amz-Signature': self._signature(path, query)})}"

    def answer(self, target: str, headers: Mapping[str, str], now: datetime) -> Answer:
        """Answer a GET."""
        path, query = urlsplit(target).path, _first_values(urlsplit(target).query)
        signature = query.pop("X-Amz-Signature", None)
        if signature is None:
            return _refusal(400, "InvalidArgument", "Authorization")
        if "Authorization" in headers:
            return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
        if not hmac.compare_digest(signature, self._signature(path, query)):
            return _refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        made_at = datetime.strptime(query["X-Amz-Date"], _STAMP).replace(tzinfo=timezone.utc)
        if now > made_at + timedelta(seconds=int(query["X-Amz-Expires"])):
            return _refusal(403, "ExpiredRequest", "Request has expired")
        return _part(_tone(), headers.get("Range", ""))

    def _signature(self, path: str, query: Mapping[str, str]) -> str:
        signed = f"{path}?{urlencode(sorted(query.items()))}"
        return hmac.new(self._key, signed.encode(), hashlib.sha256).hexdigest()


@cache
def _tone() -> bytes:
    return tone(_SECONDS)


def _part(content: bytes, wanted: str) -> Answer:
    length = len(content)
    match = _RANGE.fullmatch(wanted)
    if match is None or not any(match.groups()):
        return Answer(200, content, _ANYBODY, "audio/wav")
    first, last = _bounds(match[1], match[2], length)
    if first > last:
        return Answer(416, b"", _ANYBODY | {"Content-Range": f"bytes */{length}"}, "audio/wav")
    headers = _ANYBODY | {"Content-Range": f"bytes {first}-{last}/{length}"}
    return Answer(206, content[first : last + 1], headers, "audio/wav")


def _bounds(first: str, last: str, length: int) -> tuple[int, int]:
    """Return first and last byte of a range; `-500` means the last 500."""
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last) if last else length, length - 1)


def _first_values(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


def _refusal(status: int, code: str, message: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Answer(status, body.encode(), {"Access-Control-Allow-Origin": "*"}, "application/xml")
