"""Convert an entry of the webhook secret to Vapi's authentication plan, and sign as Vapi does to test it."""

import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final

from autopulse.vapi.signature import MESSAGE_ID_PLACEHOLDERS
from autopulse.vapi.webhook_credentials import read_credentials
from operate.target import OperationFailed

BEARER: Final = "Bearer "
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_PREFERRED: Final = ("hmac", "bearer", "shared-secret")
"""A signature comes first: it also authenticates the body, and the secret is not sent."""
DEFAULT_ENTRY: Final = {"kind": "hmac", "timestamp_header": "x-vapi-timestamp"}
"""The strongest entry of the secret that the template generates."""

Entry = dict[str, Any]


def current_entry(document: Mapping[str, Any]) -> Entry:
    """Return the entry that Vapi is to use: the best kind among those with the common secret, which is the current one.

    The best signature covers a timestamp, because a captured request can be replayed only within the tolerance. Raises
    OperationFailed if there is no usable entry.
    """
    entries = [entry for entry in document.get("credentials") or [] if isinstance(entry, dict)]
    usable = [entry for entry in entries if not entry.get("secret") and _is_usable(entry, document["secret"])]
    if not usable:
        raise OperationFailed("the webhook secret has no usable entry for its common secret; docs/configuration.md")
    best = min(usable, key=lambda entry: (_PREFERRED.index(entry["kind"]), not entry.get("timestamp_header")))
    return best | {"secret": document["secret"]}


def plan_of(entry: Entry) -> dict[str, Any]:
    """Return Vapi's `authenticationPlan` for webhooks that the entry accepts."""
    return _hmac_plan(entry) if entry["kind"] == "hmac" else _bearer_plan(entry)


def sign(entry: Entry, body: bytes) -> dict[str, str]:
    """Return the headers that Vapi sends with that plan."""
    plan = plan_of(entry)
    if plan["type"] == "bearer":
        return {plan["headerName"]: f"{BEARER if plan['bearerPrefixEnabled'] else ''}{plan['token']}"}
    return _signed(plan, entry, body)


def _is_usable(entry: Entry, secret: str) -> bool:
    document = {"secret": secret, "credentials": [entry]}
    return bool(read_credentials(json.dumps(document)).usable) and _is_expressible(entry)


def _is_expressible(entry: Entry) -> bool:
    """Return whether Vapi can send it: Vapi's bearer prefix is fixed."""
    return entry["kind"] != "bearer" or entry.get("prefix", BEARER).strip() in {"", BEARER.strip()}


def _bearer_plan(entry: Entry) -> dict[str, Any]:
    is_bearer = entry["kind"] == "bearer"
    return {
        "type": "bearer",
        "token": entry["secret"],
        "headerName": entry.get("header") or ("Authorization" if is_bearer else "X-Vapi-Secret"),
        "bearerPrefixEnabled": is_bearer and bool(entry.get("prefix", BEARER).strip()),
    }


def _hmac_plan(entry: Entry) -> dict[str, Any]:
    timestamp_header = entry.get("timestamp_header")
    payload_format = entry.get("payload_format") or ("{timestamp}.{body}" if timestamp_header else "{body}")
    plan = {
        "type": "hmac",
        "secretKey": entry["secret"],
        "algorithm": entry.get("algorithm") or "sha256",
        "signatureHeader": entry.get("header") or "x-vapi-signature",
        "signatureEncoding": entry.get("encoding") or "hex",
        "signaturePrefix": entry.get("prefix"),
        "includeTimestamp": timestamp_header is not None,
        "timestampHeader": timestamp_header,
        "payloadFormat": payload_format.replace("{message-id}", "{svix-id}"),
        "messageIdHeader": entry.get("message_id_header"),
        "secretIsBase64": entry.get("secret_is_base64"),
    }
    return {name: value for name, value in plan.items() if value is not None}


def _signed(plan: Mapping[str, Any], entry: Entry, body: bytes) -> dict[str, str]:
    timestamp, message_id = str(int(time.time())), f"msg_{uuid.uuid4().hex}"
    values = {
        "body": body,
        "timestamp": timestamp.encode(),
        "method": b"POST",
        "url": str(entry.get("url", "")).encode(),
        **dict.fromkeys(MESSAGE_ID_PLACEHOLDERS, message_id.encode()),
    }
    parts = _PLACEHOLDER.split(plan["payloadFormat"])
    payload = b"".join(values[part] if place % 2 else part.encode() for place, part in enumerate(parts))
    digest = hmac.new(_key(plan), payload, getattr(hashlib, plan["algorithm"])).digest()
    signature = digest.hex() if plan["signatureEncoding"] == "hex" else base64.b64encode(digest).decode()
    named = {
        plan["signatureHeader"]: f"{plan.get('signaturePrefix', '')}{signature}",
        plan.get("timestampHeader"): timestamp,
        plan.get("messageIdHeader"): message_id,
    }
    return {name: value for name, value in named.items() if name is not None}


def _key(plan: Mapping[str, Any]) -> bytes:
    secret = str(plan["secretKey"])
    if not plan.get("secretIsBase64"):
        return secret.encode()
    encoded = secret.strip().removeprefix("whsec_")
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4))
