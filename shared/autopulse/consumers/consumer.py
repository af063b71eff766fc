"""The types that a consumer's `apply` receives: per attempt, its locked call, its stored facts and its new messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from autopulse.db.calls import LockedCall, NumberOwner
from autopulse.db.engine import Transaction
from autopulse.db.receipts import Attempt
from autopulse.domain.attempts import NO_ORIGINAL, Original
from autopulse.domain.events import CallEvent
from autopulse.domain.facts import Facts, Identity
from autopulse.errors import InvalidMessage
from autopulse.vapi.messages import RECEIVED_AT, Message, ReceivedEnvelope

if TYPE_CHECKING:
    from autopulse.consumers.queue import ReceivedMessage
    from autopulse.consumers.services import Services
    from autopulse.domain.pseudonyms import Pseudonyms

M = TypeVar("M", bound=Message)
"""The type of a consumer's messages: a pydantic model."""


class Disposition(Enum):
    """The result of processing a delivery; the values are those of the log and of `webhook_event.outcome`."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """The event had been applied before, or an earlier record of the batch has the same event id."""
    IGNORED = "ignored"
    """The record gets a receipt and has no effect: it has an unknown word, or is about a call that is not ours."""
    ERASED = "erased"
    """The record is about an erased call: it gets neither a receipt nor an effect."""
    RETURNED = "returned"
    """SQS delivers the message again after a delay."""
    DEAD_LETTERED = "dead-lettered"


class ServiceRecordNotLocked(Exception):
    """A batch has to change a service record that it did not lock before the calls, so it has to start again."""


@dataclass(slots=True)
class Record(Generic[M]):
    """A message that was read and validated."""

    envelope: ReceivedEnvelope
    message: M
    waited: bool = False
    """Whether it has been returned to the queue as often as a message about an unknown call may be."""


@dataclass(frozen=True, slots=True)
class Owners:
    """The owners of phone numbers, assistants, squads and workflows, by which a call's organization is found."""

    known: Mapping[str, NumberOwner] = field(default_factory=dict)
    """The owners by Vapi's id of a phone number, an assistant, a squad or a workflow."""
    default_organization_id: str = ""
    """The organization of calls without a known owner; empty if there is none."""

    def owner_of(self, identity: Identity) -> NumberOwner | None:
        """Return the owner of the first known one of the call's constant ids, or None."""
        if not self.known:
            return None
        return next((self.known[id_] for id_ in identity.constant_ids if id_ in self.known), None)

    def ignore(self, identity: Identity) -> bool:
        """Whether the call is marked as not ours."""
        owner = self.owner_of(identity)
        return owner is not None and owner.ignored

    def organization_of(self, identity: Identity) -> str | None:
        """The organization of a call that the application did not create; None if it is not known."""
        owner = self.owner_of(identity)
        return (owner.organization_id if owner else self.default_organization_id) or None


class World(NamedTuple):
    """What a batch needs besides its records and the database."""

    pseudonyms: "Pseudonyms"
    default_organization_id: str = ""
    """The organization of calls that nothing else assigns to one; empty if there is none."""


@dataclass(slots=True)
class KnownCall:
    """A locked call, with everything that is stored about it."""

    row: LockedCall
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    """The attempts as they were before this batch, by Vapi's call id."""
    original: Original = NO_ORIGINAL
    original_is_new: bool = False
    """Whether this batch has to store what the application wrote."""
    folded: str | None = None
    """The attempt that this batch joins with the attempt without an id; `attempts` has the two as one."""
    moved: bool = False
    """Whether this batch moved an attempt to this row from a row that we created."""
    service_record_locked: bool = False
    organization_id: str = ""
    """The row's organization; for a row that we created, the one that its messages indicate."""


@dataclass(slots=True)
class AttemptBatch(Generic[M]):
    """All new messages of one attempt in this batch."""

    call: KnownCall
    vapi_call_id: str
    """Vapi's call id; empty for the attempt of messages that give only our id."""
    facts: Facts
    """The facts that were stored before this batch."""
    records: Sequence[Record[M]]


@dataclass(frozen=True, slots=True)
class Consumer(Generic[M]):
    """A consumer: messages of `kind` are read as `model` and applied by `apply`."""

    kind: str
    model: type[M]
    apply: Callable[[Transaction, Sequence[AttemptBatch[M]]], list[CallEvent]]
    changes_service_records: bool = False
    """Whether it changes the calls' service records, and therefore locks them before the calls."""
    follow_up: "Callable[[Sequence[ReceivedMessage], Services], None] | None" = None
    """Sends requests to other queues after the commit; a delivery whose request fails gets an error, and returns."""

    def read(self, message: Mapping[str, Any] | None, received_at: datetime | None = None) -> M:
        """Read an envelope's message; raises InvalidMessage only if there is none, or if it has no type.

        Times too far ahead of `received_at` count as absent.
        """
        try:
            return self.model.model_validate(message, context={RECEIVED_AT: received_at})
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, problem["loc"])) or "message" for problem in error.errors())
            raise InvalidMessage(f"cannot read the message: {fields}") from None
