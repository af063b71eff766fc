"""The benchmark of each kind: bytes as sent and as queued, statements and milliseconds of its consumer.

`make bench` runs it last; `python -m tests.benchmarks.kinds` runs it alone.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from statistics import mean, quantiles
from typing import Final

import psutil
from pg8000.native import Connection

from autopulse.consumers.registry import REGISTRY
from autopulse.vapi.envelope import envelope_from
from autopulse.vapi.routes import KINDS, kind_of
from local import ports
from local.database import connect
from local.machine import describe_machine
from local.postgres import PostgresServer
from local.simulator.scenario import CallScript
from local.simulator.webhook_factory import EVERY_TYPE, Body, size, webhooks
from tests.benchmarks import budgets, contenders
from tests.benchmarks.workloads import scripts, sqs_event
from tests.harness import FakeServices

CALLS: Final = 30
"""For each batch size."""
SIZES: Final = (1, 10)
"""Records in a batch: one, as in quiet hours, and the template's BatchSize."""
STALLS_AT_TURN: Final = 10
SENT: Final = EVERY_TYPE - {"speech-update"}
"""The subscription at Vapi (`vapi.routes.SUBSCRIPTION`), with the simulator's names."""


@dataclass(frozen=True)
class KindFigures:
    """Means for one kind of message, of calls of two minutes with a turn every three seconds."""

    kind: str
    per_call: float
    sent_bytes: float
    queued_bytes: float
    statements: dict[int, int]
    """Batch size -> maximum number of SQL statements of an invocation, without its commit."""
    milliseconds: dict[int, float]
    """Batch size -> lower quartile of an invocation's time without networks, because other load can only add time."""
    events_per_call: float
    """Number of call events that are published."""


@dataclass(frozen=True)
class DatabaseFigures:
    """The cost of a call at the database server, in batches of ten."""

    processor_milliseconds: float
    wal_bytes: float


@dataclass
class _Played:
    """The times of calls in batches of one size, by kind."""

    bodies: dict[str, list[Body]]
    seconds: dict[str, list[float]]
    statements: dict[str, int]
    events: dict[str, int]
    database: DatabaseFigures


def measure_kinds(
    database_url: str, server: PostgresServer, say: Callable[[str], None], calls: int = CALLS
) -> tuple[list[KindFigures], DatabaseFigures]:
    """Play calls, a multiple of ten, once for each batch size."""
    services = contenders.services_for(database_url)
    source = (_stalling(script) for script in scripts(Random(1)))
    played: dict[int, _Played] = {}
    with connect(database_url) as connection:
        for records in SIZES:
            say(f"{calls} calls of two minutes, {records} at a time")
            played[records] = _play(
                services, list(islice(source, calls)), records, partial(_server_use, server, connection)
            )
    return [_figures_of(kind, played, calls) for kind in KINDS], played[SIZES[-1]].database


def _play(
    services: FakeServices, calls: Sequence[CallScript], records: int, server_use: Callable[[], tuple[float, float]]
) -> _Played:
    bodies = _by_kind(calls)
    seconds: dict[str, list[float]] = defaultdict(list)
    statements, events = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    before = server_use()
    for kind, batch in _batches(bodies, records):
        services.call_events.clear()
        work = partial(contenders.consume, REGISTRY[kind].consumer, services, sqs_event(kind, batch))
        spent, sent = contenders.record_statements(work)
        seconds[kind].append(spent)
        statements[kind] = max(statements[kind], sum(bool(text) for text, _ in sent))
        events[kind] += len(services.call_events)
    processor, wal = ((late - early) / len(calls) for early, late in zip(before, server_use(), strict=True))
    return _Played(bodies, seconds, statements, events, DatabaseFigures(round(processor * 1000, 1), round(wal)))


def _figures_of(kind: str, played: dict[int, _Played], calls: int) -> KindFigures:
    batched = played[SIZES[-1]]
    bodies = batched.bodies[kind]
    return KindFigures(
        kind=kind,
        per_call=len(bodies) / calls,
        sent_bytes=round(mean(size(body) for body in bodies)),
        queued_bytes=round(mean(_queued_bytes(kind, body) for body in bodies)),
        statements={records: one.statements[kind] for records, one in played.items()},
        milliseconds={records: round(_lower_quartile(one.seconds[kind]) * 1000, 1) for records, one in played.items()},
        events_per_call=round(batched.events[kind] / calls, 1),
    )


def _lower_quartile(values: Sequence[float]) -> float:
    return quantiles(values, n=4, method="inclusive")[0] if len(values) > 1 else values[0]


def _stalling(script: CallScript) -> CallScript:
    """Return the call with a stall, so that every kind has a message."""
    return replace(script, stalls_after=script.turns[STALLS_AT_TURN].ends)


def _by_kind(calls: Sequence[CallScript]) -> dict[str, list[Body]]:
    """Return all webhooks of concurrent calls, in the order of sending."""
    timed = sorted((timed for script in calls for timed in webhooks(script, SENT)), key=lambda one: one[0])
    bodies: dict[str, list[Body]] = defaultdict(list)
    for _, body in timed:
        bodies[kind_of(body["message"]) or ""].append(body)
    return bodies


def _batches(bodies: dict[str, list[Body]], records: int) -> Iterator[tuple[str, list[Body]]]:
    for kind in KINDS:
        for first in range(0, len(bodies[kind]) - records + 1, records):
            yield kind, bodies[kind][first : first + records]


def _queued_bytes(kind: str, body: Body) -> int:
    return len(envelope_from(kind, body["message"], datetime.now(timezone.utc), None).to_json())


def _server_use(server: PostgresServer, connection: Connection) -> tuple[float, float]:
    """Return processor seconds of all Postgres processes, and bytes of WAL written, since the server's start."""
    process = server.find()
    if process is None:
        raise RuntimeError("Postgres is gone")
    seconds = sum(_processor_seconds(one) for one in [process, *process.children()])
    return seconds, float(connection.run("SELECT pg_current_wal_insert_lsn() - '0/0'")[0][0])


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def table(figures: Sequence[KindFigures], database: DatabaseFigures) -> str:
    """Print the tables."""
    head = (
        f"{'':22}{'a call':>8}{'bytes sent':>12}{'queued':>9}{'statements':>12}{'ms alone':>10}{'ms for 10':>11}"
        f"{'events':>8}"
    )
    lines = [
        f"{one.kind:22}{one.per_call:8.1f}{one.sent_bytes:12,.0f}{one.queued_bytes:9,.0f}"
        f"{'/'.join(map(str, one.statements.values())):>12}{one.milliseconds[1]:10.1f}{one.milliseconds[10]:11.1f}"
        f"{one.events_per_call:8.1f}"
        for one in figures
    ]
    use = f"{database.processor_milliseconds:.0f} ms of a processor, {database.wal_bytes / 1000:.0f} KB of WAL"
    return "\n".join([head, *lines, f"Postgres, a call: {use}"])


def main(calls: int) -> None:
    """Measure this number of calls, a multiple of ten, on a server of their own, and print."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-"))
    directory.chmod(0o755)  # the user that runs Postgres if this is root needs access
    with budgets.databases(directory, ports.find_any(), len(SIZES) * calls) as copy:
        figures = measure_kinds(copy("kinds"), PostgresServer(directory), lambda text: print(f"  {text} …"), calls)  # noqa: T201
    print(table(*figures), describe_machine(), json.dumps([asdict(one) for one in figures[0]]), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else CALLS)
