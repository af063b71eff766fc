"""Check which lists of turns count, and what they show together (docs/call-state.md 5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.domain.bounds import MAX_LISTS, MAX_TURNS
from autopulse.domain.lists import (
    CONVERSATION,
    REPORT,
    Lists,
    Rank,
    TurnList,
    compose,
    fragments_until,
    join_lists,
    visible,
)
from autopulse.domain.turns import Turn

START = datetime(2026, 9, 14, 15, tzinfo=timezone.utc)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def listed(
    source: str, first: float | None, told: float, *, answers: bool = False, length: int = 1, event_id: str = ""
) -> TurnList:
    rank = Rank(answers, True, at(told), length, event_id or f"{source}-{first}-{told}")
    begin = at(told if first is None else first)
    return TurnList(source, None if first is None else int(begin.timestamp()), rank, begin)


def conversation(first: float | None, told: float, **more: Any) -> TurnList:  # noqa: ANN401 - parts of a rank
    return listed(CONVERSATION, first, told, **more)


def report(first: float | None, told: float, **more: Any) -> TurnList:  # noqa: ANN401 - parts of a rank
    return listed(REPORT, first, told, **more)


def turns(*words_at: tuple[str, float]) -> list[Turn]:
    return [Turn(place, "human", words, at(seconds)) for place, (words, seconds) in enumerate(words_at)]


def together(*lists: TurnList) -> Lists:
    return reduce(join_lists, [(one,) for one in lists], ())


def words(lists: Sequence[TurnList], said: Mapping[TurnList, Sequence[Turn]]) -> list[str]:
    composition = compose(visible(together(*lists)), said)
    sequences = [shown.turn.sequence for shown in composition.turns]
    assert sequences == sorted(set(sequences)), "places are in order, none twice"
    return [shown.turn.content for shown in composition.turns]


LIST = st.builds(
    listed,
    st.sampled_from([CONVERSATION, REPORT]),
    st.sampled_from([None, 0, 0.4, 1, 2.5, 30]),
    st.sampled_from([0.5, 2, 31, 60]),
    answers=st.booleans(),
    length=st.integers(1, 2),
)
"""From small pools: times, keys and ranks tie often. The event id tells source, first time and time: the content."""
LISTS = st.lists(LIST, max_size=8)


@given(LISTS, st.randoms(use_true_random=False))
def test_any_order_grouping_and_repetition_keeps_the_same_lists(lists: list[TurnList], random: Any) -> None:  # noqa: ANN401 - hypothesis' random
    shuffled = [*lists, *lists[:3]]
    random.shuffle(shuffled)
    middle = random.randint(0, len(shuffled))
    grouped = join_lists(together(*shuffled[:middle]), together(*shuffled[middle:]))
    assert grouped == together(*lists) == join_lists(grouped, grouped)


@pytest.mark.parametrize(
    ("lists", "shown"),
    [
        ([conversation(0, 5), conversation(0.9, 9)], [conversation(0.9, 9)]),
        ([conversation(0, 5), conversation(30, 40)], [conversation(0, 5), conversation(30, 40)]),
        ([conversation(0, 9, length=2), conversation(0, 9, length=3)], [conversation(0, 9, length=3)]),
        ([conversation(None, 9), conversation(0, 5)], [conversation(None, 9)]),
        ([conversation(None, 9), conversation(0, 12)], [conversation(0, 12)]),
        ([conversation(None, 9), conversation(30, 40)], [conversation(None, 9), conversation(30, 40)]),
        ([report(0, 60), conversation(0, 50)], [report(0, 60)]),
        ([report(0, 60), conversation(30, 70)], [report(0, 60)]),
        ([report(30, 60), conversation(0, 70)], [conversation(0, 70), report(30, 60)]),
        ([report(None, 60), conversation(0, 50), conversation(30, 50)], [report(None, 60)]),
        ([report(30, 60), conversation(None, 40)], [report(30, 60)]),
        ([report(30, 60), conversation(None, 20)], [conversation(None, 20), report(30, 60)]),
        ([report(0, 60, answers=True), report(0, 70)], [report(0, 60, answers=True)]),
        ([report(0, 60), report(30, 70)], [report(0, 60), report(30, 70)]),
    ],
)
def test_the_lists_that_are_shown(lists: list[TurnList], shown: list[TurnList]) -> None:
    assert visible(together(*lists)) == visible(together(*reversed(lists))) == shown


def test_what_is_older_than_a_list_without_a_key_stays_covered_when_that_list_gives_way() -> None:
    newest, whole, oldest = conversation(0, 12), conversation(None, 9), conversation(5, 7)
    assert visible(together(newest, oldest, whole)) == visible(together(newest, whole, oldest)) == [newest]


def test_each_list_shows_its_turns_before_the_next_one_begins() -> None:
    before, after = conversation(0, 40), conversation(30.5, 50)
    said = {
        before: turns(("a", 0), ("b", 30.2), ("late", 31), ("later", 40)),
        after: turns(("c", 30.5), ("d", 33)),
    }
    assert words([before, after], said) == ["a", "b", "c", "d"]
    composition = compose(visible(together(before, after)), said)
    assert [turn.content for turn in composition.lists[0].hidden] == ["late", "later"]
    assert [list_.offset for list_ in composition.lists] == [0, 2]


@pytest.mark.parametrize(
    ("second", "shown"),
    [
        (("Yes.", 30.2), ["a", "Yes."]),
        (("Yes!", 30.2), ["a", "Yes.", "Yes!"]),
        (("Yes.", 31.1), ["a", "Yes.", "Yes."]),
    ],
    ids=["equal within a second", "other words", "more than a second apart"],
)
def test_equal_turns_of_neighbouring_lists_within_a_second_are_one(second: tuple[str, float], shown: list[str]) -> None:
    before, after = conversation(0, 40), conversation(second[1], 50)
    assert words([before, after], {before: turns(("a", 0), ("Yes.", 29.9)), after: turns(second)}) == shown


def test_equal_turns_of_one_list_are_two() -> None:
    only = conversation(0, 40)
    assert words([only], {only: turns(("Yes.", 0), ("Yes.", 0.5))}) == ["Yes.", "Yes."]


@pytest.mark.parametrize(
    ("lists", "until"),
    [
        ([], None),
        ([conversation(30.5, 40), report(60, 70)], int(at(30).timestamp())),
        ([conversation(30, 40), report(0.9, 70)], int(START.timestamp())),
        ([conversation(None, 40), conversation(30, 70)], 0),
    ],
)
def test_fragments_are_shown_before_the_first_list(lists: list[TurnList], until: int | None) -> None:
    assert fragments_until(together(*lists)) == until


@pytest.mark.parametrize("source", [CONVERSATION, REPORT])
@given(st.randoms(use_true_random=False))
def test_of_too_many_lists_the_greatest_stay_in_any_order(source: str, random: Any) -> None:  # noqa: ANN401 - hypothesis' random
    lists = [listed(source, 2 * n, 1000 - n) for n in range(MAX_LISTS + 20)]
    shuffled = list(lists)
    random.shuffle(shuffled)
    assert together(*shuffled) == tuple(lists[:MAX_LISTS])


def test_lists_keep_no_more_turns_together_than_one_may() -> None:
    first, last, told = conversation(0, 1), conversation(100, 101), report(100, 102)
    said = {
        first: turns(*((f"first {n}", n / MAX_TURNS) for n in range(10))),
        last: turns(*((f"last {n}", 100) for n in range(MAX_TURNS))),
        told: turns(*((f"report {n}", 100) for n in range(MAX_TURNS - 4))),
    }
    assert words([first, told], said) == [f"first {n}" for n in range(4)] + [
        f"report {n}" for n in range(MAX_TURNS - 4)
    ]
    assert len(words([first, last], said)) == MAX_TURNS
