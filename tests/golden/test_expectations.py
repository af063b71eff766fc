from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.golden.expectations import compare

NOON = datetime(2026, 5, 18, 12, tzinfo=timezone.utc)
ID = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ([{"a": 1}, 2], [{"a": 1, "b": 3}, 2]),
        ({"in": ["x", "y"]}, "y"),
        ({"not": None}, 0),
        ({"contains": "row"}, "brown"),
        ("2026-05-18T14:00:00+02:00", NOON),
        (0.2134, Decimal("0.213400")),
        (ID, UUID(ID)),
    ],
)
def test_what_is_as_wanted_makes_no_difference(wanted: Any, found: Any) -> None:  # noqa: ANN401 - any JSON
    assert list(compare("it", wanted, found)) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": None}, {}),
        ({"a": 1}, None),
        ({"a": {"b": 1}}, {"a": None}),
        ({}, None),
        ([1], [1, 2]),
        ([], [1]),
        ({"in": ["x", "y"]}, "z"),
        ({"not": None}, None),
        ({"contains": "row"}, "black"),
        ({"unheard-of": 1}, 1),
        ("2026-05-18T14:00:00Z", NOON),
        (None, NOON),
        (None, Decimal(0)),
        (1, True),
        (0, None),
    ],
)
def test_what_is_not_as_wanted_makes_a_difference(wanted: Any, found: Any) -> None:  # noqa: ANN401 - any JSON
    assert len(list(compare("it", wanted, found))) == 1
