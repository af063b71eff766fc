"""The URL from which a recording can be played, and its expiry: our copy, or Vapi's own URL while it is valid."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from autopulse.api.models import KeptRecording, Recording
from autopulse.domain.copies import ERASED, MISSING, STORED
from autopulse.errors import Problem
from autopulse.settings import copy_settings, recording_hosts
from autopulse.vapi.recordings import expiry_of, is_at, is_playable, is_private

ELSEWHERE: Final = "recording_elsewhere"
URL_SECONDS: Final = 900
"""The seconds for which a URL of our copy is valid; a player requests a new one afterwards."""
_EXTENSIONS: Final = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/x-m4a": "m4a",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
    "audio/flac": "flac",
}
"""Content type -> the suffix of the file's name; other types get .audio."""


def offer(call_id: int, kept: KeptRecording, now: datetime) -> Recording:
    """Return our copy if there is one, else Vapi's own recording.

    Raises Problem as `offer_recording`; and 410 `recording_lost` if no copy could be made and Vapi's cannot be played,
    or 410 `recording_deleted` if the retention time of our copy has ended.
    """
    bucket_url, days = copy_settings()
    is_stored = kept.state == STORED and kept.object_key is not None and bool(bucket_url)
    if is_stored and not _is_over(kept.stored_at, days, now):
        return _copy(f"{bucket_url}/{quote(kept.object_key or '')}", call_id, kept.content_type, now)
    try:
        return offer_recording(kept.url, kept.expires_at, now)
    except Problem as problem:
        if kept.state == MISSING:
            message = "The recording is not there any more: no copy of it could be made while Vapi had it."
            raise Problem(410, message, code="recording_lost") from None
        if kept.state == ERASED:
            raise Problem(410, "The recording was deleted.", code="recording_deleted") from None
        if is_stored:
            message = f"The recording is not there any more: recordings are deleted after {days} days."
            raise Problem(410, message, code="recording_deleted") from None
        raise problem from None


def _is_over(stored_at: datetime | None, days: int, now: datetime) -> bool:
    """Whether the bucket may have deleted it, which happens at the first midnight after its days, or later."""
    return stored_at is not None and days > 0 and stored_at + timedelta(days=days) <= now


def _copy(url: str, call_id: int, content_type: str | None, now: datetime) -> Recording:
    from autopulse.aws import sign_url  # noqa: PLC0415 - where there is a copy

    name = f"call-{call_id}.{_EXTENSIONS.get(content_type or '', 'audio')}"
    query = {
        "response-cache-control": "private, no-store",
        "response-content-disposition": f'inline; filename="{name}"',
    }
    if content_type is not None:
        query["response-content-type"] = content_type
    expires_at = now.replace(microsecond=0) + timedelta(seconds=URL_SECONDS)
    return Recording(url=sign_url(url, query, URL_SECONDS), expires_at=expires_at)


def offer_recording(url: str | None, told: datetime | None, now: datetime) -> Recording:
    """Return Vapi's own recording; `told` is the expiry time that was reported with the URL.

    Raises Problem: 404 `recording_missing` without a URL that a browser may open, 404 `recording_private` if only Vapi
    can open it, 404 `recording_elsewhere` if this stack does not allow its host, 410 `recording_expired` after its
    expiry time.
    """
    if url is not None and is_private(url):
        raise Problem(404, "The recording lies in Vapi's private storage.", code="recording_private")
    if url is None or not is_playable(url):
        raise Problem(404, "There is no recording of this call.", code="recording_missing")
    if not is_at(url, recording_hosts()):
        raise Problem(404, "The recording lies at a host that this stack does not play from.", code=ELSEWHERE)
    expires_at = expiry_of(url, told)
    if expires_at and expires_at <= now:
        raise Problem(410, f"The recording's URL expired at {expires_at.isoformat()}.", code="recording_expired")
    return Recording(url=url, expires_at=expires_at)
