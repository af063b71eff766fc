"""Requests in API Gateway's form."""

import base64
import hashlib
import hmac
import json
from typing import Any

SECRET = "an-invented-webhook-secret"


def event(body: bytes, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a REST API's proxy event with a binary body."""
    given = headers or {}
    return {
        "resource": "/v1/webhooks/vapi-webhook",
        "path": "/v1/webhooks/vapi-webhook",
        "httpMethod": "POST",
        "headers": given,
        "multiValueHeaders": {name: [value] for name, value in given.items()},
        "queryStringParameters": None,
        "requestContext": {"requestId": "request-1", "stage": "api"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def encoded(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def with_secret(body: object, secret: str = SECRET) -> dict[str, Any]:
    return event(encoded(body), {"X-Vapi-Secret": secret, "Content-Type": "application/json"})


def signed(body: object, secret: str = SECRET) -> dict[str, Any]:
    payload = encoded(body)
    signature = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
    return event(payload, {"x-vapi-signature": signature})
