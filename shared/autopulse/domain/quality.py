"""How a call ran and what it cost, as the report that counts says (docs/call-state.md 3).

Latencies are whole milliseconds, costs US dollars. None is what the report does not tell.
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
"""What a call costs money for; `other` is what Vapi charges under names that are not known here."""


class Latencies(NamedTuple):
    """How long the customer waited for an answer of the assistant's (`turn`), and what took the time."""

    turn: int | None = None
    model: int | None = None
    voice: int | None = None
    transcriber: int | None = None
    endpointing: int | None = None


NO_LATENCIES: Final = Latencies()


@dataclass(frozen=True, slots=True)
class Quality:
    """All of it, of one attempt."""

    turn_latencies: Sequence[Latencies] = ()
    """One for each answer of the assistant's, in order."""
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
    """By COST_TYPES; only those that are told."""
    assistant_id: str | None = None
    assistant_name: str | None = None
    assistant_version: str | None = None
    vapi_campaign_id: str | None = None
    success_evaluation: str | None = None
    consent_type: str | None = None
    consent_granted_at: datetime | None = None
    ended_message: str | None = None
    outputs_expected: int = 0
    """Structured outputs that were to be extracted; those whose condition was not met are not among them."""
    outputs_lost: int = 0
    """Those of them whose extraction failed."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """`lost_answers`, `skipped_answers`, `transfers`, `scorecards` and `activations`: lists, as the API shows them."""
