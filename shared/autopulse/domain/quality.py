"""The quality and cost of a call, from the report that counts (docs/call-state.md 3).

Latencies are whole milliseconds, costs US dollars. None means that the report has no value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

COST_TYPES: Final = (
    "transport",
    "transcriber",
    "model",
    "voice",
    "vapi",
    "voicemail_detection",
    "analysis",
    "knowledge_base",
    "other",
)
"""The types of costs; `other` are Vapi's charges with unknown names."""


class Latencies(NamedTuple):
    """How long the customer waited for an answer of the assistant (`turn`), and the time of each step."""

    turn: int | None = None
    model: int | None = None
    voice: int | None = None
    transcriber: int | None = None
    endpointing: int | None = None


NO_LATENCIES: Final = Latencies()


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality data of one attempt."""

    turn_latencies: Sequence[Latencies] = ()
    """The latencies of each answer of the assistant, in order."""
    turn_latency_median: int | None = None
    averages: Latencies = NO_LATENCIES
    from_transport_average: int | None = None
    to_transport_average: int | None = None
    user_interruptions: int | None = None
    """How often the assistant interrupted the customer."""
    assistant_interruptions: int | None = None
    """How often the customer interrupted the assistant."""
    cost: Decimal | None = None
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    """Type of COST_TYPES -> cost in US dollars; only reported types."""
    assistant_id: str | None = None
    assistant_name: str | None = None
    assistant_version: str | None = None
    vapi_campaign_id: str | None = None
    success_evaluation: str | None = None
    consent_type: str | None = None
    consent_granted_at: datetime | None = None
    ended_message: str | None = None
    outputs_expected: int = 0
    """The number of structured outputs to be extracted, without those whose condition was not met."""
    outputs_lost: int = 0
    """The number of these whose extraction failed."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """`lost_answers`, `skipped_answers`, `transfers`, `scorecards` and `activations`: lists in the form of the API."""
