"""Convert Vapi's record of a call to a message, as a webhook would have brought it, and to a summary in our own words.

A record is the answer of `GET /call/{id}`, and an item of the list of `GET /call`. It has nearly the fields of a
report, so the message is the record with a type and a time, and with the record again as its `call`: the verifier's
allow-list searches both places and keeps what it keeps of a webhook.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from autopulse.domain.answers import AnswerNames
from autopulse.domain.bounds import MAX_REASON_CHARACTERS
from autopulse.domain.reconciliation import FINAL_AFTER
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
"""Vapi's status of a call that no longer exists."""
DELETION_FAILED: Final = "deletion-failed"
"""Vapi's status of a call that has ended, and that it could not delete."""
UNKNOWN: Final = "unknown"
"""The status of a summary if Vapi's word is unknown."""
_TYPES: Final = frozenset({"inboundPhoneCall", "outboundPhoneCall", "webCall", "vapi.websocketCall"})
_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
Believe = Callable[[NamedCall], bool]


@dataclass(frozen=True)
class Record:
    """A call as Vapi's API returns it."""

    fields: Mapping[str, Json]
    vapi_call_id: str

    @property
    def created_at(self) -> datetime | None:
        """When the call was created at Vapi; the list is ordered by this time."""
        return read_time(self.fields.get("createdAt"))

    @property
    def ended_at(self) -> datetime | None:
        """When the call ended."""
        return read_time(self.fields.get("endedAt"))

    @property
    def updated_at(self) -> datetime | None:
        """When Vapi last changed the record."""
        return read_time(self.fields.get("updatedAt"))

    @property
    def told_at(self) -> datetime | None:
        """The sender's time of the message made from the record."""
        return self.updated_at or self.ended_at

    @property
    def word(self) -> str:
        """Vapi's word for the call's status, normalised."""
        return status_word(self.fields.get("status"))

    @property
    def is_gone(self) -> bool:
        """Whether the status says that there is no such call, in place of a 404."""
        return self.word == NOT_FOUND

    @property
    def has_ended(self) -> bool:
        """Whether the call has ended; a call that could not be deleted has, if it has an end time."""
        return STATUS_OF_WORD.get(self.word) == ENDED or (self.word == DELETION_FAILED and self.ended_at is not None)

    def is_final(self, now: datetime) -> bool:
        """Whether the record of an ended call is probably complete, which it is not right after the end.

        With turns it is complete; without turns (nobody answered) some time after its end.
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
        """Our call id, from any place in the record."""
        return find_named_call(self._message(REPORT))

    def message(self, now: datetime) -> dict[str, Json] | None:
        """Return the message with the record's content, or None if there is nothing to store.

        It is a report if the record is final, else the call's status.
        """
        if self.is_final(now):
            return self._message(REPORT)
        if self.has_ended or self.word in STATUS_OF_WORD:
            return self._message(STATUS)
        return None

    def _message(self, type_: str) -> dict[str, Json]:
        # A record's `id` and `type` are the call's. The status in a webhook's call is the initial one, and is not read.
        call = {name: value for name, value in self.fields.items() if name not in {"status", "call"}}
        status = {"status": "ended" if self.has_ended else self.word} if type_ == STATUS else {}
        return {**call, "id": None, "type": type_, "timestamp": _milliseconds(self.told_at), "call": call, **status}


def read_record(value: Json) -> Record:
    """Read a record; raises VapiUnreadable if it is not an object, or has no id or no status."""
    fields = read_mapping(value)
    vapi_call_id = read_vapi_call_id(fields.get("id"))
    if vapi_call_id is None or read_words(fields.get("status")) is None:
        raise VapiUnreadable("a record without id and status")
    return Record(fields, vapi_call_id)


def read_records(value: Json) -> list[Record]:
    """Read a list of records, newest first and each once; raises VapiUnreadable.

    A record without id, status or createdAt is left out, so that one bad record does not hide fifty others. If no
    record is readable, the list is rejected.
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
    """Put a record's content into an envelope, as the verifier would; None if there is nothing to store."""
    message = record.message(now)
    if message is None:
        return None
    kind = KIND_BY_TYPE[message["type"]]
    return build_envelope(kind, message, apply_allow_list(kind, message), now, None, believe, ASKED)


def result_envelope(result: str, vapi_call_id: str | None, call_id: int | None, now: datetime) -> Envelope:
    """Put the result of a request for a call into an envelope of our own type."""
    return _of_ours(
        {"type": RECONCILIATION, "timestamp": _milliseconds(now), "result": result}, vapi_call_id, call_id, now
    )


def ending_envelope(vapi_call_id: str, ends_by: datetime, now: datetime) -> Envelope:
    """Build an envelope that says that a call has ended, which no message has reported."""
    message = {"type": STATUS, "timestamp": _milliseconds(ends_by), "status": "ended"}
    return _of_ours(message, vapi_call_id, None, now)


def _of_ours(message: dict[str, Json], vapi_call_id: str | None, call_id: int | None, now: datetime) -> Envelope:
    kind = INTERNAL.get(message["type"]) or KIND_BY_TYPE[message["type"]]
    variables = {} if call_id is None else {"variableValues": {"call_id": call_id}}
    call = {"id": vapi_call_id, "assistantOverrides": variables}
    named = message | {"call": call}
    return build_envelope(kind, named, apply_allow_list(kind, named), now, None, origin=ASKED)


def summarize(record: Record, now: datetime, names: AnswerNames, believe: Believe) -> CallSummary:
    """Summarize a record with ids, words of limited sets and figures only."""
    message = record._message(REPORT)  # noqa: SLF001 - a method of the same module
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
