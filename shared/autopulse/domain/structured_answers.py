"""Find answers without a column of their own in an analysis, by their names and at any depth."""

import re
from collections.abc import Collection
from typing import Final

from autopulse.domain.answers import plain_name
from autopulse.domain.feedback import parsed
from autopulse.json_coercion import Json

_LABELS: Final = ("name", "title", "label", "question", "key")
_RESULTS: Final = ("result", "value", "answer")
_YES: Final = re.compile(r"\s*(?:yes|true)\b", re.IGNORECASE)
_MAX_DEPTH: Final = 8


def says_yes_to(names: Collection[str], value: Json, depth: int = 0) -> bool:
    """Whether an answer with one of these plain names is yes, at any depth of the value."""
    value = parsed(value)
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, list):
        return any(says_yes_to(names, item, depth + 1) for item in value)
    if not isinstance(value, dict):
        return False
    labels = (value.get(label) for label in _LABELS)
    if any(isinstance(label, str) and plain_name(label) in names for label in labels) and _says_yes(value):
        return True
    return any(
        (plain_name(name) in names and _says_yes(item)) or says_yes_to(names, item, depth + 1)
        for name, item in value.items()
    )


def names_answer(names: Collection[str], value: Json, depth: int = 0) -> bool:
    """Whether a value contains an answer with one of these plain names, at any depth and whatever its value."""
    value = parsed(value)
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, list):
        return any(names_answer(names, item, depth + 1) for item in value)
    if not isinstance(value, dict):
        return False
    labels = (*value, *(value.get(label) for label in _LABELS))
    return any(isinstance(label, str) and plain_name(label) in names for label in labels) or any(
        names_answer(names, item, depth + 1) for item in value.values()
    )


def _says_yes(value: Json) -> bool:
    value = parsed(value)
    if isinstance(value, dict):
        return any(_says_yes(value[name]) for name in _RESULTS if name in value)
    return value is True or (isinstance(value, str) and _YES.match(value) is not None)
