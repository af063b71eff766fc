"""What Vapi's record of a call becomes: a message as a webhook would have brought it, and a summary in words of ours.

A record is what `GET /call/{id}` answers, and what `GET /call` has a list of. It has nearly the fields of a report, so
the message is the record itself with a type and a time, and the record once more as its `call`: the verifier's
allow-list looks for each field in both places and keeps what it keeps of a webhook.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from autopulse.domain.answers import AnswerNames
from autopulse.domain.bounds import MAX_REASON_CHARACTERS
from autopulse.domain.status import ENDED
from autopulse.errors import VapiUnreadable
from autopulse.json_coercion import Json, not_ahead, read_mapping, read_time, read_vapi_call_id, read_words
from autopulse.observability import logger
from autopulse.reconciliation.requests import MAX_WORD_CHARACTERS, CallSummary
from autopulse.vapi.analysis import read_analysis
from autopulse.vapi.call_ids import NamedCall, find_named_call
from autopulse.vapi.envelope import RECONCILIATION as ASKED
from autopulse.vapi.envelope import Envelope, build_envelope
from autopulse.vapi.gathering import turns_of
from autopulse.vapi.messages import RECEIVED_AT, ReportMessage
from autopulse.vapi.redaction import apply_allow_list
from autopulse.vapi.routes import INTERNAL, KIND_BY_TYPE, RECONCILIATION
from autopulse.vapi.status_words import STATUS_OF_WORD, status_word
from autopulse.vapi.turns import read_spoken_text, read_turns

REPORT: Final = "end-of-call-report"
STATUS: Final = "status-update"
NOT_FOUND: Final = "not-found"
"""Vapi's status of a call that is not there any more."""
DELETION_FAILED: Final = "deletion-failed"
"""Vapi's status of a call that has ended, and that it could not delete."""
UNKNOWN: Final = "unknown"
"""The status of a summary where Vapi's word is none that we know."""
FINAL_AFTER: Final = timedelta(minutes=10)
"""After its end a call's record is final even if nobody has said anything in it."""
_TYPES: Final = frozenset({"inboundPhoneCall", "outboundPhoneCall", "webCall", "vapi.websocketCall"})
_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
Believe = Callable[[NamedCall], bool]


@dataclass(frozen=True)
class Record:
    """A call as Vapi's API has it."""

    fields: Mapping[str, Json]
    vapi_call_id: str

    @property
    def created_at(self) -> datetime | None:
        """When the call was made at Vapi; what the list is ordered by."""
        return read_time(self.fields.get("createdAt"))

    @property
    def ended_at(self) -> datetime | None:
        """When the call was over."""
        return read_time(self.fields.get("endedAt"))

    @property
    def updated_at(self) -> datetime | None:
        """When Vapi last changed the record."""
        return read_time(self.fields.get("updatedAt"))

    @property
    def told_at(self) -> datetime | None:
        """The sender's time of the message that the record becomes."""
        return self.updated_at or self.ended_at

    @property
    def word(self) -> str:
        """Vapi's word for the call's status, normalised."""
        return status_word(self.fields.get("status"))

    @property
    def is_gone(self) -> bool:
        """Whether Vapi says that it has no such call, by a status instead of a 404."""
        return self.word == NOT_FOUND

    @property
    def has_ended(self) -> bool:
        """Whether the call is over; one that could not be deleted is, if it has an end."""
        return STATUS_OF_WORD.get(self.word) == ENDED or (self.word == DELETION_FAILED and self.ended_at is not None)

    def is_final(self, now: datetime) -> bool:
        """Whether all that will ever be known of a call that has ended is probably there: Vapi first says that it has.

        With turns it is; without any (nobody has answered) some time after its end.
        """
        if not self.has_ended:
            return False
        end = self.ended_at or self.updated_at
        return end is None or now - end >= FINAL_AFTER or self._has_words

    @property
    def _has_words(self) -> bool:
        texts = (holder.get("transcript") for holder in (self.fields, read_mapping(self.fields.get("artifact"))))
        return bool(turns_of(self.fields)) or any(map(read_words, texts))

    @cached_property
    def named(self) -> NamedCall | None:
        """Our call id, wherever the record has it."""
        return find_named_call(self._message(REPORT))

    def message(self, now: datetime) -> dict[str, Json] | None:
        """Return the message that says what the record says, or None if it says nothing that we store.

        That is a report if the record is final, else the call's status.
        """
        if self.is_final(now):
            return self._message(REPORT)
        if self.has_ended or self.word in STATUS_OF_WORD:
            return self._message(STATUS)
        return None

    def _message(self, type_: str) -> dict[str, Json]:
        # `id` and `type` of a record are the call's. A webhook's call has the status of its beginning: nobody reads it.
        call = {name: value for name, value in self.fields.items() if name not in {"status", "call"}}
        status = {"status": "ended" if self.has_ended else self.word} if type_ == STATUS else {}
        return {**call, "id": None, "type": type_, "timestamp": _milliseconds(self.told_at), "call": call, **status}


