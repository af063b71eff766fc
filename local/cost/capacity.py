"""How many calls fit at once: what each of them needs of everything that has an end, and what gives first."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from autopulse.settings import KINDS
from local.cost import assumptions
from local.cost.bill import billed_milliseconds
from local.cost.measure import BATCH, Measured, Played
from local.cost.shapes import Shapes

SORT: Final = "long"
"""Calls in which somebody speaks all the time: the most that a call in progress asks for."""
AIM: Final = 10_000
"""Calls at once."""
MAXIMUM_CONCURRENCY: Final = 5
"""Parameter of that name, as it is by default; a test compares."""
REQUESTS_PER_SECOND: Final = 1000
VCPUS: Final = 2
"""Of a db.m8g.large."""
BUSY: Final = 0.7
"""Of its processors, and there are queries of people too."""


@dataclass(frozen=True)
class Limit:
    """Something that ends, and what a call in progress needs of it."""

    name: str
    need: float
    """For each call in progress."""
    limit: float
    unit: str
    then: str
    """What happens when it is reached."""
    more: str
    """What to raise, or to build."""

    @property
    def calls(self) -> int:
        """How many calls in progress fit."""
        return math.floor(self.limit / self.need)

    @property
    def need_at_the_aim(self) -> float:
        """What 10,000 need."""
        return self.need * AIM


def limits_of(measured: Measured) -> list[Limit]:
    """What gives first comes first."""
    shapes, played = measured.shapes[SORT], measured.batched[SORT]
    limits = [*_of_lambda(shapes, played), *_of_requests(measured, shapes, played), *_of_the_database(shapes, played)]
    return sorted(limits, key=lambda limit: limit.calls)


def concurrency_of(shapes: Shapes, played: Played) -> Mapping[str, float]:
    """Function -> invocations at once, for each call in progress, in batches of ten."""
    return {
        name: figures.per_call / shapes.seconds * billed_milliseconds(name, figures, BATCH) / 1000
        for name, figures in played.functions.items()
    }


def _of_lambda(shapes: Shapes, played: Played) -> Iterator[Limit]:
    needs = concurrency_of(shapes, played)
    together = sum(needs.values())
    yield Limit(
        "Lambda in a new account",
        together,
        10,
        "invocations",
        "webhooks are answered 5xx, and sent again",
        "ask AWS for 1,000 before the first call",
    )
    yield Limit(
        "Lambda in an account",
        together,
        1000,
        "invocations",
        "the same",
        "quota *Concurrent executions*; `VerifierConcurrency` keeps the verifier's share",
    )
    yield Limit(
        "Broadcaster",
        needs["broadcaster"],
        MAXIMUM_CONCURRENCY,
        "invocations",
        "notices are late, then dropped; pages show what is new when they connect or are reloaded",
        "`MaximumConcurrency`",
    )
    for kind in KINDS:
        if kind in needs:
            yield Limit(
                f"Consumer of {kind} records",
                needs[kind],
                MAXIMUM_CONCURRENCY,
                "invocations",
                "records wait in their queue: late, not lost",
                "`MaximumConcurrency`; `BatchSize=100` with `BatchingWindow=1`",
            )


def _of_requests(measured: Measured, shapes: Shapes, played: Played) -> Iterator[Limit]:
    webhooks = shapes.webhooks_per_call / shapes.seconds
    pushes = played.notices_per_call / shapes.seconds * measured.watchers
    reads = pushes * assumptions.READS_PER_PUSH.value
    events = played.notices_per_call / shapes.seconds
    yield Limit(
        "`WebhooksPerSecond`",
        webhooks,
        REQUESTS_PER_SECOND,
        "webhooks/s",
        "429, which Vapi sends again",
        "`WebhooksPerSecond`, up to the account's quota",
    )
    if reads:
        yield Limit(
            "`RequestsPerSecond`",
            reads,
            REQUESTS_PER_SECOND,
            "requests/s",
            "429: pages are late",
            "`RequestsPerSecond`, up to the account's quota",
        )
    yield Limit(
        "API Gateway in an account",
        webhooks + reads + pushes,
        10_000,
        "requests/s",
        "429, which Vapi sends again",
        "quota *Throttle rate*; beyond, one message a second for each page",
    )
    yield Limit(
        "EventBridge: PutEvents",
        played.put_events_per_call / shapes.seconds,
        10_000,
        "requests/s",
        "tried again, then counted as `NoticeLost`",
        "quota *PutEvents*; larger batches send fewer",
    )
    yield Limit("EventBridge: deliveries", events, 18_750, "deliveries/s", "notices are late", "quota *Invocations*")


def _of_the_database(shapes: Shapes, played: Played) -> Iterator[Limit]:
    processors = played.server_milliseconds_per_call / 1000 / shapes.seconds
    wal = played.wal_bytes_per_call / 1e6 / shapes.seconds
    yield Limit(
        "Database: processors",
        processors,
        VCPUS * BUSY,
        "vCPU",
        "batches take longer, records wait",
        "`DatabaseInstanceClass`",
    )
    yield Limit("Database: writing", wal, 125, "MB/s of WAL", "the same", "gp3's throughput (500 MB/s from 400 GiB on)")


def settings_for(measured: Measured, calls: int = AIM) -> Sequence[tuple[str, int, str]]:
    """Parameter or quota, its value for so many calls in progress, and how it was reckoned."""
    shapes, played = measured.shapes[SORT], measured.batched[SORT]
    needs = {name: need * calls for name, need in concurrency_of(shapes, played).items()}
    queued = {name: needs[name] for name in (*KINDS, "broadcaster") if name in needs}
    slowest = max(queued, key=lambda name: queued[name])
    webhooks = shapes.webhooks_per_call / shapes.seconds * calls
    reads = played.notices_per_call / shapes.seconds * measured.watchers * assumptions.READS_PER_PUSH.value * calls
    maximum = _with_headroom(queued[slowest])
    return (
        ("WebhooksPerSecond", _with_headroom(webhooks), f"{webhooks:,.0f} webhooks a second"),
        ("RequestsPerSecond", _with_headroom(reads), f"{reads:,.0f} reads a second"),
        ("VerifierConcurrency", _with_headroom(needs["verifier"]), f"{needs['verifier']:,.0f} at once"),
        ("MaximumConcurrency", maximum, f"{queued[slowest]:,.0f} at once of {slowest}, in batches of {BATCH}"),
        (
            "ApiConcurrency",
            _with_headroom(reads * assumptions.READ.value / 1000),
            f"{reads:,.0f} reads of {assumptions.READ.value:.0f} ms",
        ),
        (
            "database connections",
            len(KINDS) * maximum + _with_headroom(reads * assumptions.READ.value / 1000),
            "five consumers, and the read API; behind the proxy",
        ),
    )


def _with_headroom(need: float) -> int:
    """Half as much again, in two digits."""
    wanted = need * assumptions.HEADROOM.value
    step = int(10 ** max(0, math.floor(math.log10(max(wanted, 1))) - 1))
    return max(2, math.ceil(wanted / step) * step)
