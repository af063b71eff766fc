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
_DIALLED_ABROAD: Final = re.compile(r"^(?:00(?=[1-9][0-9]{7})|011(?=[1-9][0-9]{9}))", re.ASCII)
"""What is dialled for the plus sign: 00, or 011 in North America, where shorter numbers may begin with it elsewhere."""
ABROAD: Final = ("00", "011")
WITHHELD: Final = frozenset({"+266696687", "+86282452253", "+7378742833", "+2562533", "+8656696"})
"""What a network tells in the place of a withheld number: ANONYMOUS, UNAVAILABLE and so on on a telephone's keys."""


def is_e164(number: object) -> bool:
    """Whether it is a text in the form of E.164: `+12025550142`."""
    return isinstance(number, str) and _E164.fullmatch(number) is not None


def e164_of(written: object) -> str | None:
    """The number as E.164; None if it is not a number, such as a withheld one.

    Ten digits without a plus sign are a number in North America; `db.callers` uses the same rule for the numbers that
    the application has stored.
    """
    number = f"+{digits_of(written)}" if isinstance(written, str) else None
    return number if is_e164(number) and number not in WITHHELD else None


def digits_of(written: str) -> str:
    """The digits of a number, as E.164 has them if it is one; empty for what is no number.

    Without a plus sign, 00 or 011 may stand for it, and a number of North America may lack its country code.
    """
    text = written.strip()
    if len(written) > _MAX_CHARACTERS or not _WRITTEN.fullmatch(text):
        return ""
    digits = _NOT_A_DIGIT.sub("", text)
    if not text.startswith("+"):
        digits = COUNTRY + digits if len(digits) == NATIONAL_DIGITS else _DIALLED_ABROAD.sub("", digits)
    return digits if _MIN_DIGITS <= len(digits) <= _MAX_DIGITS else ""


def ways_of(digits: str) -> tuple[str, ...]:
    """The digits that a number may have where somebody has stored it: without a country's 1, or as it is dialled."""
    national = (digits.removeprefix(COUNTRY),) if is_national(f"+{digits}") else ()
    return digits, *national, *(code + digits for code in ABROAD)


def is_national(number: str) -> bool:
    """Whether an E.164 number is in North America, where people omit the country code."""
    return number.startswith(f"+{COUNTRY}") and len(number) == len(COUNTRY) + NATIONAL_DIGITS + 1
