"""Final `transcript` messages and fragments: turns that come alone (docs/call-state.md 5)."""

import pytest

from autopulse.domain.bounds import MAX_TEXT_CHARACTERS
from autopulse.domain.events import CallEventType
from tests.integration.bodies import final_transcript, fragment, message, outbound, web
from tests.integration.pipeline import RECEIVED_AT, Pipeline, after


@pytest.fixture
def call_id(pipeline: Pipeline) -> int:
    return pipeline.make_call()


def test_turns_are_ordered_by_time_whatever_their_order(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(
        final_transcript(outbound(call_id), 2, "user", "Fine"),
        fragment(outbound(call_id), 3, "assistant", "Bye"),
        final_transcript(outbound(call_id), 1, "assistant", "Hello"),
    )
    rows = pipeline.rows("SELECT role, content, timestamp, source, sequence FROM transcript ORDER BY timestamp")
    assert [(row["role"], row["content"], row["timestamp"]) for row in rows] == [
        ("assistant", "Hello", after(1)),
        ("human", "Fine", after(2)),
        ("assistant", "Bye", after(3)),
    ]
    assert {(row["source"], row["sequence"]) for row in rows} == {("fragment", None)}


def test_the_literal_type_of_a_final_transcript(pipeline: Pipeline, call_id: int) -> None:
    body = message('transcript[transcriptType="final"]', outbound(call_id), 1, role="user", transcript="Fine")
    pipeline.send_each(body)
    assert pipeline.turns(call_id) == [("fragment", None, "human", "Fine")]


def test_the_same_words_at_the_same_time_are_one_turn(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(
        final_transcript(outbound(call_id), 1, "user", "Yes"),
        fragment(outbound(call_id), 1, "user", "Yes"),
        final_transcript(outbound(call_id), 1, "assistant", "Yes"),
        final_transcript(outbound(call_id), 2, "user", "Yes"),
    )
    assert len(pipeline.turns(call_id)) == 3
    both = [final_transcript(outbound(call_id, type=type_), 5, "user", "Twice") for type_ in ("outboundPhoneCall", "x")]
    assert pipeline.send(*both) == []
    assert len(pipeline.turns(call_id)) == 4


@pytest.mark.parametrize(
    ("role", "text"), [("user", ""), ("user", " "), ("system", "Prompt"), ("", "Fine"), ("nobody", "x")]
)
def test_nothing_said_or_said_by_nobody_writes_nothing(pipeline: Pipeline, call_id: int, role: str, text: str) -> None:
    pipeline.send_each(final_transcript(outbound(call_id), 1, role, text))
    assert pipeline.turns(call_id) == []
    assert pipeline.count("webhook_event") == 1
    assert pipeline.call_events == []


def test_without_a_sender_time_a_turn_has_the_receipts(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(final_transcript(outbound(call_id), None, "user", "Fine"))
    assert pipeline.row("SELECT timestamp FROM transcript") == {"timestamp": RECEIVED_AT}


def test_a_text_longer_than_a_turn_may_be_is_stored_up_to_that_length(pipeline: Pipeline, call_id: int) -> None:
    text = "".join(f"word{number} " for number in range(50_000))
    pipeline.send_each(final_transcript(outbound(call_id), 1, "user", text))
    ((_, _, _, stored),) = pipeline.turns(call_id)
    assert len(stored) == MAX_TEXT_CHARACTERS
    assert text.startswith(stored[:-1])


def test_a_spoken_turn_changes_nothing_else_of_the_call(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id="web-1", is_web=True)
    before = pipeline.call(call_id)
    pipeline.send_each(final_transcript(web("web-1"), 1, "user", "Fine"))
    assert pipeline.call(call_id) == before
    facts = pipeline.facts(call_id)
    assert (facts["human_turn"], facts["first_at"], facts["status"], facts["reported_columns"]) == (
        True,
        after(1),
        None,
        [],
    )
    (call_event,) = pipeline.call_events
    assert (call_event.type, call_event.changed) == (
        CallEventType.TRANSCRIPT_UPDATED,
        {"source": "fragment", "turns": 1, "skipped": 0},
    )


def test_turns_of_many_calls_in_one_batch(pipeline: Pipeline) -> None:
    calls = [pipeline.make_call() for _ in range(3)]
    bodies = [
        final_transcript(outbound(call_id, f"vapi-{call_id}"), at, "user", f"{call_id} at {at}")
        for at in (2, 1)
        for call_id in calls
    ]
    assert pipeline.send(*bodies) == []
    assert [[text for *_, text in pipeline.turns(call_id)] for call_id in calls] == [
        [f"{call_id} at 1", f"{call_id} at 2"] for call_id in calls
    ]
