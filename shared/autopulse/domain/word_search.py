"""Full-text search of calls: how a query is read, and which part of a found text is shown.

A query matches the beginnings of words, without case and accents. Quoted words must occur in that order. Stop words are
not searched.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from autopulse.domain.bounds import ELLIPSIS
from autopulse.domain.words import MAX_WORD_CHARACTERS, STOP_WORDS, WORD, fold

MAX_ASKED_WORDS: Final = 8
"""The maximum number of words in a query; further ones are ignored."""
SNIPPET_CHARACTERS: Final = 160
LEAD_CHARACTERS: Final = 50
"""The maximum number of characters of a snippet before the first hit."""
MAX_MARKS: Final = 20

_PART: Final = re.compile(r'"([^"]*)"?|([^"]+)')
_ACCENTED: Final = range(0x00C0, 0x0180)
_BLANK: Final = re.compile(r"\s+")
# Python and Postgres give these classes the same meaning; in Postgres no other class may be within brackets.
_BETWEEN_WORDS: Final = r"(?:\W|_)+"
_END_OF_WORD: Final = r"(?=\W|_|$)"


def _letters() -> dict[str, str]:
    """Letter -> all letters that fold to it, itself included."""
    found: dict[str, str] = {}
    for code in _ACCENTED:
        folded = fold(chr(code))
        if chr(code).islower() and len(folded) == 1 and folded.isascii():
            found[folded] = found.get(folded, folded) + chr(code)
    return found


_CLASSES: Final = {letter: f"[{forms}]" for letter, forms in _letters().items()}


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed query, all parts of which must match."""

    beginnings: tuple[str, ...]
    """Beginnings of words, folded."""
    phrases: tuple[tuple[str, ...], ...] = ()
    """Sequences of words, folded."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of all phrases, without stop words."""
        return tuple(dict.fromkeys(word for phrase in self.phrases for word in phrase if word not in STOP_WORDS))

    @property
    def letters(self) -> tuple[str, ...]:
        """Lower-case beginnings; every matching text without accents contains at least one of them."""
        return (*(phrase[0] for phrase in self.phrases), *self.beginnings)

    @property
    def pattern(self) -> str:
        """One regular expression, valid in Python and Postgres, with an alternative for each part of the query."""
        return "|".join([*map(_phrase, self.phrases), *map(_spelled, self.beginnings)])

    @property
    def phrase_patterns(self) -> tuple[str, ...]:
        """A regular expression for each phrase of several words."""
        return tuple(_phrase(phrase) for phrase in self.phrases if len(phrase) > 1)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The alternatives of `pattern`, one by one."""
        return (*map(_phrase, self.phrases), *map(_spelled, self.beginnings))


def read_search(text: str) -> Search:
    """Parse a query that a person typed; only quotes have a special meaning."""
    beginnings: dict[str, None] = {}
    phrases: dict[tuple[str, ...], None] = {}
    left = MAX_ASKED_WORDS
    for quoted, plain in _PART.findall(text):
        words = [word[:MAX_WORD_CHARACTERS] for word in WORD.findall(fold(quoted or plain))][:left]
        left -= len(words)
        if quoted and words:
            phrases[tuple(words)] = None
        else:
            beginnings.update(dict.fromkeys(words))
    telling = [word for word in beginnings if word not in STOP_WORDS]
    # A query of stop words alone may be a name.
    return Search(tuple(telling if telling or phrases else beginnings), tuple(phrases))


def _spelled(word: str) -> str:
    return "".join(_CLASSES.get(letter, letter) for letter in word)


def _phrase(words: Sequence[str]) -> str:
    return _BETWEEN_WORDS.join(map(_spelled, words)) + _END_OF_WORD


@dataclass(frozen=True, slots=True)
class Snippet:
    """Part of a text, around the first hit."""

    text: str
    marks: list[tuple[int, int]]
    """The start and end of each hit."""


def snippet_of(text: str, pattern: str) -> Snippet:
    """Cut a text to the part around the first hit of `Search.pattern`, or to its beginning if there is no hit."""
    expression = re.compile(rf"(?<![^\W_])(?:{pattern})", re.IGNORECASE)
    text = _BLANK.sub(" ", text).strip()
    first = expression.search(text)
    start = _start(text, first.start() if first else 0)
    before = ELLIPSIS if start else ""
    shown = text[start : start + SNIPPET_CHARACTERS]
    after = ELLIPSIS if start + SNIPPET_CHARACTERS < len(text) else ""
    shift = len(before) - start
    marks = [
        (hit.start() + shift, min(hit.end() + shift, len(before) + len(shown)))
        for hit in expression.finditer(text, start)
        if hit.start() < start + SNIPPET_CHARACTERS
    ]
    return Snippet(f"{before}{shown}{after}", marks[:MAX_MARKS])


def _start(text: str, hit: int) -> int:
    """The start of a snippet: the beginning of a word, shortly before the hit."""
    if hit <= LEAD_CHARACTERS or len(text) <= SNIPPET_CHARACTERS:
        return 0
    blank = text.find(" ", hit - LEAD_CHARACTERS, hit)
    return hit - LEAD_CHARACTERS if blank < 0 else blank + 1
