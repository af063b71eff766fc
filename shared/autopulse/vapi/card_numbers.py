"""Numbers of payment cards in what people say, told from the other numbers that they say.

A number may be a card's if its length and its first digits are an issuer's, and its check digit fits (Luhn). One in
ten other numbers of such a length and beginning would pass, too, so how it is written and what stands beside it decide:

1. Written as cards are, it is one: in groups of 4-4-4-4 (19 digits: 4-4-4-4-3), 4-6-5 or 4-6-4; or digit by digit, or
   in pairs, as it is said, if nothing else is in that row of digits. Further groups of four, as parcels have them, make
   it another number, but for those of further cards and for the month and year in which a card ends.
2. As one number without gaps it is one, unless it is named as another: an order, an invoice, a tracking number.
3. In any other grouping, or in a longer row of digits, it is one only near a word of cards: card, Visa, credit, CVV.

So counted numbers, phone numbers in a row, dates, odometers and prices stay.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

_LEAST: Final = 14
_MOST: Final = 19
_ROW: Final = re.compile(r"(?<![\w+])[0-9](?:[ .-]?[0-9]|,[ ][0-9]){13,79}+", re.ASCII)
"""Digits with no more than a sign between them; after a plus is a phone number. A longer row is read in parts."""
_GROUP: Final = re.compile(r"[0-9]+")
_TWO_DIGITS: Final = re.compile(r"[0-9]{2}")
_SIZES: Final = tuple(map(chr, range(48, 48 + 81)))
"""Size of a group -> a character, up to 9 the digit itself: the sizes of a row are a text."""
_ON_A_CARD: Final = re.compile(f"(?=(44443|4444|465|464|[{_SIZES[_LEAST]}-{_SIZES[_MOST]}]))")
"""Sizes of the groups on a card."""
_FOURS: Final = re.compile("4+")
_MONTH_AND_YEAR: Final = re.compile(r"(?:0[1-9]|1[0-2])[0-9]{2}")
_AS_SAID: Final = re.compile("1{14,19}|2{7,9}")
_TRIES: Final = 8
"""Groups of a row near a word of cards in which a number may begin, before the first number and after each."""
_NEAR: Final = 60
"""Characters before a row, and after it, in which a word of cards is near."""
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
"""Where a group begins and ends."""


def find_cards(text: str) -> Iterator[Place]:
    """Begin and end of each card's number, in their order, without overlaps."""
    has_words = _has_card_word(text)
    for row in _ROW.finditer(text):
        start, end = row.span()
        is_near = has_words and _is_near_card_word(text, start, end)
        if not is_near and end - start > 3 * _MOST and not _TWO_DIGITS.search(text, start, end):
            continue  # more digits than a card has, one by one
        groups = [group.span() for group in _GROUP.finditer(text, start, end)]
        if text[end : end + 1].isalpha():
            groups.pop()  # "3rd"
        yield from _as_written(text, groups) or (_as_any(text, groups) if is_near and len(groups) > 1 else ())


def names_another_number(name: str) -> bool:
    """Whether what a field is called, such as `orderNumber` or `tracking_id`, says that it has no card's number."""
    return _NAMED.search(_WORD_IN_NAME.sub(" ", name)) is not None


def _as_written(text: str, groups: Sequence[Place]) -> list[Place]:
    """Numbers in the groups that a card has, as one, or as they are said."""
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
    """Whether the groups of four that these four are among are cards, and perhaps when the last one ends."""
    fours = next(row for row in _FOURS.finditer(sizes) if row.start() <= first < row.end())
    before, after = first - fours.start(), fours.end() - first - 4
    if after % 4 == 1:
        start, end = groups[fours.end() - 1]
        after -= _MONTH_AND_YEAR.fullmatch(text, start, end) is not None
    return before % 4 == 0 == after % 4


def _as_any(text: str, groups: Sequence[Place]) -> Iterator[Place]:
    """Numbers however they are grouped, that begin and end with a group."""
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
    for word in _CARD_WORDS:  # noqa: SIM110 - a generator would cost more than the search
        if word in lowered:
            return True
    return False


def _is_named(text: str, start: int) -> bool:
    """Whether the number that begins there is named as another than a card's."""
    return _NAMED.search(text[max(0, start - _NAME_CHARACTERS) : start]) is not None


def _fits(digits: str) -> bool:
    return len(digits) in _lengths_of(digits[:2]) and _has_check_digit(digits)


def _lengths_of(two: str) -> tuple[int, ...]:
    """How long a number with these first digits is, by the issuers' ranges; the usual length first."""
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
    """Luhn: every second digit from the end doubled, the sum of all digits is a multiple of ten."""
    characters = digits.encode()  # each 48 more than its digit
    total = sum(characters[::-2]) + sum(characters[-2::-2].translate(_DOUBLED))
    return (total - 48 * len(characters)) % 10 == 0
