"""What a consumer's `apply` gets: for each attempt, its call under our lock, what was known, and the new messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

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
"""A consumer's message model."""


class Disposition(Enum):
    """What becomes of a delivery; the values are those of the log and of `webhook_event.outcome`."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    """It had been applied before, or an earlier record of its batch has the same event id."""
    IGNORED = "ignored"
    """It has a receipt and no effect: a word that we do not know, a call that is not ours."""
    ERASED = "erased"
    """It is about a call that was erased: it has neither a receipt nor an effect."""
    RETURNED = "returned"
    """SQS delivers it again after a delay."""
    DEAD_LETTERED = "dead-lettered"


class ServiceRecordNotLocked(Exception):
    """A batch turns out to change a service record that it did not lock before the calls: it has to begin anew."""


@dataclass(slots=True)
class Record(Generic[M]):
    """A message that was read and validated."""

    envelope: ReceivedEnvelope
    message: M
    waited: bool = False
    """Whether it was returned to the queue as often as a message about an unknown call is."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose calls are whose."""

    known: Mapping[str, NumberOwner] = field(default_factory=dict)
    """The owners by Vapi's id of a phone number, an assistant, a squad or a workflow."""
    default_organization_id: str = ""
    """Empty: there is none."""

    def owner_of(self, identity: Identity) -> NumberOwner | None:
        """The first of the call's constant ids that is known decides."""
        if not self.known:
            return None
        return next((self.known[id_] for id_ in identity.constant_ids if id_ in self.known), None)

    def ignore(self, identity: Identity) -> bool:
        """Whether the call is marked as not ours."""
        owner = self.owner_of(identity)
        return owner is not None and owner.ignored

    def organization_of(self, identity: Identity) -> str | None:
        """The organization of a call that the application did not create."""
        owner = self.owner_of(identity)
        return (owner.organization_id if owner else self.default_organization_id) or None


@dataclass(frozen=True, slots=True)
class World:
    """What a batch goes by besides its records and the database."""

    pseudonyms: "Pseudonyms"
    default_organization_id: str = ""
    """Organization of calls that nothing else places; empty for none."""


@dataclass(slots=True)
class KnownCall:
    """A call under our lock, with everything that is known of it."""

    row: LockedCall
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    """The attempts as they were before this batch, by Vapi's id."""
    original: Original = NO_ORIGINAL
    original_is_new: bool = False
    """Whether what the application wrote has to be kept with this batch."""
    folded: str | None = None
    """The attempt that this batch joins with the one without an id; `attempts` has them as one."""
    moved: bool = False
    """Whether this batch moved an attempt here from a row of ours."""
    service_record_locked: bool = False
    organization_id: str = ""
    """Of a row that we made it follows from what its messages say; else it is the row's."""


@dataclass(slots=True)
class AttemptBatch(Generic[M]):
    """All new messages of one attempt in this batch."""

    call: KnownCall
    vapi_call_id: str
    """Vapi's id; empty for the attempt of messages that gave our id alone."""
    facts: Facts
    """Known before."""
    records: Sequence[Record[M]]


@dataclass(frozen=True, slots=True)
class Consumer(Generic[M]):
    """A consumer is this sentence: messages of `kind` read as `model` are applied by `apply`."""

    kind: str
    model: type[M]
    apply: Callable[[Transaction, Sequence[AttemptBatch[M]]], list[CallEvent]]
    changes_service_records: bool = False
    """Whether it needs the calls' service records, and locks them before the calls."""
    follow_up: "Callable[[Sequence[ReceivedMessage], Services], None] | None" = None
    """What is to be asked for after the commit; it gives those deliveries an error that have to come again for it."""

    def read(self, message: Mapping[str, Any] | None, received_at: datetime | None = None) -> M:
        """Read an envelope's message; raises InvalidMessage only if there is none, or it has no type.

        Times too far ahead of `received_at` count as not given.
        """
        try:
            return self.model.model_validate(message, context={RECEIVED_AT: received_at})
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, problem["loc"])) or "message" for problem in error.errors())
            raise InvalidMessage(f"cannot read the message: {fields}") from None
