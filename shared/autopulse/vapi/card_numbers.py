"""Find the numbers of payment cards in what people say, and distinguish them from other numbers.

A number may be a card's if its length and its first digits are in an issuer's range, and its check digit is right
(Luhn). One in ten other numbers of such a length and beginning meets these conditions too, so the spelling and the
neighbouring words decide:

1. A number that is written as cards are is a card number: in groups of 4-4-4-4 (19 digits: 4-4-4-4-3), 4-6-5 or 4-6-4;
   or digit by digit or in pairs, if its row of digits has nothing else. If further groups of four follow, as in parcel
   numbers, it is another number, unless these are further cards, or the month and year in which a card expires. 2. A
   number without gaps is a card number, unless it is named as another: an order, an invoice, a tracking number. 3. A
   number in any other grouping, or in a longer row of digits, is a card number only near a word about cards: card,
   Visa, credit, CVV.

Counts, lists of phone numbers, dates, odometer readings and prices are therefore not masked.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

_LEAST: Final = 14
_MOST: Final = 19
_ROW: Final = re.compile(r"(?<![\w+])[0-9](?:[ .-]?[0-9]|,[ ][0-9]){13,79}+", re.ASCII)
"""Digits with at most one separator between them. After a plus comes a phone number. Longer rows are read in parts."""
_GROUP: Final = re.compile(r"[0-9]+")
_TWO_DIGITS: Final = re.compile(r"[0-9]{2}")
_SIZES: Final = tuple(map(chr, range(48, 48 + 81)))
"""Size of a group -> a character, for sizes up to 9 the digit: the sizes of a row form a text."""
_ON_A_CARD: Final = re.compile(f"(?=(44443|4444|465|464|[{_SIZES[_LEAST]}-{_SIZES[_MOST]}]))")
"""Sizes of the groups of digits on a card."""
_FOURS: Final = re.compile("4+")
_MONTH_AND_YEAR: Final = re.compile(r"(?:0[1-9]|1[0-2])[0-9]{2}")
_AS_SAID: Final = re.compile("1{14,19}|2{7,9}")
_TRIES: Final = 8
"""The maximum number of groups, in a row near a word about cards, that are tried as a number's first group.

It applies before the first number found, and again after each one.
"""
_NEAR: Final = 60
"""The number of characters before and after a row in which a word about cards is near."""
_CARD_WORDS: Final = (
    *("card", "visa", "master", "amex", "american express", "discover", "diners", "maestro", "credit", "debit"),
    *("cvv", "cvc", "expir", "security code", "tarjeta", "karte", "carte", "cartao", "cart\u00e3o", "kaart", "carta"),
)
_NAMED: Final = re.compile(
    r"(?i)(?<![a-z])(?:orders?|invoice|tracking|track|shipment|parcel|package|ticket|confirmation|reference|ref|booking"
    r"|case|claim|receipt|policy|serial|part|imei|vin|ro|transaction|customer|stock|quote|job|auftrag|bestellung"
    r"|rechnung|pedido|factura|commande|facture)"
    r"(?:[ \t]{0,2}(?:number|numbers|nummer|n[uú]mero|num|no|nr|id|code|is|was|for|[#.:=()-])){0,5}[ \t]{0,2}\Z"
)
_WORD_IN_NAME: Final = re.compile(r"_|(?<=[a-z])(?=[A-Z])")
_NAME_CHARACTERS: Final = 40
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")

Place = tuple[int, int]
"""The characters of `text` from the start of a group to its end."""


def find_cards(text: str) -> Iterator[Place]:
    """Yield the start and end of each card number, in order and without overlaps."""
    has_words = _has_card_word(text)
    for row in _ROW.finditer(text):
        start, end = row.span()
        is_near = has_words and _is_near_card_word(text, start, end)
        if not is_near and end - start > 3 * _MOST and not _TWO_DIGITS.search(text, start, end):
            continue  # more single digits than a card has
        groups = [group.span() for group in _GROUP.finditer(text, start, end)]
        if text[end : end + 1].isalpha():
            groups.pop()  # "3rd"
        yield from _as_written(text, groups) or (_as_any(text, groups) if is_near and len(groups) > 1 else ())


def names_another_number(name: str) -> bool:
    """Whether a field's name, such as `orderNumber` or `tracking_id`, means that it has no card number."""
    return _NAMED.search(_WORD_IN_NAME.sub(" ", name)) is not None


