"""Mask secrets in free texts, which no allow-list can filter: what people and tools say in a call.

Masked are: credentials in the forms of their issuers, values after a name such as `password` or `api_key` (in other
languages too), tokens in query strings, payment cards (`card_numbers` has the rule), IBANs with a right check digit,
and social security numbers. Phone numbers, order numbers, prices, dates and plain UUIDs are not masked.

A text is searched in a normalised form, with ASCII for compatibility characters and for other scripts' digits and
without invisible characters, and again with percent-encoding and JSON's escapes decoded. The time is linear in the
length of the text. `secret_shapes` has the patterns.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from autopulse.json_coercion import Json
from autopulse.vapi.card_numbers import find_cards, names_another_number
from autopulse.vapi.secret_shapes import (
    KNOWN,
    LONG_TOKEN,
    NUMBERS,
    REDACTED,
    SHAPES,
    apply_shapes,
    mask_token,
    names_a_secret,
)


def mask_secrets(text: str) -> str:
    """Return the text without credentials, card numbers and the like.

    A text in which something is found only in its normalised or decoded form is returned in that form.
    """
    if len(text) < _SHORTEST:
        return text
    plain = text if text.isascii() else _plain(text)
    masked = _mask(plain)
    if "%" in masked or "\\" in masked or "&" in masked:
        decoded = _decoded(masked)
        if decoded != masked and (again := _mask(decoded)) != decoded:
            return again
    return text if masked == plain else masked


def mask_credentials(text: str) -> str:
    """Mask known credentials in an identifier. Other patterns are not used: most ids match some of them."""
    return text if _PLAIN_ID.fullmatch(text) else apply_shapes(KNOWN, text, text.lower())


def mask_all(value: Json) -> Json:
    """Return a cleaned JSON value with all texts masked, keys too, and every value under a secret's name."""
    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, dict):
        return {mask_secrets(key): _conceal_item(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_all(item) for item in value]
    if isinstance(value, int | float) and mask_number(value) is None:
        return REDACTED
    return value


def _conceal_item(name: str, value: Json) -> Json:
    if names_a_secret(name, value):
        return REDACTED
    masked = mask_all(value)
    if masked != value and _ONLY_DIGITS.fullmatch(str(value)) and names_another_number(name):
        return value
    return masked


def mask_number(value: float | None) -> float | None:
    """Return the number, or None if it is a card number."""
    return None if value is not None and abs(value) >= _LEAST_CARD and mask_secrets(str(value)) != str(value) else value


_PLAIN_ID: Final = re.compile(r"[0-9a-f-]{36}|\+?[0-9]{1,15}")
"""A UUID or a telephone number."""
_ONLY_DIGITS: Final = re.compile(r"[0-9]{1,19}")
_LEAST_CARD: Final = 10**13
_SHORTEST: Final = 7
"""The longest text that the quick check is for; most texts of a turn besides its words are shorter."""

# Forms in which a text is searched

_INVISIBLE: Final = frozenset(
    map(
        chr,
        (
            *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
            *(*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
            *(*range(0xFE00, 0xFE10), *range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0)),
        ),
    )
)
_DASHES: Final = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d")
_LONGEST_PLAIN: Final = 3
"""The longest replacement of one character; a few characters mean whole phrases, which are no part of a secret."""


def _plain(text: str) -> str:
    """Replace characters and digits of other scripts by ASCII; drop invisible ones; use one kind of hyphen."""
    plain = {ord(one): told for one in set(text) if not one.isascii() and (told := _plain_form(one)) != one}
    return text.translate(plain) if plain else text


def _plain_form(character: str) -> str:
    if character in _INVISIBLE:
        return ""
    if character in _DASHES:
        return "-"
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    told = unicodedata.normalize("NFKC", character)
    return told if told.isascii() and len(told) <= _LONGEST_PLAIN else character


_ENCODED: Final = re.compile(
    r"%(?:25)*+([2-7][0-9A-Fa-f])|(?<!\\)\\++(?:u00([2-7][0-9A-Fa-f])|([\"'/]))|&(?:(quot)|(amp)|#0{0,4}(39|34));"
)
_OF_ENTITY: Final = {"quot": '"', "amp": "&", "39": "'", "34": '"'}


def _decoded(text: str) -> str:
    """Decode percent-encoded ASCII, JSON's escapes and the entities of quotes, also if they were encoded repeatedly."""
    return _ENCODED.sub(_character_of, text)


def _character_of(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else match[3] or _OF_ENTITY[match[4] or match[5] or match[6]]


# Patterns to search for


def _mask(text: str) -> str:
    lowered = text.lower()
    if _is_harmless(text, lowered):
        return text
    text = apply_shapes(SHAPES, text, lowered)
    text = LONG_TOKEN.sub(mask_token, text)
    return _mask_numbers(text) if _NUMBER.search(text) else text


def _mask_numbers(text: str) -> str:
    for pattern, replacement in NUMBERS:
        text = pattern.sub(replacement, text)
    return _mask_cards(text)


def _mask_cards(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for start, end in find_cards(text):
        pieces += text[done:start], REDACTED
        done = end
    return "".join((*pieces, text[done:])) if pieces else text


_LONG: Final = re.compile(r"[\w+/.-]{16}", re.ASCII)
_LONG_WORD: Final = re.compile(r"[A-Za-z_+/]{18}")
"""A key without a digit in the whole text is one long word; other long names have hyphens and dots."""
_NUMBER: Final = re.compile(r"[0-9](?:[ .,-]{0,2}[0-9]){8}")
_DIGIT: Final = re.compile(r"[0-9]")
_MARKS_OF_PROSE: Final[Sequence[str]] = (
    "bearer",
    "basic ",
    "private key",
    "pass",
    "pwd",
    "contrase",
    "senha",
    "kennwort",
    "wachtwoord",
)
"""Marks of the patterns that apply to words without a digit and without an assignment."""
_MARKS: Final[Sequence[str]] = (
    *_MARKS_OF_PROSE,
    *("=", "://", "secret", "token", "key", "credential", "signature", "xox", "pin", "cvv", "cvc", "security code"),
    *(
        "cookie",
        "lösenord",
        "hasło",
        "heslo",
        "şifre",
        "парол",
        "密码",
        "密碼",
        "パスワード",
        "비밀번호",
        "סיסמה",
        "كلمة",
    ),
    *("jelszó", "adgangskode", "salasana", "chave", "clave", "parola"),
)


def _is_harmless(text: str, lowered: str) -> bool:
    """Whether a few quick checks exclude every pattern, as they do for most of what people say."""
    if _DIGIT.search(text):
        if _LONG.search(text) or _NUMBER.search(text):
            return False
        marks = _MARKS
    elif _LONG_WORD.search(text):
        return False
    else:
        marks = _MARKS if ":" in text or "=" in text else _MARKS_OF_PROSE
    for mark in marks:  # noqa: SIM110 - a generator would take longer than the search
        if mark in lowered:
            return False
    return True
