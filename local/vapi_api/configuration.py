"""The configuration of an organization: assistants, phone numbers, credentials, and the organization itself.

Unknown and missing fields are answered 400 with Vapi's list of errors. A PATCH is shallow: an object that is sent
replaces the stored one as a whole. Secrets are never returned. Lists have no cursor (`limit`, `createdAtLe`).
"""

import copy
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from jsonschema import Draft202012Validator

from local.vapi_api.answers import Answer, error

ORGANIZATION_ID: Final = "0ed0e5f0-0000-4000-8000-000000000001"
START: Final = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)

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
"""Folders whose lists have the parameters `limit` and `createdAt…`."""


@dataclass
class Configuration:
    """The stored resources, by folder and id."""

    stored: dict[str, dict[str, dict[str, Any]]]
    org_is_closed: bool = False
    before_change: Callable[[], None] | None = None

    def add(self, folder: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Store a resource without validation, as resources of former times may be."""
        made = START + timedelta(minutes=len(self.stored[folder]))
        stamp = made.isoformat().replace("+00:00", "Z")
        item = {"id": str(uuid.uuid4()), "orgId": ORGANIZATION_ID, "createdAt": stamp, "updatedAt": stamp, **fields}
        self.stored[folder][item["id"]] = item
        return item

    def answer_configuration(self, method: str, parts: list[str], query: Mapping[str, list[str]], body: Any) -> Answer:  # noqa: ANN401 - any JSON
        """Answer an authorized request; `parts` are those of the path, and the first is a folder."""
        folder, ids = parts[0], parts[1:]
        if folder == "org" and self.org_is_closed:
            return error(403, "Forbidden resource")
        if not ids:
            return self._create(folder, body) if method == "POST" else self._list(folder, query)
        item = self.stored[folder].get(ids[0])
        if item is None:
            return error(404, f"{folder} with id {ids[0]} does not exist")
        if method == "GET":
            return Answer(200, _shown(item))
        return self._change(folder, item, body) if method == "PATCH" else self._delete(folder, item)

    def _list(self, folder: str, query: Mapping[str, list[str]]) -> Answer:
        unknown = sorted(query.keys() - ({"limit", "createdAtLe"} if folder in _LISTED else set()))
        if unknown:
            return error(400, [f"property {name} should not exist" for name in unknown])
        items = sorted(self.stored[folder].values(), key=lambda item: str(item["createdAt"]), reverse=True)
        until = query.get("createdAtLe", ["9"])[0]
        limit = int(query.get("limit", ["100"])[0])
        return Answer(200, [_shown(item) for item in items if item["createdAt"] <= until][:limit])

    def _create(self, folder: str, body: Any) -> Answer:  # noqa: ANN401 - any JSON
        complaints = list(_complaints(folder, body))
        return error(400, complaints) if complaints else Answer(201, _shown(self.add(folder, **body)))

    def _change(self, folder: str, item: dict[str, Any], body: Any) -> Answer:  # noqa: ANN401 - any JSON
        complaints = list(_complaints(folder, body))
        if complaints:
            return error(400, complaints)
        if self.before_change is not None:
            self.before_change()
        item.update(copy.deepcopy(body))
        item["updatedAt"] = datetime.now(timezone.utc).isoformat()
        return Answer(200, _shown(item))

    def _delete(self, folder: str, item: dict[str, Any]) -> Answer:
        return Answer(200, _shown(self.stored[folder].pop(item["id"])))


def _complaints(folder: str, body: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield error messages as Vapi's validator words them."""
    for found in Draft202012Validator(SCHEMAS[folder]).iter_errors(body):
        path = ".".join(map(str, found.absolute_path))
        if found.validator == "additionalProperties":
            known = found.schema["properties"] if isinstance(found.schema, dict) else {}
            unknown = sorted(set(found.instance) - set(known)) if isinstance(found.instance, dict) else []
            yield from (".".join(filter(None, (path, f"property {name} should not exist"))) for name in unknown)
        else:
            yield f"{path}: {found.message}"


def _shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource without secrets: "once created, secrets are encrypted and cannot be viewed"."""
    shown = copy.deepcopy(dict(item))
    plan = shown.get("authenticationPlan")
    if isinstance(plan, dict):
        shown["authenticationPlan"] = {name: value for name, value in plan.items() if name not in _SECRETS}
    return shown