def read_record(value: Json) -> Record:
    """Read a record; raises VapiUnreadable if it is none: no object, without an id or without a status."""
    fields = read_mapping(value)
    vapi_call_id = read_vapi_call_id(fields.get("id"))
    if vapi_call_id is None or read_words(fields.get("status")) is None:
        raise VapiUnreadable("a record without id and status")
    return Record(fields, vapi_call_id)


def read_records(value: Json) -> list[Record]:
    """Read a list of records, newest first and each once; raises VapiUnreadable.

    A record that has no id, status or createdAt is left out, and the others are read: one call of Vapi's must not hide
    fifty. A list of which nothing can be read is no list of calls.
    """
    if not isinstance(value, list):
        raise VapiUnreadable("no list of records")
    records: dict[str, Record] = {}
    unreadable = 0
    for item in value:
        try:
            record = read_record(item)
        except VapiUnreadable:
            unreadable += 1
            continue
        if record.created_at is None:
            unreadable += 1
        else:
            records[record.vapi_call_id] = record
    if unreadable and not records:
        raise VapiUnreadable("a list without a record that has id, status and createdAt")
    if unreadable:
        logger().warning("Records of Vapi's list left out", extra={"unreadable": unreadable, "read": len(records)})
    return list(records.values())


def envelope_of(record: Record, now: datetime, believe: Believe) -> Envelope | None:
    """Put what a record says into an envelope, as the verifier would; None if it says nothing that we store."""
    message = record.message(now)
    if message is None:
        return None
    kind = KIND_BY_TYPE[message["type"]]
    return build_envelope(kind, message, apply_allow_list(kind, message), now, None, believe, ASKED)


def result_envelope(result: str, vapi_call_id: str | None, call_id: int | None, now: datetime) -> Envelope:
    """Put what became of asking for a call into an envelope of our own type."""
    return _of_ours(
        {"type": RECONCILIATION, "timestamp": _milliseconds(now), "result": result}, vapi_call_id, call_id, now
    )


def ending_envelope(vapi_call_id: str, ends_by: datetime, now: datetime) -> Envelope:
    """Put into an envelope that a call is over, which nobody has reported."""
    message = {"type": STATUS, "timestamp": _milliseconds(ends_by), "status": "ended"}
    return _of_ours(message, vapi_call_id, None, now)


def _of_ours(message: dict[str, Json], vapi_call_id: str | None, call_id: int | None, now: datetime) -> Envelope:
    kind = INTERNAL.get(message["type"]) or KIND_BY_TYPE[message["type"]]
    variables = {} if call_id is None else {"variableValues": {"call_id": call_id}}
    call = {"id": vapi_call_id, "assistantOverrides": variables}
    named = message | {"call": call}
    return build_envelope(kind, named, apply_allow_list(kind, named), now, None, origin=ASKED)


def summarize(record: Record, now: datetime, names: AnswerNames, believe: Believe) -> CallSummary:
    """Say what a record says in ids, words of a bounded set and figures."""
    message = record._message(REPORT)  # noqa: SLF001 - the record's own module
    kept = apply_allow_list(KIND_BY_TYPE[REPORT], message)
    report = ReportMessage.model_validate(kept, context={RECEIVED_AT: now})
    analysis = read_analysis(report, names)
    named = record.named
    call_type = report.call.type
    return CallSummary(
        vapi_call_id=record.vapi_call_id,
        call_id=named.call_id if named and believe(named) else None,
        type=call_type if call_type in _TYPES else None,
        status=ENDED if record.has_ended else STATUS_OF_WORD.get(record.word, _other(record.word)),
        ended_reason=_bounded(report.ended_reason),
        nps_score=analysis.nps_score,
        has_turns=_has_turns(report, now),
        has_answers=analysis.has_answers,
        created_at=not_ahead(record.created_at, now),
        ended_at=not_ahead(record.ended_at, now),
        updated_at=not_ahead(record.updated_at, now),
        owner_ids=report.call.identity.constant_ids,
    )


def _has_turns(report: ReportMessage, now: datetime) -> bool:
    if read_turns(report.messages, now).turns:
        return True
    return bool(report.transcript and read_spoken_text(report.transcript, now, report.speaker_names).turns)


def _other(word: str) -> str:
    return word if word in {NOT_FOUND, DELETION_FAILED} else UNKNOWN


def _bounded(reason: str | None) -> str | None:
    return reason and reason[: min(MAX_REASON_CHARACTERS, MAX_WORD_CHARACTERS)]


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND
