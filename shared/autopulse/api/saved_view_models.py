"""The answers about saved views, which the follow-ups' function gives."""

from pydantic import Field

from autopulse.api.answer_types import Answer, Moment
from autopulse.domain.saved_views import MAX_ADDRESS_CHARACTERS, MAX_VIEWS


class SavedView(Answer):
    """A view of the console that a person has saved."""

    name: str
    address: str = Field(description="A query string of the console, with its question mark.")
    created_at: Moment
    updated_at: Moment = Field(description="When its address was given last.")


class SavedViews(Answer):
    """A person's views."""

    items: list[SavedView] = Field(description=f"By name; {MAX_VIEWS} at most.")


class SavedViewContent(Answer):
    """The content of a view."""

    address: str = Field(
        max_length=MAX_ADDRESS_CHARACTERS,
        description="A query string of the console, with its question mark, and nothing else of an address.",
    )
