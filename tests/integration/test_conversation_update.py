"""`conversation-update`: the whole history, every time; or one fragment (docs/call-state.md 5)."""

from typing import Any

import pytest

from autopulse.domain.bounds import MAX_TEXT_CHARACTERS, cut
from autopulse.domain.events import CallEventType
from tests.integration.bodies import TURNS, bare_report, conversation, fragment, message, outbound, report, turn, web
from tests.integration.pipeline import Pipeline, after, envelope

HELLO, FINE, BYE = turn("bot", "Hello", 1), turn("user", "Fine", 2), turn("bot", "Bye", 3)
STORED = [
    ("conversation", 0, "assistant", "Hello"),
    ("conversation", 1, "human", "Fine"),
    ("conversation", 2, "assistant", "Bye"),
]


@pytest.fixture
def call_id(pipeline: Pipeline) -> int:
    return pipeline.make_call()


def ids(pipeline: Pipeline) -> list[int]:
    return [row["id"] for row in pipeline.rows("SELECT id FROM transcript ORDER BY sequence")]


def test_the_applications_simple_shape(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id="call_123")
    simple = {"id": "call_123", "status": "in_progress"}
    body = {
        "message": {"type": "conversation-update", "call": simple, "transcript": {"speaker": "assistant", "text": "Hi"}}
    }
    pipeline.send_each(body)
    assert pipeline.turns(call_id) == [("fragment", None, "assistant", "Hi")]
    assert pipeline.call(call_id)["status"] == "Ready", "what the snapshot says is no news"


