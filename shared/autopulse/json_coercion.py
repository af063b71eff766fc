"""Read one untrusted JSON value: the value if it is usable, else None, which means that it is absent.

Vapi's payloads have changed their form in every version, every field except the identity is optional, and clients of
our API may send anything. Therefore nothing here raises: null, values of a wrong type, non-finite and out-of-range
values all read as None. The verifier and the consumers share these functions, so that they read values alike.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

Json = Any
"""What `json.loads` returns."""

MAX_CALL_ID: Final = 2**31 - 1
"""`call.id` is a Postgres integer."""
MAX_VAPI_CALL_ID_CHARACTERS: Final = 100
NPS_SCORES: Final = frozenset(map(Decimal, range(11)))
"""The scores from 0, the worst, to 10."""
MAX_DEPTH: Final = 64
"""The depth of nesting that `clean` keeps; deeper values read as None. Recorded bodies have 11 levels."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST: Final = datetime(2015, 1, 1, tzinfo=timezone.utc)
"""No call is older; an earlier time is 0, or not a time."""
_LAST: Final = datetime(9998, 12, 31, tzinfo=timezone.utc)
MAX_AHEAD: Final = timedelta(hours=1)
"""How far a sender's clock may be ahead of ours; a later time counts as absent."""
_MILLISECONDS_FROM: Final = 1e11
"""Epoch numbers below this are seconds (until the year 5138); others are milliseconds (since March 1973)."""
_EXACT_MILLISECONDS: Final = 4e12
"""Below this (the year 2096) seconds as a float are exact to less than half a microsecond."""
MAX_PHONE_NUMBER: Final = 10**15 - 1
"""E.164 has 15 digits."""
_NUMERIC: Final = re.compile(
    r"[ \t\r\n]*([+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?)[ \t\r\n]*", re.ASCII
)
_EPOCH_TEXT: Final = re.compile(r"[ \t\r\n]*([0-9]{9,20}(?:\.[0-9]{1,20})?)[ \t\r\n]*", re.ASCII)
"""With fewer digits it cannot be an epoch number since 2015, but it may be a date: 20250713."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_CALL_ID: Final = re.compile(r"[ \t\r\n]*0*([0-9]{1,10})[ \t\r\n]*", re.ASCII)
_INTEGRAL: Final = re.compile(r"[ \t\r\n]*\+?0*([0-9]{1,2})(?:\.0+)?[ \t\r\n]*", re.ASCII)


def clean_text(text: str) -> str:
    """The text as Postgres and pg8000 accept it: without U+0000, lone surrogates as U+FFFD. It is not trimmed."""
    if (text.isascii() and "\x00" not in text) or _UNSTORABLE.search(text) is None:
        return text
    # The JSON decoder joins surrogate pairs, so each remaining surrogate is a lone one.
    return _UNSTORABLE.sub(lambda match: "" if match[0] == "\x00" else "�", text)


def clean(value: Json, depth: int = MAX_DEPTH) -> Json:
    """A copy with clean text in keys and values, NaN and infinities as None, and nothing deeper than `depth`."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {clean_text(key): clean(item, depth - 1) for key, item in value.items()} if depth else None
    if isinstance(value, list):
        return [clean(item, depth - 1) for item in value] if depth else None
    return value


def read_text(value: Json) -> str | None:
    """Clean text; the empty string counts as text."""
    return clean_text(value) if isinstance(value, str) else None


def read_words(value: Json) -> str | None:
    """Text that is not blank, for parts of a message that was cleaned as a whole."""
    return value if isinstance(value, str) and value and not value.isspace() else None


def read_mapping(value: Json) -> Mapping[str, Json]:
    """The object; an empty one if the value is not an object."""
    return value if isinstance(value, dict) else {}


def read_list(value: Json) -> Sequence[Json]:
    """The array; an empty one if the value is not an array."""
    return value if isinstance(value, list) else ()


def read_boolean(value: Json) -> bool | None:
    """JSON true or false."""
    return value if isinstance(value, bool) else None


