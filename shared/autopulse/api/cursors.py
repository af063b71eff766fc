"""Cursors: the position at which the next page begins, as a text that the client sends back.

A cursor is bound to its list: to the reader's scope, the filters and the order. It has no secret and is not signed,
because a forged cursor is only another position in the reader's own list.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from autopulse.db.queries.pages import Position
from autopulse.domain.scope import Scope
from autopulse.errors import Problem
from autopulse.json_coercion import MAX_CALL_ID, Json

NO_TIME: Final = "-infinity"
MAX_CHARACTERS: Final = 200
_BINDING_CHARACTERS: Final = 16


def binding_of(kind: str, scope: Scope, order: str, filters: Mapping[str, Json]) -> str:
    """Return a digest that identifies the list."""
    content = json.dumps([kind, scope.organization_id, scope.advisor_id, order, sorted(filters.items())])
    return hashlib.sha256(content.encode()).hexdigest()[:_BINDING_CHARACTERS]


def encode(position: Position, binding: str) -> str:
    """The cursor of a position in a list."""
    content = json.dumps([position.began, position.call_id, binding], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode(cursor: str, binding: str) -> Position:
    """The position of a cursor; raises Problem if it is invalid, or belongs to another list."""
    began, call_id, bound_to = _read(cursor)
    if bound_to != binding:
        raise Problem(400, "The cursor belongs to another list: begin again without it.", field="cursor")
    if not (isinstance(call_id, int) and 0 < call_id <= MAX_CALL_ID and _is_time(began)):
        raise _unreadable()
    return Position(str(began), call_id)


def _read(cursor: str) -> tuple[Json, Json, Json]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        began, call_id, binding = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as error:
        raise _unreadable() from error
    return began, call_id, binding


def _is_time(began: Json) -> bool:
    if began == NO_TIME:
        return True
    try:
        return isinstance(began, str) and datetime.fromisoformat(began).tzinfo is not None
    except ValueError:
        return False


def _unreadable() -> Problem:
    return Problem(400, "The cursor is not one that this list gave.", field="cursor")
