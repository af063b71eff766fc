import json
from typing import Any

import pytest

from autopulse.domain.bounds import CUT, MAX_DATA_BYTES, MAX_KEY_CHARACTERS, MAX_TEXT_CHARACTERS, cut, cut_data


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        *(("", 5, ""), ("abcde", 5, "abcde"), ("abcdef", 5, "abcd\u2026"), ("abc", 1, "\u2026")),
        ("\U0001f600" * 4, 3, "\U0001f600\U0001f600\u2026"),
        ("e\u0301" * 3, 4, "e\u0301e\u2026"),
    ],
)
def test_a_text_is_cut_between_characters(text: str, most: int, kept: str) -> None:
    assert cut(text, most) == kept


def _written(data: dict[str, Any]) -> int:
    """As Postgres writes a jsonb: with blanks after commas and colons."""
    return len(json.dumps(data, ensure_ascii=False).encode())


@pytest.mark.parametrize(
    "data",
    [
        *({}, {"a": None, "b": [True, 1.5, {"c": "d"}]}, {"a": "x" * MAX_TEXT_CHARACTERS}),
        {"a": ["x" * (MAX_TEXT_CHARACTERS - 10)] * 9},
        {"x" * MAX_KEY_CHARACTERS * 5: "short enough together"},
    ],
)
def test_data_that_is_short_is_kept_as_it_is(data: dict[str, Any]) -> None:
    assert cut_data(data) == data


@pytest.mark.parametrize(
    "data",
    [
        {"a": "x" * 5_000_000},
        {"a": "\U0001f600" * 300_000, "b": 1},
        {"a": '"\\\n' * 300_000},
        {f"{n}": n for n in range(100_000)},
        {"x" * 1_000_000: 1, "y": "z" * 200_000},
        {"a": list(range(200_000))},
        {"a": [[[]]] * 200_000},
        {"a": {"b": {"c": ["d" * 19_000] * 100}}, "e": 1},
    ],
    ids=["text", "emoji", "escapes", "keys", "long-key", "numbers", "empty-lists", "deep"],
)
def test_data_that_is_long_is_cut_and_says_so(data: dict[str, Any]) -> None:
    kept = cut_data(data)
    assert kept.pop(CUT) is True
    assert _written(kept) <= MAX_DATA_BYTES
    assert kept
    assert cut_data({**kept, CUT: True}) == {**kept, CUT: True}


def test_the_first_parts_are_kept_whole() -> None:
    kept = cut_data({"nps_score": 3, "said": "Slow.", "rest": ["x" * 19_000] * 50, "last": 1})
    assert (kept["nps_score"], kept["said"]) == (3, "Slow.")
    assert set(kept["rest"]) == {"x" * 19_000}
    assert 5 < len(kept["rest"]) < 50
    assert "last" not in kept


def test_numbers_count_as_postgres_writes_them() -> None:
    # jsonb has 1e300 as a 1 and 300 zeros: a twentieth of that as it was sent.
    kept = cut_data({"a": [1e300] * 20_000})
    assert kept[CUT] is True
    assert sum(len(f"{number:.0f}") for number in kept["a"]) <= MAX_DATA_BYTES
