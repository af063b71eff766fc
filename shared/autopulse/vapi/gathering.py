"""Move the fields of a message to one place each; Vapi's versions put them in several.

All places of a field are searched, so that an empty object or an unusable value in one place does not hide the value in
another.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from autopulse.json_coercion import (
    Json,
    clean_text,
    read_list,
    read_mapping,
    read_number,
    read_phone_number,
    read_time,
    read_words,
)
from autopulse.vapi.call_ids import calls_of, customers_of
from autopulse.vapi.field_rules import identifier, label
from autopulse.vapi.speaker_names import speaker_names_of
from autopulse.vapi.speakers import split_speech
from autopulse.vapi.turns import PROMPT_ROLES, has_turn, has_words

Reader = Callable[[Json], object]
"""Reads a value as it will be read later; returns None if it cannot be used."""


def _words(value: Json) -> str | None:
    return read_words(clean_text(value)) if isinstance(value, str) else None


_CALL_FIELDS: Final[Mapping[str, Reader]] = {
    "id": identifier,
    "type": _words,
    "status": _words,
    "createdAt": read_time,
}
_OWNERS: Final = ("assistant", "squad", "workflow")
"""Parts of the call that identify its owner, besides the phone number. `message.assistant` is the current speaker."""
_CUSTOMER_FIELDS: Final[Mapping[str, Reader]] = {
    "number": read_phone_number,
    "sipUri": _words,
    "name": _words,
}
_FACTS_OF_CALL: Final[Mapping[str, Mapping[str, Reader]]] = {
    "status_update": {"endedReason": _words},
    "end_of_call_report": {
        "endedReason": _words,
        "startedAt": read_time,
        "endedAt": read_time,
        "durationSeconds": read_number,
        "durationMs": read_number,
        "durationMinutes": read_number,
        "recordingUrl": _words,
        "stereoRecordingUrl": _words,
        "assistantVersion": label,
        "campaignId": _words,
        "endedMessage": _words,
    },
}
"""Kind -> fields of its messages that may also be in the message's call, as the REST API has them."""
_OBJECTS_OF_CALL: Final[Mapping[str, Sequence[str]]] = {
    "end_of_call_report": ("analysis", "artifact", "compliance", "costBreakdown")
}


