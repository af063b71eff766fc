"""Random calls and everything that may be sent about them, in the form that reaches the consumers.

Values come from small pools, so that times, lengths and texts tie and contradict often.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.integration.pipeline import after

INBOUND_NUMBER: Final = "phone-number-of-ours"
"""A `vapi_number` that gives calls their organization."""
FIRST_CALL: Final = 1_000_001
"""Ids of the application's calls; the database gives small ones to calls that messages create."""
FIRST_VISIT: Final = 2_000_001
MOST_CALLS: Final = 6
"""Of one scenario: a batch of many costs little more than one of few."""

SECONDS: Final = st.sampled_from([0, 1, 2, 2.5, 60])
TIMES: Final = SECONDS.map(after)
REASONS: Final = st.sampled_from(
    ["customer-ended-call", "voicemail", "manually-canceled", "customer-busy", "pipeline-error", "something-new"]
)
STATUSES: Final = st.sampled_from(
    [
        "scheduled",
        "queued",
        "ringing",
        "in-progress",
        "In_Progress",
        "forwarding",
        "ended",
        "busy",
        "failed",
        "unheard-of",
    ]
)
TEXTS: Final = st.sampled_from(["Hello", "How was it?", "Fine", "Bye"])
ROLES: Final = st.sampled_from(["user", "bot", "assistant", "tool_calls", "nobody"])
Values = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One envelope."""

    kind: str
    event_id: str
    vapi_call_id: str | None
    call_id: int | None
    occurred_at: str | None
    received_at: str
    message: Values

    @property
    def body(self) -> str:
        return json.dumps({"version": 1, **vars(self)})

    def resent(self) -> "Message":
        """The same webhook again, later: it can be told for the same by its sender's time only."""
        later = after(1_000).isoformat()
        return replace(self, received_at=later) if self.occurred_at else self


@dataclass(frozen=True)
class Scenario:
    """What the application wrote, and all messages of some calls."""

    calls: Sequence[Values]
    turns: Sequence[Values]
    visits: Sequence[Values]
    messages: Sequence[Message]


@dataclass(frozen=True)
class Delivery:
    """An order, with repetitions, in batches of one kind."""

    batches: Sequence[Sequence[Message]]


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def given(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Values]:
    """An object in which every field may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


# What the application wrote


def _application_call(place: int) -> st.SearchStrategy[Values]:
    return st.fixed_dictionaries(
        {
            "id": st.just(FIRST_CALL + place),
            "status": st.sampled_from(["Ready", "Scheduled", "Queued", "Missed", "Failed", "Invented", "Completed"]),
            "customer_number": st.sampled_from(["+12025550101", "unknown"]),
            "service_record_id": st.sampled_from([None, FIRST_VISIT, FIRST_VISIT, FIRST_VISIT + 1]),
            "start_time": optional(TIMES),
            "end_time": optional(TIMES),
            "duration_sec": optional(st.just(99)),
            "call_reason": st.sampled_from(["Follow-up", None]),
            "nps_score": optional(st.just(1)),
            "recording_url": optional(st.just("https://app.example/recording")),
        }
    )


_VISIT: Final = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["Scheduled", "Confirmed"]),
        "feedback": optional(st.just("What an advisor noted")),
        "rating": optional(st.just(5)),
    }
)
_WRITTEN_TURN: Final = st.fixed_dictionaries({"role": st.just("human"), "content": TEXTS, "timestamp": TIMES})


# What Vapi sends

_TURN: Final = st.fixed_dictionaries(
    {"role": ROLES, "message": TEXTS | st.just("")},
    optional={
        "time": TIMES.map(lambda time: time.timestamp() * 1000),
        "secondsFromStart": SECONDS,
        "toolCalls": st.just([{"function": {"name": "look_up", "arguments": "{}"}}]),
    },
)
_TURNS: Final = st.lists(_TURN, max_size=4)
_STATUS: Final = st.fixed_dictionaries(
    {"type": st.just("status-update"), "status": STATUSES}, optional={"endedReason": REASONS}
) | st.fixed_dictionaries(
    {"type": st.sampled_from(["call.started", "call.ended", "call.failed"])}, optional={"endedReason": REASONS}
)
_HANG: Final = st.fixed_dictionaries({"type": st.just("hang")}, optional={"reason": REASONS})
_CONVERSATION: Final = st.fixed_dictionaries(
    {"type": st.just("conversation-update")},
    optional={"messages": _TURNS, "transcript": given(speaker=ROLES, text=TEXTS)},
)
_TRANSCRIPT: Final = st.fixed_dictionaries({"type": st.just("transcript"), "role": ROLES, "transcript": TEXTS})
_ANALYSED: Final = given(
    nps_score=st.sampled_from([0, 8, 8.0, "9", -1, None]),
    overall_feedback=st.sampled_from(["Good", "UNKNOWN", ""]),
    positives=st.sampled_from([[], ["quick", "clean"], "quick"]),
    call_reason=st.sampled_from(["Recall", "Service"]),
)
_REPORT: Final = st.fixed_dictionaries(
    {"type": st.just("end-of-call-report")},
    optional={
        "endedReason": REASONS,
        "startedAt": TIMES.map(lambda time: time.isoformat()),
        "endedAt": TIMES.map(lambda time: time.timestamp()),
        "durationSeconds": st.sampled_from([0, 1.5, 2.5, -3, 1e300]),
        "cost": st.sampled_from([0.1651, 0, 1e300]),
        "summary": TEXTS,
        "analysis": given(summary=TEXTS, structuredData=_ANALYSED),
        "messages": _TURNS,
        "transcript": st.sampled_from(["AI: Hello\nUser: Fine\n", "nothing said"]),
        "recordingUrl": st.sampled_from(["https://one.example", "https://two.example"]),
        "artifact": given(structuredOutputs=st.just({"a": {"name": "nps_score", "result": 7}})),
    },
)
_MESSAGES: Final[Mapping[str, st.SearchStrategy[Values]]] = {
    "status": _STATUS,
    "conversation": _CONVERSATION,
    "report": _REPORT,
    "hang": _HANG,
    "transcript": _TRANSCRIPT,
}


_KINDS: Final = st.sampled_from(
    [
        tuple(_MESSAGES),
        ("report",),
        ("status",),
        ("conversation",),
        ("report", "status"),
        ("report", "conversation"),
        ("conversation", "transcript"),
        ("hang", "transcript"),
    ]
)
"""Kinds of one call's messages: the fewer, the more they contradict one another."""
_INSTANTS: Final = st.sampled_from([(1,), (1,), (0, 2.5), (0, 1, 2, 60)]).map(lambda seconds: [*map(after, seconds)])
_TYPES: Final = st.sampled_from(["inboundPhoneCall", "webCall", "outboundPhoneCall"])
_CUSTOMERS: Final = st.sampled_from([st.just({}), st.sampled_from([{}, {"number": "+12025550102"}])])
"""A call's messages tell the customer's number or do not; they do not contradict one another about it."""
_CLOCKS: Final = st.sampled_from([(True,), (False,), (True, False)])


