"""What a consumer's `apply` gets: for each call, its row under our lock, what was known, and the new messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from sqlalchemy.orm import Session

from autopulse.db.calls import LockedCall
from autopulse.domain.facts import Facts
from autopulse.domain.notices import Notice
from autopulse.errors import InvalidMessage
from autopulse.vapi.messages import Envelope, Message

M = TypeVar("M", bound=Message)
"""A consumer's message model."""


@dataclass(frozen=True, slots=True)
class Record(Generic[M]):
    """A message that was read and validated."""

    envelope: Envelope
    message: M


@dataclass(frozen=True, slots=True)
class CallNews(Generic[M]):
    """All new messages of one call in this batch."""

    call: LockedCall
    facts: Facts
    """Known before."""
    records: Sequence[Record[M]]


@dataclass(frozen=True, slots=True)
class Consumer(Generic[M]):
    """A consumer is this sentence: messages of `kind` read as `model` are applied by `apply`."""

    kind: str
    model: type[M]
    apply: Callable[[Session, Sequence[CallNews[M]]], list[Notice]]

    def read(self, message: Mapping[str, Any] | None) -> M:
        """Read an envelope's message; raises InvalidMessage only if there is none, or it has no type."""
        try:
            return self.model.model_validate(message)
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, problem["loc"])) or "message" for problem in error.errors())
            raise InvalidMessage(f"cannot read the message: {fields}") from None
