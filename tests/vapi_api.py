"""A stand-in for Vapi's REST API, made from its published schema; what it refuses, the real one refuses.

A server on loopback with the routes that this project uses: `Authorization: Bearer` of a private key, unknown and
missing fields answered 400 with Vapi's list of complaints, shallow PATCH (a sent object replaces the stored one as a
whole), secrets that are never shown again, lists without a cursor (`limit`, `createdAtLe`), 401, 403, 404, 429.
"""

import copy
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator

KEY = "private-key-of-nobody"
ORGANIZATION_ID = "0ed0e5f0-0000-4000-8000-000000000001"
START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)

MESSAGES: Final = (
    *("assistant.started", "assistant.speechStarted", "conversation-update", "end-of-call-report", "function-call"),
    *("hang", "language-changed", "language-change-detected", "model-output", "phone-call-control", "speech-update"),
    *("status-update", "transcript", 'transcript[transcriptType="final"]', "tool-calls", "voice-input"),
    *("transfer-destination-request", "handoff-destination-request", "transfer-update", "user-interrupted"),
    *("chat.created", "chat.deleted", "session.created", "session.updated", "session.deleted"),
    *("call.deleted", "call.delete.failed", "call.artifact.upload"),
)


def _closed(required: tuple[str, ...] = (), **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 40}
_BACKOFF_PLAN: Final = _closed(
    ("type", "maxRetries", "baseDelaySeconds"),
    type={"enum": ["fixed", "exponential"]},
    maxRetries={"type": "number", "minimum": 0, "maximum": 10},
    baseDelaySeconds={"type": "number", "minimum": 0, "maximum": 10},
    excludedStatusCodes={"type": "array", "items": {"type": "number"}},
)
SERVER: Final = _closed(
    url=_TEXT,
    timeoutSeconds={"type": "number", "minimum": 1, "maximum": 300},
    credentialId=_TEXT,
    staticIpAddressesEnabled=_FLAG,
    encryptedPaths={"type": "array", "items": _TEXT},
    headers={"type": "object"},
    backoffPlan=_BACKOFF_PLAN,
)
_MONITOR_PLAN: Final = _closed(
    listenEnabled=_FLAG,
    listenAuthenticationEnabled=_FLAG,
    controlEnabled=_FLAG,
    controlAuthenticationEnabled=_FLAG,
    monitorIds={"type": "array", "items": _TEXT},
)
_BEARER: Final = _closed(
    ("type", "token"), type={"const": "bearer"}, token=_TEXT, headerName=_TEXT, bearerPrefixEnabled=_FLAG
)
_HMAC: Final = _closed(
    ("type", "secretKey", "algorithm"),
    type={"const": "hmac"},
    secretKey=_TEXT,
    algorithm={"enum": ["sha256", "sha512", "sha1"]},
    signatureHeader=_TEXT,
    timestampHeader=_TEXT,
    signaturePrefix=_TEXT,
    includeTimestamp=_FLAG,
    payloadFormat=_TEXT,
    messageIdHeader=_TEXT,
    signatureEncoding={"enum": ["hex", "base64"]},
    secretIsBase64=_FLAG,
)
SCHEMAS: Final = {
    "assistant": _closed(
        name=_NAME,
        server=SERVER,
        serverMessages={"type": "array", "items": {"enum": list(MESSAGES)}},
        monitorPlan=_MONITOR_PLAN,
        model={"type": "object"},
        firstMessage=_TEXT,
    ),
    "phone-number": _closed(
        ("provider",),
        provider={"enum": ["byo-phone-number", "twilio", "vonage", "vapi", "telnyx"]},
        name=_NAME,
        server=SERVER,
        assistantId=_TEXT,
        squadId=_TEXT,
        workflowId=_TEXT,
    ),
    "org": _closed(name=_NAME, server=SERVER, billingLimit={"type": "number"}, concurrencyLimit={"type": "number"}),
    "credential": _closed(
        ("provider", "authenticationPlan"),
        provider={"const": "webhook"},
        name=_NAME,
        authenticationPlan={"oneOf": [_HMAC, _BEARER]},
    ),
}
_SECRETS: Final = ("secretKey", "token")
_LISTED: Final = frozenset({"assistant", "phone-number", "squad", "tool"})
"""What has the parameters `limit` and `createdAt…` of a list."""


