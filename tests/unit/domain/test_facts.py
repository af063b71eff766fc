"""Facts add up in any order; what people see is computed from them (`calls.md` 5)."""

from datetime import datetime, timedelta, timezone
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.domain.facts import (
    MAX_INTEGER,
    NOTHING,
    CallState,
    ConversationFacts,
    Ending,
    Facts,
    Precedence,
    ReportFacts,
    TurnsFacts,
    join,
    join_all,
    owned_columns,
    state_of,
)
from autopulse.domain.outcome import Outcome
from autopulse.domain.status import Status
from autopulse.vapi.ended_reasons import family_of

START = datetime(2026, 7, 11, 1, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def report(seconds: float, event_id: str = "a", *, timed: bool = True, **values: Any) -> ReportFacts:  # noqa: ANN401 - any field
    return ReportFacts(Precedence(timed, at(seconds), event_id), **values)


# Small pools: everything ties. What an event says follows from which event it is, as in a database.
TIMES = st.sampled_from([at(0), at(1), at(2)])
WORDS = st.sampled_from(["voicemail", "customer-ended-call"])
PRECEDENCES = st.builds(Precedence, st.booleans(), TIMES, st.sampled_from(["a", "b"]))
REPORTS = PRECEDENCES.map(lambda p: ReportFacts(p, START, None, len(p.event_id) + p.timed, f"reason-{p.event_id}"))
TURNS = PRECEDENCES.map(lambda p: TurnsFacts(p, p.event_id == "a"))
COLUMNS = st.frozensets(st.sampled_from(["start_time", "end_time", "duration_sec", "ended_reason", "call_reason"]))
FACTS = st.builds(
    Facts,
    status=st.none() | st.builds(Status, st.sampled_from(["Ringing", "In Progress", "Ended"]), st.none() | TIMES),
    in_progress_at=st.none() | TIMES,
    ended_at=st.none() | TIMES,
    ending=st.none() | st.builds(Ending, TIMES, WORDS),
    report=st.none() | REPORTS,
    turns=st.none() | TURNS,
    conversation=st.none() | st.builds(ConversationFacts, TIMES, st.integers(0, 2), st.sampled_from(["a", "b"])),
    given=COLUMNS,
)


@given(FACTS, FACTS, FACTS)
def test_join_is_associative(one: Facts, two: Facts, three: Facts) -> None:
    assert join(join(one, two), three) == join(one, join(two, three))


@given(FACTS, FACTS)
def test_join_is_commutative(one: Facts, other: Facts) -> None:
    assert join(one, other) == join(other, one)


@given(FACTS)
def test_join_is_idempotent_and_nothing_adds_nothing(facts: Facts) -> None:
    assert join(facts, facts) == facts
    assert join(facts, NOTHING) == join(NOTHING, facts) == join(facts, Facts()) == facts


@given(st.lists(FACTS, max_size=6), st.randoms(use_true_random=False))
def test_any_order_and_repetition_adds_up_to_the_same(facts: list[Facts], random: Any) -> None:  # noqa: ANN401 - hypothesis' random
    shuffled = facts + facts[:2]
    random.shuffle(shuffled)
    assert join_all(shuffled) == join_all(facts) == reduce(join, facts, NOTHING)


@pytest.mark.parametrize(
    ("one", "other", "field", "expected"),
    [
        ({"in_progress_at": at(2)}, {"in_progress_at": at(1)}, "in_progress_at", at(1)),
        ({"ended_at": at(2)}, {"ended_at": at(1)}, "ended_at", at(1)),
        ({"ending": Ending(at(2), "a")}, {"ending": Ending(at(1), "b")}, "ending", Ending(at(1), "b")),
        ({"ending": Ending(at(1), "b")}, {"ending": Ending(at(1), "a")}, "ending", Ending(at(1), "a")),
        ({"ending": Ending(at(2), "a")}, {"ended_at": at(1)}, "ending", Ending(at(2), "a")),
        ({"report": report(2)}, {"report": report(1)}, "report", report(2)),
        ({"report": report(1, "a")}, {"report": report(1, "b")}, "report", report(1, "b")),
        ({"report": report(1)}, {"report": report(2, timed=False)}, "report", report(1)),
        ({"report": report(1, timed=False)}, {"report": report(2, timed=False)}, "report", report(2, timed=False)),
        (
            {"conversation": ConversationFacts(at(1), 9, "z")},
            {"conversation": ConversationFacts(at(2), 1, "a")},
            "conversation",
            ConversationFacts(at(2), 1, "a"),
        ),
        (
            {"conversation": ConversationFacts(at(1), 2, "a")},
            {"conversation": ConversationFacts(at(1), 1, "z")},
            "conversation",
            ConversationFacts(at(1), 2, "a"),
        ),
        ({"given": frozenset({"a"})}, {"given": frozenset({"b"})}, "given", frozenset({"a", "b"})),
    ],
)
def test_which_of_two_is_kept(one: dict[str, Any], other: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(join(Facts(**one), Facts(**other)), field) == expected


def test_of_no_messages_people_see_what_the_application_wrote() -> None:
    assert state_of(NOTHING, "Scheduled", family_of) == CallState("Scheduled", None, None, None, None, None)


def test_the_report_wins_and_the_statuses_fill_in() -> None:
    facts = Facts(in_progress_at=at(1), ended_at=at(9), ending=Ending(at(9), "voicemail"), report=report(10))
    state = state_of(facts, "Ready", family_of)
    assert (state.start_time, state.end_time, state.ended_reason) == (at(1), at(9), "voicemail")
    own = report(10, start_time=at(2), end_time=at(8), ended_reason="customer-busy", duration_sec=5)
    state = state_of(join(facts, Facts(report=report(11, "b", **_values(own)))), "Ready", family_of)
    assert state == CallState("Ready", at(2), at(8), 5, "customer-busy", Outcome.BUSY)


def _values(facts: ReportFacts) -> dict[str, Any]:
    names = ("start_time", "end_time", "duration_sec", "ended_reason")
    return {name: getattr(facts, name) for name in names}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        *((0, 0), (5.4, 5), (5.499999, 5), (5.5, 6), (6.5, 7), (0.5, 1), (0.499999, 0), (-1, 0), (-0.1, 0)),
        *((MAX_INTEGER, MAX_INTEGER), (MAX_INTEGER + 0.4, MAX_INTEGER), (MAX_INTEGER + 1, None)),
    ],
)
def test_duration_is_end_minus_start_half_up(seconds: float, expected: int | None) -> None:
    assert state_of(Facts(in_progress_at=START, ended_at=at(seconds)), "Ready", family_of).duration_sec == expected


