"""Requests and answers about numbers that may not be called."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from autopulse.api.answer_types import Answer
from autopulse.domain.suppressions import MAX_CHECKED, MAX_REASON_CHARACTERS, Obstacle, Source

Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="In E.164 form.", examples=["+12025550142"])]


class NumbersToCheck(Answer):
    """The numbers to check."""

    numbers: Annotated[list[Number], Field(min_length=1, max_length=MAX_CHECKED)]


class CheckedNumber(Answer):
    """Whether a number may be called now."""

    number: Number
    suppressed: bool = Field(description="Whether it may not be called at all.")
    reason: str | None = Field(description="Why it is suppressed.")
    source: Source | None = Field(description="Who has suppressed it: a call's report, an operator, or this API.")
    since: datetime | None = Field(description="When it was suppressed.")
    eligible: bool = Field(description="What `campaign.predial` is answered for it.")
    obstacle: Obstacle | None = Field(description="What stands against calling it now.")


class CheckedNumbers(Answer):
    """The numbers of a request, in its order."""

    items: list[CheckedNumber]


class NewSuppression(Answer):
    """A number that may not be called any more."""

    number: Number
    reason: str = Field(
        min_length=1, max_length=MAX_REASON_CHARACTERS, description="Why; it is kept, so it names nobody."
    )


class SuppressedNumber(Answer):
    """The number of a suppression to remove."""

    number: Number


class SuppressionAnswer(Answer):
    """The result of a change of suppressions."""

    number: Number
    added: bool = Field(description="Whether it was not suppressed before.")
