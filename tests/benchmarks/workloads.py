"""The workload: realistic webhooks of simulated calls, as the verifier would have queued them."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import count, cycle
from random import Random
from typing import Any, Final

from autopulse.vapi.envelope import envelope_from
from local.simulator.scenario import CallScript, Turn, write_script
from local.simulator.webhook_factory import webhooks

SqsEvent = dict[str, Any]
TURNS: Final = 40
_START: Final = datetime(2026, 7, 1, 15, tzinfo=timezone.utc)


def scripts(random: Random, first_call_id: int = 1) -> Iterator[CallScript]:
    """Return calls that reached the customer, with `TURNS` turns each."""
    for call_id in count(first_call_id):
        script = write_script(random, call_id, _START + timedelta(seconds=call_id), outcome="reached", stalls=False)
        yield _with_turns(script)


def _with_turns(script: CallScript) -> CallScript:
    texts = cycle(turn.text for turn in script.turns)
    turns = tuple(
        Turn("bot" if place % 2 == 0 else "user", next(texts), 1 + 3.0 * place, 3 + 3.0 * place)
        for place in range(TURNS)
    )
    started_at = script.started_at or script.created_at
    return replace(script, turns=turns, ended_at=started_at + timedelta(seconds=3 * TURNS + 2))


def report_body(script: CallScript) -> bytes:
    """Return the report as Vapi posts it."""
    return json.dumps(webhooks(script, {"end-of-call-report"})[0][1], separators=(",", ":")).encode()


def status_events(calls: Iterator[CallScript], size: int, batches: int) -> list[SqsEvent]:
    """Return batches of in-progress statuses, each of another call: a call's first message costs the most."""
    return [sqs_event("status_update", [_status(next(calls)) for _ in range(size)]) for _ in range(batches)]


def report_events(calls: Iterator[CallScript], size: int, batches: int) -> list[SqsEvent]:
    """Return batches of reports, each of another call."""
    return [
        sqs_event("end_of_call_report", [webhooks(next(calls), {"end-of-call-report"})[0][1] for _ in range(size)])
        for _ in range(batches)
    ]


def sqs_event(kind: str, bodies: list[dict[str, Any]]) -> SqsEvent:
    """Return the event with which SQS would invoke the consumer."""
    return {"Records": [_record(kind, body) for body in bodies]}


def _status(script: CallScript) -> dict[str, Any]:
    return webhooks(replace(script, turns=()), {"status-update"})[0][1]


def _record(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "handle",
        "body": envelope_from(kind, body["message"], datetime.now(timezone.utc), None).to_json(),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
