"""How texts are split into the words by which full-text search finds a call (`domain.word_search`).

Words are compared without case and accents, so that `sebastien` finds `Sébastien`. Stop words are not searched.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

MAX_WORDS: Final = 5_000
"""The maximum number of distinct words of a call; with their marks they fit into a tsvector's limit of 1 MB."""
MAX_WORD_CHARACTERS: Final = 40
"""The number of characters of a word that are kept."""
MARK: Final = "@"
"""Precedes each word of a document and of a query; the database inserts the organization and the month there."""

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
WORD: Final = re.compile(r"[^\W_]+")
"""Letters and digits of any script."""
_APART: Final = {code: chr(code) if chr(code).isalnum() else " " for code in range(128)}
_COMBINING: Final = re.compile("[\u0300-\u036f]+")


def fold(text: str) -> str:
    """The text in lower case and without accents."""
    if text.isascii():
        return text.lower()
    return _COMBINING.sub("", unicodedata.normalize("NFKD", text)).casefold()


def _split(folded: str) -> list[str]:
    """The words of a folded text; ASCII text is split in a quarter of the time."""
    return folded.translate(_APART).split() if folded.isascii() else WORD.findall(folded)


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
