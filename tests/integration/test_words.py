"""The words that calls are found by follow what is shown, whatever comes, in any order (docs/call-state.md 12)."""

from collections.abc import Callable

import pytest

from tests.integration.bodies import Body, conversation, final_transcript, outbound, report, status, turn
from tests.integration.found_words import assert_words_are_those_that_are_shown
from tests.integration.orders import FIRST_CALL, end_in_equal_rows
from tests.integration.pipeline import Pipeline

SERVICE_RECORD = 2_000_001
CALL = outbound(FIRST_CALL)
TURNS = [turn("bot", "Hello, how was it?", 1), turn("user", "I waited forty minutes for coffee.", 5)]
ANALYSED = {"summary": "The customer was unhappy.", "structuredData": {"nps_score": 3, "detractors": ["A rattle"]}}


@pytest.fixture
def prepare(pipeline: Pipeline) -> Callable[[], None]:
    def write_as_the_application() -> None:
        pipeline.make_service_record(id=SERVICE_RECORD, customer_name="Zoé Invented", vehicle_info="2021 Sample Sedan")
        pipeline.make_call(id=FIRST_CALL, service_record_id=SERVICE_RECORD)

    write_as_the_application()
    return write_as_the_application


def _words(pipeline: Pipeline) -> set[str]:
    (row,) = pipeline.rows("SELECT tsvector_to_array(words) AS words FROM call_words")
    return {word[12:] for word in row["words"]}


@pytest.mark.usefixtures("prepare")
def test_a_report_makes_its_call_found_by_what_was_said_the_summary_the_feedback_and_the_visit(
    pipeline: Pipeline,
) -> None:
    pipeline.send_each(report(CALL, messages=TURNS, analysis=ANALYSED))
    assert {"coffee", "forty", "minutes", "unhappy", "rattle", "zoe", "invented", "sedan"} <= _words(pipeline)
    assert_words_are_those_that_are_shown(pipeline)


@pytest.mark.usefixtures("prepare")
def test_as_long_as_there_is_no_report_nothing_is_written(pipeline: Pipeline) -> None:
    pipeline.send_each(status("in-progress", CALL, 0), conversation(CALL, 6, *TURNS))
    assert pipeline.count("call_words") == 0


@pytest.mark.usefixtures("prepare")
def test_a_later_report_takes_the_words_of_the_earlier_one_away(pipeline: Pipeline) -> None:
    pipeline.send_each(report(CALL, 100, messages=TURNS, analysis=ANALYSED))
    other = [turn("bot", "Hello, how was it?", 1), turn("user", "Quick and friendly.", 5)]
    pipeline.send_each(report(CALL, 200, messages=other, analysis={"structuredData": {"nps_score": 9}}))
    assert not {"coffee", "rattle", "unhappy"} & _words(pipeline)
    assert "friendly" in _words(pipeline)
    assert_words_are_those_that_are_shown(pipeline)


@pytest.mark.usefixtures("prepare")
def test_another_attempt_that_is_shown_brings_its_own_words(pipeline: Pipeline) -> None:
    pipeline.send_each(report(CALL, messages=TURNS, analysis=ANALYSED))
    again = outbound(FIRST_CALL, "0197f9d4-bbbb-4000-8000-000000000001", createdAt="2026-11-20T10:00:00Z")
    pipeline.send_each(report(again, 900, messages=[turn("user", "Call me tomorrow.", 1)]))
    assert_words_are_those_that_are_shown(pipeline)


@pytest.mark.usefixtures("prepare")
def test_a_part_that_was_said_before_the_reports_turns_is_found_when_it_comes_late(pipeline: Pipeline) -> None:
    pipeline.send_each(report(CALL, messages=TURNS[1:], analysis=ANALYSED))
    pipeline.send_each(final_transcript(CALL, -3, "user", "Marmalade?"))
    assert "marmalade" in _words(pipeline)
    assert_words_are_those_that_are_shown(pipeline)


def test_in_any_order_the_words_are_equal_and_those_that_are_shown(
    pipeline: Pipeline, prepare: Callable[[], None]
) -> None:
    bodies: list[Body] = [
        status("in-progress", CALL, 0),
        final_transcript(CALL, -3, "user", "Marmalade?"),
        conversation(CALL, 6, *TURNS),
        report(CALL, 100, messages=TURNS),
        report(CALL, 120, messages=TURNS, analysis=ANALYSED),
        status("ended", CALL, 60, endedReason="customer-ended-call"),
    ]
    end_in_equal_rows(pipeline, prepare, bodies)
    assert_words_are_those_that_are_shown(pipeline)
