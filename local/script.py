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
_QUESTIONS: Final = (
    "How was your recent visit for the {service}?",
    "On a scale from zero to ten, how likely are you to recommend us to a friend?",
    "What did we do especially well?",
    "Is there anything that we could have done better?",
    "Was your {vehicle} ready when we promised?",
    "Would you like a manager to call you back about that?",
)
_ANSWERS: Final = (
    "It went fine, thank you.",
    "I'd say a {score}.",
    "Robin at the desk was very friendly and explained everything.",
    "The wait was a bit long, about forty minutes more than I was told.",
    "Yes, it was ready, and it was even washed.",
    "No, that won't be necessary.",
    "Überraschend gut, und der Kaffee auch ☕.",
)
_PRAISE: Final = ("Friendly staff", "Clear explanation of the work", "The car was washed", "Fair price")
_COMPLAINTS: Final = ("Long wait", "No message when the car was ready", "Parking was full")
_MOODS: Final = ("pleased", "content", "unhappy")
_ACTIONS: Final = ("Call back about the waiting time", "Send the invoice by email")


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
    turns = _write_turns(random, outcome)
    rings = _seconds(random, 6, 34)
    lasts = turns[-1].ends + _seconds(random, 0.5, 3) if turns else 0.0
    started_at = created_at + timedelta(seconds=rings)
    if stalls is None:
        stalls = outcome == "reached" and random.random() < 0.2  # noqa: PLR2004 - one call in five
    service = random.choice(_SERVICES)
    return CallScript(
        call_id=call_id,
        vapi_call_id=str(UUID(int=random.getrandbits(128), version=4)),
        customer_name=f"{random.choice(_FIRST_NAMES)} {random.choice(_LAST_NAMES)}",
        customer_phone=f"+1202555{random.randint(100, 199):04}",
        vehicle=random.choice(_VEHICLES),
        service=service,
        outcome=outcome,
        ended_reason=random.choice(ENDED_REASONS[outcome]),
        created_at=created_at,
        started_at=started_at if outcome in CONNECTED else None,
        ended_at=started_at + timedelta(seconds=lasts),
        turns=turns,
        feedback=_write_feedback(random, outcome, service),
        cost=round(0.01 + lasts * 0.002, 4),
        stalls_after=turns[len(turns) // 2].ends if stalls and turns else None,
    )


def _write_turns(random: Random, outcome: str) -> tuple[Turn, ...]:
    if outcome not in CONNECTED:
        return ()
    lines: list[tuple[Role, str]] = [
        ("bot", "Hello, this is the service desk of Example Motors. Do you have a minute?")
    ]
    if outcome == "voicemail":
        lines.append(("user", "You have reached the mailbox of someone invented. Please leave a message."))
    elif outcome != "failed":
        lines.extend(_write_conversation(random))
    if outcome == "transferred":
        lines.extend([("tool_calls", '{"destination":"service desk"}'), ("tool_call_result", "Transferring.")])
    return _time_turns(random, lines)


def _write_conversation(random: Random) -> list[tuple[Role, str]]:
    lines: list[tuple[Role, str]] = [("user", "Sure, go ahead.")]
    for question in random.sample(_QUESTIONS, random.randint(2, len(_QUESTIONS))):
        lines.append(("bot", question.format(service="oil change", vehicle="car")))
        lines.append(("user", random.choice(_ANSWERS).format(score=random.randint(0, 10))))
    lines.append(("bot", "Thank you very much, and goodbye."))
    return lines


def _time_turns(random: Random, lines: list[tuple[Role, str]]) -> tuple[Turn, ...]:
    turns = []
    clock = 0.5
    for role, text in lines:
        ends = round(clock + max(0.4, len(text) / 16), 3)
        turns.append(Turn(role, text, clock, ends))
        clock = round(ends + _seconds(random, 0.2, 1.5), 3)
    return tuple(turns)


def _write_feedback(random: Random, outcome: str, service: str) -> Feedback | None:
    if outcome == "voicemail":
        return Feedback(None, "UNKNOWN", (), (), (), "The assistant reached a mailbox.")
    if outcome not in {"reached", "transferred"}:
        return None
    return Feedback(
        score=random.randint(0, 10),
        overall=f"The customer talked about the {service.lower()} and was {random.choice(_MOODS)}.",
        positives=_some(random, _PRAISE),
        detractors=_some(random, _COMPLAINTS),
        actions=_some(random, _ACTIONS),
        summary=f"A follow-up call after a visit for {service.lower()}.",
    )


def _some(random: Random, choices: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(random.sample(choices, random.randint(0, len(choices))))


def _seconds(random: Random, least: float, most: float) -> float:
    return round(random.uniform(least, most), 3)
