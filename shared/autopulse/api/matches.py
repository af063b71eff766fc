"""The place in a call where a search found something."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, ValidationInfo

from autopulse.api.answer_types import Answer
from autopulse.domain.word_search import Search, snippet_of

PLACES: Final = {
    "feedback_summary": "summary",
    "detractors": "complaint",
    "action_items": "action_item",
    "positives": "praise",
    "content": "feedback",
}
"""Name of a text in the database -> its name in the answer, in the order of preference."""


class Match(Answer):
    """The text of a call in which a search found its words."""

    where: str = Field(
        description=(
            "The place of the match: turn, summary, complaint, action_item, praise, or feedback (the customer's own"
            " words)."
        )
    )
    turn: int | None = Field(
        description="The turn's index in the transcript of the call, from 0; null if the match is not in a turn."
    )
    text: str = Field(description="The text around the first match.")
    marks: list[list[int]] = Field(
        description="The positions of all matches in `text`, as [begin, end] in code points."
    )


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
    Field(
        description=(
            "Where a search by `q` found its words; null without a search, or if only the visit or the number matches."
        )
    ),
]