def _with_facts_of_call(kind: str, message: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the message with the results that only its call has."""
    if kind not in _FACTS_OF_CALL:
        return message
    call = read_mapping(message.get("call"))
    facts = {name: _first(read, (message.get(name), call.get(name))) for name, read in _FACTS_OF_CALL[kind].items()}
    objects = {name: _joined(message.get(name), call.get(name)) for name in _OBJECTS_OF_CALL.get(kind, ())}
    return {**message, **facts, **objects, "cost": _first(read_number, chain(_costs(message), _costs(call)))}


def _costs(holder: Mapping[str, Json]) -> Iterator[Json]:
    """Yield the cost itself, the total of its breakdown and the sum of its parts, in this order."""
    yield holder.get("cost")
    yield read_mapping(holder.get("costBreakdown")).get("total")
    parts = [read_number(read_mapping(part).get("cost")) for part in read_list(holder.get("costs"))]
    given = [part for part in parts if part is not None]
    yield str(sum(given)) if given else None


def _gather(message: Mapping[str, Json]) -> dict[str, Json]:
    return {**message, "call": _gather_call(message)}


def _gather_call(message: Mapping[str, Json]) -> dict[str, Json]:
    calls, customers = calls_of(message), customers_of(message)
    number = read_mapping(message.get("phoneNumber")).get("id")
    return {
        **_fields_of(calls, _CALL_FIELDS),
        "phoneNumberId": _first(_words, (*_ids_of("phoneNumber", calls), number)),
        **{f"{owner}Id": _first(_words, _ids_of(owner, calls)) for owner in _OWNERS},
        "customer": _fields_of(customers, _CUSTOMER_FIELDS),
    }


def _ids_of(owner: str, calls: Iterable[Mapping[str, Json]]) -> Iterator[Json]:
    for call in calls:
        yield call.get(f"{owner}Id")
        yield read_mapping(call.get(owner)).get("id")


def _fields_of(copies: Iterable[Mapping[str, Json]], fields: Mapping[str, Reader]) -> dict[str, Json]:
    return {name: _first(read, (copy.get(name) for copy in copies)) for name, read in fields.items()}


def _first(read: Reader, values: Iterable[Json]) -> Json:
    """Return the first usable value, unchanged."""
    return next((value for value in values if read(value) is not None), None)


def _joined(first: Json, second: Json) -> Json:
    """Merge two objects; fields of the first count where both have a value."""
    said = {name: value for name, value in read_mapping(first).items() if value not in (None, "", [], {})}
    return {**read_mapping(second), **said}


def _gather_conversation(message: Mapping[str, Json]) -> dict[str, Json]:
    return {**_gather(message), "messages": turns_of(message)}


def _gather_report(message: Mapping[str, Json]) -> dict[str, Json]:
    return {**_gather(message), **_gather_said(message), **_gather_analysis(message), **_gather_quality(message)}


def _gather_said(message: Mapping[str, Json]) -> dict[str, Json]:
    """The turns; or, if no list has words, the transcript's text with its speakers' names, if there are any."""
    turns = turns_of(message, read_mapping(message.get("call")))
    text = None if any(map(has_words, turns)) else _transcript_of(message)
    if text is None:
        return {"messages": turns, "transcript": None}
    return {"messages": [], "transcript": text, "transcriptNames": speaker_names_of(message, text)._asdict()}


def _gather_analysis(message: Mapping[str, Json]) -> dict[str, Json]:
    """Each part of the analysis from the first place that has it; the place that Vapi documents comes first."""
    call, artifact = read_mapping(message.get("call")), read_mapping(message.get("artifact"))
    analysis, inner = read_mapping(message.get("analysis")), read_mapping(call.get("analysis"))
    places = (analysis, artifact, message, inner, read_mapping(call.get("artifact")), call)
    outputs = (artifact, analysis, message, read_mapping(call.get("artifact")), inner, call)
    of_the_artifact = ("structuredOutputs", "scorecards", *_OF_QUALITY)
    analysed = ("structuredData", "structuredDataMulti", "successEvaluation")
    return {
        "summary": _first(_words, (message.get("summary"), call.get("summary"))),
        "analysis": {**analysis, **{name: _first_given(name, places) for name in analysed}},
        "artifact": {**artifact, **{name: _first_given(name, outputs) for name in of_the_artifact}},
    }


_OF_QUALITY: Final = ("performanceMetrics", "transfers", "skippedStructuredOutputs", "assistantActivations")
"""Fields of the artifact that describe the call's quality."""


def _gather_quality(message: Mapping[str, Json]) -> dict[str, Json]:
    """The costs by type, and the assistant with its id or name, each from the first place that has it."""
    call = read_mapping(message.get("call"))
    assistants = (read_mapping(place.get("assistant")) for place in (message, call))
    return {
        "costs": _first_given("costs", (message, call)),
        "assistant": next((one for one in assistants if _words(one.get("id")) or _words(one.get("name"))), None),
    }


def _first_given(name: str, places: Iterable[Mapping[str, Json]]) -> Json:
    return next((value for place in places if (value := place.get(name)) not in _NOTHING), None)


_NOTHING: Final[tuple[Json, ...]] = (None, "", {}, [])


_GATHER: Final[Mapping[str, Callable[[Mapping[str, Json]], dict[str, Json]]]] = {
    "conversation_update": _gather_conversation,
    "end_of_call_report": _gather_report,
}


def gather(kind: str, message: Mapping[str, Json]) -> dict[str, Json]:
    """Return the message with each of its fields in the place where Vapi's newest version has it."""
    return _GATHER.get(kind, _gather)(_with_facts_of_call(kind, message))


def turns_of(*holders: Mapping[str, Json]) -> list[Json]:
    """Return the first turn list with words, without its prompts; other lists are copies in other shapes.

    If no list has words, return the first with a tool's turns, else the first that is not empty. `holders` are the
    message and other objects that may have lists, best first.
    """
    judges = (has_words, has_turn, bool)
    found = (turns for judge in judges for items in _turn_lists(holders) if any(map(judge, turns := _spoken(items))))
    return next(found, [])


def _turn_lists(holders: Iterable[Mapping[str, Json]]) -> Iterator[Json]:
    for holder in holders:
        artifact = read_mapping(holder.get("artifact"))
        yield holder.get("messages")
        yield artifact.get("messages")
        yield holder.get("conversation")
        yield holder.get("messagesOpenAIFormatted")
        yield artifact.get("messagesOpenAIFormatted")
        yield holder.get("transcript")
        yield artifact.get("transcript")


def _spoken(items: Json) -> list[Json]:
    return [item for item in read_list(items) if isinstance(item, Mapping) and not _is_prompt(item)]


def _is_prompt(item: Mapping[str, Json]) -> bool:
    role = item.get("role")
    return isinstance(role, str) and role.strip().lower() in PROMPT_ROLES


def _transcript_of(message: Mapping[str, Json]) -> str | None:
    """Return the first transcript with words."""
    call = read_mapping(message.get("call"))
    places = (message, read_mapping(message.get("artifact")), call, read_mapping(call.get("artifact")))
    texts = (text for place in places if (text := _words(place.get("transcript"))) is not None)
    return next((text for text in texts if any(words for _, words in split_speech(text))), None)
