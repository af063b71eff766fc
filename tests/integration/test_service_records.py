"""Check what the reports of a visit's calls make of its service record (docs/call-state.md 7)."""

from typing import Any

import pytest

from tests.integration.bodies import bare_report, outbound, status
from tests.integration.pipeline import Pipeline

REASONS = {
    "reached": "customer-ended-call",
    "transferred": "assistant-forwarded-call",
    "voicemail": "voicemail",
    "busy": "customer-busy",
    "no_answer": "no-answer",
    "failed": "pipeline-error",
    "cancelled": "manually-canceled",
    "unknown": "something-new",
}


@pytest.fixture
def service_record(pipeline: Pipeline) -> int:
    return pipeline.make_service_record(status="Scheduled", feedback="An advisor's note", rating=5)


UNTOUCHED = {"status": "Scheduled", "feedback": "An advisor's note", "rating": 5}


def reported(pipeline: Pipeline, service_record: int, outcome: str, at: float = 130, **data: Any) -> int:  # noqa: ANN401 - any JSON value
    """A new call of the visit with a report."""
    call_id = pipeline.make_call(service_record_id=service_record)
    report_again(pipeline, call_id, outcome, at, **data)
    return call_id


def report_again(pipeline: Pipeline, call_id: int, outcome: str, at: float, **data: Any) -> None:  # noqa: ANN401 - any JSON value
    fields = {"analysis": {"structuredData": data}} if data else {}
    pipeline.send_each(bare_report(outbound(call_id, f"vapi-{call_id}"), at, endedReason=REASONS[outcome], **fields))
    assert pipeline.call(call_id)["outcome"] == outcome


@pytest.mark.parametrize(
    ("outcome", "expected", "score"),
    [
        *(("reached", "Completed", 8), ("transferred", "Completed", 8), ("voicemail", "Missed", 8)),
        *(("busy", "Missed", 8), ("no_answer", "Missed", 8), ("failed", "Failed", None)),
    ],
)
def test_an_outcome_gives_status_feedback_and_rating(
    pipeline: Pipeline, service_record: int, outcome: str, expected: str, score: int | None
) -> None:
    reported(pipeline, service_record, outcome, nps_score=score, overall_feedback="Good")
    assert pipeline.service_record(service_record) == {"status": expected, "feedback": "Good", "rating": score}


@pytest.mark.parametrize(("outcome", "score"), [("cancelled", 8), ("unknown", None)])
def test_a_call_that_says_nothing_of_the_visit_leaves_it(
    pipeline: Pipeline, service_record: int, outcome: str, score: int | None
) -> None:
    reported(pipeline, service_record, outcome, nps_score=score, overall_feedback="Good")
    assert pipeline.service_record(service_record) == UNTOUCHED


def test_nulls_go_with_the_status(pipeline: Pipeline, service_record: int) -> None:
    reported(pipeline, service_record, "voicemail")
    assert pipeline.service_record(service_record) == {"status": "Missed", "feedback": None, "rating": None}


def test_a_status_alone_does_not_touch_the_visit(pipeline: Pipeline, service_record: int) -> None:
    call_id = pipeline.make_call(service_record_id=service_record)
    pipeline.send_each(status("ended", outbound(call_id), 60, endedReason="voicemail"))
    assert pipeline.service_record(service_record) == UNTOUCHED


def test_a_status_that_changes_a_reported_call_changes_the_visit(pipeline: Pipeline, service_record: int) -> None:
    call_id = pipeline.make_call(service_record_id=service_record)
    pipeline.send_each(bare_report(outbound(call_id), 130))
    assert pipeline.service_record(service_record) == UNTOUCHED
    pipeline.send_each(status("ended", outbound(call_id), 60, endedReason="voicemail"))
    assert pipeline.service_record(service_record)["status"] == "Missed"


