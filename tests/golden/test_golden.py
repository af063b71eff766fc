"""Every case, in every order: signed, posted, queued, consumed, and compared with what must be there afterwards."""

import pytest

from tests.golden.cases import Case, every_case
from tests.golden.expectations import differences, disagreements
from tests.golden.loop import Loop, Rows


@pytest.mark.parametrize("case", every_case(), ids=lambda case: case.name)
def test_a_case_ends_as_expected_in_any_order(loop: Loop, case: Case) -> None:
    wrong: list[str] = []
    rows: Rows | None = None
    for order in case.orders:
        ending = loop.play(case, order)
        wrong += [f"{order}: {difference}" for difference in differences(loop, case.expected, ending)]
        if case.ends_in_equal_rows and ending.is_timed:
            rows = rows or ending.rows
            wrong += [f"{order}: {disagreement}" for disagreement in disagreements(rows, ending.rows)]
    assert not wrong, "\n".join(wrong)
