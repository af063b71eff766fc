"""What 1,000 calls cost, and what a month costs without any."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from local.cost import assumptions
from local.cost.measure import FunctionFigures, Measured, Played
from local.cost.prices import HOURS, PRICES
from local.cost.shapes import Shapes

CALLS: Final = 1000
QUEUES: Final = 6
"""Five kinds, and the notices."""
ZONES: Final = 2
_GIB: Final = 2**30


@dataclass(frozen=True)
class Line:
    """One line of a bill."""

    name: str
    units: float
    price: str
    """Its name in the price list."""

    @property
    def dollars(self) -> float:
        """What it comes to."""
        return PRICES[self.price].of(self.units)


def billed_milliseconds(name: str, figures: FunctionFigures, records: int = 1) -> float:
    """An invocation on Lambda: what was measured, on its share of a core, and the networks that were not there."""
    return figures.milliseconds / assumptions.SHARE_OF_A_CORE.value + _waits(name, records)


def _waits(name: str, records: int) -> float:
    if name == "verifier":
        return assumptions.SQS_SEND.value
    if name == "broadcaster":
        return records * assumptions.QUERY.value + assumptions.POST.value  # one query a call, then all posts at once
    return assumptions.DATABASE.value + assumptions.PUT_EVENTS.value


def bill_of(measured: Measured, sort: str) -> list[Line]:
    """1,000 calls of a sort; each record alone, which is what quiet hours cost and the most there is."""
    played, shapes = measured.alone[sort], measured.shapes[sort]
    pushes = played.notices_per_call * measured.watchers
    reads = pushes * assumptions.READS_PER_PUSH.value
    lines = [
        *_of_gateways(shapes, pushes, reads),
        *_of_functions(played, reads),
        *_of_messages(shapes, played),
        *_of_bytes(played, pushes, reads),
        Line("X-Ray: traces", (shapes.webhooks_per_call + reads) * assumptions.TRACED.value, "trace"),
    ]
    return [Line(line.name, line.units * CALLS, line.price) for line in lines]


def _of_gateways(shapes: Shapes, pushes: float, reads: float) -> Iterator[Line]:
    yield Line("API Gateway: webhooks", shapes.webhooks_per_call, "REST request")
    yield Line("API Gateway: pages that read", reads, "REST request")
    yield Line("API Gateway: WebSocket", pushes, "WebSocket message")
    yield Line("WAF: requests", shapes.webhooks_per_call + reads, "WAF request")


def _of_functions(played: Played, reads: float) -> Iterator[Line]:
    invocations = sum(figures.per_call for figures in played.functions.values()) + reads
    milliseconds = sum(f.per_call * billed_milliseconds(name, f) for name, f in played.functions.items())
    milliseconds += reads * assumptions.READ.value
    yield Line("Lambda: invocations", invocations, "Lambda request")
    yield Line("Lambda: time", milliseconds / 1000 * assumptions.GIGABYTES.value, "Lambda GB-second")


def _of_messages(shapes: Shapes, played: Played) -> Iterator[Line]:
    # A record is sent, received and deleted; the bus sends a notice, and the rest is the same.
    requests = 2 * shapes.sqs_units_per_call + shapes.webhooks_per_call + 3 * played.notice_units_per_call
    yield Line("SQS", requests, "SQS request")
    yield Line("EventBridge", played.notice_units_per_call, "event")
    yield Line("DynamoDB: who watches", played.functions["broadcaster"].per_call, "DynamoDB read")


def _of_bytes(played: Played, pushes: float, reads: float) -> Iterator[Line]:
    platform = assumptions.PLATFORM_LOG.value
    log = sum(f.per_call * (f.log_bytes + platform) for f in played.functions.values())
    yield Line("CloudWatch: logs", log + reads * (assumptions.READ_LOG.value + platform), "logs")
    yield Line("Data to browsers", pushes * played.push_bytes + reads * assumptions.ANSWER.value, "data out")
    yield Line("Interface endpoint: notices", played.notices_per_call * played.notice_bytes, "endpoint data")
    stored = played.stored_bytes_per_call * assumptions.KEPT_MONTHS.value + played.receipt_bytes_per_call * 35 / 30
    yield Line("Database: storage, in two zones, for a year", stored * ZONES, "database storage")


def fixed_of(measured: Measured) -> list[Line]:
    """A month of production as samconfig.toml has it, with every safety on, without calls."""
    counts = measured.resources
    seconds = HOURS * 3600
    page_minutes = assumptions.PAGES.value * 8 * 60 * 22
    return [
        Line("RDS: db.m8g.large in two zones", HOURS * ZONES, "database hour"),
        Line("RDS: 100 GiB in two zones", 100 * _GIB * ZONES, "database storage"),
        Line("RDS Proxy: 2 vCPU", 2 * HOURS, "proxy hour"),
        Line("Interface endpoints: 3 in two zones", 3 * ZONES * HOURS, "endpoint hour"),
        Line("CloudWatch: our metrics", measured.series, "metric"),
        Line("CloudWatch: alarms", counts["alarm metrics"], "alarm metric"),
        Line("CloudWatch: dashboard", counts["dashboards"], "dashboard"),
        Line("WAF: web ACL", 1, "WAF ACL"),
        Line("WAF: rules", counts["rules"], "WAF rule"),
        Line("KMS: keys of alarms, data and database", 3, "key"),
        Line("Secrets Manager: webhooks, and the database's master", 2, "secret"),
        Line("SQS: polling empty queues", QUEUES * assumptions.IDLE_POLLS.value * seconds, "SQS request"),
        Line("API Gateway: open pages", page_minutes, "WebSocket minute"),
    ]
