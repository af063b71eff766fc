"""The calls that Vapi has: listed, read one by one, and beyond retention after 14 days.

A record is stored in its final form. Until then it is shown as far as the call has come: queued until it starts, in
progress with an empty artifact until it ends, and without its analysis until its last update.
"""

import json
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from local.vapi_api.answers import Answer, error

Record = dict[str, Any]
RETENTION: Final = timedelta(days=14)
MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 100
FORGOTTEN: Final = "forgotten"
"""State of a call that is beyond retention, whatever its age."""
UNKNOWN: Final = "unknown"
"""State of a call that Vapi does not know."""
ENDED: Final = "ended"
IN_PROGRESS: Final = "in-progress"
STATUSES: Final = frozenset(
    {"scheduled", "queued", "ringing", IN_PROGRESS, "forwarding", ENDED, "not-found", "deletion-failed"}
)
STATES: Final = STATUSES | {FORGOTTEN, UNKNOWN}
_OVER: Final = frozenset({ENDED, "deletion-failed"})
"""Statuses of a call that has ended."""
_TALKING: Final = frozenset({IN_PROGRESS, "forwarding"})
_BOUNDS: Final = {"Gt": ">", "Ge": ">=", "Lt": "<", "Le": "<="}
_TIMES: Final = {"createdAt": "created_at", "updatedAt": "updated_at"}
_IDS: Final = {"id": "id", "assistantId": "assistant_id", "phoneNumberId": "phone_number_id"}
_SUBSCRIPTION: Final = "Your subscription plan only covers the last 14 days of call history."
_OF_THE_END: Final = frozenset(
    {"endedAt", "endedReason", "endedMessage", "analysis", "cost", "costs", "costBreakdown", "summary", "transcript"}
    | {"messages", "recordingUrl", "stereoRecordingUrl", "durationMs", "durationSeconds", "durationMinutes"}
)
"""Fields that only an ended call has."""
_OF_THE_ANALYSIS: Final = ("analysis", "summary")


