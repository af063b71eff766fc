"""Check which attempt a row shows, and what it says then (docs/call-state.md 4)."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from autopulse.domain.attempts import (
    NO_ORIGINAL,
    NOTHING_WRITTEN,
    CallColumns,
    Original,
    Shown,
    columns_of,
    original_of,
    shown_of,
)
from autopulse.domain.facts import MAX_INTEGER, NOTHING, Ending, Facts, Precedence, ReportFacts
from autopulse.domain.feedback import Feedback
from autopulse.domain.outcome import Outcome
from autopulse.domain.status import Status
from autopulse.vapi.ended_reasons import family_of

START = datetime(2026, 9, 14, 15, tzinfo=timezone.utc)
SCORED = CallColumns("Completed", START, nps_score=9, feedback_summary="Content.", cost=Decimal("0.25"))
LIKED = Feedback("Content.", None, "quick", None, None)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def live(begin: float | None) -> Facts:
    created_at = None if begin is None else at(begin)
    return Facts(created_at=created_at, status=Status("In Progress", created_at), in_progress_at=created_at)


def over(begin: float | None, reason: str, **report: Any) -> Facts:  # noqa: ANN401 - fields of a report
    created_at = None if begin is None else at(begin)
    precedence = Precedence(answers=bool(report), turns=False, timed=True, at=at(60), event_id=reason)
    return Facts(
        created_at=created_at,
        status=Status("Completed" if report else "Ended", created_at),
        ended_at=at((begin or 0) + 30),
        ending=Ending(at((begin or 0) + 30), reason),
        report=ReportFacts(precedence, **report) if report else None,
        reported_columns=frozenset({"end_time", "ended_reason"}),
    )


def row_of(attempts: dict[str, Facts], original: Original, current: CallColumns) -> Shown:
    columns = {id_: columns_of(facts, family_of) for id_, facts in attempts.items()}
    return shown_of(attempts, columns, original, current)


def shown(attempts: dict[str, Facts], original: Original = NO_ORIGINAL) -> str | None:
    return row_of(attempts, original, NOTHING_WRITTEN).attempt


BUSY, TALKED, VOICEMAIL = "customer-busy", "customer-ended-call", "voicemail"


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ({"a": over(0, TALKED), "b": live(9)}, "b"),
        ({"a": over(9, TALKED), "b": live(0)}, "a"),
        ({"a": over(9, BUSY), "b": live(0)}, "a"),
        ({"a": over(0, BUSY), "b": live(None)}, "a"),
        ({"a": over(None, BUSY), "b": live(0)}, "b"),
        ({"a": live(0), "b": live(9)}, "b"),
        ({"a": over(0, TALKED), "b": over(9, BUSY)}, "a"),
        ({"a": over(0, BUSY), "b": over(9, TALKED)}, "b"),
        ({"a": over(0, BUSY), "b": over(9, VOICEMAIL)}, "b"),
        ({"a": over(0, TALKED), "b": over(9, "assistant-forwarded-call")}, "b"),
        ({"a": over(9, BUSY), "b": over(9, VOICEMAIL)}, "b"),
        ({"a": over(None, BUSY), "B": over(None, VOICEMAIL)}, "a"),
        ({"a": over(0, "pipeline-error"), "b": over(9, BUSY)}, "b"),
        ({"a": over(0, "pipeline-error", nps_score=3), "b": over(9, BUSY)}, "a"),
    ],
)
def test_the_attempt_that_a_row_shows(attempts: dict[str, Facts], expected: str) -> None:
    assert shown(attempts) == shown(dict(reversed(attempts.items()))) == expected


@pytest.mark.parametrize(
    ("written", "attempt", "expected"),
    [
        (SCORED, over(9, BUSY), None),
        (SCORED, over(9, VOICEMAIL, cost=Decimal(1)), None),
        (SCORED, over(9, TALKED), "a"),
        (SCORED, live(9), "a"),
        (SCORED, live(None), None),
        (SCORED._replace(status="In Progress"), over(9, BUSY), None),
        (CallColumns("Completed"), over(9, BUSY), "a"),
        (CallColumns("Missed", START), over(9, BUSY), "a"),
        (CallColumns("In Progress", START), over(9, BUSY), "a"),
        (CallColumns("In Progress", START), over(None, BUSY), "a"),
    ],
)
def test_what_the_application_had_finished_ranks_like_an_attempt(
    written: CallColumns, attempt: Facts, expected: str | None
) -> None:
    assert shown({"a": attempt}, Original(original_of(written))) == expected


def test_a_redial_that_fails_leaves_the_older_score() -> None:
    original = Original(original_of(SCORED._replace(status="In Progress")), LIKED)
    row = row_of({"a": over(9, BUSY)}, original, CallColumns("In Progress"))
    assert row.columns == SCORED._replace(outcome=Outcome.REACHED)
    assert (row.feedback, row.feedback_given, row.vapi_call_id) == (LIKED, True, None)


def test_nothing_of_a_finished_call_is_mixed_into_the_next() -> None:
    original = Original(original_of(CallColumns("Missed", START, at(5), 5, cost=Decimal(1))), LIKED)
    row = row_of({"a": live(60)}, original, original.columns)
    assert row.columns == CallColumns("In Progress")
    assert (row.feedback, row.feedback_given) == (None, True)


def test_what_the_application_prepared_stands_until_a_fact_gives_it() -> None:
    written = CallColumns("In Progress", START, call_reason="Recall")
    original = Original(original_of(written))
    row = row_of({"a": over(0, BUSY)}, original, written)
    assert row.columns == CallColumns(
        "Ended", START, at(30), ended_reason=BUSY, outcome=Outcome.BUSY, call_reason="Recall"
    )
    assert not row.feedback_given


def test_what_the_application_writes_later_loses_to_any_fact_and_else_stands() -> None:
    row = row_of({"a": over(0, BUSY)}, NO_ORIGINAL, CallColumns("In Progress", at(3), at(4)))
    assert (row.columns.status, row.columns.start_time, row.columns.end_time) == ("Ended", at(3), at(30))


def test_a_column_of_another_attempt_is_not_left_behind() -> None:
    first, second = over(0, VOICEMAIL, nps_score=None, cost=Decimal(2)), live(60)
    before = row_of({"a": first}, NO_ORIGINAL, NOTHING_WRITTEN)
    after = row_of({"a": first, "b": second}, NO_ORIGINAL, before.columns)
    assert after.columns == CallColumns("In Progress")
    assert after.feedback_given


def test_an_attempt_of_which_only_the_link_is_known_changes_nothing() -> None:
    written = CallColumns("Scheduled", START)
    row = row_of({"a": NOTHING}, Original(written), written)
    assert (row.columns, row.feedback_given) == (written, False)


def test_the_report_counts_before_the_statuses() -> None:
    facts = Facts(in_progress_at=at(1), ended_at=at(9), ending=Ending(at(9), VOICEMAIL))
    assert columns_of(facts, family_of) == CallColumns("Ready", at(1), at(9), 8, VOICEMAIL, Outcome.VOICEMAIL)
    precedence = Precedence(answers=False, turns=False, timed=True, at=at(10), event_id="r")
    report = ReportFacts(precedence, start_time=at(2), end_time=at(8), ended_reason=BUSY, duration_sec=5)
    assert columns_of(replace(facts, report=report), family_of) == CallColumns(
        "Ready", at(2), at(8), 5, BUSY, Outcome.BUSY
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        *((0, 0), (5.4, 5), (5.499999, 5), (5.5, 6), (6.5, 7), (0.5, 1), (0.499999, 0), (-1, 0), (-0.1, 0)),
        *((MAX_INTEGER, MAX_INTEGER), (MAX_INTEGER + 0.4, MAX_INTEGER), (MAX_INTEGER + 1, None)),
    ],
)
def test_duration_is_end_minus_start_half_up(seconds: float, expected: int | None) -> None:
    assert columns_of(Facts(in_progress_at=START, ended_at=at(seconds)), family_of).duration_sec == expected


@pytest.mark.parametrize("facts", [Facts(in_progress_at=START), Facts(ended_at=START)])
def test_without_both_ends_there_is_no_duration(facts: Facts) -> None:
    assert columns_of(facts, family_of).duration_sec is None


@pytest.mark.parametrize(
    ("written", "outcome", "finished"),
    [
        (CallColumns("Completed", START), Outcome.REACHED, True),
        (CallColumns("Completed"), None, True),
        (CallColumns("Missed"), Outcome.NO_ANSWER, True),
        (CallColumns("Failed", START), Outcome.FAILED, True),
        (CallColumns("In Progress", START), None, False),
        (CallColumns("In Progress", nps_score=0), Outcome.REACHED, True),
        (CallColumns("Completed", START, outcome=Outcome.TRANSFERRED), Outcome.TRANSFERRED, True),
        (CallColumns("Queued", START, outcome=Outcome.REACHED), None, False),
    ],
)
def test_the_outcome_of_what_the_application_wrote(
    written: CallColumns, outcome: Outcome | None, *, finished: bool
) -> None:
    original = Original(original_of(written))
    assert (original.columns.outcome, original.finished) == (outcome, finished)
