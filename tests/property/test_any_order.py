"""Any order, repetition and batching of some calls' messages ends in equal rows (docs/call-state.md 9)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from autopulse.consumers import runner
from autopulse.consumers.queue import Delivery as Settled
from autopulse.errors import UnknownCall
from local.database import read_rows
from tests.integration.pipeline import ORGANIZATION, Pipeline
from tests.property.scenarios import FIRST_CALL, INBOUND_NUMBER, Delivery, Message, Scenario, deliveries, scenarios

EXCEPTED: Final = {
    "call": ["updated_at"],
    "vapi_call": [],
    "webhook_event": ["received_at", "processed_at", "outcome", "repeats"],
    "call_feedback": ["id", "created_at", "updated_at"],
    "transcript": ["id"],
    "call_incident": ["id"],
    "service_record": [],
    "service_record_origin": [],
}
"""Table -> columns that may differ."""
_ROWS: Final = "(SELECT json_agg(to_jsonb(r) - CAST('{%s}' AS text[])) FROM %s AS r) AS %s"
_SNAPSHOT: Final = "SELECT " + ", ".join(_ROWS % (",".join(names), table, table) for table, names in EXCEPTED.items())


@pytest.fixture(scope="module")
def pipeline(module_database_url: str) -> Iterator[Pipeline]:
    with pytest.MonkeyPatch.context() as patch:
        pipeline = Pipeline(module_database_url, patch)
        patch.setattr(runner, "account_for", _only_unknown_calls_fail)
        yield pipeline
        pipeline.close()


def _only_unknown_calls_fail(_kind: str, settled: list[Settled], *_: object) -> None:
    failures = [one.error for one in settled if one.error is not None]
    assert [error for error in failures if not isinstance(error, UnknownCall)] == []


@given(scenario=scenarios(), data=st.data())
def test_any_order_ends_in_equal_rows(pipeline: Pipeline, scenario: Scenario, data: st.DataObject) -> None:
    one, other = (data.draw(deliveries(scenario.messages)) for _ in range(2))
    rows = _end(pipeline, scenario, one)
    assert rows["webhook_event"], "nothing was applied"
    assert _end(pipeline, scenario, other) == rows


def _end(pipeline: Pipeline, scenario: Scenario, delivery: Delivery) -> Mapping[str, Any]:
    """The rows in which a delivery ends."""
    pipeline.clear()
    _write(pipeline, scenario)
    waiting = [message for batch in delivery.batches for message in _deliver(pipeline, batch)]
    while waiting and (still := [message for one in waiting for message in _deliver(pipeline, [one])]) != waiting:
        waiting = still
    note(f"never applied: {waiting}")
    return _snapshot(pipeline)


def _deliver(pipeline: Pipeline, batch: Sequence[Message]) -> list[Message]:
    """Those that were returned, since their call is not known yet."""
    returned = pipeline.deliver(batch[0].kind, [message.body for message in batch])
    return [batch[place] for place in returned]


def _write(pipeline: Pipeline, scenario: Scenario) -> None:
    pipeline.database.run("INSERT INTO vapi_number VALUES (:id, :owner)", id=INBOUND_NUMBER, owner=ORGANIZATION)
    for visit in scenario.visits:
        pipeline.make_visit(**visit)
    for call in scenario.calls:
        pipeline.make_call(**call)
    for turn in scenario.turns:
        pipeline.insert("transcript", **turn)


def _snapshot(pipeline: Pipeline) -> Mapping[str, list[str]]:
    (tables,) = read_rows(pipeline.database, _SNAPSHOT)
    names = {call["id"]: _name(call) for call in tables["call"] or []}
    return {table: sorted(_text(table, row, names) for row in rows or []) for table, rows in tables.items()}


def _name(call: Mapping[str, Any]) -> object:
    """What a call is called in both orders: the database numbers the calls that messages create."""
    return call["id"] if call["id"] >= FIRST_CALL else call["vapi_call_id"]


def _text(table: str, row: dict[str, Any], names: Mapping[int, object]) -> str:
    key = "id" if table == "call" else "call_id"
    return json.dumps(row | {key: names.get(row[key])} if key in row else row, sort_keys=True)