@pytest.mark.parametrize("known", [{"in_progress_at": START}, {"ended_at": START}])
def test_without_both_ends_there_is_no_duration(known: dict[str, datetime]) -> None:
    assert state_of(Facts(**known), "Ready", family_of).duration_sec is None  # type: ignore[arg-type] # fields of Facts


@pytest.mark.parametrize(
    ("shown", "said", "expected"),
    [
        ("Ready", Status("Ringing"), "Ringing"),
        ("In Progress", Status("Ringing"), "In Progress"),
        ("In Progress", Status("Ringing", START), "Ringing"),
        ("Missed", Status("In Progress", START), "Missed"),
        ("Missed", Status("Ended", START), "Ended"),
        ("Failed", Status("Ended"), "Failed"),
        ("Completed", Status("Ended", START), "Completed"),
        ("Missed", Status("Completed"), "Completed"),
        ("Called Back", Status("Scheduled"), "Scheduled"),
        ("Called Back", None, "Called Back"),
    ],
)
def test_what_people_see_counts_as_said_without_a_time(shown: str, said: Status | None, expected: str) -> None:
    assert state_of(Facts(status=said), shown, family_of).status == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(ended_at=START), None),
        (Facts(ended_at=START, ending=Ending(START, "voicemail")), Outcome.VOICEMAIL),
        (Facts(report=report(0)), Outcome.UNKNOWN),
        (Facts(report=report(0), turns=TurnsFacts(report(0).precedence, human_turn=False)), Outcome.UNKNOWN),
        (Facts(report=report(0), turns=TurnsFacts(report(0).precedence, human_turn=True)), Outcome.REACHED),
        (
            Facts(report=report(0, ended_reason="no-answer"), turns=TurnsFacts(report(0).precedence, human_turn=True)),
            Outcome.NO_ANSWER,
        ),
    ],
)
def test_outcome(facts: Facts, expected: Outcome | None) -> None:
    assert state_of(facts, "Ready", family_of).outcome == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (set(), set()),
        ({"start_time"}, {"start_time"}),
        ({"start_time", "end_time"}, {"start_time", "end_time", "duration_sec"}),
        ({"duration_sec"}, {"duration_sec"}),
        ({"end_time", "ended_reason"}, {"end_time", "ended_reason"}),
    ],
)
def test_a_value_of_the_application_stands_until_the_first_fact_for_it(known: set[str], expected: set[str]) -> None:
    assert owned_columns(Facts(given=frozenset(known))) == expected
