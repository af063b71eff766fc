"""`make vapi-doctor`: check the live configuration, and send a ping that has to reach the database."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import urllib3
from urllib3.util import Timeout

from local.console import say
from operate.target import OperationFailed
from operate.vapi.api import VapiApi
from operate.vapi.authentication_plans import sign
from operate.vapi.checks import check
from operate.vapi.connection import Connection, refuse_plain_text
from operate.vapi.current_state import read_current_state
from operate.vapi.desired_state import DesiredState, show_url
from operate.vapi.findings import Finding, report, wrong
from operate.vapi.scopes import Scope

PATIENCE_SECONDS: Final = 90
"""A ping takes some 20 ms; after a cold start of a function, a few seconds."""
PAUSE_SECONDS: Final = 0.5
_WHERE: Final = "ping"
_HEADER: Final = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True)
class Reader:
    """Access to the read API, to ask whether the ping was stored."""

    api_url: Callable[[], str]
    token: str | None


def examine(api: VapiApi, scope: Scope | None, desired: DesiredState, connection: Connection, reader: Reader) -> int:
    """Print what is wrong and what to do; returns exit status 1 if there is anything."""
    if scope is not None:
        scope.read(api)  # raises an error if the scope does not exist
    say("Configuration at Vapi")
    wrongs = report(check(read_current_state(api), desired, scope))
    say(f"Ping through {show_url(connection.url)}")
    wrongs += report(ping(connection, reader))
    say("All well" if not wrongs else f"{wrongs} thing{'' if wrongs == 1 else 's'} wrong")
    return 1 if wrongs else 0


def ping(connection: Connection, reader: Reader) -> Iterator[Finding]:
    """Post `autopulse.ping`, signed as Vapi signs, and wait until its receipt is in the database."""
    began = time.monotonic()
    answer = post_ping(connection)
    if isinstance(answer, Finding):
        yield answer
    elif not reader.token:
        what = f"accepted as {answer}, but nobody may ask whether it was stored"
        yield wrong(_WHERE, what, "say API_TOKEN=…: a token of your OIDC issuer, as for docs/api.md")
    else:
        yield from _wait(answer, reader, began)


def post_ping(connection: Connection) -> str | Finding:
    """Post a ping; returns the event id if it is accepted, else what is wrong."""
    message = {"type": "autopulse.ping", "id": str(uuid.uuid4()), "timestamp": int(time.time() * 1000)}
    body = json.dumps({"message": message}).encode()
    refuse_plain_text(connection.url)
    headers = {"Content-Type": "application/json", **sign(connection.entry, body)}
    try:
        answer = _request("POST", connection.url, headers, body)
    except urllib3.exceptions.HTTPError as error:
        return wrong(_WHERE, f"the webhook URL does not answer ({error})", "is it the stack's output WebhookUrl?")
    event_id = _object(answer.data).get("event_id")
    return event_id if answer.status == HTTPStatus.OK and isinstance(event_id, str) else _refusal(answer.status)


def _refusal(status: int) -> Finding:
    remedies: dict[int, str] = {
        200: "that is no webhook URL of this project",
        401: "the secret is not the stack's: is VAPI_WEBHOOK_SECRET right? make vapi-configure takes the stack's own",
        403: "the firewall or the gateway refuses it: is the path right, is this address allowed?",
        404: "the path is not the webhook's: it ends in /v1/webhooks/vapi-webhook",
        503: "nothing usable in the webhook secret, or SQS, S3 or Secrets Manager out of reach: see the verifier's log",
    }
    return wrong(_WHERE, f"answered {status}", remedies.get(status, "see the verifier's log"))


def _wait(event_id: str, reader: Reader, began: float) -> Iterator[Finding]:
    url = f"{reader.api_url()}/v1/pings/{event_id}"
    status, stored = _ask(url, reader)
    while _may_change(status) and time.monotonic() - began < PATIENCE_SECONDS:
        time.sleep(PAUSE_SECONDS)
        status, stored = _ask(url, reader)
    if status == HTTPStatus.OK:
        say(f"  stored {stored.get('processed_at', '')} as {event_id}")
    elif status == HTTPStatus.NOT_FOUND:
        what = f"accepted as {event_id}, but not stored within {PATIENCE_SECONDS} s"
        yield wrong(
            _WHERE, what, "see the log of the status function, and the dead letters: make redrive KIND=status_update"
        )
    else:
        remedy = "is API_TOKEN valid still? docs/api.md" if status in {401, 403} else "see the log of the read API"
        yield wrong(_WHERE, f"accepted as {event_id}; the read API answered {status or 'nothing'}", remedy)


def _may_change(status: int) -> bool:
    """Return whether to ask again: not stored yet (404), no answer (0), rate limit, or a transient error."""
    passing = {0, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS}
    return status in passing or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _ask(url: str, reader: Reader) -> tuple[int, dict[str, Any]]:
    try:
        answer = _request("GET", url, {"Authorization": f"Bearer {reader.token}"})
    except urllib3.exceptions.HTTPError:
        return 0, {}
    return answer.status, _object(answer.data)


def _request(method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> urllib3.BaseHTTPResponse:
    if not all(_HEADER.fullmatch(value) for value in headers.values()):  # http.client's error message would quote it
        raise OperationFailed("a secret or token has a character that no header carries; give it again")
    return urllib3.request(
        method, url, headers=headers, body=body, retries=False, redirect=False, timeout=Timeout(connect=10, read=30)
    )


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
