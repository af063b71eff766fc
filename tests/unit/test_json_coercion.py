"""Every form in which Vapi and the application send a value, and what counts as not given (docs/call-state.md 1)."""

import json
import math
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autopulse.json_coercion import (
    MAX_DEPTH,
    clean,
    clean_text,
    read_boolean,
    read_call_id,
    read_instant,
    read_list,
    read_mapping,
    read_nps,
    read_number,
    read_phone_number,
    read_text,
    read_time,
    read_vapi_call_id,
    read_words,
)

MOMENT = datetime(2025, 7, 13, 0, 11, 3, 82_000, tzinfo=timezone.utc)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1752365463082, id="milliseconds"),
        pytest.param(1752365463082.0, id="milliseconds as float"),
        pytest.param(1752365463.082, id="seconds"),
        pytest.param("1752365463082", id="milliseconds as text"),
        pytest.param(" 1752365463.082\n", id="seconds as text"),
        pytest.param("2025-07-13T00:11:03.082Z", id="ISO, Z"),
        pytest.param("2025-07-13T02:11:03.082+02:00", id="ISO, offset"),
        pytest.param("2025-07-13T00:11:03.082", id="ISO, no offset"),
        pytest.param("2025-07-13 00:11:03.082000+0000", id="ISO, blank"),
        pytest.param("  2025-07-13T00:11:03.082Z\n", id="ISO, blanks around"),
    ],
)
def test_a_time_is_read_in_every_form(value: Any) -> None:  # noqa: ANN401 - any JSON value
    read = read_time(value)
    assert read == MOMENT
    assert read is not None
    assert read.tzinfo is timezone.utc


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_420_070_400, datetime(2015, 1, 1, tzinfo=timezone.utc)),
        (1_420_070_400_000, datetime(2015, 1, 1, tzinfo=timezone.utc)),
        ("2015-01-01T00:00:00Z", datetime(2015, 1, 1, tzinfo=timezone.utc)),
        (99_999_999_999, datetime(5138, 11, 16, 9, 46, 39, tzinfo=timezone.utc)),
        (1752365369974.9998, datetime(2025, 7, 13, 0, 9, 29, 975_000, tzinfo=timezone.utc)),
        ("2025-07-13T00:11:03.0821239Z", datetime(2025, 7, 13, 0, 11, 3, 82_123, tzinfo=timezone.utc)),
        ("1752365369974.9998", datetime(2025, 7, 13, 0, 9, 29, 975_000, tzinfo=timezone.utc)),
        ("2025-07-13", datetime(2025, 7, 13, tzinfo=timezone.utc)),
        ("20250713", datetime(2025, 7, 13, tzinfo=timezone.utc)),
    ],
)
def test_a_time_is_read_to_the_microsecond(value: Any, expected: datetime) -> None:  # noqa: ANN401 - any JSON value
    assert read_time(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            True,
            False,
            "",
            " ",
            "soon",
            "1752365463082x",
            "0",
            "+1752365463",
            "1.7e9",
            [],
            {},
            ["2025-07-13T00:11:03Z"],
        ),
        *(math.nan, math.inf, -math.inf, 1e300, -1e300, 10**400, -1, -(10**12), 1e17, "9" * 20, "9" * 5_000),
        *(0, 0.0, 1, 100_000_000_000, 1_420_070_399, 1_420_070_399_999, "100000000000", "1420070399"),
        *("1970-01-01T00:00:00Z", "2014-12-31T23:59:59.999999Z", "2015-01-01T00:00:00+01:00"),
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"),
        *(
            "2025-13-01T00:00:00Z",
            "2025-02-30T00:00:00Z",
            "\u0662\u0660\u0662\u0665-07-13",
            "2025-07-13T00:11:03\ud800Z",
        ),
    ],
)
def test_an_unreadable_or_absurd_time_is_absent(value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert read_time(value) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis wants them naive
def test_any_instant_is_read_as_itself(moment: datetime) -> None:
    text = moment.isoformat()
    expected = moment.astimezone(timezone.utc)
    in_range = datetime(2015, 1, 1, tzinfo=timezone.utc) <= expected <= datetime(9998, 12, 31, tzinfo=timezone.utc)
    assert read_time(text) == (expected if in_range else None)


@given(st.integers(1_420_070_400, 10**11 - 1) | st.integers(1_420_070_400_000, 10**13 - 1))
def test_digits_as_text_mean_the_same_instant(number: int) -> None:
    assert read_time(str(number)) == read_time(number) is not None
    assert read_time(f" {number}.25 ") == read_time(number + 0.25)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        ("1970-01-01T00:00:01Z", datetime(1970, 1, 1, 0, 0, 1, tzinfo=timezone.utc)),
        *((-1, None), ("soon", None), (None, None), (True, None), ("9999-01-01", None), (math.nan, None)),
    ],
)
def test_an_instant_may_be_older_than_any_call(value: Any, expected: datetime | None) -> None:  # noqa: ANN401 - any JSON value
    assert read_instant(value) == expected


@given(st.integers(min_value=1_420_070_400_000, max_value=253_000_000_000_000))
@example(4 * 10**12 - 1)
@example(4 * 10**12)
@example(1_782_918_001_501)
def test_whole_milliseconds_are_read_exactly(milliseconds: int) -> None:
    assert read_time(milliseconds) == datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds)


