"""`end-of-call-report`: everything about a call that is over (docs/call-state.md 3, 6 and 7)."""

import json
from decimal import Decimal
from typing import Any

import pytest

from autopulse.domain.events import CallEventType
from tests.integration.bodies import (
    ANALYSED,
    TURNS,
    bare_report,
    inbound,
    iso,
    message,
    outbound,
    report,
    status,
    turn,
    web,
)
from tests.integration.pipeline import RECEIVED_AT, Pipeline, after, envelope


@pytest.fixture
def call_id(pipeline: Pipeline) -> int:
    return pipeline.make_call()


def analysed(**data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    return {"analysis": {"structuredData": data}}


def test_a_report_is_counted_by_outcome_and_answer_once(
    pipeline: Pipeline, call_id: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.send_each(report(outbound(call_id)), report(outbound(call_id), 200))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["outcome"], line["CallCompleted"]) for line in lines if "CallCompleted" in line] == [("reached", [1])]
    assert [(line["nps_category"], line["ScoreGiven"]) for line in lines if "ScoreGiven" in line] == [("promoter", [1])]


def test_a_real_report(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(report(outbound(call_id)))
    call = pipeline.call(call_id)
    expected = {
        "status": "Completed",
        "start_time": after(0.5),
        "end_time": after(120.25),
        "duration_sec": 120,
        "ended_reason": "assistant-ended-call",
        "outcome": "reached",
        "nps_score": 9,
        "cost": Decimal("0.165100"),
        "feedback_summary": "The customer was content.",
        "recording_url": "https://storage.example/mono.wav",
        "call_reason": None,
        "vapi_call_id": outbound(call_id)["id"],
    }
    assert {name: call[name] for name in expected} == expected
    (feedback,) = pipeline.feedback(call_id)
    assert (feedback["content"], feedback["positives"]) == ("Very good.", "Quick\nFriendly")
    assert (feedback["detractors"], feedback["action_items"]) == (None, "Send the invoice")
    assert feedback["structured_data"] == ANALYSED | {"successEvaluation": "Good"}
    assert [(source, place, role) for source, place, role, _ in pipeline.turns(call_id)] == [
        ("report", 0, "assistant"),
        ("report", 1, "human"),
        ("report", 2, "tool"),
        ("report", 3, "tool_result"),
        ("report", 4, "assistant"),
    ]


def test_the_applications_simple_shape(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id="call_123")
    data = {
        "nps_score": "8",
        "overall_feedback": "Good",
        "detractors": "Wait",
        "positives": "Price",
        "action_items": "Call",
    }
    simple = {
        "message": {
            "type": "end-of-call-report",
            "call": {"id": "call_123", "status": "completed"},
            "analysis": {"summary": "All well.", "structuredData": data},
            "messages": [{"role": "assistant", "content": "Hello"}, {"role": "human", "content": "Fine"}],
            "artifact": {"recordingPath": "https://storage.example/recording.mp3"},
        }
    }
    pipeline.send_each(simple)
    call = pipeline.call(call_id)
    assert (call["status"], call["nps_score"], call["feedback_summary"]) == ("Completed", 8, "All well.")
    assert call["recording_url"] == "https://storage.example/recording.mp3"
    assert call["outcome"] == "reached", "no reason, but the customer speaks"
    assert pipeline.turns(call_id) == [("report", 0, "assistant", "Hello"), ("report", 1, "human", "Fine")]
    (feedback,) = pipeline.feedback(call_id)
    assert {name: feedback[name] for name in ("content", "detractors", "positives", "action_items")} == {
        "content": "Good",
        "detractors": "Wait",
        "positives": "Price",
        "action_items": "Call",
    }


def test_siblings_of_the_message_are_its_fields(pipeline: Pipeline) -> None:
    call_id = pipeline.make_call(vapi_call_id="call_123")
    pipeline.send_each(
        {
            "message": {"type": "end-of-call-report", "call": {"id": "call_123"}},
            "analysis": {"summary": "Beside.", "structuredData": {"nps_score": 8}},
            "messages": [{"role": "human", "content": "Fine"}],
        }
    )
    assert (pipeline.call(call_id)["nps_score"], len(pipeline.turns(call_id))) == (8, 1)


def test_a_report_that_says_nothing_completes_the_call(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(bare_report(outbound(call_id)))
    call = pipeline.call(call_id)
    assert (call["status"], call["outcome"], call["start_time"], call["cost"]) == ("Completed", "unknown", None, None)
    assert (pipeline.feedback(call_id), pipeline.turns(call_id)) == ([], [])


def test_a_report_of_july_2024_has_its_times_from_the_statuses(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(
        bare_report(outbound(call_id), None, endedReason="customer-ended-call", transcript="AI: Hello\nUser: Fine\n"),
        status("ended", outbound(call_id), 63.5, endedReason="something-else"),
        status("in-progress", outbound(call_id), 3),
    )
    call = pipeline.call(call_id)
    assert (call["start_time"], call["end_time"], call["duration_sec"]) == (after(3), after(63.5), 61)
    assert (call["status"], call["ended_reason"], call["outcome"]) == ("Completed", "customer-ended-call", "reached")
    assert pipeline.turns(call_id) == [("report", 0, "assistant", "Hello"), ("report", 1, "human", "Fine")]


def test_the_status_gives_the_reason_that_the_report_lacks(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(bare_report(outbound(call_id)), status("ended", outbound(call_id), 60, endedReason="voicemail"))
    call = pipeline.call(call_id)
    assert (call["status"], call["ended_reason"], call["outcome"]) == ("Completed", "voicemail", "voicemail")


@pytest.mark.parametrize(
    ("turns", "outcome"),
    [([turn("user", "Hello?", 1)], "reached"), ([turn("bot", "Hello?", 1)], "unknown"), ([], "unknown")],
)
def test_without_a_reason_a_human_turn_tells(pipeline: Pipeline, call_id: int, turns: list[Any], outcome: str) -> None:
    pipeline.send_each(bare_report(outbound(call_id), messages=turns))
    assert pipeline.call(call_id)["outcome"] == outcome


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_equally_full_reports_the_latest_replaces_all_that_reports_write(
    pipeline: Pipeline, call_id: int, order: list[int]
) -> None:
    said = {"analysis": {"structuredData": {"repaired": True}}, "messages": [turn("bot", "Leave a message.", 1.5)]}
    bodies = [
        report(outbound(call_id), 130, analysis={"structuredData": {**ANALYSED, "call_reason": "Recall"}}),
        bare_report(outbound(call_id), 140, endedReason="voicemail", **said),
    ]
    pipeline.send_each(*(bodies[place] for place in order))
    call = pipeline.call(call_id)
    replaced = ("start_time", "end_time", "duration_sec", "nps_score", "cost", "feedback_summary", "recording_url")
    assert {call[name] for name in (*replaced, "call_reason")} == {None}
    assert call["outcome"] == "voicemail"
    assert [row["content"] for row in pipeline.feedback(call_id)] == ["No comment."]
    assert [text for *_, text in pipeline.turns(call_id)] == ["Leave a message."]


FULL: dict[str, Any] = {"messages": [turn("user", "Fine.", 1)], **analysed(nps_score=7)}


@pytest.mark.parametrize(
    ("fuller", "other"),
    [
        pytest.param((130, FULL), (140, {}), id="answers and turns before neither"),
        pytest.param((130, analysed(nps_score=7)), (140, {"messages": FULL["messages"]}), id="answers before turns"),
        pytest.param((130, FULL), (140, analysed(nps_score=2)), id="with turns before without"),
        pytest.param((None, FULL), (140, analysed(nps_score=2)), id="with turns before timed"),
        pytest.param((130, analysed(nps_score=7)), (140, analysed(nps_score=-1, positives=[])), id="no answer is none"),
    ],
)
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_report_that_says_more_counts_before_a_later_one(
    pipeline: Pipeline,
    call_id: int,
    fuller: tuple[float, dict[str, Any]],
    other: tuple[float, dict[str, Any]],
    order: list[int],
) -> None:
    bodies = [
        bare_report(outbound(call_id), at, endedReason=reason, **fields)
        for (at, fields), reason in ((fuller, "customer-ended-call"), (other, "voicemail"))
    ]
    pipeline.send_each(*(bodies[place] for place in order))
    call = pipeline.call(call_id)
    assert (call["nps_score"], call["ended_reason"], call["outcome"]) == (7, "customer-ended-call", "reached")
    assert [row["content"] for row in pipeline.feedback(call_id)] == ["No comment."]


def test_an_earlier_report_changes_nothing(pipeline: Pipeline, call_id: int) -> None:
    said = {"messages": TURNS[:1], **analysed(nps_score=3)}
    pipeline.send_each(bare_report(outbound(call_id), 140, endedReason="voicemail", **said))
    pipeline.send_each(report(outbound(call_id), 130))
    call = pipeline.call(call_id)
    assert (call["nps_score"], call["outcome"], call["cost"], call["start_time"]) == (3, "voicemail", None, None)
    assert [row["content"] for row in pipeline.feedback(call_id)] == ["No comment."]
    assert len(pipeline.turns(call_id)) == 1


def test_an_untimed_report_ranks_below_every_timed_one_then_by_receipt(pipeline: Pipeline, call_id: int) -> None:
    def untimed(received_at: str, score: int) -> str:
        content = {"type": "end-of-call-report", **analysed(nps_score=score)}
        return envelope("end_of_call_report", content, call_id=call_id, vapi_call_id=None, received_at=received_at)

    scores = []
    for body in (
        untimed("2026-07-11T02:00:00Z", 2),
        untimed("2026-07-11T01:30:00Z", 1),
        untimed("2026-07-11T03:00:00Z", 3),
    ):
        assert pipeline.deliver("end_of_call_report", [body]) == []
        scores.append(pipeline.call(call_id)["nps_score"])
    pipeline.send_each(bare_report(outbound(call_id), 1, **analysed(nps_score=9)))
    assert pipeline.deliver("end_of_call_report", [untimed("2026-07-11T04:00:00Z", 4)]) == []
    assert [*scores, pipeline.call(call_id)["nps_score"]] == [2, 2, 3, 9]


def test_of_two_reports_of_one_instant_the_same_wins_in_both_orders(pipeline: Pipeline) -> None:
    def tied(call_id: int, event_id: str, score: int) -> str:
        content = {"type": "end-of-call-report", **analysed(nps_score=score)}
        names = {"call_id": call_id, "vapi_call_id": None, "event_id": f"{event_id}-{call_id}"}
        return envelope("end_of_call_report", content, **names, occurred_at=iso(130))

    calls = [pipeline.make_call() for _ in range(3)]
    for call_id, order in zip(calls, ["ab", "ba"], strict=False):
        for event_id in order:
            assert pipeline.deliver("end_of_call_report", [tied(call_id, event_id, ord(event_id) - ord("a"))]) == []
    assert pipeline.deliver("end_of_call_report", [tied(calls[2], "b", 1), tied(calls[2], "a", 0)]) == []
    assert [pipeline.call(call_id)["nps_score"] for call_id in calls] == [1, 1, 1]


def test_reports_of_a_batch_are_folded(pipeline: Pipeline, call_id: int) -> None:
    bodies = [
        report(outbound(call_id), 140, messages=TURNS[:2], artifact=None, **analysed(nps_score=4)),
        report(outbound(call_id), 150, messages=None, artifact=None, transcript=None, analysis=None),
        report(outbound(call_id), 130),
    ]
    assert pipeline.send(*bodies) == []
    assert pipeline.call(call_id)["nps_score"] == 4
    assert len(pipeline.feedback(call_id)) == 1
    assert len(pipeline.turns(call_id)) == 2


def test_a_losing_report_that_is_first_to_give_a_call_reason_ends_the_applications(pipeline: Pipeline) -> None:
    ends = []
    for order in ([130, 140], [140, 130]):
        call_id = pipeline.make_call(call_reason="Follow-up")
        call = outbound(call_id, f"vapi-{call_id}")
        bodies = {
            130: bare_report(call, 130, **analysed(call_reason="Recall")),
            140: bare_report(call, 140, **analysed(nps_score=3)),
        }
        pipeline.send_each(*(bodies[at] for at in order))
        ends.append(pipeline.call(call_id)["call_reason"])
    assert ends == [None, None]


def test_turns_of_a_later_report_replace_those_of_an_earlier(pipeline: Pipeline, call_id: int) -> None:
    shorter = [turn("bot", "Hello", 1)]
    pipeline.send_each(report(outbound(call_id), 130), report(outbound(call_id), 140, messages=shorter))
    assert pipeline.turns(call_id) == [("report", 0, "assistant", "Hello")]


def test_a_turns_time_is_its_own_or_counted_from_the_start_or_the_messages(pipeline: Pipeline, call_id: int) -> None:
    messages = [
        {"role": "bot", "message": "own", "time": "2026-07-11T01:00:09Z", "secondsFromStart": 1},
        {"role": "bot", "message": "counted", "time": 1e300, "secondsFromStart": 4.5},
        {"role": "bot", "message": "the message's", "secondsFromStart": 1e300},
    ]
    pipeline.send_each(report(outbound(call_id), 130, messages=messages))
    rows = pipeline.rows("SELECT timestamp FROM transcript ORDER BY sequence")
    assert [row["timestamp"] for row in rows] == [after(9), after(5), after(130)]
    other = pipeline.make_call()
    pipeline.send_each(bare_report(outbound(other, "other"), None, messages=messages[1:2]))
    assert pipeline.row("SELECT timestamp FROM transcript WHERE call_id = :id", id=other) == {"timestamp": RECEIVED_AT}


def test_absurd_values_count_as_not_given(pipeline: Pipeline, call_id: int) -> None:
    absurd = {
        "startedAt": 1e300,
        "endedAt": "the day after",
        "durationSeconds": "long",
        "durationMs": 1e300,
        "cost": 1e300,
        "analysis": "none",
        "artifact": [],
        "messages": {"role": "bot"},
        "transcript": 5,
        "endedReason": {"word": "voicemail"},
        "recordingUrl": 7,
    }
    pipeline.send_each(message("end-of-call-report", outbound(call_id), 130, **absurd))
    call = pipeline.call(call_id)
    assert call["status"] == "Completed"
    assert {call[name] for name in ("start_time", "end_time", "duration_sec", "cost", "ended_reason")} == {None}


def test_what_postgres_cannot_take_is_cleaned(pipeline: Pipeline, call_id: int) -> None:
    dirty = {
        "type": "end-of-call-report",
        "analysis": {"structuredData": {"k\x00\ud800": ["v\x00", {"deep\udfff": "\ud83d"}], "positives": ["\x00"]}},
        "messages": [
            {"role": "user", "message": "a\x00\ud800"},
            {"role": "tool_call_result", "result": {"x\x00": "\udc00"}},
        ],
        "summary": "\x00",
        "recordingUrl": "https://storage.example/\x00\ud800",
    }
    body = envelope("end_of_call_report", dirty, call_id=call_id)
    raw = json.dumps(json.loads(body) | {"event_id": "raw", "received_at": iso(100)}, ensure_ascii=False)
    for one in (body, raw):
        assert pipeline.deliver("end_of_call_report", [one]) == []
        assert pipeline.queues.dead_letters == []
        assert [text for *_, text in pipeline.turns(call_id)] == ["a\ufffd", '{"x":"\ufffd"}']
        (feedback,) = pipeline.feedback(call_id)
        assert feedback["structured_data"] == {"k\ufffd": ["v", {"deep\ufffd": "\ufffd"}], "positives": [""]}
        assert pipeline.call(call_id)["recording_url"] == "https://storage.example/\ufffd"


def test_structured_data_is_kept_whole(pipeline: Pipeline, call_id: int) -> None:
    data = {"repair_authorization": {"parts": [1, 2.5, None, True]}, "ä": "€", "big": 10**30, "nps_score": 3.0}
    outputs = {"id-1": {"name": "overall_feedback", "result": "From an output."}}
    body = bare_report(outbound(call_id), analysis={"structuredData": data}, artifact={"structuredOutputs": outputs})
    pipeline.send_each(body)
    (feedback,) = pipeline.feedback(call_id)
    assert feedback["structured_data"] == {**data, "structuredOutputs": outputs}
    assert feedback["content"] == "From an output."
    assert pipeline.call(call_id)["nps_score"] == 3


def test_a_second_report_updates_the_feedback_in_its_place(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(report(outbound(call_id), 130))
    (first,) = pipeline.feedback(call_id)
    assert first["updated_at"] is None
    pipeline.send_each(report(outbound(call_id), 140, **analysed(overall_feedback="UNKNOWN", nps_score=8)))
    (second,) = pipeline.feedback(call_id)
    assert (second["id"], second["created_at"]) == (first["id"], first["created_at"])
    assert (second["content"], second["positives"]) == ("The customer was content.", None)
    assert second["updated_at"] is not None


def test_web_and_inbound_calls_have_reports_too(pipeline: Pipeline) -> None:
    calls = [pipeline.make_call(vapi_call_id=id_) for id_ in ("web", "in")]
    assert pipeline.send(report(web("web"), analysis={"summary": "x"}), report(inbound("in"))) == []
    assert [pipeline.call(call_id)["status"] for call_id in calls] == ["Completed"] * 2
    assert [len(pipeline.feedback(call_id)) for call_id in calls] == [0, 1]


def test_watchers_are_told_what_came(pipeline: Pipeline, call_id: int) -> None:
    pipeline.send_each(report(outbound(call_id)))
    told = {call_event.type: dict(call_event.changed) for call_event in pipeline.call_events}
    assert told == {
        CallEventType.CALL_STATUS_CHANGED: {"status": "Completed", "previous": "Ready"},
        CallEventType.CALL_COMPLETED: {"outcome": "reached", "duration_sec": 120},
        CallEventType.TRANSCRIPT_UPDATED: {"source": "report", "turns": 5, "skipped": 0},
        CallEventType.FEEDBACK_RECORDED: {"nps_score": 9, "feedback": True},
    }
    pipeline.call_events.clear()
    pipeline.send_each(report(outbound(call_id), 100))
    assert pipeline.call_events == []
