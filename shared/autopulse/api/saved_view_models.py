"""The answers about saved views, which the follow-ups' function gives."""

from pydantic import Field

from autopulse.api.answer_types import Answer, Moment
from autopulse.domain.saved_views import MAX_ADDRESS_CHARACTERS, MAX_VIEWS


class SavedView(Answer):
    """A view of the console that a person has saved."""

    name: str
    address: str = Field(description="The query string of the console's URL, with the question mark.")
    created_at: Moment
    updated_at: Moment = Field(description="When the view was last saved.")


class SavedViews(Answer):
    """A person's views."""

    items: list[SavedView] = Field(description=f"The views in the order of their names; at most {MAX_VIEWS}.")


class SavedViewContent(Answer):
    """The content of a view."""

    address: str = Field(
        max_length=MAX_ADDRESS_CHARACTERS,
        description="The query string of the console's URL, with the question mark and without the rest of the URL.",
    )
