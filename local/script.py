"""An invented call, decided before it happens: who is called, what is said, how it ends. Pure and seedable."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal
from uuid import UUID

Role = Literal["bot", "user", "tool_calls", "tool_call_result"]
"""Vapi's words for who speaks."""

OUTCOMES: Final = (
    "reached",
    "reached",
    "reached",
    "reached",
    "voicemail",
    "busy",
    "no_answer",
    "failed",
    "transferred",
)
"""As often as they stand here."""
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
"""Outcome -> what Vapi may give as the reason."""
CONNECTED: Final = frozenset({"reached", "voicemail", "failed", "transferred"})
"""Outcomes of calls that somebody or something answered."""

_FIRST_NAMES: Final = ("Dana", "Kim", "Lou", "Max", "Noor", "Pat", "Remy", "Sam")
_LAST_NAMES: Final = ("Example", "Invented", "Placeholder", "Sampleton", "Testwell")
_VEHICLES: Final = ("2019 Sample Coupe", "2021 Sample Sedan", "2023 Example Wagon", "2024 Example Pickup")
_SERVICES: Final = ("Oil change", "Brake inspection", "Tire rotation", "Annual service")
_GREETING: Final = "Hello, this is the service desk of Example Motors. Do you have a minute?"
_MAILBOX: Final = "You have reached the mailbox of someone invented. Please leave a message."
_TOPICS: Final = (
    (
        "How was your recent visit for the {service}?",
        ("It went fine, thank you.", "Überraschend gut, und der Kaffee auch ☕."),
    ),
    (
        "From zero to ten, how likely are you to recommend us to a friend?",
        ("I'd say {score}.", "Hm, {score}, I think."),
    ),
    (
        "What did we do especially well?",
        ("Robin at the desk was very friendly and explained everything.", "The price was fair."),
    ),
    (
        "What could we have done better?",
        ("The wait was about forty minutes longer than I was told.", "Nothing, really."),
    ),
    ("Was your {vehicle} ready when we promised?", ("Yes, and it was even washed.", "No, I came back the next day.")),
    (
        "Would you like a manager to call you back about that?",
        ("No, that won't be necessary.", "Yes, tomorrow please."),
    ),
)
"""What the assistant asks, and what it may hear; the score is always asked for."""
_SCORE_TOPIC: Final = 1
_PRAISE: Final = ("Friendly staff", "Clear explanation of the work", "The car was washed", "Fair price")
_COMPLAINTS: Final = ("Long wait", "No message when the car was ready", "Parking was full")
_MOODS: Final = ("pleased", "content", "unhappy")
_ACTIONS: Final = ("Call back about the waiting time", "Send the invoice by email")


_Line = tuple[Role, str]
_STALLING: Final = 0.2
"""Share of the conversations in which the assistant stalls once."""
_CHARACTERS_PER_SECOND: Final = 16


@dataclass(frozen=True)
class _Visit:
    vehicle: str
    service: str
    score: int


@dataclass(frozen=True)
class Turn:
    """One thing said or done; times are seconds from the start of the call."""

    role: Role
    text: str
    begins: float
    ends: float


@dataclass(frozen=True)
class Feedback:
    """What Vapi's analysis finds in a conversation."""

    score: int | None
    overall: str
    positives: tuple[str, ...]
    detractors: tuple[str, ...]
    actions: tuple[str, ...]
    summary: str


@dataclass(frozen=True)
class CallScript:
    """A whole call. Instants are aware; a call that nobody answered has no start."""

    call_id: int | None
    """Ours; None for a call that the application did not place."""
    vapi_call_id: str
    customer_name: str
    customer_phone: str
    vehicle: str
    service: str
    outcome: str
    ended_reason: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime
    turns: tuple[Turn, ...]
    feedback: Feedback | None
    cost: float
    stalls_after: float | None
    """Seconds from the start at which the assistant fails to answer in time; the call goes on."""


