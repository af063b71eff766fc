"""What of a message is kept: an allow-list per kind, and nothing else goes anywhere durable.

Vapi's bodies carry the whole assistant with its prompts and server secret, provider credentials, unauthenticated
monitor URLs, and up to four copies of the turns. `apply_allow_list` gathers what eras put in different places,
then keeps the listed fields under Vapi's own names. A value of the wrong type is dropped, like one that is absent.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from autopulse.domain.bounds import MAX_PARTS, MAX_TURN_LATENCIES
from autopulse.json_coercion import (
    Json,
    clean,
    clean_text,
    read_list,
    read_mapping,
    read_number,
    read_phone_number,
    read_time,
    read_vapi_call_id,
    read_words,
)
from autopulse.vapi.call_ids import calls_of, customers_of
from autopulse.vapi.masking import mask_all, mask_credentials, mask_number, mask_secrets
from autopulse.vapi.routes import PING, RECONCILIATION, RECORDING
from autopulse.vapi.secret_shapes import REDACTED
from autopulse.vapi.speaker_names import speaker_names_of
from autopulse.vapi.speakers import split_speech
from autopulse.vapi.turns import PROMPT_ROLES, has_turn, has_words, read_said

MAX_PING_ID_CHARACTERS: Final = 100

Rule = Callable[[Json], Json]
"""What is kept of one value, cleaned; None drops it."""


_USER_INFO: Final = re.compile(r"(?<=://)[^\s/?#]+(?=@)")
_TELEPHONE: Final = re.compile(r"\+?[0-9](?:[ ()./-]{0,2}[0-9]){6,}", re.ASCII)
_ADDRESS: Final = re.compile(r"(?:\bsips?:)?[^\s@:<>\"']{1,64}@[^\s@<>\"']{1,255}")
"""With bounds, as e-mail has them: without, a long word would be looked through again from each of its letters."""
_LEAST_OF_NO_FIGURE: Final = 10**9
"""No latency, cost or count is as much; a card's number is more."""


# Rules


def _text(value: Json) -> Json:
    return mask_secrets(clean_text(value)) if isinstance(value, str) else None


