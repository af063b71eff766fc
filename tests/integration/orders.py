"""Deliver the same messages in many orders, and check that the rows are always equal (docs/call-state.md 9)."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from pg8000.native import Connection

from local.database import read_rows
from tests.integration.bodies import Body
from tests.integration.pipeline import Pipeline, webhook

FIRST_CALL: Final = 1_000_001
"""First id of the application's calls; calls that messages create have smaller ids."""
SHUFFLES: Final = 4
EXCEPTED: Final = {
    "call": ["updated_at"],
    "vapi_call": [],
    "call_quality": [],
    "call_original": [],
    "webhook_event": ["received_at", "processed_at", "outcome", "repeats"],
    "call_words": ["began"],  # for a call without times, when its row was written
    "call_feedback": ["id", "created_at", "updated_at"],
    "transcript": ["id"],
    "call_incident": ["id"],
    "follow_up": ["id"],
    "service_record": [],
    "service_record_original": [],
}
"""Table -> columns that may differ."""
_ROWS: Final = "(SELECT json_agg(to_jsonb(r) - CAST('{%s}' AS text[])) FROM %s AS r) AS %s"
_SNAPSHOT: Final = "SELECT " + ", ".join(_ROWS % (",".join(names), table, table) for table, names in EXCEPTED.items())
Rows = Mapping[str, Sequence[str]]


def snapshot(database: Connection) -> Rows:
    """Return all rows as text without the columns that may differ; calls that messages made are named by Vapi's id."""
    (tables,) = read_rows(database, _SNAPSHOT)
    names = {call["id"]: _name(call) for call in tables["call"] or []}
    return {table: sorted(_text(table, row, names) for row in rows or []) for table, rows in tables.items()}


def _name(call: Mapping[str, Any]) -> object:
    return call["id"] if call["id"] >= FIRST_CALL else call["vapi_call_id"]


def _text(table: str, row: dict[str, Any], names: Mapping[int, object]) -> str:
    key = "id" if table == "call" else "call_id"
    return json.dumps(row | {key: names.get(row[key])} if key in row else row, sort_keys=True)


def end_in_equal_rows(
    pipeline: Pipeline, prepare: Callable[[], object], bodies: Sequence[Body], receive_count: int = 1
) -> Rows:
    """Deliver `bodies` in many ways, each time after `prepare`; returns the rows of the last, the given order.

    Returned records are delivered again after all others, until nothing changes any more.
    """
    ends = [_end(pipeline, prepare, batches, receive_count) for batches in _deliveries(bodies)]
    for end in ends[:-1]:
        assert end == ends[-1]
    return ends[-1]


def _deliveries(bodies: Sequence[Body]) -> Iterator[list[list[Body]]]:
    """Yield batches of one kind each: shuffled, reversed, each kind as one batch, duplicated, in the given order."""
    for seed in range(SHUFFLES):
        order = random.Random(seed).sample(bodies, len(bodies))
        yield [[body] for body in order]
        yield _batches(order)
    yield [[body] for body in reversed(bodies)]
    yield _batches(sorted(bodies, key=_kind))
    yield _batches(sorted(bodies, key=_kind, reverse=True))
    yield [[body, body] for body in bodies] + [[body] for body in bodies]
    yield [[body] for body in bodies]


def _batches(bodies: Sequence[Body]) -> list[list[Body]]:
    return [list(batch) for _, batch in groupby(bodies, _kind)]


def _kind(body: Body) -> str:
    return webhook(body).kind


def _end(
    pipeline: Pipeline, prepare: Callable[[], object], batches: Sequence[Sequence[Body]], receive_count: int
) -> Rows:
    pipeline.clear()
    prepare()
    waiting: list[Body] = []
    for batch in batches:
        waiting += [batch[place] for place in pipeline.send(*batch, receive_count=receive_count)]
    for body in waiting:
        assert pipeline.send(body, receive_count=2) == []
    assert pipeline.queues.dead_letters == []
    return snapshot(pipeline.database)