def write_script(
    random: Random, call_id: int | None, created_at: datetime, *, outcome: str | None = None, stalls: bool | None = None
) -> CallScript:
    """Invent a call; what is not given is drawn from `random`, and the same draws make the same call."""
    outcome = outcome or random.choice(OUTCOMES)
    visit = _Visit(random.choice(_VEHICLES), random.choice(_SERVICES), random.randint(0, 10))
    turns = _time_turns(random, _write_lines(random, outcome, visit))
    lasts = turns[-1].ends + _seconds(random, 0.5, 3) if turns else 0.0
    started_at = created_at + timedelta(seconds=_seconds(random, 6, 34))
    if stalls is None:
        stalls = outcome == "reached" and random.random() < _STALLING
    return CallScript(
        call_id=call_id,
        vapi_call_id=str(UUID(int=random.getrandbits(128), version=4)),
        customer_name=f"{random.choice(_FIRST_NAMES)} {random.choice(_LAST_NAMES)}",
        customer_phone=f"+1202555{random.randint(100, 199):04}",
        vehicle=visit.vehicle,
        service=visit.service,
        outcome=outcome,
        ended_reason=random.choice(ENDED_REASONS[outcome]),
        created_at=created_at,
        started_at=started_at if outcome in CONNECTED else None,
        ended_at=started_at + timedelta(seconds=lasts),
        turns=turns,
        feedback=_write_feedback(random, outcome, visit),
        cost=round(0.01 + lasts * 0.002, 4),
        stalls_after=turns[len(turns) // 2].ends if stalls and turns else None,
    )


def _write_lines(random: Random, outcome: str, visit: _Visit) -> list[_Line]:
    if outcome not in CONNECTED:
        return []
    lines: list[_Line] = [("bot", _GREETING)]
    if outcome == "voicemail":
        lines.append(("user", _MAILBOX))
    elif outcome != "failed":
        lines.extend(_write_conversation(random, visit))
    if outcome == "transferred":
        lines.extend([("tool_calls", '{"destination":"service desk"}'), ("tool_call_result", "Transferring.")])
    return lines


def _write_conversation(random: Random, visit: _Visit) -> list[_Line]:
    asked = {_SCORE_TOPIC, *random.sample(range(len(_TOPICS)), random.randint(2, len(_TOPICS)))}
    lines: list[_Line] = [("user", "Sure, go ahead.")]
    for question, answers in (_TOPICS[topic] for topic in sorted(asked)):
        lines.append(("bot", question.format(service=visit.service.lower(), vehicle=visit.vehicle)))
        lines.append(("user", random.choice(answers).format(score=visit.score)))
    lines.append(("bot", "Thank you very much, and goodbye."))
    return lines


def _time_turns(random: Random, lines: list[_Line]) -> tuple[Turn, ...]:
    turns = []
    clock = 0.5
    for role, text in lines:
        ends = round(clock + max(0.4, len(text) / _CHARACTERS_PER_SECOND), 3)
        turns.append(Turn(role, text, clock, ends))
        clock = round(ends + _seconds(random, 0.2, 1.5), 3)
    return tuple(turns)


def _write_feedback(random: Random, outcome: str, visit: _Visit) -> Feedback | None:
    if outcome == "voicemail":
        return Feedback(None, "UNKNOWN", (), (), (), "The assistant reached a mailbox.")
    if outcome not in {"reached", "transferred"}:
        return None
    return Feedback(
        score=visit.score,
        overall=f"The customer talked about the {visit.service.lower()} and was {random.choice(_MOODS)}.",
        positives=_some(random, _PRAISE),
        detractors=_some(random, _COMPLAINTS),
        actions=_some(random, _ACTIONS),
        summary=f"A follow-up call after a visit for {visit.service.lower()}.",
    )


def _some(random: Random, choices: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(random.sample(choices, random.randint(0, len(choices))))


def _seconds(random: Random, least: float, most: float) -> float:
    return round(random.uniform(least, most), 3)
