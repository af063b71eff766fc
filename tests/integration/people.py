"""Requests of people to functions beside the read API."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from local.events import reading_event
from tests.integration.pipeline import ORGANIZATION

Answer = tuple[int, dict[str, Any]]
"""Status and body."""


def ask(
    handle: Callable[[dict[str, Any]], Mapping[str, Any]],
    method: str,
    path: str,
    body: Any = None,  # noqa: ANN401 - any JSON, or text that is none
    **who: str,
) -> Answer:
    """Send a request as Kim, who may only read unless `who` says otherwise; no answer may be cached."""
    context = {
        "organization_id": ORGANIZATION,
        "subject": "kim",
        "name": "Kim Example",
        "expires_at": str(int(time.time()) + 60),
        "may_write": "false",
    } | who
    event = reading_event(path, context) | {"httpMethod": method}
    event["body"] = body if isinstance(body, str) or body is None else json.dumps(body)
    answer = handle(event)
    assert answer["headers"]["cache-control"] == "no-store"
    return answer["statusCode"], json.loads(answer["body"] or "{}")