def test_a_call_that_reached_the_customer_beats_later_ones(pipeline: Pipeline, service_record: int) -> None:
    reported(pipeline, service_record, "transferred", 100, nps_score=2)
    reported(pipeline, service_record, "voicemail", 200, nps_score=3)
    reported(pipeline, service_record, "cancelled", 300, nps_score=4)
    assert pipeline.service_record(service_record) == {"status": "Completed", "feedback": "No comment.", "rating": 2}
    reported(pipeline, service_record, "reached", 150, nps_score=5)
    assert pipeline.service_record(service_record)["rating"] == 5
    reported(pipeline, service_record, "reached", 120, nps_score=6)
    assert pipeline.service_record(service_record)["rating"] == 5


def test_of_calls_that_missed_the_latest_report_counts(pipeline: Pipeline, service_record: int) -> None:
    reported(pipeline, service_record, "failed", 200)
    reported(pipeline, service_record, "busy", 100)
    assert pipeline.service_record(service_record)["status"] == "Failed"
    reported(pipeline, service_record, "no_answer", 300)
    assert pipeline.service_record(service_record)["status"] == "Missed"


def test_of_calls_reported_at_the_same_time_the_same_counts_in_any_order(pipeline: Pipeline) -> None:
    ratings = []
    for order in ((0, 1), (1, 0)):
        service_record = pipeline.make_service_record()
        calls = [pipeline.make_call(service_record_id=service_record) for _ in range(2)]
        for place in order:
            report_again(pipeline, calls[place], "reached", 100, nps_score=place)
        ratings.append(pipeline.service_record(service_record)["rating"])
    assert ratings[0] == ratings[1]


@pytest.mark.parametrize("taken_back", ["cancelled", "unknown"])
def test_a_report_that_is_taken_back_leaves_the_applications_values(
    pipeline: Pipeline, service_record: int, taken_back: str
) -> None:
    call_id = reported(pipeline, service_record, "reached", 100, nps_score=9, overall_feedback="Good")
    report_again(pipeline, call_id, taken_back, 200, overall_feedback="A mistake")
    assert pipeline.service_record(service_record) == UNTOUCHED
    assert pipeline.count("service_record_original") == 0


def test_after_a_report_was_taken_back_the_application_writes_again(pipeline: Pipeline, service_record: int) -> None:
    call_id = reported(pipeline, service_record, "reached", 100)
    report_again(pipeline, call_id, "cancelled", 200)
    pipeline.database.run("UPDATE service_record SET status = 'Confirmed'")
    report_again(pipeline, call_id, "unknown", 300)
    assert pipeline.service_record(service_record)["status"] == "Confirmed"


def test_when_the_best_call_is_taken_back_the_next_best_counts(pipeline: Pipeline, service_record: int) -> None:
    best = reported(pipeline, service_record, "reached", 100, nps_score=9)
    reported(pipeline, service_record, "voicemail", 50)
    report_again(pipeline, best, "cancelled", 200, overall_feedback="A mistake")
    assert pipeline.service_record(service_record) == {"status": "Missed", "feedback": None, "rating": None}


def test_several_visits_in_one_batch(pipeline: Pipeline) -> None:
    service_records = [pipeline.make_service_record() for _ in range(3)]
    calls = [pipeline.make_call(service_record_id=service_record) for service_record in service_records]
    bodies = [
        bare_report(outbound(call_id, f"vapi-{call_id}"), 130, endedReason=reason)
        for call_id, reason in zip(calls, ("voicemail", "customer-ended-call", "pipeline-error"), strict=True)
    ]
    assert pipeline.send(*bodies) == []
    assert [pipeline.service_record(service_record)["status"] for service_record in service_records] == [
        "Missed",
        "Completed",
        "Failed",
    ]


def test_a_visit_without_calls_of_ours_is_left_alone(pipeline: Pipeline, service_record: int) -> None:
    other = pipeline.make_service_record()
    reported(pipeline, other, "reached")
    assert pipeline.service_record(service_record) == UNTOUCHED
