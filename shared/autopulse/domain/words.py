"""Full-text search of calls: how texts are split into words, and how a query is read.

Words are compared without case and accents, so that `sebastien` finds `Sébastien`; a query matches the beginnings of
words. Quoted words must occur in that order. Stop words are not searched.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from autopulse.domain.bounds import ELLIPSIS

MAX_WORDS: Final = 5_000
"""The maximum number of distinct words of a call; with their marks they fit into a tsvector's limit of 1 MB."""
MAX_WORD_CHARACTERS: Final = 40
"""The number of characters of a word that are kept."""
MAX_ASKED_WORDS: Final = 8
"""The maximum number of words in a query; further ones are ignored."""
MARK: Final = "@"
"""Precedes each word of a document and of a query; the database inserts the organization and the month there."""
SNIPPET_CHARACTERS: Final = 160
LEAD_CHARACTERS: Final = 50
"""The maximum number of characters of a snippet before the first hit."""
MAX_MARKS: Final = 20

_STOP_WORDS: Final = """
    a an and are as at be but by do for from had has have he her his i if in is it its me my no not of on or our she so
    that the their them there they this to too up was we were what with you your
    au aux ce ces cette dans de des du elle en est et il ils je la le les leur ma mais mon ne nous on ou par pas pour
    que qui sa se ses son sur un une vous
    al como con del el ella ellos es esta este ha las lo los mas mi muy para pero por si su sus tu y ya
    c d l m n s t qu
"""
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())
"""English, French and Spanish words without accents, and single letters that occur as words in these languages."""
_WORD: Final = re.compile(r"[^\W_]+")
_APART: Final = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}
_COMBINING: Final = re.compile("[\u0300-\u036f]+")
_PART: Final = re.compile(r'"([^"]*)"?|([^"]+)')
_ACCENTED: Final = range(0x00C0, 0x0180)
_BLANK: Final = re.compile(r"\s+")
# Python and Postgres give these classes the same meaning; in Postgres no other class may be within brackets.
_BETWEEN_WORDS: Final = r"(?:\W|_)+"
_END_OF_WORD: Final = r"(?=\W|_|$)"


def fold(text: str) -> str:
    """The text in lower case and without accents."""
    if text.isascii():
        return text.lower()
    return _COMBINING.sub("", unicodedata.normalize("NFKD", text)).casefold()


def _letters() -> dict[str, str]:
    """Letter -> all letters that fold to it, itself included."""
    found: dict[str, str] = {}
    for code in _ACCENTED:
        folded = fold(chr(code))
        if chr(code).islower() and len(folded) == 1 and folded.isascii():
            found[folded] = found.get(folded, folded) + chr(code)
    return found


_CLASSES: Final = {letter: f"[{forms}]" for letter, forms in _letters().items()}


def _split(folded: str) -> list[str]:
    """The words of a folded text; ASCII text is split in a quarter of the time."""
    return folded.translate(_APART).split() if folded.isascii() else _WORD.findall(folded)


def words_of(texts: Iterable[str | None]) -> frozenset[str]:
    """The distinct searchable words of texts; if there are more than MAX_WORDS, the first in alphabetical order."""
    found: set[str] = set()
    for text in texts:
        if text:
            found.update(_split(fold(text)))
    found -= STOP_WORDS
    if any(len(word) > MAX_WORD_CHARACTERS for word in found):
        found = {word[:MAX_WORD_CHARACTERS] for word in found}
    return frozenset(found if len(found) <= MAX_WORDS else sorted(found)[:MAX_WORDS])


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
        words = [word[:MAX_WORD_CHARACTERS] for word in _WORD.findall(fold(quoted or plain))][:left]
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