@dataclass(frozen=True)
class Subject:
    """A call as its messages name it."""

    vapi_call_id: str
    call_id: int | None
    snapshots: st.SearchStrategy[Values]
    """What `message.call` may say besides the id."""
    instants: st.SearchStrategy[datetime]
    timed: st.SearchStrategy[bool]
    kinds: st.SearchStrategy[str]


@st.composite
def _subjects(draw: st.DrawFn, place: int, call_id: int | None) -> Subject:
    customers = draw(_CUSTOMERS)
    return Subject(
        vapi_call_id=f"vapi-{place}",
        call_id=call_id,
        snapshots=_told(draw(_TYPES), customers) if call_id is None else st.fixed_dictionaries({"customer": customers}),
        instants=st.sampled_from(draw(_INSTANTS)),
        timed=st.sampled_from(draw(_CLOCKS)),
        kinds=st.sampled_from(draw(_KINDS)),
    )


def _told(kind: str, customers: st.SearchStrategy[Values]) -> st.SearchStrategy[Values]:
    """Snapshots of a call that its messages create; some of them say too little to do so."""
    telling = {"type": kind, "createdAt": after(0).isoformat(), "phoneNumberId": INBOUND_NUMBER}
    told = [st.fixed_dictionaries({**_exactly(values), "customer": customers}) for values in (telling, telling, {})]
    return st.one_of(*told)


def _exactly(values: Values) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.just(value) for name, value in values.items()}


@st.composite
def _message(draw: st.DrawFn, kind: str, number: int, subject: Subject) -> Message:
    content = draw(_MESSAGES[kind])
    status = draw(st.sampled_from(["queued", "queued", "ended"])) if kind == "hang" else "queued"
    vapi_call_id, call_id = draw(_ids(subject)) if number else (subject.vapi_call_id, subject.call_id)
    return Message(
        kind=kind,
        event_id=f"{draw(st.integers(0, 99)):02d}-{subject.vapi_call_id}-{number}",
        vapi_call_id=vapi_call_id,
        call_id=call_id,
        occurred_at=draw(subject.instants).isoformat() if draw(subject.timed) else None,
        received_at=(draw(subject.instants) + timedelta(seconds=100)).isoformat(),
        message={**content, "call": {**draw(subject.snapshots), "status": status}},
    )


def _ids(subject: Subject) -> st.SearchStrategy[tuple[str | None, int | None]]:
    """What a message calls its call: by both ids, or by either."""
    both = (subject.vapi_call_id, subject.call_id)
    return st.sampled_from([both, (None, subject.call_id), (subject.vapi_call_id, None)] if subject.call_id else [both])


@st.composite
def _messages_of(draw: st.DrawFn, subject: Subject) -> list[Message]:
    """All messages about a call; the first names it by all ids that there are."""
    kinds = draw(st.lists(subject.kinds, min_size=1, max_size=5))
    return [draw(_message(kind, number, subject)) for number, kind in enumerate(kinds)]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    calls, messages = [], []
    for place in range(draw(st.integers(1, MOST_CALLS))):
        call = draw(optional(_application_call(place))) if place else draw(_application_call(place))
        calls += [call] if call else []
        messages += draw(_messages_of(draw(_subjects(place, call["id"] if call else None))))
    turns = draw(st.lists(_WRITTEN_TURN, max_size=2))
    visits: list[Values] = [{**draw(_VISIT), "id": FIRST_VISIT + place} for place in range(2)]
    return Scenario(calls, [{**turn, "call_id": FIRST_CALL} for turn in turns], visits, messages)


@st.composite
def deliveries(draw: st.DrawFn, messages: Sequence[Message]) -> Delivery:
    """All messages, some of them again, in any order and in any batches."""
    again = draw(st.lists(st.sampled_from(messages), max_size=5)) if messages else []
    resent = [message.resent() if draw(st.booleans()) else message for message in again]
    order = draw(st.permutations([*messages, *resent]))
    size = draw(st.sampled_from([1, 3, 10, 100]))
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    return Delivery([batch for chunk in chunks for batch in _by_kind(chunk)])


def _by_kind(messages: Sequence[Message]) -> list[list[Message]]:
    kinds: Mapping[str, list[Message]] = {message.kind: [] for message in messages}
    for message in messages:
        kinds[message.kind].append(message)
    return list(kinds.values())
