"""Check what came of a call (docs/call-state.md 6)."""

from itertools import product

import pytest

from autopulse.domain.outcome import Family, Outcome, outcome_of

SETTLED = ["reached", "voicemail", "busy", "no_answer", "transferred", "cancelled"]
EITHER = [False, True]


@pytest.mark.parametrize(("family", "said"), list(product(SETTLED, product(EITHER, EITHER, EITHER))))
def test_most_families_are_the_outcome_whatever_else_is_known(family: str, said: tuple[bool, bool, bool]) -> None:
    reported, scored, human = said
    assert outcome_of(Family(family), reported=reported, scored=scored, human=human) is Outcome(family)


@pytest.mark.parametrize("reported", EITHER)
@pytest.mark.parametrize(
    ("family", "scored", "human", "expected"),
    [
        *(("silence", False, False, "no_answer"), ("silence", False, True, "reached")),
        *(("silence", True, False, "reached"), ("silence", True, True, "reached")),
        *(("failed", False, False, "failed"), ("failed", False, True, "failed")),
        *(("failed", True, False, "reached"), ("failed", True, True, "reached")),
        *(("unknown", False, False, "unknown"), ("unknown", False, True, "unknown")),
        *(("unknown", True, False, "reached"), ("unknown", True, True, "reached")),
    ],
)
def test_a_score_or_a_turn_of_the_customer_decides_the_others(
    reported: bool, family: str, scored: bool, human: bool, expected: str
) -> None:
    assert outcome_of(Family(family), reported=reported, scored=scored, human=human) is Outcome(expected)


@pytest.mark.parametrize(
    ("scored", "human", "expected"),
    [(False, False, "unknown"), (False, True, "reached"), (True, False, "reached"), (True, True, "reached")],
)
def test_without_a_reason_a_report_is_asked(scored: bool, human: bool, expected: str) -> None:
    assert outcome_of(None, reported=True, scored=scored, human=human) is Outcome(expected)


@pytest.mark.parametrize(("scored", "human"), list(product(EITHER, EITHER)))
def test_without_a_reason_and_a_report_nothing_is_known(scored: bool, human: bool) -> None:
    assert outcome_of(None, reported=False, scored=scored, human=human) is None


def test_every_outcome_comes_of_a_family() -> None:
    found = {outcome_of(family, reported=True, scored=False, human=False) for family in Family}
    assert found == set(Outcome)
