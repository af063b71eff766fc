"""Find the call that a message is about (docs/call-state.md 2).

A message is assigned by our call id where that id counts, else by Vapi's. A message with both ids links them for the
whole batch. A call that the application did not create gets a row if its organization is known; if a later message
names both that call and a row of the application, the application's row takes the call over. The first link stands, and
a message that contradicts it is refused.

A valid signature proves that Vapi sent the message, but not that its content is ours: whoever starts a web call or
dials a SIP address can set the call's variables. Therefore our id counts on calls that only the application can start,
and on other calls only if the row expects such a call.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING, Final

from autopulse.consumers.consumer import M, Owners, Record, World
from autopulse.db.calls import UNKNOWN_NUMBER, Locked, LockedCall, NewCall, create_calls, lock_calls, take_over
from autopulse.db.engine import Transaction
from autopulse.db.follow_ups import hand_over_follow_ups
from autopulse.domain.attempts import NO_ID
from autopulse.domain.facts import ANYBODY, Identity, join_identities
from autopulse.errors import CallIdentityConflict, UnknownCall, Unprocessable
from autopulse.vapi.call_types import OUTBOUND, SELF_STANDING, WEB
from autopulse.vapi.messages import ReceivedEnvelope
from autopulse.vapi.routes import BY_ASKING

if TYPE_CHECKING:
    from autopulse.domain.pseudonyms import Pseudonyms

INBOUND: Final = "inbound"
"""The `call.direction` of a row that waits for an inbound call."""
MAX_NUMBER_CHARACTERS: Final = 20
"""The maximum length of `call.customer_number`."""
_CONSTANT: Final = 5
"""The number of constant parts of an identity: type, phone number, assistant, squad and workflow."""


@dataclass(slots=True)
class Identities:
    """The calls of a batch's messages, by event id: the locked call, or the reason why there is none."""

    calls: dict[str, LockedCall] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    """Our call id, by event id, for messages that give an id which counts."""
    refused: dict[str, Unprocessable] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    """Event ids of calls whose phone number or assistant is marked as not ours."""
    erased: set[str] = field(default_factory=set)
    """Event ids of messages about calls that were erased."""
    owners: Owners = field(default_factory=Owners)
    service_records: frozenset[int] = frozenset()
    """The ids of the rows that are locked."""
    takeovers: dict[int, int] = field(default_factory=dict)
    """Rows that we created -> the application's rows that take them over."""
    moved: dict[str, int] = field(default_factory=dict)
    """Vapi's ids of the calls that are taken over -> the application's rows."""


def identify(transaction: Transaction, records: Sequence[Record[M]], world: World, *, reports: bool) -> Identities:
    """Find, create if necessary, and lock the calls of all records.

    With `reports`, the calls' service records are locked too.
    """
    if not records:
        return Identities()
    found = _assign(transaction, records, world, reports=reports)
    new = _new_calls(_strangers(records, found), found.owners)
    if new:
        # All calls are created before any is locked; otherwise two batches could deadlock.
        transaction.rollback()
        create_calls(transaction, new)
        found = _assign(transaction, records, world, reports=reports)
    if found.takeovers:
        hand_over_follow_ups(transaction, found.takeovers)
    if found.takeovers and take_over(transaction, found.takeovers) != found.takeovers.keys():
        # The application has started a call of one of the rows while this transaction waited for its lock.
        transaction.rollback()
        return identify(transaction, records, world, reports=reports)
    return found


def customer_number(identity: Identity) -> str:
    """The customer's number, else the user part of the SIP address, cut to the length of the column."""
    if identity.customer_number:
        return identity.customer_number[:MAX_NUMBER_CHARACTERS]
    return sip_user(identity.customer_sip_uri)[-MAX_NUMBER_CHARACTERS:] or UNKNOWN_NUMBER


def sip_user(uri: str | None) -> str:
    """The user in a SIP address: `sip:user:password@host;parameters` -> `user`; the host if there is none."""
    address = (uri or "").strip().strip("<>")
    scheme, colon, rest = address.partition(":")
    if colon and scheme.lower() in {"sip", "sips", "tel"}:
        address = rest
    user, at, _ = address.rpartition("@")
    name = user.partition(":")[0] if at else address
    return name.partition(";")[0]


def direction_of(identity: Identity) -> str:
    """The direction of the call."""
    return "outbound" if identity.call_type == OUTBOUND else INBOUND


def is_web(identity: Identity) -> bool:
    """Whether the call came from a browser, as test calls from Vapi's dashboard do."""
    return identity.call_type in WEB


def _assign(transaction: Transaction, records: Sequence[Record[M]], world: World, *, reports: bool) -> Identities:
    call_ids = {record.envelope.call_id for record in records} - {None}
    vapi_call_ids = {record.envelope.vapi_call_id for record in records} - {None}
    owner_ids = {id_ for record in records for id_ in record.message.call.identity.constant_ids}
    tombstones = _Tombstones(world.pseudonyms, records)
    locked = lock_calls(transaction, call_ids, vapi_call_ids, owner_ids, tombstones.pseudonyms, reports=reports)  # type: ignore[arg-type] # None was taken out
    owners = Owners(locked.owners, world.default_organization_id)
    late = tombstones.late(locked)
    alive = [record for record in records if record.envelope.event_id not in late] if late else records
    # Calls of ignored owners are ignored whichever call id they give: another stack's ids may look like ours.
    ignored = (
        {record.envelope.event_id for record in alive if owners.ignore(record.message.call.identity)}
        if owners.known
        else set[str]()
    )
    ours = [record for record in alive if record.envelope.event_id not in ignored]
    links = _Links(locked, owners, _by_vapi_id(one for one in ours if not one.message.leaves_its_receipt_alone))
    found = Identities(
        ignored=ignored,
        erased=late,
        owners=owners,
        service_records=locked.service_records,
        takeovers=links.takeovers,
        moved=links.moved,
    )
    for record in ours:
        call_id = links.our_id(record.envelope, record.message.call.identity)
        if call_id is not None:
            found.named[record.envelope.event_id] = call_id
    # Messages with both ids are processed first, because their links apply to the others.
    for record in sorted(ours, key=lambda record: record.envelope.event_id not in found.named):
        envelope = record.envelope
        try:
            call_id, vapi_call_id = found.named.get(envelope.event_id), envelope.vapi_call_id
            if record.message.leaves_its_receipt_alone and call_id is not None:
                vapi_call_id = None  # such a message links no id
            call = links.resolve(call_id, vapi_call_id, record.message.call.identity)
        except Unprocessable as refusal:
            found.refused[envelope.event_id] = refusal
            continue
        if call.is_erased:
            found.erased.add(envelope.event_id)
        else:
            found.calls[envelope.event_id] = call
    return found


def _by_vapi_id(records: Iterable[Record[M]]) -> dict[str, Identity]:
    said: dict[str, Identity] = {}
    for record in records:
        if record.envelope.vapi_call_id is not None:
            known = said.get(record.envelope.vapi_call_id, ANYBODY)
            said[record.envelope.vapi_call_id] = join_identities(known, record.message.call.identity)
    return said


class _Tombstones:
    """Finds the messages of a batch that are about erased calls.

    A message with the Vapi id of an erased call is dropped, whichever row it names. A message that names an erased row
    and a Vapi call that was not erased is a new dial, if the application has given the row a number again. A message
    that names only the row is dropped if it was sent before the erasure.
    """

    def __init__(self, pseudonyms: "Pseudonyms", records: Sequence[Record[M]]) -> None:
        envelopes = [record.envelope for record in records]
        self._envelopes = envelopes
        self._calls = {one.call_id: pseudonyms.of_call(one.call_id) for one in envelopes if one.call_id is not None}
        vapi_call_ids = {one.vapi_call_id for one in envelopes if one.vapi_call_id is not None}
        self._vapi_calls = {id_: pseudonyms.of_vapi_call(id_) for id_ in vapi_call_ids}

    @property
    def pseudonyms(self) -> Sequence[str]:
        """The pseudonyms to look up among the tombstones."""
        return [*self._calls.values(), *self._vapi_calls.values()]

    def late(self, locked: Locked) -> set[str]:
        """Event ids of messages that have to be dropped."""
        if not locked.tombstones:
            return set()
        rows = {call.id for call in locked.calls}
        return {one.event_id for one in self._envelopes if self._is_late(one, locked.tombstones, rows)}

    def _is_late(self, envelope: ReceivedEnvelope, tombstones: Mapping[str, datetime], rows: Collection[int]) -> bool:
        vapi_call_id, call_id = envelope.vapi_call_id, envelope.call_id
        if vapi_call_id is not None and self._vapi_calls[vapi_call_id] in tombstones:
            return True
        erased_at = tombstones.get(self._calls[call_id]) if call_id is not None else None
        if erased_at is None:
            return False
        if call_id not in rows:  # the row was deleted in the meantime
            return True
        return vapi_call_id is None and envelope.event_time <= erased_at


