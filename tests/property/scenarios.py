"""Random calls and their possible messages, in the form that reaches the consumers.

Values come from small pools, so that times, lengths and texts often tie and conflict. The exceptions of
docs/call-state.md 9 are left out: one Vapi id beside two of the application's ids, and messages with only our id for a
row of several Vapi ids. Constant data of a call at Vapi (type, ids, customer) is the same in all of its messages, or
missing in some.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from autopulse.vapi.envelope import RECONCILIATION, WEBHOOK
from autopulse.vapi.redaction import apply_allow_list
from autopulse.vapi.routes import INTERNAL
from tests.integration.orders import FIRST_CALL
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, after

OWNERS: Final = {
    ORGANIZATION: {name: f"{name}-of-ours" for name in ("phoneNumberId", "assistantId", "squadId", "workflowId")},
    OTHER_ORGANIZATION: {
        name: f"{name}-of-other" for name in ("phoneNumberId", "assistantId", "squadId", "workflowId")
    },
}
"""Organization -> the ids that `vapi_number` assigns to it."""
NOT_OURS: Final = "assistant-of-another-stack"
"""An id in `vapi_number` whose calls are ignored."""
FIRST_SERVICE_RECORD: Final = 2_000_001
SERVICE_RECORDS: Final = 4
LOST_CALL: Final = 1_999_999
"""An id of a row that is never created."""
MOST_CALLS: Final = 6
"""In one scenario; a batch of many calls costs little more than one of few."""

SECONDS: Final = st.sampled_from([0, 1, 1.5, 2, 2.5, 60, 61])
TIMES: Final = SECONDS.map(after)
REASONS: Final = st.sampled_from(
    [
        *("customer-ended-call", "voicemail", "manually-canceled", "customer-busy", "pipeline-error"),
        *("silence-timed-out", "assistant-forwarded-call", "something-new"),
    ]
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
    origin: str = WEBHOOK

    @property
    def body(self) -> str:
        return json.dumps({"version": 1, **vars(self)})

    def may_be_given_a_row_late(self, default_organization: str) -> bool:
        """Return whether it contains all that an outbound call's row needs, so that no row is waited for."""
        call = self.message["call"]
        if self.origin != WEBHOOK:
            return False  # messages of reconciliation never wait
        known = any(call.get(name) == id_ for ids in OWNERS.values() for name, id_ in ids.items())
        told = call.get("type") == "outboundPhoneCall" and "createdAt" in call
        return self.call_id is None and told and (known or bool(default_organization))

    def resent(self) -> "Message":
        """Return the same webhook, received later; only its sender's time identifies it as a duplicate."""
        later = after(1_000).isoformat()
        return replace(self, received_at=later) if self.occurred_at else self


@dataclass(frozen=True)
class Scenario:
    """A scenario: what the application wrote, and all messages of some calls."""

    default_organization: str
    calls: Sequence[Values]
    turns: Sequence[Values]
    feedback: Sequence[Values]
    service_records: Sequence[Values]
    messages: Sequence[Message]


@dataclass(frozen=True)
class Batch:
    """Messages of one kind."""

    messages: Sequence[Message]
    waited: bool
    """Whether messages that contain enough for a row have waited for the application's row long enough."""


@dataclass(frozen=True)
class Delivery:
    """An order, with duplicates, in batches of one kind."""

    batches: Sequence[Batch]


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def given(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Values]:
    """Return objects in which every field may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


# The application's rows


def _application_call(place: int) -> st.SearchStrategy[Values]:
    return st.fixed_dictionaries(
        {
            "id": st.just(FIRST_CALL + place),
            "organization_id": st.sampled_from([ORGANIZATION, ORGANIZATION, OTHER_ORGANIZATION]),
            "status": st.sampled_from(
                ["Ready", "Ready", "Scheduled", "Queued", "Invented", "Missed", "Failed", "Completed"]
            ),
            "customer_number": st.sampled_from(["+12025550101", "unknown"]),
            "direction": st.sampled_from(["outbound", "inbound"]),
            "service_record_id": optional(
                st.sampled_from(range(FIRST_SERVICE_RECORD, FIRST_SERVICE_RECORD + SERVICE_RECORDS))
            ),
            "start_time": optional(TIMES),
            "end_time": optional(TIMES),
            "duration_sec": optional(st.just(99)),
            "call_reason": st.sampled_from(["Follow-up", None]),
            "nps_score": optional(st.just(1)),
            "recording_url": optional(st.just("https://app.example/recording")),
        }
    )


_SERVICE_RECORD: Final = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["Scheduled", "Confirmed"]),
        "feedback": optional(st.just("What an advisor noted")),
        "rating": optional(st.just(5)),
    }
)
_WRITTEN_TURN: Final = st.fixed_dictionaries({"role": st.just("human"), "content": TEXTS, "timestamp": TIMES})


# Vapi's messages, in the shapes of several years


_CLOCK_TIMES: Final = TIMES.flatmap(
    lambda time: st.sampled_from([time.timestamp() * 1000, time.timestamp(), time.isoformat()])
)
_WORDS: Final = st.sampled_from(["message", "content", "text"])
_TURN: Final = st.builds(
    lambda turn, words, text: {**turn, words: text},
    st.fixed_dictionaries(
        {"role": ROLES},
        optional={
            "time": _CLOCK_TIMES,
            "secondsFromStart": SECONDS,
            "toolCalls": st.just([{"function": {"name": "look_up", "arguments": "{}"}}]),
        },
    ),
    _WORDS,
    TEXTS | st.just(""),
)
_TURNS: Final = st.lists(_TURN, max_size=4)
_SPOKEN: Final = st.fixed_dictionaries({"role": st.sampled_from(["user", "bot"]), "message": TEXTS})
_UNTIMED: Final = st.lists(_SPOKEN, min_size=1, max_size=3)
_TIMED: Final = st.lists(st.tuples(SECONDS, _SPOKEN), min_size=1, max_size=4).map(
    lambda items: [turn | {"time": after(at).timestamp() * 1000} for at, turn in sorted(items, key=lambda one: one[0])]
)
"""As Vapi sends them, in order of time."""
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
    optional={
        "messages": _TURNS,
        "conversation": _TURNS,
        "artifact": given(messages=_TURNS),
        "transcript": given(speaker=ROLES, text=TEXTS),
    },
)
_HISTORY: Final = st.fixed_dictionaries({"type": st.just("conversation-update"), "messages": _UNTIMED})
_SEGMENT: Final = st.fixed_dictionaries({"type": st.just("conversation-update"), "messages": _TIMED | _UNTIMED})
_TRANSCRIPT: Final = st.fixed_dictionaries({"type": st.just("transcript"), "role": ROLES, "transcript": TEXTS}).map(
    lambda message: message | {"transcriptType": "final"}
)
_ANALYSED: Final = given(
    nps_score=st.sampled_from([0, 8, 8.0, "9", -1, None]),
    overall_feedback=st.sampled_from(["Good", "UNKNOWN", ""]),
    positives=st.sampled_from([[], ["quick", "clean"], "quick"]),
    call_reason=st.sampled_from(["Recall", "Service"]),
    callback_requested=st.sampled_from([True, False, "yes"]),
)
_OUTPUTS: Final = st.sampled_from(
    [
        {"a": {"name": "nps_score", "result": 7}},
        {"a": {"name": "Answers", "result": {"NPS Score": "6", "Call Summary": "All well."}}},
        {"a": {"call_reason": "Tyres"}},
        {"overall_feedback": "Good"},
    ]
)
_RECORDING: Final = st.sampled_from(["https://one.example", "https://two.example"])
_REPORT: Final = st.fixed_dictionaries(
    {
        "type": st.just("end-of-call-report"),
        "analysis": given(
            structuredData=_ANALYSED | _ANALYSED.map(json.dumps),
            structuredDataMulti=st.lists(_ANALYSED.map(lambda data: {"plan": {"structuredData": data}}), max_size=1),
            summary=TEXTS,
            successEvaluation=st.sampled_from(["true", "8"]),
        ),
    },
    optional={
        "endedReason": REASONS,
        "startedAt": _CLOCK_TIMES,
        "endedAt": _CLOCK_TIMES,
        "durationSeconds": st.sampled_from([0, 1.5, 2.5, "12.5", -3, 1e300]),
        "durationMs": st.sampled_from([1500, "90000"]),
        "cost": st.sampled_from([0.1651, 0, "0.25", 1e300]),
        "costBreakdown": st.just({"total": 0.5}),
        "summary": TEXTS,
        "messages": _TURNS,
        "transcript": st.sampled_from(["AI: Hello\nUser: Fine\n", "nothing said", "Casey: Hello\nJo: Fine"]),
        "recordingUrl": _RECORDING,
        "artifact": given(
            structuredOutputs=_OUTPUTS,
            messages=_TURNS,
            recording=_RECORDING | given(stereoUrl=_RECORDING, mono=given(combinedUrl=_RECORDING)),
            presignedMonoUrl=_RECORDING,
        ),
    },
)
_VERDICT: Final = st.fixed_dictionaries({"type": st.just("end-of-call-report"), "endedReason": REASONS})
_LAST_PART: Final = st.fixed_dictionaries(
    {"type": st.just("end-of-call-report"), "messages": _TIMED | _UNTIMED}, optional={"endedReason": REASONS}
)
_RESULT: Final = st.fixed_dictionaries(
    {
        "type": st.just("autopulse.reconciliation"),
        "result": st.sampled_from(["missing", "unrecoverable", "not_found", "invented"]),
    }
)
"""Results of requests to Vapi."""
_ANY: Final = (
    ("status_update", _STATUS),
    ("status_update", _RESULT),
    ("conversation_update", _CONVERSATION),
    ("end_of_call_report", _REPORT),
    ("hang", _HANG),
    ("transcript", _TRANSCRIPT),
)
Theme = Sequence[tuple[str, st.SearchStrategy[Values]]]
_THEMES: Final[st.SearchStrategy[Theme]] = st.sampled_from(
    [
        _ANY,
        [("end_of_call_report", _REPORT)],
        [("end_of_call_report", _VERDICT)],
        [("status_update", _PROGRESS)],
        [("status_update", _ENDING), ("hang", _HANG)],
        [("conversation_update", _HISTORY)],
        [("conversation_update", _SEGMENT)],
        [("conversation_update", _SEGMENT), ("end_of_call_report", _LAST_PART), ("transcript", _TRANSCRIPT)],
        [("end_of_call_report", _REPORT), ("status_update", _STATUS)],
        [("end_of_call_report", _VERDICT), ("status_update", _STATUS)],
        [("end_of_call_report", _REPORT), ("conversation_update", _CONVERSATION)],
        [("conversation_update", _CONVERSATION), ("transcript", _TRANSCRIPT)],
        [("hang", _HANG), ("transcript", _TRANSCRIPT)],
        [("status_update", _RESULT), ("status_update", _STATUS), ("end_of_call_report", _VERDICT)],
    ]
)
"""(Kind, content) of one call's messages: the fewer sorts there are, the more often messages conflict."""
_INSTANTS: Final = st.sampled_from([(1,), (1,), (0, 2.5), (0, 1, 2, 60)]).map(lambda seconds: [*map(after, seconds)])
_STARTED_BY_ANYBODY: Final = ["inboundPhoneCall", "webCall", "vapi.websocketCall"]
"""Types of call in which the person who starts one may set any variables."""
_TYPES: Final = [*_STARTED_BY_ANYBODY, "outboundPhoneCall"]
_CUSTOMER: Final = st.sampled_from(
    [
        {},
        {"number": "+12025550102"},
        {"number": "+12025550102", "sipUri": "sip:jo@pbx.example", "name": "Jo Placeholder"},
    ]
)
_CLOCKS: Final = st.sampled_from([(True,), (False,), (True, False)])
_CREATED: Final = st.sampled_from([(), (-20,), (-20,), (0,), (-20, 0)])
"""Creation times in an attempt's messages, some of which have none."""
_NAMES: Final = {
    0: [["ours"]],
    1: [["both", "ours", "theirs"], ["both", "theirs"], ["both"], ["ours"], ["theirs"]],
    2: [["both"], ["both", "theirs"], ["theirs"]],
}
"""Number of a row's Vapi ids, at most 2 -> ids in messages after the first."""
_NAMES_OF_NOBODYS: Final = [["theirs"], ["theirs"], ["theirs", "both"]]
""""both" names a row that is never created."""


