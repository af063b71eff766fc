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
VISITS: Final = 4
MOST_CALLS: Final = 6
"""Of one scenario: a batch of many costs little more than one of few."""

SECONDS: Final = st.sampled_from([0, 1, 2, 2.5, 60])
TIMES: Final = SECONDS.map(after)
REASONS: Final = st.sampled_from(
    ["customer-ended-call", "voicemail", "manually-canceled", "customer-busy", "pipeline-error", "something-new"]
)
STATUSES: Final = st.sampled_from(
    ["scheduled", "queued", "ringing", "in-progress", "In_Progress", "forwarding", "unheard-of"]
)
ENDINGS: Final = st.sampled_from(["ended", "completed", "busy", "failed"])
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
            "status": st.sampled_from(
                ["Ready", "Ready", "Scheduled", "Queued", "Invented", "Missed", "Failed", "Completed"]
            ),
            "customer_number": st.sampled_from(["+12025550101", "unknown"]),
            "service_record_id": optional(st.sampled_from(range(FIRST_VISIT, FIRST_VISIT + VISITS))),
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
_SPOKEN: Final = st.fixed_dictionaries({"role": st.sampled_from(["user", "bot"]), "message": TEXTS})
_PROGRESS: Final = st.fixed_dictionaries({"type": st.just("status-update"), "status": STATUSES})
_ENDING: Final = st.fixed_dictionaries(
    {"type": st.just("status-update"), "status": ENDINGS}, optional={"endedReason": REASONS}
)
_OLD_STATUS: Final = st.fixed_dictionaries(
    {"type": st.sampled_from(["call.started", "call.ended", "call.failed"])}, optional={"endedReason": REASONS}
)
_STATUS: Final = _PROGRESS | _ENDING | _OLD_STATUS
_HANG: Final = st.fixed_dictionaries({"type": st.just("hang")}, optional={"reason": REASONS})
_CONVERSATION: Final = st.fixed_dictionaries(
    {"type": st.just("conversation-update")},
    optional={"messages": _TURNS, "transcript": given(speaker=ROLES, text=TEXTS)},
)
_HISTORY: Final = st.fixed_dictionaries(
    {"type": st.just("conversation-update"), "messages": st.lists(_SPOKEN, min_size=1, max_size=2)}
)
_TRANSCRIPT: Final = st.fixed_dictionaries({"type": st.just("transcript"), "role": ROLES, "transcript": TEXTS})
_ANALYSED: Final = given(
    nps_score=st.sampled_from([0, 8, 8.0, "9", -1, None]),
    overall_feedback=st.sampled_from(["Good", "UNKNOWN", ""]),
    positives=st.sampled_from([[], ["quick", "clean"], "quick"]),
    call_reason=st.sampled_from(["Recall", "Service"]),
)
_REPORT: Final = st.fixed_dictionaries(
    {
        "type": st.just("end-of-call-report"),
        "analysis": st.fixed_dictionaries({"structuredData": _ANALYSED}, optional={"summary": TEXTS}) | st.just({}),
    },
    optional={
        "endedReason": REASONS,
        "startedAt": TIMES.map(lambda time: time.isoformat()),
        "endedAt": TIMES.map(lambda time: time.timestamp()),
        "durationSeconds": st.sampled_from([0, 1.5, 2.5, -3, 1e300]),
        "cost": st.sampled_from([0.1651, 0, 1e300]),
        "summary": TEXTS,
        "messages": _TURNS,
        "transcript": st.sampled_from(["AI: Hello\nUser: Fine\n", "nothing said"]),
        "recordingUrl": st.sampled_from(["https://one.example", "https://two.example"]),
        "artifact": given(structuredOutputs=st.just({"a": {"name": "nps_score", "result": 7}})),
    },
)
_VERDICT: Final = st.fixed_dictionaries({"type": st.just("end-of-call-report"), "endedReason": REASONS})
_ANY: Final = (
    ("status", _STATUS),
    ("conversation", _CONVERSATION),
    ("report", _REPORT),
    ("hang", _HANG),
    ("transcript", _TRANSCRIPT),
)
Theme = Sequence[tuple[str, st.SearchStrategy[Values]]]
_THEMES: Final[st.SearchStrategy[Theme]] = st.sampled_from(
    [
        _ANY,
        [("report", _REPORT)],
        [("report", _VERDICT)],
        [("status", _PROGRESS)],
        [("status", _ENDING), ("hang", _HANG)],
        [("conversation", _HISTORY)],
        [("report", _REPORT), ("status", _STATUS)],
        [("report", _REPORT), ("conversation", _CONVERSATION)],
        [("conversation", _CONVERSATION), ("transcript", _TRANSCRIPT)],
        [("hang", _HANG), ("transcript", _TRANSCRIPT)],
    ]
)
"""(Kind, content) of one call's messages: the fewer sorts, the more they contradict one another."""
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
    names: st.SearchStrategy[tuple[str | None, int | None]]
    """What a message but the first calls its call: by both ids, or by either."""
    snapshots: st.SearchStrategy[Values]
    """What `message.call` may say besides the id."""
    instants: st.SearchStrategy[datetime]
    timed: st.SearchStrategy[bool]
    theme: Theme


