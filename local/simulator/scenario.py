"""A simulated call, decided before it happens: customer, turns and end. Pure and seedable."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal
from uuid import UUID

from local.simulator import sample_data

Role = Literal["bot", "user", "tool_calls", "tool_call_result"]
"""Vapi's roles of speakers."""

DECLINED: Final = "declined"
"""Drawn like an outcome: somebody was reached, and had no time."""
OUTCOMES: Final = (
    "reached",
    "reached",
    "reached",
    "reached",
    "reached",
    DECLINED,
    "voicemail",
    "busy",
    "no_answer",
    "failed",
    "transferred",
)
"""Each is drawn as often as it occurs here."""
ENDED_REASONS: Final = {
    "reached": ("customer-ended-call", "assistant-ended-call", "assistant-said-end-call-phrase", "silence-timed-out"),
    "voicemail": ("voicemail",),
    "busy": ("customer-busy",),
    "no_answer": ("customer-did-not-answer",),
    "failed": (
        "pipeline-error-custom-llm-llm-failed",
        "call.in-progress.error-assistant-did-not-receive-customer-audio",
    ),
    "transferred": ("assistant-forwarded-call",),
}
"""Outcome -> the ended reasons that Vapi may give."""
CONNECTED: Final = frozenset({"reached", "voicemail", "failed", "transferred"})
"""Outcomes of calls that a person or a machine answered."""


_Line = tuple[Role, str]
_STALLING: Final = 0.2
"""Share of the conversations in which the assistant stalls once."""
_FOUND: Final[Mapping[sample_data.Mood, tuple[tuple[int, int], ...]]] = {
    "unhappy": ((0, 1), (1, 3), (1, 2)),
    "content": ((0, 2), (0, 2), (0, 1)),
    "pleased": ((1, 3), (0, 1), (0, 0)),
}
"""Minimum and maximum number of praises, complaints and actions in the analysis."""
_UNASKED: Final = {
    "voicemail": "The assistant reached a mailbox.",
    DECLINED: "The customer had no time and asked for another call.",
}
"""Outcome of calls in which nothing was asked -> their summary."""
_FEW: Final = 4
"""Number of turns of a call without a conversation, which has no stall."""
STALL_SECONDS: Final = 4
"""Duration of a stall in seconds."""
_CHARACTERS_PER_SECOND: Final = 16


@dataclass(frozen=True)
class _ServiceRecord:
    vehicle: str
    service: str
    advisor: sample_data.Advisor
    score: int

    @property
    def mood(self) -> sample_data.Mood:
        return sample_data.mood_of(self.score)

    def fill(self, text: str) -> str:
        """Fill the visit's data into a text."""
        return text.format(
            service=self.service.lower(), vehicle=self.vehicle, advisor=self.advisor.name.split()[0], score=self.score
        )


@dataclass(frozen=True)
class Turn:
    """One turn or tool call; times are seconds from the start of the call."""

    role: Role
    text: str
    begins: float
    ends: float


@dataclass(frozen=True)
class Feedback:
    """The analysis of a conversation, as Vapi's assistant gives it."""

    score: int | None
    overall: str
    positives: tuple[str, ...]
    detractors: tuple[str, ...]
    actions: tuple[str, ...]
    summary: str


@dataclass(frozen=True)
class CallScript:
    """A whole call. Times have a time zone; a call that nobody answered has no start."""

    call_id: int | None
    """Our id; None for a call that the application did not place."""
    vapi_call_id: str
    customer_name: str
    customer_phone: str
    vehicle: str
    service: str
    advisor: str
    campaign: str
    outcome: str
    ended_reason: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime
    turns: tuple[Turn, ...]
    feedback: Feedback | None
    cost: float
    stalls_after: float | None
    """Seconds from the start at which the assistant stalls; the call continues."""


def write_script(
    random: Random, call_id: int | None, created_at: datetime, *, outcome: str | None = None, stalls: bool | None = None
) -> CallScript:
    """Create a call; values that are not given are drawn from `random`, and the same draws make the same call."""
    drawn = outcome or random.choice(OUTCOMES)
    outcome, declines = ("reached", True) if drawn == DECLINED else (drawn, False)
    service_record = _write_service_record(random)
    if stalls is None:
        stalls = outcome == "reached" and random.random() < _STALLING
    lines: list[_Line] = [*sample_data.DECLINING] if declines else _write_lines(random, outcome, service_record)
    stalled = len(lines) // 2 if stalls and len(lines) > _FEW else None
    turns = _time_turns(random, lines, stalled)
    lasts = turns[-1].ends + _seconds(random, 0.5, 3) if turns else 0.0
    started_at = created_at + timedelta(seconds=_seconds(random, 6, 34))
    return CallScript(
        call_id=call_id,
        vapi_call_id=str(UUID(int=random.getrandbits(128), version=4)),
        customer_name=f"{random.choice(sample_data.FIRST_NAMES)} {random.choice(sample_data.LAST_NAMES)}",
        customer_phone=f"+1202555{random.randint(100, 199):04}",
        vehicle=service_record.vehicle,
        service=service_record.service,
        advisor=service_record.advisor.name,
        campaign=random.choice(sample_data.CAMPAIGNS),
        outcome=outcome,
        ended_reason=random.choice(ENDED_REASONS[outcome]),
        created_at=created_at,
        started_at=started_at if outcome in CONNECTED else None,
        ended_at=started_at + timedelta(seconds=lasts),
        turns=turns,
        feedback=_write_feedback(random, drawn, service_record),
        cost=round(0.01 + lasts * 0.002, 4),
        stalls_after=None if stalled is None else turns[stalled].ends,
    )


def hasten(script: CallScript, speed: float) -> CallScript:
    """Return the same call, `speed` times faster from its creation to its end."""

    def sooner(moment: datetime) -> datetime:
        return script.created_at + timedelta(seconds=round((moment - script.created_at).total_seconds() / speed, 3))

    def shorter(seconds: float) -> float:
        return round(seconds / speed, 3)

    return replace(
        script,
        started_at=script.started_at and sooner(script.started_at),
        ended_at=sooner(script.ended_at),
        turns=tuple(replace(turn, begins=shorter(turn.begins), ends=shorter(turn.ends)) for turn in script.turns),
        stalls_after=None if script.stalls_after is None else shorter(script.stalls_after),
    )


def hang_up(script: CallScript, at: datetime) -> CallScript:
    """Return the same call, hung up by us at this time: without later turns, and without feedback."""
    lasted = (at - script.started_at).total_seconds() if script.started_at else 0.0
    return replace(
        script,
        outcome="cancelled",
        ended_reason="manually-canceled",
        started_at=script.started_at if lasted > 0 else None,
        ended_at=at,
        turns=tuple(turn for turn in script.turns if turn.ends <= lasted),
        feedback=None,
    )


def _write_service_record(random: Random) -> _ServiceRecord:
    advisor = random.choice(sample_data.ADVISORS)
    (score,) = random.choices(range(11), advisor.scores)
    vehicle = f"{random.choice(sample_data.YEARS)} {random.choice(sample_data.MODELS)}"
    return _ServiceRecord(vehicle, random.choice(sample_data.SERVICES), advisor, score)


def _write_lines(random: Random, outcome: str, service_record: _ServiceRecord) -> list[_Line]:
    if outcome not in CONNECTED:
        return []
    lines: list[_Line] = [("bot", sample_data.GREETING)]
    if outcome == "voicemail":
        lines.append(("user", sample_data.MAILBOX))
    elif outcome != "failed":
        lines.extend(_write_conversation(random, service_record))
    if outcome == "transferred":
        lines.extend([("tool_calls", '{"destination":"service desk"}'), ("tool_call_result", "Transferring.")])
    return lines


def _write_conversation(random: Random, service_record: _ServiceRecord) -> list[_Line]:
    count = len(sample_data.TOPICS)
    asked = {sample_data.TOPICS.index(sample_data.SCORE_TOPIC), *random.sample(range(count), random.randint(2, count))}
    lines: list[_Line] = [("user", "Sure, go ahead.")]
    for topic in (sample_data.TOPICS[place] for place in sorted(asked)):
        lines.append(("bot", service_record.fill(topic.question)))
        lines.append(("user", service_record.fill(random.choice(topic.answers[service_record.mood]))))
    lines.append(("bot", sample_data.GOODBYE))
    return lines


def _time_turns(random: Random, lines: list[_Line], stalled: int | None) -> tuple[Turn, ...]:
    turns = []
    clock = 0.5
    for place, (role, text) in enumerate(lines):
        ends = round(clock + max(0.4, len(text) / _CHARACTERS_PER_SECOND), 3)
        turns.append(Turn(role, text, clock, ends))
        silence = _seconds(random, 0.2, 1.5) + (STALL_SECONDS if place == stalled else 0)
        clock = round(ends + silence, 3)
    return tuple(turns)


def _write_feedback(random: Random, outcome: str, service_record: _ServiceRecord) -> Feedback | None:
    if outcome in _UNASKED:
        return Feedback(None, "UNKNOWN", (), (), (), _UNASKED[outcome])
    if outcome not in {"reached", "transferred"}:
        return None
    praise, complaints, actions = _FOUND[service_record.mood]
    return Feedback(
        score=service_record.score,
        overall=service_record.fill(sample_data.OVERALL[service_record.mood]),
        positives=_some(random, sample_data.PRAISE, praise),
        detractors=_some(random, sample_data.COMPLAINTS, complaints),
        actions=_some(random, sample_data.ACTIONS, actions),
        summary=f"A follow-up call after a visit for {service_record.service.lower()}.",
    )


def _some(random: Random, choices: tuple[str, ...], number: tuple[int, int]) -> tuple[str, ...]:
    return tuple(random.sample(choices, random.randint(*number)))


def _seconds(random: Random, least: float, most: float) -> float:
    return round(random.uniform(least, most), 3)