@dataclass(frozen=True)
class Subject:
    """A call at Vapi, as its messages name it."""

    key: str
    first: tuple[str | None, int | None]
    """The ids in the first message: all that exist."""
    names: st.SearchStrategy[tuple[str | None, int | None]]
    """The ids in later messages: both, or either."""
    snapshots: st.SearchStrategy[Values]
    """The content of `message.call` besides the id."""
    instants: st.SearchStrategy[datetime]
    timed: st.SearchStrategy[bool]
    theme: Theme


@st.composite
def _constant(draw: st.DrawFn, organization_id: str, types: Sequence[str]) -> Values:
    """Return the constant data of a call of this organization: type, and ids that are assigned to it or unknown."""
    owned = OWNERS[organization_id]
    ids = {name: draw(st.sampled_from([None, owned[name], owned[name], f"{name}-of-nobody"])) for name in owned}
    return {"type": draw(st.sampled_from(types))} | {name: id_ for name, id_ in ids.items() if id_ is not None}


def _told(
    constant: Values, customer: Values, created: Sequence[float], always: Sequence[str]
) -> st.SearchStrategy[Values]:
    """Return the call data of one message: all or a part, but always the names in `always`."""
    times = {"createdAt": st.sampled_from(created).map(lambda at: after(at).isoformat())} if created else {}
    least = {name: st.just(constant[name]) for name in always}
    others = {name: value for name, value in _exactly(constant).items() if name not in always}
    some = st.fixed_dictionaries(least, optional={**others, **times})
    return st.builds(
        lambda told, of_customer, other: told | {"customer": of_customer} | other,
        st.fixed_dictionaries(_exactly(constant), optional=times) | some,
        st.just(customer) | given(**_exactly(customer)),
        st.sampled_from([{}] * 15 + [{"assistantId": NOT_OURS}]),
    )