class Calls:
    """The records of one organization, in a file or in memory."""

    def __init__(self, file: Path | None, now: Callable[[], datetime]) -> None:
        """Open the file, or create it."""
        self._now = now
        self._database = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS call (id text PRIMARY KEY, created_at real, updated_at real,"
            " assistant_id text, phone_number_id text, state text, record text)"
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def put(self, *records: Record) -> None:
        """Store final records; those with the same ids are replaced."""
        self._database.executemany(
            "INSERT OR REPLACE INTO call"
            " VALUES (:id, :created_at, :updated_at, :assistantId, :phoneNumberId, NULL, :record)",
            [
                {
                    "id": record["id"],
                    "created_at": _seconds(record["createdAt"]),
                    "updated_at": _seconds(record["updatedAt"]),
                    "assistantId": record.get("assistantId"),
                    "phoneNumberId": record.get("phoneNumberId"),
                    "record": json.dumps(record),
                }
                for record in records
            ],
        )

    def hold(self, call_id: str, state: str | None) -> None:
        """Keep a call in a state: one of Vapi's statuses, `forgotten` or `unknown`; None returns to the real time."""
        if state is not None and state not in STATES:
            raise ValueError(f"a call is in none of these states: {state}")
        self._database.execute("UPDATE call SET state = ? WHERE id = ?", (state, call_id))

    def change(self, call_id: str, **fields: Any) -> None:  # noqa: ANN401 - any JSON
        """Replace fields of a record, and keep its state."""
        rows = self._database.execute("SELECT record, state FROM call WHERE id = ?", (call_id,)).fetchall()
        for record, state in rows:
            self.put(json.loads(record) | fields)
            self.hold(call_id, state)

    def forget_old(self) -> None:
        """Delete calls of more than twice the retention."""
        self._database.execute("DELETE FROM call WHERE created_at < ?", (self._horizon() - RETENTION.total_seconds(),))

    def read(self, call_id: str) -> Answer:
        """Answer `GET /call/{id}`, without presigned URLs."""
        row = self._database.execute("SELECT record, state, created_at FROM call WHERE id = ?", (call_id,)).fetchone()
        if row is None or row[1] == UNKNOWN:
            return error(404, f"call with id {call_id} does not exist")
        record, state, created_at = row
        if state == FORGOTTEN or created_at < self._horizon():
            return error(400, f"{_SUBSCRIPTION} This call exceeds your retention window.")
        return Answer(200, shown(json.loads(record), state, self._now()))

    def find(self, query: Mapping[str, Sequence[str]]) -> Answer:
        """Answer `GET /call` with a plain array, newest first."""
        complaints = list(_complaints(query))
        if complaints:
            return error(400, complaints)
        if any(_seconds(query[name][0]) < self._horizon() for name in ("createdAtGe", "createdAtGt") if name in query):
            day = datetime.fromtimestamp(self._horizon(), timezone.utc) + timedelta(days=1)
            return error(400, f"{_SUBSCRIPTION} Please adjust your date filter to {day:%a %b %d %Y} or later.")
        conditions, values = _conditions(query)
        limit = int(float(query.get("limit", [str(DEFAULT_LIMIT)])[0]))
        rows = self._database.execute(
            "SELECT record, state FROM call WHERE created_at >= ? AND coalesce(state, '') NOT IN (?, ?)"  # noqa: S608 - words of ours
            f"{''.join(conditions)} ORDER BY created_at DESC, id LIMIT ?",
            (self._horizon(), FORGOTTEN, UNKNOWN, *values, limit),
        )
        return Answer(200, [shown(json.loads(record), state, self._now()) for record, state in rows])

    def _horizon(self) -> float:
        return (self._now() - RETENTION).timestamp()


def shown(record: Record, state: str | None, now: datetime) -> Record:
    """Return a record as it is at this time, or in the state in which it is held."""
    status = state or _status(record, now)
    if status in _OVER:
        is_analysed = state is not None or _seconds(record["updatedAt"]) <= now.timestamp()
        return (record if is_analysed else _without(record, _OF_THE_ANALYSIS)) | {"status": status}
    begun = _without(record, _OF_THE_END) | {"status": status, "artifact": {}}
    has_begun = status in _TALKING and bool(record.get("startedAt"))
    begun["updatedAt"] = record["startedAt"] if has_begun else record["createdAt"]
    return begun if has_begun else _without(begun, ("startedAt",))


def _status(record: Record, now: datetime) -> str:
    if not record.get("endedAt"):
        return str(record.get("status", "queued"))
    if _seconds(record["endedAt"]) <= now.timestamp():
        return ENDED
    is_begun = record.get("startedAt") and _seconds(record["startedAt"]) <= now.timestamp()
    return IN_PROGRESS if is_begun else "queued"


def _without(record: Record, names: Sequence[str] | frozenset[str]) -> Record:
    return {name: value for name, value in record.items() if name not in names}


def _conditions(query: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str | float]]:
    conditions: list[str] = []
    values: list[str | float] = []
    for name, given in query.items():
        if name in _IDS:
            conditions.append(f" AND {_IDS[name]} = ?")
            values.append(given[0])
        elif name != "limit":
            conditions.append(f" AND {_TIMES[name[:-2]]} {_BOUNDS[name[-2:]]} ?")
            values.append(_seconds(given[0]))
    return conditions, values


def _complaints(query: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield error messages as Vapi's validator words them."""
    for name, given in query.items():
        if name == "limit":
            if not 0 <= _number(given[0]) <= MAX_LIMIT:
                yield f"limit must be a number from 0 to {MAX_LIMIT}"
        elif name[:-2] in _TIMES and name[-2:] in _BOUNDS:
            if not _is_time(given[0]):
                yield f"{name} must be a valid ISO 8601 date string"
        elif name not in _IDS:
            yield f"property {name} should not exist"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _is_time(text: str) -> bool:
    try:
        _seconds(text)
    except ValueError:
        return False
    return True


def _seconds(time: str) -> float:
    """Return seconds since 1970 of an ISO time, in UTC if it has no offset."""
    moment = datetime.fromisoformat(time)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
