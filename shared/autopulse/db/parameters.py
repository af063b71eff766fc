"""Values as parameters of set-based statements: rows as one JSON text, ids as one array text.

A statement with one parameter for a whole batch is prepared once and has the same plan for every batch.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any


def as_rows(rows: Iterable[Mapping[str, Any] | str]) -> str:
    """A JSON array for `json_to_recordset`; times as ISO 8601, decimals as text that Postgres reads exactly."""
    return json.dumps(list(rows), default=_as_text)


def as_array(ids: Iterable[int]) -> str:
    """An `integer[]`; pg8000's own way takes 25 us an item."""
    return f"{{{','.join(map(str, ids))}}}"


def _as_text(value: datetime | Decimal) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