def _exactly(values: Values) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.just(value) for name, value in values.items()}


@st.composite
def _subjects(draw: st.DrawFn, place: int, call: Values | None, outbound: Sequence[int]) -> list[Subject]:
    """Return all attempts of a row, or a call without a row of its own, which may name one of the `outbound` rows."""
    customer = draw(_CUSTOMER)
    ids = [
        f"vapi-{place}-{number}" for number in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3]) if call else st.just(1)))
    ]
    alone = call is not None and len(ids) == 1 and draw(st.sampled_from([False, False, False, True]))
    names = _NAMES_OF_NOBODYS if call is None else _NAMES[0 if alone else min(len(ids), 2)]
    claimed = draw(st.sampled_from([LOST_CALL, *outbound])) if call is None else LOST_CALL
    return [draw(_subject(id_, None if alone else id_, call, names, customer, claimed)) for id_ in ids]


@st.composite
def _subject(  # noqa: PLR0917 - what all attempts of a row have in common
    draw: st.DrawFn,
    key: str,
    vapi_call_id: str | None,
    call: Values | None,
    names: Sequence[Sequence[str]],
    customer: Values,
    claimed: int,
) -> Subject:
    call_id = call["id"] if call else claimed
    by_stranger = call is None and claimed != LOST_CALL
    types = _STARTED_BY_ANYBODY if by_stranger else _TYPES
    if call is not None and call["direction"] == "outbound":
        types = ["outboundPhoneCall"]
    organization_id = call["organization_id"] if call else draw(st.sampled_from(sorted(OWNERS)))
    by_name = {"both": (vapi_call_id, call_id), "ours": (None, call_id), "theirs": (vapi_call_id, None)}
    named = draw(st.sampled_from(names))
    return Subject(
        key=key,
        first=(vapi_call_id, None if call is None else call_id),
        names=st.sampled_from([by_name[name] for name in named]),
        # Without its type, the first message of a call that a stranger started would be accepted.
        snapshots=_told(
            draw(_constant(organization_id, types)), customer, draw(_CREATED), ["type"] if by_stranger else []
        ),
        instants=st.sampled_from(draw(_INSTANTS)),
        timed=st.sampled_from(draw(_CLOCKS)),
        theme=draw(_THEMES),
    )


