"""The types in the read API's answers: times, amounts, lists, and the base class."""

from datetime import datetime, timezone
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from autopulse.db.queries.bounds import COPIED
from autopulse.settings import copy_settings, recording_hosts
from autopulse.vapi.recordings import is_at, is_playable, is_private


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc)


def _is_offered(url: str | None) -> bool:
    """Whether the database has a URL or a copy of a recording; whether it is playable is checked later."""
    if url == COPIED:
        return bool(copy_settings().bucket_url)
    return url is not None and is_at(url, recording_hosts()) and not is_private(url)


def _is_elsewhere(url: str | None) -> bool:
    return url is not None and url != COPIED and is_playable(url) and not is_at(url, recording_hosts())


def _or_nothing(items: list[Any] | None) -> list[Any]:
    return items or []


Moment = Annotated[datetime, AfterValidator(_utc)]
Offered = Annotated[
    bool,
    BeforeValidator(_is_offered),
    Field(description="Whether there is a recording that a browser can play; its URL may have expired."),
]
Elsewhere = Annotated[
    bool,
    BeforeValidator(_is_elsewhere),
    Field(description="Whether there is a recording at a host that is not among the allowed hosts of this stack."),
]
RecordingCopy = Annotated[
    str | None,
    Field(
        description=(
            "The state of the stack's own copy: stored; missing, if the recording no longer existed when it was to be"
            " copied; erased; null if there is no copy, or not yet."
        )
    ),
]
Dollars = Annotated[Decimal, PlainSerializer(float, return_type=float)]
Item = TypeVar("Item")
Listed = Annotated[list[Item], BeforeValidator(_or_nothing)]
"""A list that is null in the database if it is empty."""


class Answer(BaseModel):
    """The base of all answers of the read API; instances are immutable."""

    model_config = ConfigDict(frozen=True)
