"""Facts of an attempt add up in any order (docs/call-state.md 3)."""

from datetime import datetime, timedelta, timezone
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.domain.facts import NOTHING, Ending, Facts, Identity, Precedence, ReportFacts, join, join_all
from autopulse.domain.status import Status
from tests.unit.domain.test_lists import LISTS, together

START = datetime(2026, 7, 11, 1, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def report(
    seconds: float, event_id: str = "a", *, timed: bool = True, answers: bool = False, turns: bool = False
) -> ReportFacts:
    return ReportFacts(Precedence(answers, turns, timed, at(seconds), event_id))


full, spoken, later = report(1, answers=True), report(1, turns=True), report(2)


# Small pools: everything ties. What an event says follows from which event it is, as in a database.
TIMES = st.sampled_from([at(0), at(1), at(2)])
WORDS = st.sampled_from(["voicemail", "customer-ended-call"])
PRECEDENCES = st.builds(Precedence, st.booleans(), st.booleans(), st.booleans(), TIMES, st.sampled_from(["a", "b"]))
REPORTS = PRECEDENCES.map(lambda p: ReportFacts(p, START, None, len(p.event_id) + p.timed, f"reason-{p.event_id}"))
NAMES = st.none() | st.sampled_from(["a", "b"])
COLUMNS = st.frozensets(st.sampled_from(["start_time", "end_time", "duration_sec", "ended_reason", "call_reason"]))
FACTS = st.builds(
    Facts,
    status=st.none() | st.builds(Status, st.sampled_from(["Ringing", "In Progress", "Ended"]), st.none() | TIMES),
    in_progress_at=st.none() | TIMES,
    ended_at=st.none() | TIMES,
    ending=st.none() | st.builds(Ending, TIMES, WORDS),
    report=st.none() | REPORTS,
    identity=st.builds(Identity, NAMES, NAMES, customer_number=NAMES),
    created_at=st.none() | TIMES,
    first_at=st.none() | TIMES,
    lists=LISTS.map(lambda lists: together(*lists)),
    human_turn=st.booleans(),
    reported_columns=COLUMNS,
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
        ({"report": full}, {"report": later}, "report", full),
        ({"report": spoken}, {"report": later}, "report", spoken),
        ({"created_at": at(2)}, {"created_at": at(1)}, "created_at", at(1)),
        ({"first_at": at(2)}, {"first_at": None}, "first_at", at(2)),
        ({"human_turn": True}, {"human_turn": False}, "human_turn", True),
        (
            {"identity": Identity(phone_number_id="number", customer_name="Testa")},
            {"identity": Identity(assistant_id="assistant", customer_name="Placeholder")},
            "identity",
            Identity(phone_number_id="number", assistant_id="assistant", customer_name="Placeholder"),
        ),
        (
            {"reported_columns": frozenset({"a"})},
            {"reported_columns": frozenset({"b"})},
            "reported_columns",
            frozenset({"a", "b"}),
        ),
    ],
)
def test_which_of_two_is_kept(one: dict[str, Any], other: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(join(Facts(**one), Facts(**other)), field) == expected
