"""Any order, repetition and batching of some calls' messages ends in equal rows (docs/call-state.md 9)."""

from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from autopulse.consumers import runner
from autopulse.consumers.consumer import Disposition
from autopulse.consumers.queue import UNKNOWN_CALL_TRIES, ReceivedMessage
from autopulse.errors import UnknownCall
from autopulse.vapi.envelope import RECONCILIATION
from tests.integration.orders import Rows, snapshot
from tests.integration.pipeline import Pipeline
from tests.property.scenarios import NOT_OURS, OWNERS, Delivery, Message, Scenario, deliveries, scenarios


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


_ASKED_IN_VAIN: Final[list[str]] = []
"""Event ids of what was asked for about a call that is not known yet: it is asked for again."""


@pytest.fixture(scope="module")
def pipeline(module_database_url: str, patch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    pipeline = Pipeline(module_database_url, patch)
    patch.setattr(runner, "account_for", _only_unknown_calls_fail)
    yield pipeline
    pipeline.close()


def _only_unknown_calls_fail(_kind: str, settled: list[ReceivedMessage], *_: object) -> None:
    _ASKED_IN_VAIN.extend(
        one.envelope.event_id
        for one in settled
        if one.envelope and one.envelope.origin == RECONCILIATION and one.disposition is Disposition.IGNORED
    )
    failures = [one.error for one in settled if one.error is not None]
    assert [error for error in failures if not isinstance(error, UnknownCall)] == []


@given(scenario=scenarios(), data=st.data())
def test_any_order_ends_in_equal_rows(pipeline: Pipeline, scenario: Scenario, data: st.DataObject) -> None:
    pipeline.place(scenario.default_organization)
    one, other = (data.draw(deliveries(scenario.messages)) for _ in range(2))
    rows = _end(pipeline, scenario, one)
    assert rows["webhook_event"] or not scenario.calls, "nothing was applied"
    assert _end(pipeline, scenario, other) == rows


def _end(pipeline: Pipeline, scenario: Scenario, delivery: Delivery) -> Rows:
    """The rows in which a delivery ends."""
    pipeline.clear()
    _write(pipeline, scenario)
    default = scenario.default_organization
    waiting = [
        message
        for batch in delivery.batches
        for message in _deliver(pipeline, batch.messages, default if batch.waited else None)
    ]
    while waiting and (still := [left for one in waiting for left in _deliver(pipeline, [one], default)]) != waiting:
        waiting = still
    note(f"never applied: {waiting}")
    return snapshot(pipeline.database)


def _deliver(pipeline: Pipeline, batch: Sequence[Message], default_organization: str | None) -> list[Message]:
    """Those that were returned, or are to be asked for again, since their call is not known yet.

    With a default organization, or the empty text for none, those that tell enough have waited long enough.
    """
    waited = default_organization is not None
    counts = [
        UNKNOWN_CALL_TRIES + 1 if waited and message.may_be_given_a_row_late(default_organization or "") else 1
        for message in batch
    ]
    returned = pipeline.deliver(batch[0].kind, [message.body for message in batch], counts)
    left = [batch[place] for place in returned]
    left += [message for message in batch if message.event_id in _ASKED_IN_VAIN]
    _ASKED_IN_VAIN.clear()
    return left


def _write(pipeline: Pipeline, scenario: Scenario) -> None:
    pipeline.add_other_organization()
    pipeline.own(NOT_OURS, None, ignored=True)
    for organization_id, ids in OWNERS.items():
        for id_ in ids.values():
            pipeline.own(id_, organization_id)
    for service_record in scenario.service_records:
        pipeline.make_service_record(**service_record)
    for call in scenario.calls:
        pipeline.make_call(**call)
    for turn in scenario.turns:
        pipeline.insert("transcript", **turn)
    for feedback in scenario.feedback:
        pipeline.insert("call_feedback", **feedback)