def read_number(value: Json) -> Decimal | None:
    """A finite JSON number, exactly as its shortest decimal form, or ASCII text of one; booleans are not numbers."""
    if isinstance(value, str):
        numeric = _NUMERIC.fullmatch(value)
        return Decimal(numeric[1]) if numeric else None
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return Decimal(repr(value)) if isinstance(value, float) and math.isfinite(value) else None


def read_phone_number(value: Json) -> str | None:
    """Clean text that is not blank, or the digits of an integer of at most 15 digits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if 0 < value <= MAX_PHONE_NUMBER else None
    return read_words(read_text(value))


def read_time(value: Json) -> datetime | None:
    """A time from 2015 to 9998, aware and in UTC, to the microsecond.

    Reads ISO 8601 text with or without an offset (without: UTC), and epoch numbers, also as text, in seconds or
    milliseconds.
    """
    return _read_from(_FIRST, value)


def plausible_time(moment: datetime) -> datetime | None:
    """The time if it is from 2015 to 9998; earlier there were no calls, and later years have five digits."""
    return moment if _FIRST <= moment <= _LAST else None


def not_ahead(moment: datetime | None, received_at: datetime | None) -> datetime | None:
    """The time, or None if it is more than an hour after the receipt of its message.

    Times decide which of two messages counts, so a message with a time in the year 9998 would always count.
    """
    if moment is None or received_at is None:
        return moment
    return moment if moment - received_at <= MAX_AHEAD else None


def read_instant(value: Json) -> datetime | None:
    """As `read_time`, but from 1970 on: the time of a clock, not of a call."""
    return _read_from(_EPOCH, value)


def _read_from(first: datetime, value: Json) -> datetime | None:
    """A time from `first` to 9998."""
    try:
        moment = _read_time_text(value) if isinstance(value, str) else _read_epoch(value)
    except (OverflowError, ValueError):  # unreadable text, NaN, outside of the years 1 to 9999
        return None
    return moment if moment is not None and first <= moment <= _LAST else None


def _read_time_text(text: str) -> datetime | None:
    number = None if text[4:5] == "-" else _EPOCH_TEXT.fullmatch(text)  # usually it is a date
    return _read_epoch(float(number[1])) if number else _read_iso(text)


def _read_iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is timezone.utc:
        return moment
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _read_epoch(value: Json) -> datetime | None:
    if type(value) is not float and type(value) is not int:  # a boolean is an int too
        return None
    number = float(value)  # comparing it takes a fifth of the time of a long integer
    if _MILLISECONDS_FROM <= number < _EXACT_MILLISECONDS and number.is_integer():
        return datetime.fromtimestamp(number / 1000, timezone.utc)  # half of the time of the sum below
    in_milliseconds = abs(number) >= _MILLISECONDS_FROM
    return _EPOCH + (timedelta(milliseconds=value) if in_milliseconds else timedelta(seconds=value))


def to_text(moment: datetime | None) -> str | None:
    """The time in ISO 8601, in UTC with microseconds."""
    return None if moment is None else moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def read_call_id(value: Json) -> int | None:
    """Our `call.id`: 1..2147483647, as an integral number or as ASCII digits with blanks around them."""
    if isinstance(value, str):
        digits = _CALL_ID.fullmatch(value)
        value = int(digits[1]) if digits else None
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 1 <= value <= MAX_CALL_ID else None


def read_vapi_call_id(value: Json) -> str | None:
    """Vapi's `call.id`: any text of 1 to 100 characters; usually a UUID."""
    text = read_text(value)
    return text if text and len(text) <= MAX_VAPI_CALL_ID_CHARACTERS else None


def read_nps(value: Json) -> int | None:
    """A Net Promoter Score: integral 0..10, as a number (8.0 counts) or ASCII text of one (`" 8.0 "` counts)."""
    number = read_number(value)
    if isinstance(value, str):
        digits = _INTEGRAL.fullmatch(value)
        number = Decimal(digits[1]) if digits else None
    return int(number) if number is not None and number in NPS_SCORES else None


def as_text(value: Json) -> str:
    """Text unchanged; any other value except null as compact JSON."""
    if value is None:
        return ""
    return (
        read_text(value) or ""
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )
