"""Which messages of a batch are about calls that were erased, by tombstones.

A message of an erased call of Vapi's is dropped, whichever row it names. One that names an erased row, and a call of
Vapi's that was not erased, is a new dial if the application has given the row a number again. One that names the row
alone is dropped if it was sent before the erasure.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from autopulse.consumers.consumer import M, Record
from autopulse.db.calls import Locked
from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.vapi.messages import ReceivedEnvelope


class Erasures:
    """The pseudonyms of a batch's ids."""

    def __init__(self, pseudonyms: Pseudonyms, records: Sequence[Record[M]]) -> None:
        envelopes = [record.envelope for record in records]
        self._envelopes = envelopes
        self._calls = {one.call_id: pseudonyms.of_call(one.call_id) for one in envelopes if one.call_id is not None}
        vapi_call_ids = {one.vapi_call_id for one in envelopes if one.vapi_call_id is not None}
        self._vapi_calls = {id_: pseudonyms.of_vapi_call(id_) for id_ in vapi_call_ids}

    @property
    def pseudonyms(self) -> Sequence[str]:
        """What is looked for among the tombstones."""
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
        if call_id not in rows:  # it was deleted since
            return True
        return vapi_call_id is None and envelope.event_time <= erased_at
