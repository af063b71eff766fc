"""Split a transcript's text by speakers: lines that begin with a speaker's label, `Label: words`.

AI, bot, assistant, user, human, customer and the names that the call itself gives are always labels. Another label is a
speaker only while one of the two sides has none: if it opens the text or begins several lines, and after those the
first one that occurs. Words with a colon at the beginning of a line for other reasons ("Note: …") are not labels.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from autopulse.domain.turns import ASSISTANT, HUMAN

SPEAKING_ROLES: Final[Mapping[str, str]] = {
    "user": HUMAN,
    "human": HUMAN,
    "customer": HUMAN,
    "bot": ASSISTANT,
    "assistant": ASSISTANT,
    "ai": ASSISTANT,
}
"""Words for speakers, as roles of turns and as labels, -> the role that is stored."""
MAX_LABEL_WORDS: Final = 4
MAX_WORD_CHARACTERS: Final = 40
_LEAD_INS: Final = """
    a address also and appointment attention because but caution cost date details email example finally first here
    hint hours http https important information last link location mail mailto message name next no note notes now
    number ok okay option order p.s phone please plus price problem ps q question re reason reminder result second
    service so step subject summary tel thanks that then third this time tip today tomorrow total update url vehicle
    warning web website well yes
"""
_ORDINARY: Final = frozenset(_LEAD_INS.split())
"""First words of lines with a colon that are no names."""


class SpeakerNames(NamedTuple):
    """The names that the call gives for its speakers; a full name is also recognised by its first words."""

    assistant: Sequence[str] = ()
    customer: Sequence[str] = ()


NOBODY: Final = SpeakerNames()


class _Label(NamedTuple):
    plain: str
    """The label in lower case and with single blanks."""
    written: str
    begins: int
    ends: int
    """Where the words after the label begin."""
    spaced: bool
    """Whether a blank or nothing follows the colon."""


def split_speech(text: str, names: SpeakerNames = NOBODY) -> list[tuple[str, str]]:
    """The role and the trimmed words of each turn, in order; a label without words has "".

    Words before the first label, or a text without labels, are the assistant's.
    """
    known = _known(names)
    labels = [label for label in _labels(text) if label.plain in known or _is_name(label)]
    roles = _roles(text, labels, known)
    speakers = [label for label in labels if label.plain in roles]
    begins = [label.begins for label in speakers] + [len(text)]
    before = text[: begins[0]].strip()
    said = [
        (roles[label.plain], text[label.ends : end].strip()) for label, end in zip(speakers, begins[1:], strict=True)
    ]
    return [(ASSISTANT, before), *said] if before else said


def names_in(text: str, names: Iterable[str]) -> list[str]:
    """The names that are speakers' labels in the text."""
    labels = {label.plain for label in _labels(text)}
    return [name for name in names if not labels.isdisjoint(_labels_of(name))]


def _roles(text: str, labels: Sequence[_Label], known: Mapping[str, str]) -> Mapping[str, str]:
    """Label -> role, for the labels that are speakers."""
    roles = {label.plain: known[label.plain] for label in labels if label.plain in known}
    missing = [side for side in (ASSISTANT, HUMAN) if side not in roles.values()]
    if not missing:
        return roles
    times = Counter(label.plain for label in labels if label.plain not in known)  # in the order of appearance
    opening = {label.plain for label in labels[:1] if not text[: label.begins].strip()}
    speakers = {plain for plain, count in times.items() if count > 1 or plain in opening}
    if roles or speakers:
        others = [plain for plain in times if plain not in speakers]
        speakers.update(others[: max(0, len(missing) - len(speakers))])
    unknown = [plain for plain in times if plain in speakers]
    # A call has one customer: a further speaker, after both sides have one, is another assistant.
    return roles | dict.fromkeys(unknown, ASSISTANT) | dict(zip(unknown, missing, strict=False))


def _known(names: SpeakerNames) -> dict[str, str]:
    """Labels that are always speakers -> role. A label that could mean either side is left out."""
    assistant = {label for name in names.assistant for label in _labels_of(name)}
    customer = {label for name in names.customer for label in _labels_of(name)}
    sides = dict.fromkeys(assistant - customer, ASSISTANT) | dict.fromkeys(customer - assistant, HUMAN)
    return {**sides, **SPEAKING_ROLES}


def _labels_of(name: str) -> set[str]:
    """The labels that a speaker of this name may have: the whole name, and its first words."""
    words = _plain(name).split()
    labels = {" ".join(words[:count]) for count in range(1, len(words))} - _ORDINARY
    return labels | {" ".join(words)} - {""}


def _labels(text: str) -> Iterator[_Label]:
    for found in _pattern().finditer(text):
        after = text[found.end("colon") : found.end("colon") + 1]
        spaced = found["colon"] != ":" or not after.strip()
        yield _Label(_plain(found["label"]), found["label"], found.start(), found.end(), spaced)


def _is_name(label: _Label) -> bool:
    """Whether a label that the call does not give looks like a person's name or role.

    A colon as in "http:" or "at 10:30" has text right after it, and a phrase in lower case is not a name.
    """
    words = label.written.split()
    capital = len(words) == 1 or all(not word[0].islower() for word in words)
    return label.spaced and capital and words[0].casefold().rstrip(".") not in _ORDINARY


def _plain(label: str) -> str:
    return " ".join(label.casefold().split())


@cache
def _pattern() -> re.Pattern[str]:
    """The pattern of a label at the beginning of a line: a word, and up to three more words or numbers."""
    word = rf"[^\W\d_][\w.'\u2019-]{{0,{MAX_WORD_CHARACTERS - 1}}}"
    more = rf"{word}|\d{{1,4}}|\({word}(?:[ ]{word})?\)"
    label = rf"{word}(?:[ \t]+(?:{more})){{0,{MAX_LABEL_WORDS - 1}}}"
    return re.compile(rf"^[ \t]*(?P<label>{label})[ \t]*(?P<colon>[:\uff1a])[ \t]*", re.MULTILINE)