def _as_written(text: str, groups: Sequence[Place]) -> list[Place]:
    """Card numbers that are written in the groups of a card, without gaps, or digit by digit."""
    sizes = "".join([_SIZES[end - start] for start, end in groups])
    if _AS_SAID.fullmatch(sizes):
        return [(groups[0][0], groups[-1][1])] if _fits(_digits(text, groups)) else []
    found: list[Place] = []
    for candidate in _ON_A_CARD.finditer(sizes):
        first, count = candidate.start(), len(candidate[1])
        start, end = groups[first][0], groups[first + count - 1][1]
        if (found and start < found[-1][1]) or not _fits(_digits(text, groups[first : first + count])):
            continue
        if candidate[1] == "4444" and not _ends_with_card(text, groups, sizes, first):
            continue
        if (count > 1 and (first == 0 or count == len(groups))) or not _is_named(text, groups[0][0]):
            found.append((start, end))
    return found


def _ends_with_card(text: str, groups: Sequence[Place], sizes: str, first: int) -> bool:
    """Whether the groups of four around these four form cards, perhaps with the last one's expiry date."""
    fours = next(row for row in _FOURS.finditer(sizes) if row.start() <= first < row.end())
    before, after = first - fours.start(), fours.end() - first - 4
    if after % 4 == 1:
        start, end = groups[fours.end() - 1]
        after -= _MONTH_AND_YEAR.fullmatch(text, start, end) is not None
    return before % 4 == 0 == after % 4


def _as_any(text: str, groups: Sequence[Place]) -> Iterator[Place]:
    """Yield card numbers in any grouping, each of which starts and ends with a group."""
    digits = _digits(text, groups)
    begins = list(accumulate((end - start for start, end in groups), initial=0))
    after = {begin: place for place, begin in enumerate(begins)}
    place = tries = 0
    while place < len(groups) and tries < _TRIES:
        tries += 1
        begin = begins[place]
        ends = (after.get(begin + length) for length in _lengths_of(digits[begin : begin + 2]))
        end = next((one for one in ends if one is not None and _has_check_digit(digits[begin : begins[one]])), None)
        if end is None:
            place += 1
        else:
            yield groups[place][0], groups[end - 1][1]
            place, tries = end, 0


def _digits(text: str, groups: Iterable[Place]) -> str:
    return "".join([text[start:end] for start, end in groups])


def _is_near_card_word(text: str, start: int, end: int) -> bool:
    return _has_card_word(text[max(0, start - _NEAR) : start]) or _has_card_word(text[end : end + _NEAR])


def _has_card_word(text: str) -> bool:
    lowered = text.lower()
    for word in _CARD_WORDS:  # noqa: SIM110 - a generator would take longer than the search
        if word in lowered:
            return True
    return False


def _is_named(text: str, start: int) -> bool:
    """Whether the number at `start` is named as something other than a card number."""
    return _NAMED.search(text[max(0, start - _NAME_CHARACTERS) : start]) is not None


def _fits(digits: str) -> bool:
    return len(digits) in _lengths_of(digits[:2]) and _has_check_digit(digits)


def _lengths_of(two: str) -> tuple[int, ...]:
    """The possible lengths of a number with these first two digits by the issuers' ranges, the usual length first."""
    if two[:1] == "4":
        return 16, 19
    if "51" <= two <= "55" or "22" <= two <= "27":
        return (16,)
    if two in {"34", "37"}:
        return (15,)
    if two in {"36", "38", "39", "30"}:
        return 16, 14
    return (16, 17, 18, 19) if two in {"35", "60", "62", "64", "65", "50", "56", "57", "58", "63", "67"} else ()


def _has_check_digit(digits: str) -> bool:
    """Luhn's check: every second digit from the end is doubled, and the sum of all digits is a multiple of ten."""
    characters = digits.encode()  # each value is 48 more than its digit
    total = sum(characters[::-2]) + sum(characters[-2::-2].translate(_DOUBLED))
    return (total - 48 * len(characters)) % 10 == 0
