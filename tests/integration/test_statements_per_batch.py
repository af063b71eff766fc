"""A batch is a constant number of statements, whatever its size."""

from collections.abc import Callable
from typing import Any

import pytest

from autopulse import pseudonym_key
from autopulse.db.prepared import PreparingConnection
from autopulse.domain.pseudonyms import Pseudonyms
from tests.integration.bodies import (
    Body,
    conversation,
    final_transcript,
    fragment,
    inbound,
    message,
    outbound,
    report,
    status,
    turn,
)
from tests.integration.pipeline import Pipeline

TURNS = [turn("bot" if place % 2 else "user", f"Turn {place}", place) for place in range(10)]
BODIES: dict[str, tuple[int, Callable[[Body], Body]]] = {
    "status_update": (3, lambda call: status("ended", call, 60, endedReason="voicemail")),
    "conversation_update": (4, lambda call: conversation(call, 10, *TURNS)),
    "fragments": (4, lambda call: fragment(call, 10, "user", "Yes")),
    "end_of_call_report": (8, lambda call: report(call, messages=TURNS)),
    "unhappy": (9, lambda call: report(call, messages=TURNS, analysis={"structuredData": {"nps_score": 3}})),
    "opt-out": (9, lambda call: report(call, artifact={"structuredOutputs": {"a": {"name": "DNC", "result": True}}})),
    "stall": (4, lambda call: message("hang", call, 40)),
    "transcript": (4, lambda call: final_transcript(call, 10, "user", "Yes")),
}
"""Statements of a batch about calls that are there, and a message of that sort."""
SIZES = (1, 10, 100)


@pytest.fixture
def statements(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is sent to the server, with parameters or without, on a connection that is there."""
    pipeline.send_each({"message": {"type": "autopulse.ping", "timestamp": 0}})
    monkeypatch.setattr(pseudonym_key, "pseudonyms", lambda: Pseudonyms(b"k" * 32))
    sent: list[str] = []
    for name in ("execute_prepared", "execute_unnamed", "execute_simple"):
        monkeypatch.setattr(PreparingConnection, name, _counting(getattr(PreparingConnection, name), sent))
    return sent


def _counting(execute: Callable[..., Any], sent: list[str]) -> Callable[..., Any]:
    def count(self: PreparingConnection, statement: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - pg8000's
        if statement.lower() not in {"begin transaction", "commit", "rollback"}:
            sent.append(statement)
        return execute(self, statement, *args, **kwargs)

    return count


def number_of_statements(pipeline: Pipeline, statements: list[str], bodies: list[Body]) -> int:
    statements.clear()
    assert pipeline.send(*bodies) == []
    assert pipeline.queues.dead_letters == []
    assert len(pipeline.receipts()) >= len(bodies)
    return len(statements)


@pytest.mark.parametrize("sort", BODIES)
def test_statements_do_not_grow_with_the_batch(pipeline: Pipeline, statements: list[str], sort: str) -> None:
    expected, make = BODIES[sort]
    counts = {}
    for size in SIZES:
        calls = [pipeline.make_call(service_record_id=pipeline.make_service_record()) for _ in range(size)]
        bodies = [make(outbound(call_id, f"vapi-{call_id}")) for call_id in calls]
        counts[size] = number_of_statements(pipeline, statements, bodies)
        counts[-size] = number_of_statements(pipeline, statements, bodies)
    repeats = 2  # lock, receipts
    assert counts == {size: expected if size > 0 else repeats for one in SIZES for size in (one, -one)}


@pytest.mark.usefixtures("default_organization")
def test_creating_calls_costs_two_more_for_all_of_them(pipeline: Pipeline, statements: list[str]) -> None:
    counts = []
    for size in SIZES:
        bodies = [status("in-progress", inbound(f"vapi-{size}-{number}"), 3) for number in range(size)]
        counts.append(number_of_statements(pipeline, statements, bodies))
        assert pipeline.count("call") == sum(SIZES[: SIZES.index(size) + 1])
    assert counts == [3 + 2] * len(SIZES)


def test_several_messages_of_one_call_are_no_more(pipeline: Pipeline, statements: list[str]) -> None:
    call_id = pipeline.make_call()
    words = ["ringing", "in-progress", "forwarding", "ended"]
    bodies = [status(word, outbound(call_id), at) for at in range(25) for word in words]
    assert number_of_statements(pipeline, statements, bodies) == 3
