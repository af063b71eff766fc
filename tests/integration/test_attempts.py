"""A row that is dialled several times: what it shows, and what follows it (docs/call-state.md 2, 4 and 7)."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest

from tests.integration.bodies import (
    ANALYSED,
    Body,
    bare_report,
    conversation,
    fragment,
    iso,
    message,
    outbound,
    report,
    status,
    turn,
)
from tests.integration.orders import FIRST_CALL, end_in_equal_rows
from tests.integration.pipeline import Pipeline, after

CALL: Final = FIRST_CALL
SERVICE_RECORD: Final = 2_000_001
UNTOUCHED: Final = {"status": "Scheduled", "feedback": "An advisor's note", "rating": 5}
TALKED: Final = "customer-ended-call"
REASONS: Final = {"busy": "customer-busy", "voicemail": "voicemail", "failed": "pipeline-error"}


@pytest.fixture
def prepare(pipeline: Pipeline) -> Callable[[], None]:
    def write_as_the_application() -> None:
        pipeline.make_service_record(id=SERVICE_RECORD, **UNTOUCHED)
        pipeline.make_call(id=CALL, service_record_id=SERVICE_RECORD)

    write_as_the_application()
    return write_as_the_application


def dialled(vapi_call_id: str, begin: float, call_id: int = CALL) -> Body:
    """`message.call` of an attempt."""
    return outbound(call_id, vapi_call_id, createdAt=iso(begin))


def missed(vapi_call_id: str, begin: float, outcome: str) -> list[Body]:
    """All messages of an attempt that did not reach the customer."""
    call = dialled(vapi_call_id, begin)
    return [
        status("ringing", call, begin + 1),
        status("ended", call, begin + 20, endedReason=REASONS[outcome]),
        bare_report(call, begin + 30, endedReason=REASONS[outcome], cost=0.01),
    ]


def live(vapi_call_id: str, begin: float) -> list[Body]:
    """All messages of an attempt that goes on."""
    call = dialled(vapi_call_id, begin)
    return [
        status("in-progress", call, begin + 5),
        conversation(call, begin + 10, turn("bot", "Hello.", begin + 6), turn("user", "Yes?", begin + 8)),
        message("hang", call, begin + 12),
    ]


def reached(vapi_call_id: str, begin: float, score: int) -> list[Body]:
    """All messages of an attempt that ended with a score."""
    call = dialled(vapi_call_id, begin)
    said = report(
        call,
        begin + 130,
        endedReason=TALKED,
        startedAt=iso(begin + 5),
        endedAt=iso(begin + 60),
        messages=[turn("bot", "Hello.", begin + 6), turn("user", f"It is {score}.", begin + 8)],
        analysis={"summary": f"Score {score}.", "structuredData": ANALYSED | {"nps_score": score}},
        recordingUrl=f"https://storage.example/{score}.wav",
    )
    return [
        *live(vapi_call_id, begin),
        status("ended", call, begin + 60, endedReason=TALKED),
        said,
    ]


def seen(pipeline: Pipeline) -> tuple[str, str | None, str | None, int | None, str | None]:
    """Return what the row shows, and of which attempt."""
    call = pipeline.call(CALL)
    return call["status"], call["outcome"], call["ended_reason"], call["nps_score"], call["vapi_call_id"]


@pytest.mark.parametrize(
    ("bodies", "expected", "service_record"),
    [
        pytest.param(
            [*missed("b", 0, "busy"), *reached("a", 200, 9)],
            ("Completed", "reached", TALKED, 9, "a"),
            ("Completed", 9),
            id="busy, then reached",
        ),
        pytest.param(
            [*reached("b", 0, 9), *missed("a", 200, "busy")],
            ("Completed", "reached", TALKED, 9, "b"),
            ("Completed", 9),
            id="reached, then busy",
        ),
        pytest.param(
            [*reached("b", 0, 9), *reached("a", 200, 2)],
            ("Completed", "reached", TALKED, 2, "a"),
            ("Completed", 2),
            id="reached twice",
        ),
        pytest.param(
            [*missed("b", 0, "busy"), *missed("a", 200, "voicemail")],
            ("Completed", "voicemail", "voicemail", None, "a"),
            ("Missed", None),
            id="missed twice",
        ),
        pytest.param(
            [*reached("b", 0, 9), *live("a", 200)],
            ("In Progress", None, None, None, "a"),
            ("Completed", 9),
            id="reached, then live",
        ),
        pytest.param(
            [*live("b", 0), *missed("a", 200, "failed")],
            ("Completed", "failed", "pipeline-error", None, "a"),
            ("Failed", None),
            id="never ended, then failed",
        ),
        pytest.param(
            [*missed("c", 0, "busy"), *reached("a", 200, 7), *missed("b", 400, "voicemail")],
            ("Completed", "reached", TALKED, 7, "a"),
            ("Completed", 7),
            id="three attempts",
        ),
        pytest.param(
            [*missed("c", 0, "busy"), *missed("a", 200, "voicemail"), *live("b", 400)],
            ("In Progress", None, None, None, "b"),
            ("Missed", None),
            id="missed twice, then live",
        ),
        pytest.param(
            [*missed("a", 0, "busy"), *missed("b", 0, "failed")],
            ("Completed", "failed", "pipeline-error", None, "b"),
            ("Failed", None),
            id="two of the same instant",
        ),
        pytest.param(
            [*reached("a", 0, 9)[:-1], *missed("b", 100, "busy"), reached("a", 0, 9)[-1]],
            ("Completed", "reached", TALKED, 9, "a"),
            ("Completed", 9),
            id="the first one's report comes last",
        ),
    ],
)
@pytest.mark.usefixtures("prepare")
def test_a_redialled_row_ends_in_the_same_rows_whatever_the_order(
    pipeline: Pipeline,
    prepare: Callable[[], None],
    bodies: Sequence[Body],
    expected: tuple[Any, ...],
    service_record: tuple[Any, ...],
) -> None:
    end_in_equal_rows(pipeline, prepare, bodies)
    assert seen(pipeline) == expected
    assert (
        pipeline.service_record(SERVICE_RECORD)["status"],
        pipeline.service_record(SERVICE_RECORD)["rating"],
    ) == service_record
    assert len(pipeline.feedback(CALL)) == (expected[3] is not None)


@pytest.mark.usefixtures("prepare")
def test_a_row_goes_from_attempt_to_attempt(pipeline: Pipeline) -> None:
    first, second = missed("first", 0, "busy"), reached("second", 100, 8)
    steps = []
    for body in (*first[:2], *second[:2], first[2], *second[2:]):
        pipeline.send_each(body)
        steps.append(seen(pipeline))
    busy, talking = ("Ended", "busy", "customer-busy", None, "first"), ("In Progress", None, None, None, "second")
    talked = (TALKED, None, "second")
    assert steps == [
        ("Ringing", None, None, None, "first"),
        busy,
        *[talking] * 4,
        ("Ended", "reached", *talked),
        ("Completed", "reached", TALKED, 8, "second"),
    ]


@pytest.mark.usefixtures("prepare")
def test_nothing_of_one_attempt_is_shown_with_another(pipeline: Pipeline) -> None:
    pipeline.send_each(*reached("first", 0, 9), *live("second", 200))
    call = pipeline.call(CALL)
    columns = ("end_time", "duration_sec", "ended_reason", "outcome", "nps_score", "call_reason", "feedback_summary")
    assert {call[name] for name in (*columns, "recording_url", "cost")} == {None}
    assert call["start_time"] == after(205)
    assert pipeline.feedback(CALL) == []
    pipeline.send_each(*missed("second", 200, "voicemail")[1:])
    call = pipeline.call(CALL)
    assert (call["nps_score"], call["feedback_summary"], call["start_time"]) == (9, "Score 9.", after(5))
    assert [row["content"] for row in pipeline.feedback(CALL)] == ["Very good."]


@pytest.mark.usefixtures("prepare")
def test_every_attempt_keeps_what_was_said_of_it(pipeline: Pipeline) -> None:
    pipeline.send_each(*reached("first", 0, 9), *missed("second", 200, "voicemail"), *live("third", 400))
    attempts = pipeline.attempts(CALL)
    kept = {
        id_: (row["outcome"], row["nps_score"], row["created_at"], row["start_time"], row["end_time"])
        for id_, row in attempts.items()
    }
    assert kept == {
        "first": ("reached", 9, after(0), after(5), after(60)),
        "second": ("voicemail", None, after(200), None, after(220)),
        "third": (None, None, after(400), after(405), None),
    }
    assert attempts["first"]["recording_url"] == "https://storage.example/9.wav"
    assert attempts["first"]["feedback"]["content"] == "Very good."
    said = pipeline.rows("SELECT vapi_call_id, sequence, content FROM transcript ORDER BY vapi_call_id, sequence")
    assert [(row["vapi_call_id"], row["sequence"], row["content"]) for row in said] == [
        ("first", 0, "Hello."),
        ("first", 1, "It is 9."),
        ("third", 0, "Hello."),
        ("third", 1, "Yes?"),
    ]
    assert pipeline.count("call_incident") == 2


@pytest.mark.usefixtures("prepare")
def test_a_message_with_vapis_id_alone_is_of_its_attempt_whichever_the_row_shows(pipeline: Pipeline) -> None:
    pipeline.send_each(status("ringing", dialled("first", 0), 1), status("in-progress", dialled("second", 100), 101))
    alone = outbound(None, "first", createdAt=iso(0))
    pipeline.send_each(status("ended", alone, 50, endedReason="customer-busy"), fragment(alone, 40, "user", "No."))
    assert {id_: row["status"] for id_, row in pipeline.attempts(CALL).items()} == {
        "first": "Ended",
        "second": "In Progress",
    }
    assert seen(pipeline) == ("In Progress", None, None, None, "second")


def test_five_redialled_rows_do_not_stay_in_progress(pipeline: Pipeline) -> None:
    calls = [pipeline.make_call() for _ in range(5)]
    for begin, reason in ((0, "customer-busy"), (100, "customer-ended-call")):
        for word, at, fields in (("in-progress", 5, {}), ("ended", 30, {"endedReason": reason})):
            attempts = [dialled(f"{call_id}-{begin}", begin, call_id) for call_id in calls]
            assert pipeline.send(*(status(word, call, begin + at, **fields) for call in attempts)) == []
    assert pipeline.queues.dead_letters == []
    rows = pipeline.rows("SELECT status, outcome FROM call")
    assert rows == [{"status": "Ended", "outcome": "reached"}] * 5


@pytest.mark.parametrize(("lost", "expected"), [("first", "reached"), ("second", "busy")])
@pytest.mark.usefixtures("prepare")
def test_an_attempt_whose_end_was_lost_does_not_keep_its_row_in_progress(
    pipeline: Pipeline, lost: str, expected: str
) -> None:
    begins = {"first": 0, "second": 100}
    reasons = {"first": "customer-busy", "second": "customer-ended-call"}
    for id_, begin in begins.items():
        pipeline.send_each(status("in-progress", dialled(id_, begin), begin + 5))
        if id_ != lost:
            pipeline.send_each(status("ended", dialled(id_, begin), begin + 30, endedReason=reasons[id_]))
    shown = ("In Progress", None) if lost == "second" else ("Ended", expected)
    assert seen(pipeline)[:2] == shown


@pytest.mark.usefixtures("prepare")
def test_a_row_without_reports_is_ended_and_with_one_completed(pipeline: Pipeline) -> None:
    pipeline.send_each(*missed("first", 0, "busy")[:2], *missed("second", 100, "voicemail")[:2])
    assert seen(pipeline)[:2] == ("Ended", "voicemail")
    pipeline.send_each(missed("first", 0, "busy")[2])
    assert seen(pipeline) == ("Ended", "voicemail", "voicemail", None, "second")
    assert pipeline.service_record(SERVICE_RECORD)["status"] == "Missed"
    pipeline.send_each(missed("second", 100, "voicemail")[2])
    assert seen(pipeline) == ("Completed", "voicemail", "voicemail", None, "second")


@pytest.mark.usefixtures("prepare")
def test_of_attempts_that_are_not_reported_the_visit_knows_nothing(pipeline: Pipeline) -> None:
    pipeline.send_each(*missed("first", 0, "busy"), *reached("second", 100, 9)[:-1])
    assert seen(pipeline) == ("Ended", "reached", TALKED, None, "second")
    assert pipeline.service_record(SERVICE_RECORD) == {"status": "Missed", "feedback": None, "rating": None}


# Attempt 0: what the application had written


SCORED: Final[dict[str, Any]] = {
    "status": "Completed",
    "start_time": after(-900),
    "end_time": after(-800),
    "duration_sec": 100,
    "nps_score": 10,
    "call_reason": "Service",
    "feedback_summary": "Content.",
    "recording_url": "https://app.example/0.wav",
}


def write(pipeline: Pipeline, **columns: Any) -> None:  # noqa: ANN401 - any SQL value
    """A row with a feedback row and a turn, as the application leaves a call that is over."""
    pipeline.make_service_record(id=SERVICE_RECORD, **UNTOUCHED)
    pipeline.make_call(id=CALL, service_record_id=SERVICE_RECORD, **columns)
    pipeline.insert("call_feedback", call_id=CALL, content="As the application heard it.", positives="Quick")
    pipeline.insert("transcript", call_id=CALL, role="human", content="Written.", timestamp=after(-850))


def comments(pipeline: Pipeline) -> list[str]:
    return [row["content"] for row in pipeline.feedback(CALL)]


@pytest.mark.parametrize("status_", ["Completed", "In Progress"])
def test_a_redial_that_misses_leaves_what_the_application_had_finished(pipeline: Pipeline, status_: str) -> None:
    end_in_equal_rows(pipeline, lambda: write(pipeline, **SCORED | {"status": status_}), missed("a", 0, "busy"))
    call = pipeline.call(CALL)
    assert {name: call[name] for name in SCORED} == SCORED
    assert (call["outcome"], call["ended_reason"], call["cost"], call["vapi_call_id"]) == ("reached", None, None, None)
    assert comments(pipeline) == ["As the application heard it."]
    assert pipeline.service_record(SERVICE_RECORD) == UNTOUCHED
    assert pipeline.turns(CALL) == [(None, None, "human", "Written.")]


def test_while_a_redial_is_live_it_is_shown_alone(pipeline: Pipeline) -> None:
    write(pipeline, **SCORED)
    pipeline.send_each(*live("a", 0))
    assert seen(pipeline) == ("In Progress", None, None, None, "a")
    call = pipeline.call(CALL)
    assert {call[name] for name in ("end_time", "duration_sec", "call_reason", "recording_url")} == {None}
    assert comments(pipeline) == []
    assert [row[0] for row in pipeline.turns(CALL)] == ["conversation", "conversation", None]
    pipeline.send_each(*missed("a", 0, "busy")[1:])
    assert seen(pipeline)[3] == 10
    assert comments(pipeline) == ["As the application heard it."]


def test_a_redial_that_reaches_the_customer_is_shown_in_its_place(pipeline: Pipeline) -> None:
    end_in_equal_rows(pipeline, lambda: write(pipeline, **SCORED), reached("a", 0, 3))
    assert seen(pipeline) == ("Completed", "reached", TALKED, 3, "a")
    assert comments(pipeline) == ["Very good."]
    assert pipeline.service_record(SERVICE_RECORD) == {"status": "Completed", "feedback": "Very good.", "rating": 3}


@pytest.mark.parametrize("status_", ["Missed", "Failed", "Completed"])
def test_what_the_application_had_missed_is_not_mixed_into_the_redial(pipeline: Pipeline, status_: str) -> None:
    columns = {"status": status_, "end_time": after(-800), "duration_sec": 0, "call_reason": "Service"}
    end_in_equal_rows(pipeline, lambda: write(pipeline, **columns), missed("a", 0, "voicemail")[:2])
    call = pipeline.call(CALL)
    assert seen(pipeline) == ("Ended", "voicemail", "voicemail", None, "a")
    assert (call["end_time"], call["duration_sec"], call["call_reason"]) == (after(20), None, None)
    assert comments(pipeline) == []


def test_what_the_application_prepared_is_shown_with_the_first_attempt(pipeline: Pipeline) -> None:
    columns = {"status": "In Progress", "start_time": after(-1), "call_reason": "Service"}
    end_in_equal_rows(pipeline, lambda: write(pipeline, **columns), missed("a", 0, "voicemail")[:2])
    call = pipeline.call(CALL)
    assert seen(pipeline) == ("Ended", "voicemail", "voicemail", None, "a")
    assert (call["start_time"], call["end_time"], call["call_reason"]) == (after(-1), after(20), "Service")
    assert call["duration_sec"] is None, "what the application wrote has no part in what is computed"
    assert comments(pipeline) == ["As the application heard it."]


def test_what_the_application_prepared_is_kept_once(pipeline: Pipeline) -> None:
    write(pipeline, status="Queued", call_reason="Service")
    pipeline.send_each(status("ringing", dialled("a", 0), 1))
    pipeline.database.run("UPDATE call SET status = 'Missed', call_reason = 'Recall' WHERE id = :id", id=CALL)
    pipeline.send_each(status("in-progress", dialled("a", 0), 5))
    original = pipeline.row("SELECT * FROM call_original")
    assert (original["status"], original["call_reason"], original["feedback"]["positives"]) == (
        "Queued",
        "Service",
        "Quick",
    )


def test_what_the_application_prepared_is_shown_with_a_redial_after_a_report_that_says_nothing(
    pipeline: Pipeline,
) -> None:
    """Of a report that tells no time: the redial is later, and its link alone is not."""
    over = bare_report(outbound(CALL, "a"), None)
    redial = status("ringing", dialled("b", 0), 1)
    end_in_equal_rows(pipeline, lambda: write(pipeline, call_reason="Service"), [redial, over])
    assert pipeline.call(CALL)["vapi_call_id"] == "b"
    assert comments(pipeline) == ["As the application heard it."]


def test_a_row_that_says_nothing_but_ready_has_no_original(pipeline: Pipeline) -> None:
    pipeline.make_call(id=CALL)
    pipeline.send_each(*live("a", 0))
    assert pipeline.count("call_original") == 0


def test_what_the_application_writes_later_stands_until_a_fact_gives_it(pipeline: Pipeline) -> None:
    pipeline.make_call(id=CALL)
    pipeline.send_each(status("ringing", dialled("a", 0), 1))
    written = {"status": "Missed", "start_time": after(2), "nps_score": 1, "call_reason": "Service"}
    assignments = ", ".join(f"{name} = :{name}" for name in written)
    pipeline.database.run(f"UPDATE call SET {assignments} WHERE id = :id", **written, id=CALL)  # noqa: S608 - constants
    pipeline.send_each(status("ended", dialled("a", 0), 20))
    call = pipeline.call(CALL)
    assert {name: call[name] for name in written} == written | {"status": "Ended"}
    pipeline.send_each(status("in-progress", dialled("a", 0), 5))
    assert pipeline.call(CALL)["start_time"] == after(5)
    pipeline.send_each(bare_report(dialled("a", 0), 30))
    call = pipeline.call(CALL)
    assert (call["nps_score"], call["call_reason"]) == (None, "Service")
    pipeline.send_each(*live("b", 100))
    assert pipeline.call(CALL)["call_reason"] == "Service", "no attempt has given one"


def test_a_finished_call_of_the_same_visit_counts_from_its_first_fact_on(pipeline: Pipeline) -> None:
    """Whichever message comes first: another call's report, or the first of the call that the application finished."""

    def prepare() -> None:
        write(pipeline, **SCORED)
        pipeline.make_call(id=CALL + 1, service_record_id=SERVICE_RECORD)

    other = outbound(CALL + 1, "other")
    bodies = [bare_report(other, 30, endedReason="voicemail"), status("ringing", dialled("a", 0), 1)]
    end_in_equal_rows(pipeline, prepare, bodies)
    assert pipeline.service_record(SERVICE_RECORD) == UNTOUCHED
