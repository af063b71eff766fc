"""The database conditions that query parameters stand for (`db.queries.filters`); none for a parameter not given."""

import re
from collections.abc import Iterable
from typing import Final

from autopulse.db.queries.filters import NPS_CATEGORIES, Filters
from autopulse.domain.word_search import read_search
from autopulse.domain.words import MARK, MAX_WORD_CHARACTERS, STOP_WORDS
from autopulse.json_coercion import MAX_CALL_ID

MIN_DIGITS: Final = 3
ANY_REASON: Final = "any"
WORD: Final = re.compile(r"[^\W_]+")
_MARK: Final = re.compile(r'["\\]')
_ESCAPED: Final = r"\\\g<0>"


def advisor_filter(advisor: str | None) -> Filters:
    """The advisor by user id, or by the name as in the service record."""
    if advisor is None:
        return {}
    if advisor.isascii() and advisor.isdigit() and 0 < int(advisor[:20]) <= MAX_CALL_ID:
        return {"advisor_id": int(advisor)}
    return {"advisor_name": advisor}


def nps_category_filter(name: str | None) -> dict[str, str | int | bool]:
    """One category, or calls without a score that counts (`none`)."""
    if name is None:
        return {}
    return {"no_score": True} if name == "none" else {"nps_category": NPS_CATEGORIES.index(name)}


def status_filter(names: str | None) -> Filters:
    """One status, or several that are separated by commas."""
    if names is None:
        return {}
    chosen = sorted(set(names.split(",")))
    return {"status": chosen[0]} if len(chosen) == 1 else {"statuses": _array(chosen)}


def direction_filter(names: str | None) -> Filters:
    """One direction, several that are separated by commas, or `all`."""
    chosen = sorted(set(names.split(","))) if names else ["all"]
    if "all" in chosen:
        return {}
    if len(chosen) > 1:
        return {"directions": _array(chosen)}
    return {"web": True} if chosen == ["web"] else {"direction": chosen[0]}


def reason_filter(reason: str | None) -> Filters:
    """The key of one reason, or any reason."""
    if reason is None:
        return {}
    return {"any_reason": True} if reason == ANY_REASON else {"reason": reason}


def customer_filter(customer: str | None) -> Filters:
    """Digits without a letter are the end of a phone number; other text is a name."""
    if customer is None:
        return {}
    if any(character.isalpha() for character in customer):
        return {"name": prefixes(customer)}
    return {"digits": f"{digits(customer)[::-1]}%"}


def search_filter(text: str | None) -> Filters:
    """The parts of a search (`db.queries.search`). Words contain no character with a special meaning."""
    if text is None:
        return {}
    search = read_search(text)
    beginnings = [word for word in search.beginnings if word not in STOP_WORDS]
    said = [*(f"'{MARK}{word}':*" for word in beginnings), *(f"'{MARK}{word}'" for word in search.words)]
    parts = {"search_pattern": search.pattern, "search_letters": _array(f"%{word}%" for word in search.letters)}
    if len(search.patterns) > 1:
        parts["search_patterns"] = _array(search.patterns)
    if said:
        parts["search_words"] = " & ".join(said)
    if search.phrase_patterns:
        parts["search_phrases"] = _array(search.phrase_patterns)
    quoted = [word for phrase in search.phrases for word in phrase]
    # Only words of calls were cut. The beginning of a short word, like `a`, would be that of half of all names.
    whole = [word for word in quoted if len(word) < MAX_WORD_CHARACTERS]
    begun = [*search.beginnings, *(word for word in quoted if len(word) == MAX_WORD_CHARACTERS)]
    parts["search_visits"] = " & ".join([*(f"'{word}'" for word in whole), *(f"'{word}':*" for word in begun)])
    parts["search_named"] = _array(f"%{word}%" for word in [*whole, *begun])
    if not any(character.isalpha() for character in text) and len(digits(text)) >= MIN_DIGITS:
        parts["search_digits"] = f"{digits(text)[::-1]}%"
    return parts


def prefixes(text: str) -> str:
    """A tsquery with the prefix of each word."""
    return " & ".join(f"'{word}':*" for word in WORD.findall(text))


def digits(text: str) -> str:
    """Return the ASCII digits of a text."""
    return "".join(character for character in text if character.isascii() and character.isdigit())


def _array(names: Iterable[str]) -> str:
    """The text of a Postgres array."""
    return "{" + ",".join(f'"{_MARK.sub(_ESCAPED, name)}"' for name in names) + "}"