def test_the_whole_history_is_stored_once(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(conversation(outbound(call_id), 10, *TURNS))
    assert pipeline.turns(call_id) == [
        ("conversation", 0, "assistant", "Hello, how was your visit?"),
        ("conversation", 1, "human", "Very good."),
        ("conversation", 2, "tool", 'book({"day":"Monday"})'),
        ("conversation", 3, "tool_result", "Booked."),
        ("conversation", 4, "assistant", "Booked. Goodbye."),
    ]
    times = pipeline.rows("SELECT timestamp FROM transcript ORDER BY sequence")
    assert [row["timestamp"] for row in times] == [after(seconds) for seconds in (1.5, 4, 6, 6.5, 7)]


def test_only_what_changed_is_written(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(conversation(outbound(call_id), 10, HELLO, FINE))
    written = "SELECT id, xmin::text, xmax::text FROM transcript ORDER BY sequence"  # xmax: whoever locked the row
    before = pipeline.rows(written)
    corrected = turn("user", "Fine, thanks", 2)
    pipeline.send_each(conversation(outbound(call_id), 11, HELLO, corrected, BYE))
    now = pipeline.rows(written)
    assert now[0] == before[0]
    assert now[1]["id"] == before[1]["id"]
    assert now[1]["xmin"] != before[1]["xmin"]
    assert [row[3] for row in pipeline.turns(call_id)] == ["Hello", "Fine, thanks", "Bye"]


def test_a_later_shorter_list_shortens(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(
        conversation(outbound(call_id), 10, HELLO, FINE, BYE),
        conversation(outbound(call_id), 11, HELLO),
    )
    assert pipeline.turns(call_id) == STORED[:1]


def test_an_earlier_longer_list_changes_nothing(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(
        conversation(outbound(call_id), 11, HELLO),
        conversation(outbound(call_id), 10, HELLO, FINE, BYE),
    )
    assert pipeline.turns(call_id) == STORED[:1]
    assert len(pipeline.facts(call_id)["segments"]) == 1


@pytest.mark.parametrize("at", [10, None])
def test_of_equally_late_lists_the_longest_counts(pipeline: Pipeline, call_id: int, at: float | None) -> None:
    pipeline.send_each(
        conversation(outbound(call_id), at, HELLO),
        conversation(outbound(call_id), at, HELLO, FINE, BYE),
        conversation(outbound(call_id), at, HELLO, FINE),
    )
    assert pipeline.turns(call_id) == STORED


def test_untimed_lists_are_ordered_by_their_receipt(pipeline: Pipeline, call_id: int) -> None:
    def untimed(received_at: str, *turns: Any) -> str:  # noqa: ANN401 - any JSON value
        content = {"type": "conversation-update", "messages": turns}
        return envelope("conversation_update", content, call_id=call_id, received_at=received_at)

    late, early = untimed("2026-07-11T01:00:20Z", HELLO), untimed("2026-07-11T01:00:10Z", HELLO, FINE)
    assert pipeline.deliver("conversation_update", [late]) == []
    assert pipeline.deliver("conversation_update", [early]) == []
    assert pipeline.turns(call_id) == STORED[:1]


def test_lists_of_a_batch_are_folded(pipeline: Pipeline, call_id: int) -> None:
    bodies = [
        conversation(outbound(call_id), at, *turns)
        for at, turns in [(11, [HELLO, FINE]), (12, [HELLO]), (10, [HELLO, BYE])]
    ]
    assert pipeline.send(*bodies) == []
    assert pipeline.turns(call_id) == STORED[:1]
    assert len(pipeline.call_events) == 1


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([], id="empty"),
        pytest.param([turn("bot", " ", 1)], id="blank"),
        pytest.param([turn("narrator", "Silence", 1), turn("bot", "", 2)], id="nobody we know"),
    ],
)
def test_a_list_without_usable_items_is_no_source(pipeline: Pipeline, call_id: int, turns: list[Any]) -> None:
    pipeline.insert("transcript", call_id=call_id, role="human", content="Written", timestamp=after(1))
    pipeline.send_each(conversation(outbound(call_id), 10, *turns))
    assert pipeline.turns(call_id) == [(None, None, "human", "Written")]
    pipeline.send_each(fragment(outbound(call_id), 5, "user", "Spoken"))
    assert pipeline.turns(call_id) == [(None, None, "human", "Written"), ("fragment", None, "human", "Spoken")]
    pipeline.send_each(conversation(outbound(call_id), 9, HELLO), conversation(outbound(call_id), 12, *turns))
    assert pipeline.turns(call_id) == [STORED[0], (None, None, "human", "Written")]


def test_skipped_items_keep_their_places_and_are_counted(
    pipeline: Pipeline, call_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.send_each(
        conversation(outbound(call_id), 10, HELLO, turn("narrator", "Silence", 1.5), FINE, turn("bot", "", 3))
    )
    assert pipeline.turns(call_id) == [STORED[0], ("conversation", 2, "human", "Fine")]
    (call_event,) = pipeline.call_events
    assert (call_event.type, call_event.changed) == (
        CallEventType.TRANSCRIPT_UPDATED,
        {"source": "conversation", "turns": 2, "skipped": 2},
    )
    assert "TurnSkipped" in capsys.readouterr().out


def test_a_better_source_deletes_the_worse_and_leaves_what_the_application_wrote(
    pipeline: Pipeline, call_id: int
) -> None:
    pipeline.insert("transcript", call_id=call_id, role="human", content="Written", timestamp=after(1))
    sources = []
    for body in (
        fragment(outbound(call_id), 1, "user", "Spoken"),
        conversation(outbound(call_id), 10, HELLO),
        fragment(outbound(call_id), 2, "user", "Spoken later"),
        report(outbound(call_id)),
        conversation(outbound(call_id), 500, HELLO, FINE, BYE),
        fragment(outbound(call_id), 600, "user", "Spoken last"),
    ):
        pipeline.send_each(body)
        sources.append({source for source, *_ in pipeline.turns(call_id)})
    seen = ["fragment", "conversation", "conversation", "report", "report", "report"]
    assert sources == [{None, source} for source in seen]
    assert len(pipeline.turns(call_id)) == 1 + len(TURNS)


def test_a_report_without_turns_leaves_the_conversation(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(conversation(outbound(call_id), 10, HELLO, FINE), bare_report(outbound(call_id), 130))
    pipeline.send_each(conversation(outbound(call_id), 11, HELLO, FINE, BYE))
    assert pipeline.turns(call_id) == STORED


def test_other_calls_are_left_alone(pipeline: Pipeline, call_id: int) -> None:
    other = pipeline.make_call()
    pipeline.send_each(conversation(outbound(other, "other"), 10, HELLO, FINE, BYE))
    pipeline.send_each(conversation(outbound(call_id), 10, BYE))
    assert pipeline.turns(other) == STORED


def test_the_shape_of_march_2024_has_only_a_conversation(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id="web-1")
    items = [
        {"role": "system", "content": "Prompt"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Hm"},
    ]
    pipeline.send_each(message("conversation-update", web("web-1"), None, conversation=items))
    assert pipeline.turns(call_id) == [
        ("conversation", 0, "assistant", "Hello"),
        ("conversation", 1, "human", "Hm"),
    ]


def test_a_message_with_history_and_fragment_keeps_the_better(pipeline: Pipeline, call_id: int) -> None:
    body = conversation(outbound(call_id), 10, HELLO)
    body["message"]["transcript"] = {"speaker": "user", "text": "Fine"}
    pipeline.send_each(body)
    assert pipeline.turns(call_id) == STORED[:1]


def test_a_fragment_in_the_batch_of_a_history_gives_way(pipeline: Pipeline, call_id: int) -> None:
    fragments = [fragment(outbound(call_id), 20, "user", "Fine"), fragment(outbound(call_id), 21, "ai", "Bye")]
    assert pipeline.send(fragments[0], conversation(outbound(call_id), 10, HELLO), fragments[1]) == []
    assert pipeline.turns(call_id) == STORED[:1]


def test_long_histories_and_long_turns(pipeline: Pipeline, call_id: int) -> None:
    turns = [
        turn("bot" if place % 2 else "user", f"{place} " + "\u00e9\U0001f600x" * 10_000, place) for place in range(40)
    ]
    pipeline.send_each(conversation(outbound(call_id), 50, *turns))
    stored = [row[3] for row in pipeline.turns(call_id)]
    assert stored == [cut(item["message"], MAX_TEXT_CHARACTERS) for item in turns]
    assert {len(content) for content in stored} == {MAX_TEXT_CHARACTERS}
