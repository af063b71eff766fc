"""The client of Vapi's API for reconciliation: get a call, list calls, and delete an erased call.

It sends one request at a time with pauses between, limits the size and duration of every answer, and follows no
redirect, because answers are untrusted. The key is sent only in the header `Authorization`.
"""

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from autopulse.errors import (
    VapiCallUnknown,
    VapiFailed,
    VapiForgot,
    VapiNotConfigured,
    VapiThrottled,
    VapiTooLong,
    VapiUnauthorized,
    VapiUnavailable,
    VapiUnreadable,
)
from autopulse.json_coercion import Json, read_mapping
from autopulse.json_text import read_json
from autopulse.reconciliation.records import Record, read_record, read_records
from autopulse.reconciliation.requests import is_askable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

GAP_SECONDS: Final = 0.7
"""The pause in seconds between a request's end and the next one, as in Vapi's own client; no limit is published."""
CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 20
"""The timeout in seconds for the start of an answer, and between any two parts of it."""
TOTAL_SECONDS: Final = 40
"""The time limit in seconds of a whole answer."""
MAX_CALL_BYTES: Final = 20_000_000
"""The maximum size of one record; records have some 137 KB."""
MAX_PAGE_BYTES: Final = 30_000_000
MAX_ERROR_BYTES: Final = 65_536
PAGE_LIMITS: Final = (50, 10, 1)
"""The numbers of calls to request for a page: a smaller one follows if the page is too long."""
MAX_RETRY_AFTER_SECONDS: Final = 900
KEPT_SECONDS: Final = 300
REREAD_SECONDS: Final = 10
"""The minimum time in seconds between two reads of the secret after Vapi has refused the key."""
_CHUNK_BYTES: Final = 65_536
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_KEY: Final = re.compile(r"[!-~]{8,1000}")
"""Characters that a header can carry: visible ASCII."""
_LENGTH: Final = re.compile("[0-9]{1,18}")
"""At most as many digits as `int` reads; a longer length is ignored, and the bytes are counted anyway."""
_FORGOTTEN: Final = ("retention", "history")
"""Words in a 400 answer that mean that Vapi does not keep calls of that age."""


