"""The quick reader of JSON reads what `json.loads` reads."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.json_text import read_json

NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(value=JSON, escaped=st.booleans(), indented=st.booleans())
def test_any_json_is_read_as_json_loads_reads_it(value: Any, escaped: bool, indented: bool) -> None:  # noqa: ANN401 - any JSON value
    text = json.dumps(value, ensure_ascii=escaped, indent=2 if indented else None)
    read, expected = read_json(text), json.loads(text)
    assert read == expected
    assert repr(read) == repr(expected)  # 1 is not 1.0, nor -0.0 0.0


@pytest.mark.parametrize(
    "text",
    [
        *('{"a": 1, "a": 2}', "[1e400, -1e400, 1e-400, 5e-324, 0.30000000000000004]", "9007199254740993.0"),
        *("123456789012345678901234567890", '"\\ud83d\\ude00 \\ud800 \\udfff"', '"\ud800"', '"\\u0000"', " \t\r\n[]\n"),
        *("[" * 300 + "]" * 300, '{"a":' * 300 + "1" + "}" * 300),
    ],
)
def test_unusual_json_is_read_as_json_loads_reads_it(text: str) -> None:
    assert repr(read_json(text)) == repr(json.loads(text))


@pytest.mark.parametrize("text", ["", "[1,]", "{'a': 1}", '"\t"', "\ufeff1", "-", "01", '"\\x"', "[1", "1 2", "nul"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        read_json(text)
