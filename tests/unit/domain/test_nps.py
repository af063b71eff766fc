from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.api.parameters import NpsCategory
from autopulse.domain.nps import CATEGORIES, category_of, nps_of

COUNTS = st.integers(0, 100_000)


def test_without_answers_there_is_no_score() -> None:
    assert nps_of(0, 0, 0) is None


@pytest.mark.parametrize(
    ("counts", "score"), [((1, 0, 0), 100), ((0, 1, 0), 0), ((0, 0, 1), -100), ((6, 2, 2), 40), ((1, 1, 1), 0)]
)
def test_the_score_is_promoters_less_detractors_in_percent(counts: tuple[int, int, int], score: float) -> None:
    nps = nps_of(*counts)
    assert nps is not None
    assert nps.score == score


def test_the_interval_is_the_published_one() -> None:
    """By hand: 7.75 and 4.75 of 18 are 3/18 apart; (12.5/18 - (3/18)^2) / 18 = 0.037037, its root 0.19245."""
    nps = nps_of(7, 4, 4)
    assert nps is not None
    assert (nps.score, nps.low, nps.high) == (20.0, -21.1, 54.4)


def test_one_answer_says_little() -> None:
    nps = nps_of(1, 0, 0)
    assert nps is not None
    assert nps.low < 0
    assert nps.high == 100


@given(COUNTS, COUNTS, COUNTS)
def test_the_score_lies_in_its_interval_and_that_in_the_scale(up: int, middle: int, down: int) -> None:
    nps = nps_of(up, middle, down)
    if nps is None:
        assert up + middle + down == 0
    else:
        assert -100 <= nps.low <= nps.score <= nps.high <= 100


@given(st.integers(1, 1000), st.integers(1, 1000), st.integers(1, 1000))
def test_more_answers_of_the_same_kind_are_surer(up: int, middle: int, down: int) -> None:
    few, many = nps_of(up, middle, down), nps_of(100 * up, 100 * middle, 100 * down)
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize("score", range(11))
def test_every_answer_belongs_to_a_group_of_the_score(score: int) -> None:
    groups = ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2
    assert category_of(score) == groups[score]


@pytest.mark.parametrize("score", range(11))
def test_the_category_of_a_score_is_the_one_whose_range_has_it(score: int) -> None:
    assert [name for name, scores in CATEGORIES.items() if score in scores] == [category_of(score)]


def test_the_api_takes_all_categories_and_calls_without_a_score() -> None:
    assert set(get_args(NpsCategory)) == {*CATEGORIES, "none"}
