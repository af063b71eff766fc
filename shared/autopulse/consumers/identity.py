"""Which call a message is about.

Our id, else Vapi's; a message with both links them, for the whole batch. A call that the application did not create
gets a row if its organization is known. The first to link wins; who contradicts is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from autopulse.consumers.calls import customer_number
from autopulse.consumers.news import M, Record
from autopulse.db.calls import UNKNOWN_NUMBER, Locked, LockedCall, NewCall, NumberOwner, create_calls, lock_calls
from autopulse.errors import CallIdentityConflict, UnknownCall, Unprocessable
from autopulse.vapi.messages import CallSnapshot

OUTBOUND: Final = "outboundPhoneCall"
SELF_STANDING: Final = frozenset({"inboundPhoneCall", "webCall", "vapi.websocketCall"})
"""Types of call that nobody but Vapi starts."""


@dataclass(slots=True)
class Identities:
    """By event id: the locked call, or why there is none."""

    calls: dict[str, LockedCall] = field(default_factory=dict)
    refused: dict[str, Unprocessable] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    """Of phone numbers and assistants that are marked as not ours."""


def identify(session: Session, records: Sequence[Record[M]], default_organization_id: str) -> Identities:
    """Find, if need be create, and lock the calls of all records."""
    if not records:
        return Identities()
    locked = _lock(session, records)
    found = _assign(records, locked)
    new = _new_calls(_strangers(records, found), locked.owners, default_organization_id)
    if not new:
        return found
    # Calls are created before any is locked, or two batches could each wait for what the other holds.
    session.rollback()
    create_calls(session, new)
    return _assign(records, _lock(session, records))


def _lock(session: Session, records: Iterable[Record[M]]) -> Locked:
    call_ids = {record.envelope.call_id for record in records} - {None}
    vapi_call_ids = {record.envelope.vapi_call_id for record in records} - {None}
    owner_ids = {id_ for record in records for id_ in _owner_ids(record.message.call)}
    return lock_calls(session, call_ids, vapi_call_ids, owner_ids)  # type: ignore[arg-type] # None was taken out


def _assign(records: Sequence[Record[M]], locked: Locked) -> Identities:
    links = _Links(locked.calls)
    found = Identities()
    # Messages with both ids first: their links count for the rest.
    for record in sorted(records, key=lambda record: record.envelope.call_id is None):
        envelope, owner = record.envelope, _owner(record.message.call, locked.owners)
        if owner is not None and owner.ignored:
            found.ignored.add(envelope.event_id)  # whatever call it names: another stack's ids may look like ours
            continue
        try:
            found.calls[envelope.event_id] = links.resolve(envelope.call_id, envelope.vapi_call_id)
        except Unprocessable as refusal:
            found.refused[envelope.event_id] = refusal
    return found


class _Links:
    """What is known of ids while a batch is assigned to calls."""

    def __init__(self, calls: Sequence[LockedCall]) -> None:
        self._by_id = {call.id: call for call in calls}
        self._by_vapi_id = {call.vapi_call_id: call for call in calls if call.vapi_call_id is not None}
        self._vapi_id_of = {call.id: call.vapi_call_id for call in calls}

    def resolve(self, call_id: int | None, vapi_call_id: str | None) -> LockedCall:
        if call_id is None:
            return self._known(self._by_vapi_id.get(vapi_call_id or ""), "no call has this call.id of Vapi's")
        call = self._known(self._by_id.get(call_id), "no call has this variableValues.call_id")
        if vapi_call_id is not None:
            self._link(call, vapi_call_id)
        return call

    def _link(self, call: LockedCall, vapi_call_id: str) -> None:
        if self._by_vapi_id.get(vapi_call_id, call) is not call:
            raise CallIdentityConflict("call.id belongs to another call than variableValues.call_id")
        if self._vapi_id_of[call.id] not in {None, vapi_call_id}:
            raise CallIdentityConflict("the call of variableValues.call_id has another call.id of Vapi's already")
        self._vapi_id_of[call.id] = vapi_call_id
        self._by_vapi_id[vapi_call_id] = call

    @staticmethod
    def _known(call: LockedCall | None, otherwise: str) -> LockedCall:
        if call is None:
            raise UnknownCall(otherwise)
        return call


def _strangers(records: Sequence[Record[M]], found: Identities) -> list[Record[M]]:
    """Messages about calls that may get a row of their own: no message of the batch says which call of ours it is."""
    claimed = {record.envelope.vapi_call_id for record in records if record.envelope.call_id is not None}
    return [
        record
        for record in records
        if isinstance(found.refused.get(record.envelope.event_id), UnknownCall)
        and record.envelope.vapi_call_id not in claimed
        and record.envelope.call_id is None
        and _starts_itself(record.message.call)
    ]


def _starts_itself(snapshot: CallSnapshot) -> bool:
    return snapshot.type in SELF_STANDING or (snapshot.type == OUTBOUND and snapshot.created_at is not None)


def _new_calls(
    records: Sequence[Record[M]], owners: Mapping[str, NumberOwner], default_organization_id: str
) -> list[NewCall]:
    """The calls whose organization is known."""
    new: dict[str, NewCall] = {}
    for record in records:
        snapshot, vapi_call_id = record.message.call, record.envelope.vapi_call_id
        owner = _owner(snapshot, owners)
        organization_id = owner.organization_id if owner is not None else default_organization_id
        if organization_id and vapi_call_id is not None:
            new.setdefault(vapi_call_id, _new_call(vapi_call_id, organization_id, snapshot))
    return list(new.values())


def _owner(snapshot: CallSnapshot, owners: Mapping[str, NumberOwner]) -> NumberOwner | None:
    return next((owners[id_] for id_ in _owner_ids(snapshot) if id_ in owners), None)


def _owner_ids(snapshot: CallSnapshot) -> list[str]:
    """Those that are constant for the call, the stronger first."""
    return [id_ for id_ in snapshot.constant_ids if id_ is not None]


def _new_call(vapi_call_id: str, organization_id: str, snapshot: CallSnapshot) -> NewCall:
    return NewCall(
        vapi_call_id=vapi_call_id,
        organization_id=organization_id,
        direction="outbound" if snapshot.type == OUTBOUND else "inbound",
        customer_number=customer_number(snapshot) or UNKNOWN_NUMBER,
    )