class ApiKey:
    """The organization's private key: `{"api_key": "…"}` in a secret. `read` returns its text or raises Transient."""

    def __init__(self, read: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._key = ""
        self._read_at = -math.inf

    def current(self) -> str:
        """Return the key, cached for some minutes; raises VapiNotConfigured if there is none, or Transient."""
        if not self._key or self._clock() - self._read_at >= KEPT_SECONDS:
            self._fetch()
        return self._key

    def reread(self) -> str | None:
        """Read the secret again after Vapi has refused the key; None if its key is the same."""
        if self._clock() - self._read_at < REREAD_SECONDS:
            return None
        refused = self._key
        self._fetch()
        return self._key if self._key != refused else None

    def _fetch(self) -> None:
        text = self._read()
        self._read_at = self._clock()
        self._key = ""
        try:
            key = read_mapping(json.loads(text)).get("api_key")
        except ValueError:
            raise VapiNotConfigured("the secret of Vapi's key is no JSON") from None
        if not isinstance(key, str) or _KEY.fullmatch(key) is None:
            raise VapiNotConfigured("the secret has no usable api_key")
        self._key = key


class VapiClient:
    """A client of Vapi's API at `url`; it keeps the connection, and the time of the last request."""

    def __init__(
        self,
        url: str,
        key: ApiKey,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._key = key
        self._clock = clock
        self._sleep = sleep
        self._free_at = -math.inf
        self.requests = 0
        """The number of requests that were sent."""

    def get_call(self, vapi_call_id: str) -> Record:
        """Return a call's record; raises VapiFailed or Transient."""
        if not is_askable(vapi_call_id):
            raise VapiCallUnknown("Vapi's ids are UUIDs")
        record = read_record(self._get(f"/call/{vapi_call_id.lower()}", MAX_CALL_BYTES))
        if record.vapi_call_id.lower() != vapi_call_id.lower():
            raise VapiUnreadable("the record of another call")
        return record

    def list_calls(self, since: datetime, before: datetime | None) -> tuple[list[Record], bool]:
        """Return a page of the list from `before` on (None: the newest), newest first, and whether it is the last page.

        Both times are creation times, and inclusive. Raises VapiFailed or Transient.
        """
        for limit in PAGE_LIMITS:
            try:
                listed = self._get(f"/call?{_query(since, before, limit)}", MAX_PAGE_BYTES)
            except VapiTooLong:
                if limit == PAGE_LIMITS[-1]:
                    raise
            else:
                break
        records = read_records(listed)
        told = [record.created_at for record in records if record.created_at is not None]
        if told and told[0] < told[-1]:
            raise VapiUnreadable("the list is not newest first")
        return records, len(listed) < limit

    def delete_call(self, vapi_call_id: str) -> None:
        """Request a call's deletion, which Vapi does later; the ids are in the body. Raises VapiFailed or Transient."""
        if not is_askable(vapi_call_id):
            raise VapiCallUnknown("Vapi's ids are UUIDs")
        own = vapi_call_id.lower()
        self._with_key("DELETE", f"/call/{own}", MAX_CALL_BYTES, json.dumps({"ids": [own]}).encode())

    def _get(self, path: str, most: int) -> Json:
        return self._with_key("GET", path, most)

    def _with_key(self, method: str, path: str, most: int, body: bytes | None = None) -> Json:
        key = self._key.current()
        try:
            return self._ask(method, path, most, key, body)
        except VapiUnauthorized:
            fresh = self._key.reread()
            if fresh is None:
                raise
        return self._ask(method, path, most, fresh, body)

    def _ask(self, method: str, path: str, most: int, key: str, body: bytes | None) -> Json:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - imported with the pool, for the first request

        base = self._base
        pause = self._free_at - self._clock()
        if pause > 0:
            self._sleep(pause)
        until = self._clock() + TOTAL_SECONDS
        self.requests += 1
        try:
            return self._read_answer(self._send(method, base + path, key, body), most, until)
        except (HTTPError, OSError) as error:
            raise VapiUnavailable(type(error).__name__) from None  # the error's text may contain the request
        finally:
            self._free_at = self._clock() + GAP_SECONDS

    def _send(self, method: str, url: str, key: str, body: bytes | None) -> "BaseHTTPResponse":
        headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # the decompressed length could not be limited
            "User-Agent": "autopulse",
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._pool.request(
            method, url, body=body, headers=headers, redirect=False, retries=False, preload_content=False
        )

    def _read_answer(self, response: "BaseHTTPResponse", most: int, until: float) -> Json:
        whole = False
        try:
            if response.status != HTTPStatus.OK:
                says_why = response.status == HTTPStatus.BAD_REQUEST
                text = self._read_body(response, MAX_ERROR_BYTES, until) if says_why else b""
                raise _failure(response.status, response.headers, text)
            body = self._read_body(response, most, until)
            whole = True
        finally:
            if whole:
                response.release_conn()
            else:
                response.close()  # otherwise unread bytes would precede the next answer
        try:
            return read_json(body.decode())
        except (ValueError, RecursionError):
            raise VapiUnreadable("no JSON") from None

    def _read_body(self, response: "BaseHTTPResponse", most: int, until: float) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise VapiUnreadable("compressed unasked")
        length = response.headers.get("Content-Length", "")
        if _LENGTH.fullmatch(length) and int(length) > most:
            raise VapiTooLong("too long")
        body = bytearray()
        while chunk := response.read1(_CHUNK_BYTES, decode_content=False):
            body += chunk
            if len(body) > most:
                raise VapiTooLong("too long")
            if self._clock() > until:
                raise VapiUnavailable("no whole answer in time")
        return bytes(body)

    @cached_property
    def _pool(self) -> "PoolManager":
        from urllib3 import PoolManager, Timeout  # noqa: PLC0415 - imported for the first request

        return PoolManager(maxsize=1, timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS))

    @cached_property
    def _base(self) -> str:
        return checked_url(self._url)


def checked_url(url: str) -> str:
    """Return the API's URL without a slash at the end; raises VapiNotConfigured unless it is https, or loopback."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise VapiNotConfigured("VAPI_API_URL is no URL") from None
    if not host or parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise VapiNotConfigured("VAPI_API_URL is no URL of an API")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise VapiNotConfigured("VAPI_API_URL is not https")
    return url.rstrip("/")


def _query(since: datetime, before: datetime | None, limit: int) -> str:
    bounds = {"createdAtGe": since, "createdAtLe": before}
    given = {name: _instant(moment) for name, moment in bounds.items() if moment is not None}
    return urlencode({"limit": limit, **given})


def _instant(moment: datetime) -> str:
    """The time in Vapi's form: with milliseconds and a Z."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _failure(status: int, headers: Mapping[str, str], text: bytes) -> VapiFailed:
    """The error of an answer, without any of its text."""
    if status == HTTPStatus.BAD_REQUEST and any(word in text.decode(errors="replace").lower() for word in _FORGOTTEN):
        return VapiForgot(str(status))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return VapiUnauthorized(str(status))
    if status == HTTPStatus.NOT_FOUND:
        return VapiCallUnknown(str(status))
    retry_after = read_retry_after(headers.get("Retry-After"), datetime.now(timezone.utc))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return VapiThrottled(str(status), retry_after)
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return VapiUnavailable(str(status), retry_after)
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return VapiUnreadable("a redirect" if is_redirect else str(status))


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds in `Retry-After`, a number or a date; at most a quarter of an hour."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except (ValueError, OverflowError):  # OverflowError: a time zone with too many digits
            return None
        seconds = ((until if until.tzinfo else until.replace(tzinfo=timezone.utc)) - now).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), float(MAX_RETRY_AFTER_SECONDS))
