"""Requests and answers about numbers that may not be called."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from autopulse.api.answer_types import Answer
from autopulse.domain.suppressions import MAX_CHECKED, MAX_REASON_CHARACTERS, Obstacle, Source

Number = Annotated[
    str,
    Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="A phone number in E.164 format.", examples=["+12025550142"]),
]


class NumbersToCheck(Answer):
    """The numbers to check."""

    numbers: Annotated[list[Number], Field(min_length=1, max_length=MAX_CHECKED)]


class CheckedNumber(Answer):
    """Whether a number may be called now."""

    number: Number
    suppressed: bool = Field(description="Whether the number is suppressed, so that it may not be called at all.")
    reason: str | None = Field(description="Why the number is suppressed; null if it is not.")
    source: Source | None = Field(
        description="The origin of the suppression: a call's report, an operator or this API; null without one."
    )
    since: datetime | None = Field(description="When the number was suppressed; null if it is not.")
    eligible: bool = Field(description="Whether the number may be called now, as in the answer to `campaign.predial`.")
    obstacle: Obstacle | None = Field(description="Why the number may not be called now; null if it may be called.")


class CheckedNumbers(Answer):
    """The numbers of a request, in its order."""

    items: list[CheckedNumber]


class NewSuppression(Answer):
    """A number that may not be called any more."""

    number: Number
    reason: str = Field(
        min_length=1,
        max_length=MAX_REASON_CHARACTERS,
        description="Why the number is suppressed. The text is stored, so it must not name a person.",
    )


class SuppressedNumber(Answer):
    """The number of a suppression to remove."""

    number: Number


class SuppressionAnswer(Answer):
    """The result of a change of suppressions."""

    number: Number
    added: bool = Field(description="Whether the suppression is new; false if the number was suppressed before.")