@st.composite
def _message(draw: st.DrawFn, number: int, subject: Subject) -> Message:
    kind, contents = draw(st.sampled_from(subject.theme))
    content = draw(contents)
    status = draw(st.sampled_from(["queued", "queued", "ended"])) if kind == "hang" else "queued"
    origins = [WEBHOOK, WEBHOOK, RECONCILIATION] if kind in {"status_update", "end_of_call_report"} else [WEBHOOK]
    vapi_call_id, call_id = draw(subject.names) if number else subject.first
    return Message(
        kind=kind,
        event_id=f"{draw(st.integers(0, 99)):02d}-{subject.key}-{number}",
        vapi_call_id=vapi_call_id,
        call_id=call_id,
        occurred_at=draw(subject.instants).isoformat() if draw(subject.timed) else None,
        received_at=(draw(subject.instants) + timedelta(seconds=100)).isoformat(),
        message=apply_allow_list(kind, {**content, "call": {**draw(subject.snapshots), "status": status}}),
        origin=RECONCILIATION if content["type"] in INTERNAL else draw(st.sampled_from(origins)),
    )


@st.composite
def _messages_of(draw: st.DrawFn, subject: Subject) -> list[Message]:
    """Return all messages about a call at Vapi."""
    return [draw(_message(number, subject)) for number in range(draw(st.integers(1, 5)))]


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    calls: list[Values] = []
    messages: list[Message] = []
    for place in range(draw(st.integers(1, MOST_CALLS))):
        call = draw(optional(_application_call(place))) if place else draw(_application_call(place))
        outbound = [one["id"] for one in calls if one["direction"] == "outbound"]
        subjects = draw(_subjects(place, call, outbound))
        if call:
            linked = {"vapi_call_id": subjects[0].first[0]} if draw(st.integers(0, 9)) == 0 else {}
            calls.append(call | linked)
        messages += [message for subject in subjects for message in draw(_messages_of(subject))]
    service_records: list[Values] = [
        {**draw(_SERVICE_RECORD), "id": FIRST_SERVICE_RECORD + place} for place in range(SERVICE_RECORDS)
    ]
    return Scenario(
        default_organization=draw(st.sampled_from(["", ORGANIZATION])),
        calls=calls,
        turns=[{**turn, "call_id": FIRST_CALL} for turn in draw(st.lists(_WRITTEN_TURN, max_size=2))],
        feedback=[
            {"call_id": call["id"], "content": "As it was heard"} for call in calls if draw(st.integers(0, 3)) == 0
        ],
        service_records=service_records,
        messages=messages,
    )


@st.composite
def deliveries(draw: st.DrawFn, messages: Sequence[Message]) -> Delivery:
    """Return all messages with some duplicates, in any order and in any batches."""
    again = draw(st.lists(st.sampled_from(messages), max_size=5)) if messages else []
    resent = [message.resent() if draw(st.booleans()) else message for message in again]
    order = draw(st.permutations([*messages, *resent]))
    size = draw(st.sampled_from([1, 3, 10, 100]))
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    return Delivery([Batch(batch, draw(st.booleans())) for chunk in chunks for batch in _by_kind(chunk)])


def _by_kind(messages: Sequence[Message]) -> list[list[Message]]:
    kinds: Mapping[str, list[Message]] = {message.kind: [] for message in messages}
    for message in messages:
        kinds[message.kind].append(message)
    return list(kinds.values())