def _number(value: Json) -> Json:
    """A number, also as text; none that is a card's."""
    if isinstance(value, str):
        number = value.strip()
        return None if read_number(value) is None or mask_secrets(number) != number else number
    return mask_number(clean(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _time(value: Json) -> Json:
    return _text(value) if isinstance(value, str) else _number(value)


def _phone_number(value: Json) -> Json:
    return _id_text(read_phone_number(value))


def _id_text(value: Json) -> Json:
    """An id or a number to call, which may look like a key without a name, or like a card's number."""
    return mask_credentials(clean_text(value)) if isinstance(value, str) else None


def _said(value: Json) -> Json:
    """Words, of a content in parts too, or a number."""
    if isinstance(value, dict | list):
        return _text(read_said(value))
    return _text(value) if isinstance(value, str) else _number(value)


def _names(value: Json) -> Json:
    return [_text(name) for name in read_list(value) if isinstance(name, str)] or None


def _figure(value: Json) -> Json:
    """A latency, a cost or a count, also as text."""
    number = read_number(value)
    return None if number is None or abs(number) >= _LEAST_OF_NO_FIGURE else value


def _label(value: Json) -> Json:
    """A word, or a number that stands for one, such as a version."""
    return _text(value) if isinstance(value, str) else _figure(value)


def _foreign_text(value: Json) -> Json:
    """What providers write: they quote the numbers and addresses that they were to call."""
    text = _text(value)
    return _ADDRESS.sub(REDACTED, _TELEPHONE.sub(REDACTED, text)) if isinstance(text, str) else None


def _condition(value: Json) -> Json:
    """The condition of a structured output, or its name alone: its type, its limit, the ended reasons that it takes."""
    if not isinstance(value, Mapping):
        return _text(value)
    others = [(name, item) for name, item in value.items() if name != "type"]
    limits = {_text(name): figure for name, item in others if (figure := _figure(item)) is not None}
    reasons = {name: _names(read_list(value.get(name))[:MAX_PARTS]) for name in ("oneOf", "notOneOf")}
    kept = {"type": _text(value.get("type")), **dict(list(limits.items())[:1]), **reasons}
    return {name: item for name, item in kept.items() if item is not None} or None


def _whole(value: Json) -> Json:
    return mask_all(clean(value))


def _identifier(value: Json) -> Json:
    """Vapi's call id; one that would be redacted is none, or two calls would become one."""
    identifier = read_vapi_call_id(value)
    return identifier if identifier and mask_credentials(identifier) == identifier else None


def _ping_id(value: Json) -> Json:
    return _text(value) if isinstance(value, str) and len(value) <= MAX_PING_ID_CHARACTERS else None


def _url(value: Json) -> Json:
    """Keep a recording's address: its signed query is what makes it work, so only user and password are masked."""
    if not isinstance(value, str) or not value.lower().startswith(("https://", "http://")):
        return _text(value)
    return _USER_INFO.sub(REDACTED, clean_text(value))


@dataclass(frozen=True)
class Fields:
    """A rule: of an object these fields; an object of which nothing is kept is dropped."""

    allowed: Mapping[str, Rule]

    def __call__(self, value: Json) -> Json:
        """Return the fields of a message that the allow-list keeps."""
        given = read_mapping(value)
        if not given:
            return None
        kept = {name: rule(given[name]) for name, rule in self.allowed.items() if name in given}
        return {name: item for name, item in kept.items() if item is not None} or None


@dataclass(frozen=True)
class Each:
    """A rule: of each object of a list what another rule keeps."""

    rule: Rule
    most: int | None = None
    """Items that are looked at; None for all of them."""

    def __call__(self, value: Json) -> Json:
        """Return what is kept, an item of which nothing is kept as an empty object: turns are numbered by places."""
        return [self.rule(item) or {} for item in read_list(value)[: self.most] if isinstance(item, Mapping)] or None


@dataclass(frozen=True)
class EachById:
    """A rule: of each object of an object that has them by Vapi's ids, or of a list, what another rule keeps."""

    rule: Rule
    most: int

    def __call__(self, value: Json) -> Json:
        """Return the parts as a list."""
        parts = list(value.values()) if isinstance(value, Mapping) else value
        return Each(self.rule, self.most)(parts)


@dataclass(frozen=True)
class UrlOr:
    """A rule: an address alone, in the place of an object that another rule is for."""

    rule: Rule

    def __call__(self, value: Json) -> Json:
        """Return the fields of a message that the allow-list keeps."""
        return _url(value) if isinstance(value, str) else self.rule(value)


def _fields(allowed: Mapping[str, Rule]) -> Fields:
    return Fields(allowed)


def _each(rule: Rule) -> Each:
    return Each(rule)


# The allow-list

_FUNCTION: Final = _fields({"name": _text, "arguments": _whole})
_TOOL_CALL: Final = _fields({"function": _FUNCTION, "name": _text, "arguments": _whole})
_TURN: Final = _fields(
    {
        "role": _text,
        "message": _said,
        "content": _said,
        "text": _said,
        "time": _time,
        "secondsFromStart": _number,
        "toolCalls": _each(_TOOL_CALL),
        "tool_calls": _each(_TOOL_CALL),
        "name": _text,
        "args": _whole,
        "arguments": _whole,
        "result": _whole,
        "functionCall": _FUNCTION,
        "function_call": _FUNCTION,
    }
)
_CALL: Final = _fields(
    {
        "id": _identifier,
        "type": _text,
        "status": _text,
        "createdAt": _time,
        "phoneNumberId": _id_text,
        "assistantId": _id_text,
        "squadId": _id_text,
        "workflowId": _id_text,
        "customer": _fields({"number": _phone_number, "sipUri": _text, "name": _text}),
    }
)
_ANALYSIS: Final = _fields(
    {"summary": _text, "structuredData": _whole, "structuredDataMulti": _whole, "successEvaluation": _whole}
)
_RECORDING: Final = UrlOr(_fields({"stereoUrl": _url, "mono": UrlOr(_fields({"combinedUrl": _url}))}))
_LATENCIES: Final = ("turn", "model", "voice", "transcriber", "endpointing")
_PERFORMANCE: Final = _fields(
    {
        "turnLatencies": Each(_fields({f"{name}Latency": _figure for name in _LATENCIES}), MAX_TURN_LATENCIES),
        **{f"{name}LatencyAverage": _figure for name in (*_LATENCIES, "fromTransport", "toTransport")},
        "numUserInterrupted": _figure,
        "numAssistantInterrupted": _figure,
    }
)
# Where a call was transferred to is somebody's number. What was said there is a conversation of its own.
_TRANSFER: Final = _fields(
    {"destination": _fields({"type": _text, "assistantName": _text}), "mode": _text, "status": _text}
)
_SKIPPED: Final = _fields({"name": _text, "unmetCondition": _condition})
_ACTIVATION: Final = _fields({"assistantId": _id_text, "assistantName": _text, "assistantVersion": _label})
_COST: Final = _fields({"type": _text, "cost": _figure})
_ANALYSIS_COSTS: Final = ("summary", "structuredData", "successEvaluation", "structuredOutput")
_COST_BREAKDOWN: Final = _fields(
    {
        **dict.fromkeys(("transport", "stt", "llm", "tts", "vapi", "chat", "total"), _figure),
        **dict.fromkeys(("voicemailDetectionCost", "knowledgeBaseCost"), _figure),
        "analysisCostBreakdown": _fields(dict.fromkeys(_ANALYSIS_COSTS, _figure)),
    }
)
_ARTIFACT: Final = _fields(
    {
        "recordingUrl": _url,
        "stereoRecordingUrl": _url,
        "recordingPath": _url,
        "recording": _RECORDING,
        "presignedMonoUrl": _url,
        "presignedStereoUrl": _url,
        "presignedUrlsExpiresAt": _time,
        "structuredOutputs": _whole,
        "scorecards": _whole,
        "performanceMetrics": _PERFORMANCE,
        "transfers": Each(_TRANSFER, MAX_PARTS),
        "skippedStructuredOutputs": EachById(_SKIPPED, MAX_PARTS),
        "assistantActivations": Each(_ACTIVATION, MAX_PARTS),
    }
)
_COMMON: Final[Mapping[str, Rule]] = {"type": _text, "call": _CALL}

_OF_OURS: Final[Mapping[str, Fields]] = {
    PING: _fields({"type": _text, "id": _ping_id}),
    RECONCILIATION: _fields({**_COMMON, "result": _text}),
    RECORDING: _fields(
        {
            **_COMMON,
            "state": _text,
            "key": _id_text,
            "bytes": _number,
            "content_type": _text,
            "sha256": _id_text,
        }
    ),
}
"""Type of ours -> what is kept."""
KEPT: Final[Mapping[str, Fields]] = {
    "status_update": _fields({**_COMMON, "status": _text, "endedReason": _text}),
    "hang": _fields({**_COMMON, "reason": _text}),
    "conversation_update": _fields(
        {**_COMMON, "messages": _each(_TURN), "transcript": _fields({"speaker": _text, "text": _text})}
    ),
    "transcript": _fields({**_COMMON, "role": _text, "transcript": _text}),
    "end_of_call_report": _fields(
        {
            **_COMMON,
            "endedReason": _text,
            "startedAt": _time,
            "endedAt": _time,
            "durationSeconds": _number,
            "durationMs": _number,
            "durationMinutes": _number,
            "cost": _number,
            "costs": Each(_COST, MAX_PARTS),
            "costBreakdown": _COST_BREAKDOWN,
            "assistant": _fields({"id": _id_text, "name": _text}),
            "assistantVersion": _label,
            "campaignId": _id_text,
            "compliance": _fields({"recordingConsent": _fields({"type": _text, "grantedAt": _time})}),
            "endedMessage": _foreign_text,
            "summary": _text,
            "analysis": _ANALYSIS,
            "messages": _each(_TURN),
            "transcript": _text,
            "transcriptNames": _fields({"assistant": _names, "customer": _names}),
            "recordingUrl": _url,
            "stereoRecordingUrl": _url,
            "artifact": _ARTIFACT,
        }
    ),
}
"""Kind -> what is kept."""

URL_FIELDS: Final = frozenset(
    {
        "recordingUrl",
        "stereoRecordingUrl",
        "recordingPath",
        "recording",
        "presignedMonoUrl",
        "presignedStereoUrl",
        "presignedUrlsExpiresAt",
    }
)
"""Fields that hold addresses, on a report and on its artifact: they are signed anew for each delivery."""
RESTATED_FIELDS: Final = frozenset({"assistant"})
"""Fields that say how something is called when a message is sent, which may be another name when it is sent again."""


def apply_allow_list(kind: str, message: Mapping[str, Json]) -> dict[str, Json]:
    """Return the message with what its kind keeps, always with its type; everything in it is clean."""
    keep = _OF_OURS.get(message["type"]) or KEPT[kind]
    kept: dict[str, Json] = keep(_GATHER.get(kind, _gather)(_with_facts_of_call(kind, message)))
    return kept


# Gathering: one place for what the eras put in several. Each field is looked for in all of its places, so that an
# object that is there, or a value that cannot be used, never hides what only another place has.

Reader = Callable[[Json], object]
"""Reads a value as it will be read, and says None if it cannot be used."""


def _words(value: Json) -> str | None:
    return read_words(clean_text(value)) if isinstance(value, str) else None


_CALL_FIELDS: Final[Mapping[str, Reader]] = {
    "id": _identifier,
    "type": _words,
    "status": _words,
    "createdAt": read_time,
}
_OWNERS: Final = ("assistant", "squad", "workflow")
"""What of a call's own says whose it is, beside its phone number. `message.assistant` is whoever speaks just now."""
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
        "assistantVersion": _label,
        "campaignId": _words,
        "endedMessage": _words,
    },
}
"""Kind -> what its messages say, or their call says as the REST API has it."""
_OBJECTS_OF_CALL: Final[Mapping[str, Sequence[str]]] = {
    "end_of_call_report": ("analysis", "artifact", "compliance", "costBreakdown")
}