class _Links:
    """What is known about ids while the messages of a batch are assigned to calls."""

    def __init__(self, locked: Locked, owners: Owners, said: Mapping[str, Identity]) -> None:
        calls = locked.calls
        self.takeovers: dict[int, int] = {}
        self.moved: dict[str, int] = {}
        self._refused = locked.refused_links
        self._owners = owners
        self._said = said
        self._by_id = {call.id: call for call in calls}
        self._by_vapi_id = {call.vapi_call_id: call for call in calls if call.vapi_call_id is not None}
        attempts = [(attempt, call) for call in calls for attempt in call.attempts if attempt.vapi_call_id != NO_ID]
        self._by_vapi_id |= {attempt.vapi_call_id: call for attempt, call in attempts}
        self._stored = {attempt.vapi_call_id: attempt.identity for attempt, _ in attempts}

    def our_id(self, envelope: ReceivedEnvelope, identity: Identity) -> int | None:
        """Return our call id if the message gives one that counts; None otherwise.

        Only calls that the application started carry its variables.
        All messages of a call have the same call type. A message without a type takes it from the call's other
        messages. A link that was removed by hand (`make unlink`) is not made again.
        """
        call_id, vapi_call_id = envelope.call_id, envelope.vapi_call_id
        if call_id is None or (call_id, vapi_call_id) in self._refused:
            return None
        starts_with_us = self._known_of(vapi_call_id, identity).call_type in {None, OUTBOUND}
        return call_id if starts_with_us or _expects_a_call(self._by_id.get(call_id)) else None

    def resolve(self, call_id: int | None, vapi_call_id: str | None, identity: Identity) -> LockedCall:
        """Return the call of a message, and link it unless it was erased.

        Raises Unprocessable, and then makes no link.
        """
        linked = self._by_vapi_id.get(vapi_call_id or NO_ID)
        if linked is not None and linked.is_erased:  # it was erased after the tombstones were read
            return linked
        if call_id is None:
            call = self._known(self._by_vapi_id.get(vapi_call_id or NO_ID), "no call has this call.id of Vapi's")
        else:
            call = self._known(self._by_id.get(call_id), "no call has this variableValues.call_id")
        self._check_owner(call, vapi_call_id, identity)
        if call_id is not None and vapi_call_id is not None and not call.is_erased:
            self._link(call, vapi_call_id)
        return call

    def _check_owner(self, call: LockedCall, vapi_call_id: str | None, identity: Identity) -> None:
        """Refuse a message whose phone number, assistant, squad or workflow belongs to another organization.

        This does not apply to a row that we created: it follows its call to the organization that the call belongs to.
        """
        if not self._owners.known:
            return
        made = call.made_by_us
        if made is not None and made.vapi_call_id == vapi_call_id:
            return
        owner = self._owners.owner_of(self._known_of(vapi_call_id, identity))
        if owner is not None and not owner.ignored and owner.organization_id != call.organization_id:
            raise CallIdentityConflict("the phone number, assistant, squad or workflow is of another organization")

    def _known_of(self, vapi_call_id: str | None, identity: Identity) -> Identity:
        """Complete a message's identity by what was stored and by what the batch's other messages give."""
        if vapi_call_id is None or None not in identity[:_CONSTANT]:
            return identity
        stored = self._stored.get(vapi_call_id, ANYBODY)
        said = self._said.get(vapi_call_id, ANYBODY)
        if stored is ANYBODY and said is identity:  # the only message of its call so far, as most are
            return identity
        return Identity(*[own or kept or told for own, kept, told in zip(identity, stored, said, strict=True)])

    def _link(self, call: LockedCall, vapi_call_id: str) -> None:
        linked = self._by_vapi_id.get(vapi_call_id)
        if linked is call:
            return
        if linked is not None:
            made = linked.made_by_us
            busy = self.takeovers.keys() | self.takeovers.values()
            if made is None or made.vapi_call_id != vapi_call_id or linked.id in busy or call.id in self.takeovers:
                raise CallIdentityConflict("call.id belongs to another call than variableValues.call_id")
            self.takeovers[linked.id] = self.moved[vapi_call_id] = call.id
        self._by_vapi_id[vapi_call_id] = call

    @staticmethod
    def _known(call: LockedCall | None, otherwise: str) -> LockedCall:
        if call is None:
            raise UnknownCall(otherwise)
        return call


def _expects_a_call(call: LockedCall | None) -> bool:
    """Whether the application created the row for an inbound call. A row that we created has its call already."""
    return call is not None and call.direction == INBOUND and not any(attempt.made_call for attempt in call.attempts)


def _strangers(records: Sequence[Record[M]], found: Identities) -> list[Record[M]]:
    """Messages that do not name a call of ours, and for whose calls a row may be created."""
    return [
        record
        for record in records
        if isinstance(found.refused.get(record.envelope.event_id), UnknownCall)
        and record.envelope.event_id not in found.named
        and not record.message.is_ours
        and _may_create(record)
    ]


def _may_create(record: Record[M]) -> bool:
    """Whether a row may be created for the message's call.

    This is so if only Vapi starts such calls, or if the application's row has had time to appear and has not appeared.
    """
    snapshot = record.message.call
    # Messages from reconciliation are at least minutes old.
    waited = record.waited or record.envelope.origin == BY_ASKING
    return snapshot.type in SELF_STANDING or (snapshot.type == OUTBOUND and snapshot.created_at is not None and waited)


def _new_calls(records: Sequence[Record[M]], owners: Owners) -> list[NewCall]:
    """The calls to create: those whose organization is known."""
    said: dict[str, list[Identity]] = {}
    for record in records:
        if record.envelope.vapi_call_id is not None:
            said.setdefault(record.envelope.vapi_call_id, []).append(record.message.call.identity)
    joined = {id_: reduce(join_identities, identities) for id_, identities in said.items()}
    return [
        NewCall(id_, organization_id, direction_of(identity), is_web(identity), customer_number(identity))
        for id_, identity in joined.items()
        if (organization_id := owners.organization_of(identity))
    ]
