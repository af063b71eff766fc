"""Count and log values in a batch's messages that this code does not know: statuses, ended reasons, roles, outputs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from autopulse.consumers.consumer import Disposition
from autopulse.consumers.queue import ReceivedMessage
from autopulse.domain.answers import plain_name
from autopulse.domain.outcome import Family
from autopulse.json_coercion import Json, read_mapping, read_words
from autopulse.observability import Measurements, Metric, loggable_id, logger
from autopulse.settings import stack_answer_names, stack_other_names
from autopulse.vapi.analysis import unknown_outputs
from autopulse.vapi.drift import DRIFT, MAX_VALUES, UnknownValue, What, named
from autopulse.vapi.ended_reasons import family_of
from autopulse.vapi.messages import (
    ConversationMessage,
    HangMessage,
    Message,
    ReportMessage,
    StatusMessage,
    TranscriptMessage,
)
from autopulse.vapi.routes import is_ours
from autopulse.vapi.status_words import WORDS_WITHOUT_STATUS
from autopulse.vapi.turns import PROMPT_ROLES, ROLES, role_of

MAX_CALL_IDS: Final = 3
"""The maximum number of calls that a log line gives as examples of a value."""
A_SPEAKER: Final = "(speaker)"
"""Replaces the speaker in the application's own form of a turn, because it may be a person's name."""
NO_WORD: Final = "(none)"
"""Replaces a status that is missing or not a text."""


def note_unknown(kind: str, deliveries: Iterable[ReceivedMessage], measurements: Measurements) -> None:
    """Count the unknown values of applied records and of ignored statuses, and log them in one line."""
    found: defaultdict[UnknownValue, list[ReceivedMessage]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.record is not None:
            for one in _unknown_in(delivery.record.message, delivery.disposition):
                found[one].append(delivery)
    if not found:
        return
    for one, where in found.items():
        measurements.count(Metric.VALUE_UNKNOWN, len(where), what=one.what.value)
    drift = [
        _described(shown, where) for one, where in islice(found.items(), MAX_VALUES) for shown in named().choose([one])
    ]
    if drift:
        logger().info("unknown values", extra={"kind": kind, DRIFT: drift})


def _described(one: UnknownValue, where: Sequence[ReceivedMessage]) -> dict[str, Json]:
    ids = (delivery.envelope.vapi_call_id for delivery in where if delivery.envelope is not None)
    examples = islice(dict.fromkeys(loggable_id(id_) for id_ in ids if id_), MAX_CALL_IDS)
    return {"what": one.what.value, "value": one.value, "count": len(where), "vapi_call_ids": list(examples)}


def _unknown_in(message: Message, disposition: Disposition) -> Iterator[UnknownValue]:
    if isinstance(message, StatusMessage) and message.ignored and not is_ours(message.type):
        if message.word not in WORDS_WITHOUT_STATUS:
            yield UnknownValue(What.STATUS, message.word or NO_WORD)
    elif disposition is Disposition.APPLIED:
        reason = _reason_of(message)
        if reason and family_of(reason) is Family.UNKNOWN:
            yield UnknownValue(What.ENDED_REASON, reason)
        for role in _unknown_roles(message):
            yield UnknownValue(What.ROLE, role)
        if isinstance(message, ReportMessage) and message.artifact.structured_outputs:
            for name in dict.fromkeys(unknown_outputs(message, stack_answer_names())):
                if plain_name(name) not in stack_other_names():
                    yield UnknownValue(What.STRUCTURED_OUTPUT, name)


def _reason_of(message: Message) -> str | None:
    if isinstance(message, HangMessage):
        return message.reason
    return message.ended_reason if isinstance(message, StatusMessage | ReportMessage) else None


def _unknown_roles(message: Message) -> Iterator[str]:
    """Yield once each role that is not one of a speaker, a tool or a prompt; items without a role are skipped."""
    roles = {role for role in _roles_of(message) if isinstance(role, str)} - ROLES.keys()  # usually empty
    words = (word for role in sorted(roles) if (word := (read_words(role) or "").strip().lower()))
    yield from (word for word in dict.fromkeys(words) if word not in ROLES and word not in PROMPT_ROLES)


def _roles_of(message: Message) -> Iterator[Json]:
    if isinstance(message, ReportMessage | ConversationMessage):
        yield from (read_mapping(item).get("role") for item in message.messages)
    if isinstance(message, ConversationMessage) and message.transcript.text is not None:
        speaker = message.transcript.speaker
        yield A_SPEAKER if speaker and role_of(speaker) is None else speaker
    if isinstance(message, TranscriptMessage):
        yield message.role