@given(st.integers(1_420_070_400, 10**11 - 1))
def test_milliseconds_and_seconds_mean_the_same_instant(seconds: int) -> None:
    assert read_time(seconds) == read_time(seconds * 1000) is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((15, 15), (15.0, 15), ("15", 15), (" 15\n", 15), ("0015", 15), (1, 1), (2**31 - 1, 2**31 - 1)),
        *((str(2**31 - 1), 2**31 - 1), (2**31, None), (str(2**31), None), (0, None), ("0", None), (-1, None)),
        *((True, None), (False, None), (None, None), ("", None), ("+15", None), ("-15", None), ("15.0", None)),
        *((15.5, None), ("1 5", None), ("\u0661\u0665", None), ("15\u00a0", None), ("0x0f", None), (math.nan, None)),
        *((math.inf, None), ([15], None), ({"id": 15}, None), ("9" * 5_000, None), (10**400, None)),
    ],
)
def test_our_call_id(value: Any, expected: int | None) -> None:  # noqa: ANN401 - any JSON value
    assert read_call_id(value) == expected
    assert type(read_call_id(value)) is type(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("0197f9d4-aaaa-4000-8000-000000000001",) * 2, ("call_123", "call_123"), ("x" * 100, "x" * 100)),
        *(("x" * 101, None), ("", None), (None, None), (15, None), (["x"], None), ("a\x00b", "ab"), ("\x00", None)),
    ],
)
def test_vapis_call_id(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert read_vapi_call_id(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((0, 0), (10, 10), (8.0, 8), ("8", 8), (" 8 ", 8), ("8.0", 8), ("8.00\n", 8), ("10", 10), ("0", 0)),
        *((-1, None), (11, None), (8.5, None), ("8.5", None), ("-1", None), ("11", None), ("eight", None)),
        *((True, None), (False, None), (None, None), ("", None), ("\u0668", None), ("8.", None), ("1e1", None)),
        *((math.nan, None), (math.inf, None), (1e300, None), (10**400, None), ([8], None), ("UNKNOWN", None)),
    ],
)
def test_nps(value: Any, expected: int | None) -> None:  # noqa: ANN401 - any JSON value
    assert read_nps(value) == expected
    assert type(read_nps(value)) is type(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((90.841, "90.841"), (0.1, "0.1"), (7, "7"), (-1.5, "-1.5"), (True, None), (None, None)),
        *((math.nan, None), (math.inf, None), (-math.inf, None), ([], None), ({}, None), ("", None), (" ", None)),
        *(("7", "7"), (" 60.4\n", "60.4"), ("-1.5", "-1.5"), ("+2", "2"), ("1e-05", "0.00001"), ("5.", None)),
        *(("0x7", None), ("7 s", None), ("1,5", None), ("$7", None), ("nan", None), ("Infinity", None)),
        *(("\u0667", None), ("1e999", None), ("9" * 5_000, None), ("true", None), ("1_000", None)),
    ],
)
def test_numbers_keep_their_shortest_decimal_form(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    number = read_number(value)
    assert (None if number is None else f"{number:f}") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("+12025550101", "+12025550101"), (12025550101, "12025550101"), (12025550101.0, "12025550101"), ("1", "1")),
        *((0, None), (-5, None), (True, None), (1.5, None), (math.nan, None), (10**15, None), (10**400, None)),
        *(("", None), (" ", None), ("\x00", None), ("a\x00", "a"), (None, None), ([], None), ({"number": "1"}, None)),
    ],
)
def test_phone_number(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert read_phone_number(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("plain", "plain"), ("", ""), ("  untrimmed\n", "  untrimmed\n"), ("a\x00b\x00", "ab"), ("\x01", "\x01")),
        *(
            ("\ud83d\ude00", "\ufffd\ufffd"),
            ("\U0001f600", "\U0001f600"),
            ("x\udfff", "x\ufffd"),
            ("\ud800\x00", "\ufffd"),
        ),
    ],
)
def test_text_is_made_storable_and_not_trimmed(text: str, expected: str) -> None:
    assert clean_text(text) == expected
    assert read_text(text) == expected


def test_keys_and_values_are_cleaned_at_every_level() -> None:
    dirty = {"a\x00": ["\ud800", {"b\udc00": "c\x00"}], "number": math.nan, "most": -math.inf, "true": True}
    assert clean(dirty) == {"a": ["\ufffd", {"b\ufffd": "c"}], "number": None, "most": None, "true": True}


@pytest.mark.parametrize("opening", ["[", '{"x":'])
def test_what_lies_too_deep_reads_as_null(opening: str) -> None:
    closing = {"[": "]", '{"x":': "}"}[opening]
    levels = MAX_DEPTH + 10
    value = clean(json.loads(opening * levels + "1" + closing * levels))
    assert json.dumps(value).count(closing) == MAX_DEPTH


@given(JSON)
def test_whatever_was_cleaned_can_be_stored(value: Any) -> None:  # noqa: ANN401 - any JSON value
    text = json.dumps(clean(value), ensure_ascii=False, allow_nan=False)
    # An escaped backslash may stand before "u0000"; then it is plain text.
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()  # has no lone surrogate
    assert clean(clean(value)) == clean(value)


@given(JSON)
def test_no_reader_ever_raises(value: Any) -> None:  # noqa: ANN401 - any JSON value
    for read in (
        read_time,
        read_instant,
        read_call_id,
        read_vapi_call_id,
        read_nps,
        read_number,
        read_phone_number,
        read_text,
        read_words,
        read_boolean,
    ):
        read(value)
    assert isinstance(read_mapping(value), dict)
    assert isinstance(read_list(value), list | tuple)


@pytest.mark.parametrize(("value", "expected"), [("x", "x"), (" x ", " x "), ("", None), (" \n", None), (5, None)])
def test_blank_words_are_not_given(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert read_words(value) == expected


@pytest.mark.parametrize("value", [None, 5, "text", True, 1.5])
def test_what_is_no_object_and_no_array_is_empty(value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert read_mapping(value) == {}
    assert list(read_list(value)) == []
    assert read_mapping([value]) == {}
    assert list(read_list({"a": value})) == []
