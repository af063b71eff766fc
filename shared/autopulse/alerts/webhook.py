"""Send an alert to a webhook: one HTTPS POST with a time limit, and without following redirects.

An operator sets the URL in a secret, and the server is not ours. Therefore its certificate has to match the host, its
address has to be a public one, no redirect is followed, and only the status of the answer is used.
"""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from autopulse.alerts.messages import Alert
from autopulse.alerts.wording import as_slack_text, fields_of, text_of
from autopulse.errors import DeliveryFailed
from autopulse.json_coercion import read_mapping
from autopulse.reconciliation.client import read_retry_after

LONGEST_SECONDS: Final = 10.0
"""The time limit in seconds of a whole attempt, from the connection to the answer's status."""
MOST_RETRY_AFTER_SECONDS: Final = 900
_SLACK: Final = "slack"
_JSON: Final = "json"
_RETRIED: Final = frozenset({408, 429})
_OK, _REDIRECTS, _REFUSED, _SERVER_ERROR = 200, 300, 400, 500


@dataclass(frozen=True, slots=True)
class Target:
    """The URL of a webhook, and the format of its requests."""

    url: str
    format: str = _SLACK
    """`slack`: an object with only the text; `json`: with the ids, and if allowed with the customer's data."""
    signing_key: str = ""
    """The key that signs the body; empty for none."""


def read_target(secret: str) -> Target:
    """Read the secret's JSON: {"url": …, "format": "slack" or "json", "signing_key": …}; raises DeliveryFailed."""
    try:
        given = read_mapping(json.loads(secret))
    except ValueError:
        raise DeliveryFailed(DeliveryFailed.NOT_CONFIGURED, is_final=True) from None
    url, format_, key = (given.get(name) for name in ("url", "format", "signing_key"))
    if not isinstance(url, str) or not url.strip() or format_ not in {None, _SLACK, _JSON}:
        raise DeliveryFailed(DeliveryFailed.NOT_CONFIGURED, is_final=True)
    return Target(url.strip(), str(format_ or _SLACK), key if isinstance(key, str) else "")


def post(
    alert: Alert,
    target: Target,
    console_url: str,
    *,
    takes_loopback: bool = False,
    clock: Callable[[], float] = time.time,
) -> None:
    """Send it once; raises DeliveryFailed. With `takes_loopback` it may be sent to this machine by HTTP."""
    parts = _checked(target.url, takes_loopback=takes_loopback)
    body = _body(alert, target, console_url)
    headers = {
        "content-type": "application/json",
        "user-agent": "autopulse",
        "connection": "close",
        "idempotency-key": alert.key,
        **_signature(alert, target, body, int(clock())),
    }
    deadline = time.monotonic() + LONGEST_SECONDS
    try:
        with closing(_connection(parts)) as connection:
            connection.connect()
            _let_outside(connection.sock, takes_loopback=takes_loopback)
            status, retry_after = _ask(connection, parts, body, headers, deadline)
    except (http.client.InvalidURL, UnicodeError):  # a host or a path that is invalid in a request
        raise DeliveryFailed(DeliveryFailed.NOT_CONFIGURED, is_final=True) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        is_late = isinstance(error, TimeoutError) or time.monotonic() >= deadline
        raise DeliveryFailed(DeliveryFailed.SLOW if is_late else DeliveryFailed.UNAVAILABLE) from None
    _check(status, retry_after)


def _checked(url: str, *, takes_loopback: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise DeliveryFailed(DeliveryFailed.NOT_CONFIGURED, is_final=True) from None
    is_allowed = parts.scheme == "https" or (takes_loopback and parts.scheme == "http" and host == "127.0.0.1")
    if not host or not is_allowed or parts.username is not None or parts.password is not None:
        raise DeliveryFailed(DeliveryFailed.NOT_CONFIGURED, is_final=True)
    return parts


def _body(alert: Alert, target: Target, console_url: str) -> bytes:
    given: Mapping[str, Any] = (
        fields_of(alert, console_url)
        if target.format == _JSON
        else {"text": as_slack_text(text_of(alert, console_url))}
    )
    return json.dumps(given, separators=(",", ":")).encode()


def _signature(alert: Alert, target: Target, body: bytes, now: int) -> dict[str, str]:
    """The signature headers of Standard Webhooks: https://www.standardwebhooks.com."""
    if not target.signing_key:
        return {}
    signed = b".".join([alert.key.encode(), str(now).encode(), body])
    digest = hmac.new(target.signing_key.encode(), signed, hashlib.sha256).digest()
    return {
        "webhook-id": alert.key,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=LONGEST_SECONDS, context=_tls())
    return http.client.HTTPConnection(host, parts.port, timeout=LONGEST_SECONDS)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _let_outside(connected: socket.socket, *, takes_loopback: bool) -> None:
    """Raise DeliveryFailed if the host's address is not a public one."""
    address = ipaddress.ip_address(connected.getpeername()[0])
    if not address.is_global and not (takes_loopback and address.is_loopback):
        raise DeliveryFailed(DeliveryFailed.NOT_OF_THE_INTERNET, is_final=True)


def _ask(
    connection: http.client.HTTPConnection,
    parts: SplitResult,
    body: bytes,
    headers: Mapping[str, str],
    deadline: float,
) -> tuple[int, str | None]:
    """The answer's status, and the delay that it asks for; the connection is shut down at the deadline."""
    guard = threading.Timer(max(0.0, deadline - time.monotonic()), _shut_down, [connection.sock])
    guard.daemon = True
    guard.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        with closing(answer):
            return answer.status, answer.headers.get("retry-after")
    finally:
        guard.cancel()


def _shut_down(connected: socket.socket) -> None:
    try:
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # not TLS's own shutdown, which would wait for the peer
    except OSError:
        return


def _check(status: int, retry_after: str | None) -> None:
    if _OK <= status < _REDIRECTS:
        return
    if status in _RETRIED or status >= _SERVER_ERROR:
        seconds = read_retry_after(retry_after, datetime.now(timezone.utc)) or 0
        raise DeliveryFailed(DeliveryFailed.UNAVAILABLE, retry_after=min(int(seconds), MOST_RETRY_AFTER_SECONDS))
    is_redirect = _REDIRECTS <= status < _REFUSED
    raise DeliveryFailed(DeliveryFailed.REDIRECTED if is_redirect else DeliveryFailed.REFUSED, is_final=True)