@dataclass
class Answer:
    """A status and a JSON body."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Vapi:
    """One organization of Vapi's, and what was asked of it."""

    url: str
    stored: dict[str, dict[str, dict[str, Any]]]
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    faults: list[Answer] = field(default_factory=list)
    """Answered first, one for each request."""
    org_is_closed: bool = False
    before_change: Callable[[], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, folder: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Store something as it may be there from former times, so without the schema's say."""
        made = START + timedelta(minutes=len(self.stored[folder]))
        stamp = made.isoformat().replace("+00:00", "Z")
        item = {"id": str(uuid.uuid4()), "orgId": ORGANIZATION_ID, "createdAt": stamp, "updatedAt": stamp, **fields}
        self.stored[folder][item["id"]] = item
        return item

    def changes(self) -> list[tuple[str, str, Any]]:
        """What was asked for that is no mere question."""
        return [asked for asked in self.asked if asked[0] != "GET"]

    def answer(self, method: str, target: str, key: str, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        """What Vapi answers."""
        self.asked.append((method, urlsplit(target).path, body))
        if self.faults:
            return self.faults.pop(0)
        if key != f"Bearer {KEY}":
            return _error(401, "Invalid Key. Hot tip, you may be using the private key instead of the public key.")
        parts = [part for part in urlsplit(target).path.split("/") if part]
        if not parts or parts[0] not in self.stored:
            return _error(404, f"Cannot {method} {target}")
        if parts[0] == "org" and self.org_is_closed:
            return _error(403, "Forbidden resource")
        return self._of_folder(method, parts[0], parts[1:], parse_qs(urlsplit(target).query), body)

    def _of_folder(self, method: str, folder: str, ids: list[str], query: Mapping[str, list[str]], body: Any) -> Answer:  # noqa: ANN401 - any JSON
        if not ids:
            return self._create(folder, body) if method == "POST" else self._list(folder, query)
        item = self.stored[folder].get(ids[0])
        if item is None:
            return _error(404, f"{folder} with id {ids[0]} does not exist")
        if method == "GET":
            return Answer(200, _shown(item))
        return self._change(folder, item, body) if method == "PATCH" else self._delete(folder, item)

    def _list(self, folder: str, query: Mapping[str, list[str]]) -> Answer:
        unknown = sorted(query.keys() - ({"limit", "createdAtLe"} if folder in _LISTED else set()))
        if unknown:
            return _error(400, [f"property {name} should not exist" for name in unknown])
        items = sorted(self.stored[folder].values(), key=lambda item: str(item["createdAt"]), reverse=True)
        until = query.get("createdAtLe", ["9"])[0]
        limit = int(query.get("limit", ["100"])[0])
        return Answer(200, [_shown(item) for item in items if item["createdAt"] <= until][:limit])

    def _create(self, folder: str, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        complaints = list(_complaints(folder, body))
        return _error(400, complaints) if complaints else Answer(201, _shown(self.add(folder, **body)))

    def _change(self, folder: str, item: dict[str, Any], body: Any) -> Answer:  # noqa: ANN401 - any JSON
        complaints = list(_complaints(folder, body))
        if complaints:
            return _error(400, complaints)
        if self.before_change is not None:
            self.before_change()
        item.update(copy.deepcopy(body))
        item["updatedAt"] = datetime.now(timezone.utc).isoformat()
        return Answer(200, _shown(item))

    def _delete(self, folder: str, item: dict[str, Any]) -> Answer:
        return Answer(200, _shown(self.stored[folder].pop(item["id"])))


def _complaints(folder: str, body: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """In the words of Vapi's validator."""
    for error in Draft202012Validator(SCHEMAS[folder]).iter_errors(body):
        path = ".".join(map(str, error.absolute_path))
        if error.validator == "additionalProperties":
            known = error.schema["properties"] if isinstance(error.schema, dict) else {}
            unknown = sorted(set(error.instance) - set(known)) if isinstance(error.instance, dict) else []
            yield from (".".join(filter(None, (path, f"property {name} should not exist"))) for name in unknown)
        else:
            yield f"{path}: {error.message}"


def _shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader gets: "once created, secrets are encrypted and cannot be viewed"."""
    shown = copy.deepcopy(dict(item))
    plan = shown.get("authenticationPlan")
    if isinstance(plan, dict):
        shown["authenticationPlan"] = {name: value for name, value in plan.items() if name not in _SECRETS}
    return shown


def _error(status: int, message: str | list[str], **headers: str) -> Answer:
    words = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}
    return Answer(status, {"message": message, "error": words.get(status, "Error"), "statusCode": status}, headers)


def rate_limited(retry_after: str | None = "0") -> Answer:
    """What too many requests are answered."""
    answer = _error(429, "Rate limit exceeded")
    return Answer(429, answer.body, {"Retry-After": retry_after} if retry_after is not None else {})


def broken(status: int = 500) -> Answer:
    """A passing fault of Vapi's."""
    return _error(status, "Internal server error")


class _Handler(BaseHTTPRequestHandler):
    vapi: ClassVar[Vapi]
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for an answer: two would wait 40 ms for each other

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        with self.vapi.lock:
            answer = self.vapi.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
        content = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@contextmanager
def serve() -> Iterator[Vapi]:
    """A fresh organization with nothing in it, on a port of its own."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        vapi = Vapi(
            f"http://127.0.0.1:{server.server_address[1]}",
            {folder: {} for folder in (*SCHEMAS, "squad", "tool")},
        )
        vapi.add("org", id=ORGANIZATION_ID, name="AutoPulse of the tests")
        handler.vapi = vapi  # type: ignore[attr-defined] # a class of this server's own
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield vapi
        server.shutdown()
        thread.join()