@st.composite
def _subjects(draw: st.DrawFn, place: int, call_id: int | None) -> Subject:
    customers = draw(_CUSTOMERS)
    vapi_call_id = f"vapi-{place}"
    both, ours, theirs = (vapi_call_id, call_id), (None, call_id), (vapi_call_id, None)
    names = [[both]] if call_id is None else [[both, ours, theirs], [both], [ours], [theirs]]
    return Subject(
        vapi_call_id=vapi_call_id,
        call_id=call_id,
        names=st.sampled_from(draw(st.sampled_from(names))),
        snapshots=_told(draw(_TYPES), customers) if call_id is None else st.fixed_dictionaries({"customer": customers}),
        instants=st.sampled_from(draw(_INSTANTS)),
        timed=st.sampled_from(draw(_CLOCKS)),
        theme=draw(_THEMES),
    )


def _told(kind: str, customers: st.SearchStrategy[Values]) -> st.SearchStrategy[Values]:
    """Snapshots of a call that its messages create; some of them say too little to do so."""
    telling = {"type": kind, "createdAt": after(0).isoformat(), "phoneNumberId": INBOUND_NUMBER}
    told = [st.fixed_dictionaries({**_exactly(values), "customer": customers}) for values in (telling, telling, {})]
    return st.one_of(*told)


def _exactly(values: Values) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.just(value) for name, value in values.items()}


@st.composite
def _message(draw: st.DrawFn, number: int, subject: Subject) -> Message:
    kind, contents = draw(st.sampled_from(subject.theme))
    content = draw(contents)
    status = draw(st.sampled_from(["queued", "queued", "ended"])) if kind == "hang" else "queued"
    vapi_call_id, call_id = draw(subject.names) if number else (subject.vapi_call_id, subject.call_id)
    return Message(
        kind=kind,
        event_id=f"{draw(st.integers(0, 99)):02d}-{subject.vapi_call_id}-{number}",
        vapi_call_id=vapi_call_id,
        call_id=call_id,
        occurred_at=draw(subject.instants).isoformat() if draw(subject.timed) else None,
        received_at=(draw(subject.instants) + timedelta(seconds=100)).isoformat(),
        message={**content, "call": {**draw(subject.snapshots), "status": status}},
    )


@st.composite
def _messages_of(draw: st.DrawFn, subject: Subject) -> list[Message]:
    """All messages about a call; the first names it by all ids that there are."""
    return [draw(_message(number, subject)) for number in range(draw(st.integers(1, 5)))]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    calls, messages = [], []
    for place in range(draw(st.integers(1, MOST_CALLS))):
        call = draw(optional(_application_call(place))) if place else draw(_application_call(place))
        calls += [call] if call else []
        messages += draw(_messages_of(draw(_subjects(place, call["id"] if call else None))))
    turns = draw(st.lists(_WRITTEN_TURN, max_size=2))
    visits: list[Values] = [{**draw(_VISIT), "id": FIRST_VISIT + place} for place in range(VISITS)]
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