def _with_facts_of_call(kind: str, message: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the message with what only its call says of what came of it."""
    if kind not in _FACTS_OF_CALL:
        return message
    call = read_mapping(message.get("call"))
    facts = {name: _first(read, (message.get(name), call.get(name))) for name, read in _FACTS_OF_CALL[kind].items()}
    objects = {name: _joined(message.get(name), call.get(name)) for name in _OBJECTS_OF_CALL.get(kind, ())}
    return {**message, **facts, **objects, "cost": _first(read_number, chain(_costs(message), _costs(call)))}


def _costs(holder: Mapping[str, Json]) -> Iterator[Json]:
    """The cost itself, else the total of its breakdown, else the sum of its parts."""
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
    """The first value that can be used, as it is."""
    return next((value for value in values if read(value) is not None), None)


def _joined(first: Json, second: Json) -> Json:
    """One object: fields of the second where the first says nothing."""
    said = {name: value for name, value in read_mapping(first).items() if value not in (None, "", [], {})}
    return {**read_mapping(second), **said}


def _gather_conversation(message: Mapping[str, Json]) -> dict[str, Json]:
    return {**_gather(message), "messages": turns_of(message)}


def _gather_report(message: Mapping[str, Json]) -> dict[str, Json]:
    return {**_gather(message), **_gather_said(message), **_gather_analysis(message), **_gather_quality(message)}


def _gather_said(message: Mapping[str, Json]) -> dict[str, Json]:
    """The turns; or, if no list has words, the transcript's text with its speakers' names, if that has any."""
    turns = turns_of(message, read_mapping(message.get("call")))
    text = None if any(map(has_words, turns)) else _transcript_of(message)
    if text is None:
        return {"messages": turns, "transcript": None}
    return {"messages": [], "transcript": text, "transcriptNames": speaker_names_of(message, text)._asdict()}


def _gather_analysis(message: Mapping[str, Json]) -> dict[str, Json]:
    """Each part of the analysis from the first place that has it, Vapi's documented one first."""
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
"""Fields of the artifact that say how a call ran."""


def _gather_quality(message: Mapping[str, Json]) -> dict[str, Json]:
    """The costs by their types, and the assistant that is named with an id or a name, from the first place of each."""
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


def turns_of(*holders: Mapping[str, Json]) -> list[Json]:
    """Return the first turn list that has words, without the prompts in it: the others are copies in other shapes.

    If none has words, it is the first with a tool's turns, else the first that has items at all. `holders` are the
    message and what else may have lists, best first.
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
    """Return the first transcript in which anybody says anything."""
    call = read_mapping(message.get("call"))
    places = (message, read_mapping(message.get("artifact")), call, read_mapping(call.get("artifact")))
    texts = (text for place in places if (text := _words(place.get("transcript"))) is not None)
    return next((text for text in texts if any(words for _, words in split_speech(text))), None)
