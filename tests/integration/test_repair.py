"""A comparison with Vapi finds what is lost, and nothing any more once that was asked for (recorded calls too)."""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Final

import pytest

from autopulse.db.engine import engine
from autopulse.domain.answers import answer_names
from autopulse.reconciliation.compare import Comparison, compare
from autopulse.reconciliation.records import Record, read_record, summarize
from autopulse.vapi.call_ids import find_call_id
from autopulse.vapi.envelope import Envelope, believe_all
from tests.integration.orders import snapshot
from tests.integration.pipeline import ORGANIZATION, Pipeline, webhook
from tests.integration.test_records import REPORTS, deliver, envelope_from_record, record_of

NOW: Final = datetime.now(timezone.utc)
"""After every recorded call."""


@pytest.fixture
def _ours(pipeline: Pipeline) -> Iterator[None]:
    pipeline.place(ORGANIZATION)
    yield
    pipeline.place("")


def _fields(record: Record) -> list[str]:
    """What is different of a call."""
    summary = summarize(record, NOW, answer_names(""), believe_all)
    with engine().connect() as transaction:
        return [one.field for one in compare(transaction, [summary], Comparison(NOW, ORGANIZATION))]


def _orders(name: str) -> list[list[Envelope]]:
    """The real report and what Vapi answers, each alone, in both orders, and doubled."""
    body = REPORTS[name]
    real, asked = webhook(body, NOW), envelope_from_record(record_of(body), NOW)
    return [[asked], [real, asked], [asked, real], [asked, asked], [real, asked, real, asked]]


@pytest.mark.usefixtures("_ours")
@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("name", REPORTS)
def test_once_it_was_asked_for_a_call_is_not_different_any_more(pipeline: Pipeline, name: str, order: int) -> None:
    call_id = find_call_id(REPORTS[name]["message"])
    if call_id is not None:
        pipeline.make_call(id=call_id)
    record = read_record(record_of(REPORTS[name]))
    assert _fields(record) == ["call"], "it was never announced"
    deliver(pipeline, *_orders(name)[order])
    assert _fields(record) == []
    before = snapshot(pipeline.database)
    deliver(pipeline, *_orders(name)[order])
    assert snapshot(pipeline.database) == before
