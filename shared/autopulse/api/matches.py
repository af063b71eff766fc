"""The place in a call where a search found something."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, ValidationInfo

from autopulse.api.answer_types import Answer
from autopulse.domain.words import Search, snippet_of

PLACES: Final = {
    "feedback_summary": "summary",
    "detractors": "complaint",
    "action_items": "action_item",
    "positives": "praise",
    "content": "feedback",
}
"""Name of a text in the database -> its name in the answer, in the order of preference."""


class Match(Answer):
    """The words of a call that a search found."""

    where: str = Field(description="turn, summary, complaint, action_item, praise, or feedback (the customer's own).")
    turn: int | None = Field(description="The turn's place in the call's transcript, from 0; null if it is no turn.")
    text: str = Field(description="What stands around the first hit.")
    marks: list[list[int]] = Field(description="Where in it each hit begins, and where it ends, in code points.")


def _match(found: Mapping[str, Any] | None, info: ValidationInfo) -> Match | None:
    """The match to show from the texts in which it may be; null for a call found by its visit or number."""
    search: Search | None = (info.context or {}).get("search")
    if search is None or not found:
        return None
    if found.get("turn"):
        place, text = found["turn"]
        return _cut("turn", place, text, search)
    name = next((name for name in PLACES if found.get(name)), None)
    return None if name is None else _cut(PLACES[name], None, found[name], search)


def _cut(where: str, turn: int | None, text: str, search: Search) -> Match:
    snippet = snippet_of(text, search.pattern)
    return Match(where=where, turn=turn, text=snippet.text, marks=[list(mark) for mark in snippet.marks])


FoundMatch = Annotated[
    Match | None,
    BeforeValidator(_match),
    Field(description="Of a search by `q`: where it was said. Null of others, and if the visit or the number fits."),
]
