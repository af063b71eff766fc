"""What follows from the shapes alone, on every machine the same: webhooks per call and their sizes."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from autopulse.vapi.envelope import wrap
from autopulse.vapi.routes import kind_of
from local.cost.calls import PLACED_AT, Draw, bodies_of, seconds_of
from local.simulator.webhook_factory import size

CALLS: Final = 200
"""Calls that the means are of."""
SQS_UNIT_BYTES: Final = 64 * 1024
"""SQS and EventBridge bill each beginning unit of this size."""


@dataclass(frozen=True)
class Shape:
    """Webhooks of one type; numbers are means."""

    type: str
    kind: str
    per_call: float
    body_bytes: float
    envelope_bytes: float
    sqs_units: float


@dataclass(frozen=True)
class Shapes:
    """What a sort of call looks like."""

    seconds: float
    webhooks: Sequence[Shape]

    @property
    def webhooks_per_call(self) -> float:
        """All that Vapi sends of a call."""
        return sum(shape.per_call for shape in self.webhooks)

    @property
    def sqs_units_per_call(self) -> float:
        """What a send or a receive of each is billed as."""
        return sum(shape.per_call * shape.sqs_units for shape in self.webhooks)

    def per_call_of(self, kind: str) -> float:
        """Records of one kind."""
        return sum(shape.per_call for shape in self.webhooks if shape.kind == kind)


def units(size_in_bytes: float) -> int:
    """How often a message of this size is billed."""
    return max(1, math.ceil(size_in_bytes / SQS_UNIT_BYTES))


def shapes_of(draw: Draw, calls: int = CALLS) -> Shapes:
    """Count and weigh the webhooks of calls of one sort."""
    scripts = [draw(number) for number in range(1, calls + 1)]
    sums: Mapping[str, Counter[str]] = defaultdict(Counter)
    for body in bodies_of(scripts):
        message = body["message"]
        envelope = wrap(kind_of(message) or "", message, PLACED_AT, None).to_json()
        sums[message["type"]].update(
            {"number": 1, "body": size(body), "envelope": len(envelope), "units": units(len(envelope))}
        )
    return Shapes(
        seconds=round(sum(seconds_of(script) for script in scripts) / calls, 1),
        webhooks=[_shape(name, total, calls) for name, total in sorted(sums.items())],
    )


def _shape(name: str, total: Mapping[str, int], calls: int) -> Shape:
    number = total["number"]
    return Shape(
        type=name,
        kind=kind_of({"type": name, "transcriptType": "final"}) or "",
        per_call=round(number / calls, 3),
        body_bytes=round(total["body"] / number),
        envelope_bytes=round(total["envelope"] / number),
        sqs_units=round(total["units"] / number, 3),
    )
