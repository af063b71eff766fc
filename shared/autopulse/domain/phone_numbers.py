"""Convert telephone numbers from any spelling to E.164, in which they are compared."""

import re
from typing import Final

COUNTRY: Final = "1"
"""The country code of a ten-digit number without one: the organizations are in North America."""
NATIONAL_DIGITS: Final = 10
_MIN_DIGITS: Final = 7
"""E.164 sets no minimum; a shorter number is an extension, or a service of the caller's own network."""
_MAX_DIGITS: Final = 15
_MAX_CHARACTERS: Final = 40
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_WRITTEN: Final = re.compile(r"\+?[0-9 ()./\u00a0-]+", re.ASCII)
_NOT_A_DIGIT: Final = re.compile(r"[^0-9]", re.ASCII)


def is_e164(number: object) -> bool:
    """Whether it is a text in the form of E.164: `+12025550142`."""
    return isinstance(number, str) and _E164.fullmatch(number) is not None


def e164_of(written: object) -> str | None:
    """The number as E.164; None if it is not a number, such as a withheld one.

    Ten digits without a plus sign are a number in North America; `db.callers` uses the same rule for the numbers that
    the application has stored.
    """
    if not isinstance(written, str) or len(written) > _MAX_CHARACTERS:
        return None
    text = written.strip()
    if not _WRITTEN.fullmatch(text):
        return None
    digits = _NOT_A_DIGIT.sub("", text)
    if not text.startswith("+") and len(digits) == NATIONAL_DIGITS:
        digits = COUNTRY + digits
    number = f"+{digits}"
    return number if _MIN_DIGITS <= len(digits) <= _MAX_DIGITS and is_e164(number) else None


def is_national(number: str) -> bool:
    """Whether an E.164 number is in North America, where people omit the country code."""
    return number.startswith(f"+{COUNTRY}") and len(number) == len(COUNTRY) + NATIONAL_DIGITS + 1
