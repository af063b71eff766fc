"""The messages between the two functions of the alerts.

The planner requests one attempt to send one alert, and the sender reports its result. A request has data of a customer
only if the channel may show them; its queue is encrypted, and neither function logs them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from autopulse.errors import InvalidMessage
from autopulse.json_coercion import Json, read_mapping, read_text, read_time, to_text
from autopulse.json_text import read_json

VERSION: Final = 1
MAX_REASON_CHARACTERS: Final = 40


class Step:
    """The event of a follow-up that an alert is about."""

    OPENED: Final = "opened"
    OVERDUE: Final = "overdue"


class Channel:
    """The channel of an alert."""

    EMAIL: Final = "email"
    WEBHOOK: Final = "webhook"


STEPS: Final = (Step.OPENED, Step.OVERDUE)
CHANNELS: Final = (Channel.EMAIL, Channel.WEBHOOK)


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer's data in a `full` alert; each may be missing."""

    name: str | None = None
    phone: str | None = None
    vehicle: str | None = None
    score: int | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One attempt to send one alert."""

    follow_up_id: int
    step: str
    channel: str
    tries: int
    """The number of the attempt, from 1."""
    call_id: int
    not_after: datetime
    """The latest time to send it; after that the planner counts the attempt as failed and makes the next one."""
    customer: Customer | None = None
    """None: the alert has no data of the customer."""

    @property
    def key(self) -> str:
        """The same key for each attempt, by which a receiver recognises repeats."""
        return f"follow-up-{self.follow_up_id}-{self.step}-{self.channel}"

    def to_json(self) -> str:
        """The body of the alert's message."""
        given = asdict(self) | {"version": VERSION, "not_after": to_text(self.not_after)}
        return json.dumps(given, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt."""

    follow_up_id: int
    step: str
    channel: str
    tries: int
    reason: str | None = None
    """The reason of the failure; None if it was delivered."""
    is_final: bool = False
    """Whether further attempts would fail too."""
    retry_after: int = 0
    """The minimum delay in seconds that the receiver has asked for."""

    def to_json(self) -> str:
        """The body of the result's message."""
        return json.dumps({"version": VERSION, "outcome": asdict(self)}, separators=(",", ":"))


def read_alert(body: str) -> Alert:
    """Read a request's body; raises InvalidMessage, which names the field and never its value."""
    given = _versioned(body)
    customer = given.get("customer")
    not_after = read_time(given.get("not_after"))
    if not_after is None:
        raise InvalidMessage("cannot read the alert: not_after")
    return Alert(
        **_named(given),
        call_id=_number(given, "call_id"),
        not_after=not_after,
        customer=None if customer is None else _customer(read_mapping(customer)),
    )


def read_outcome(given: Mapping[str, Json]) -> Outcome:
    """Read the sender's result; raises InvalidMessage."""
    reason = read_text(given.get("reason"))
    return Outcome(
        **_named(given),
        reason=None if reason is None else reason[:MAX_REASON_CHARACTERS],
        is_final=given.get("is_final") is True,
        retry_after=_number(given, "retry_after"),
    )


def _versioned(body: str) -> Mapping[str, Json]:
    try:
        given: Mapping[str, Json] = read_mapping(read_json(body))
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"the body is not JSON: {type(error).__name__}") from None
    if given.get("version") != VERSION:
        raise InvalidMessage("cannot read the alert: version")
    return given


def _named(given: Mapping[str, Json]) -> dict[str, Any]:
    step, channel = given.get("step"), given.get("channel")
    if step not in STEPS:
        raise InvalidMessage("cannot read the alert: step")
    if channel not in CHANNELS:
        raise InvalidMessage("cannot read the alert: channel")
    numbers = {name: _number(given, name) for name in ("follow_up_id", "tries")}
    return {"step": step, "channel": channel, **numbers}


def _number(given: Mapping[str, Json], name: str) -> int:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidMessage(f"cannot read the alert: {name}")
    return value


def _customer(given: Mapping[str, Json]) -> Customer:
    score = given.get("score")
    texts = {name: read_text(given.get(name)) for name in ("name", "phone", "vehicle", "words")}
    return Customer(**texts, score=score if isinstance(score, int) else None)
