"""Measure calls on this machine, all the way from the signed webhook to the rows and the browsers.

Each sort of call is played twice: once every record alone, as in quiet hours, and once in batches of ten.
"""

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from statistics import quantiles
from typing import Any, Final
from uuid import uuid4

import psutil
from pg8000.native import Connection

from autopulse.db.migration import upgrade
from autopulse.settings import KINDS
from local import ports
from local.cost.calls import PROFILES, bodies_of
from local.cost.resources import count_resources
from local.cost.shapes import Shapes, shapes_of, units
from local.cost.world import Spent, World, open_world
from local.database import connect
from local.machine import describe_machine
from local.postgres import PostgresServer
from local.simulator.application_rows import seed
from local.simulator.scenario import CallScript
from local.simulator.simulate import place
from local.stack_paths import PROJECT

CALLS: Final = 30
"""Of each sort and batch size."""
BATCH: Final = 10
"""Parameter BatchSize."""
WATCHERS: Final = 2
"""Open pages that are told; the time of a post is added by `assumptions`."""
_MILLISECONDS: Final = 1000
_APART: Final = 1000
"""So that no two rounds draw the same calls."""
_TABLES: Final = ("call", "vapi_call", "call_feedback", "transcript", "call_incident", "service_record")
_RECEIPTS: Final = ("webhook_event",)


@dataclass(frozen=True)
class FunctionFigures:
    """What an invocation of a function takes."""

    per_call: float
    """Invocations."""
    milliseconds: float
    """A quarter of them was faster: what else the machine does can only add."""
    log_bytes: float


@dataclass(frozen=True)
class Played:
    """Calls of one sort, in batches of one size."""

    functions: Mapping[str, FunctionFigures]
    """By kind of record, and `verifier` and `broadcaster`."""
    notices_per_call: float
    notice_bytes: float
    notice_units_per_call: float
    put_events_per_call: float
    push_bytes: float
    server_milliseconds_per_call: float
    """Processor time of Postgres, of all its processes."""
    wal_bytes_per_call: float
    stored_bytes_per_call: float
    receipt_bytes_per_call: float


@dataclass(frozen=True)
class Measured:
    """Everything that was measured."""

    measured_at: str
    machine: str
    calls: int
    watchers: int
    series: int
    """Metrics with their dimensions."""
    resources: Mapping[str, int]
    """Of the template, that are billed by the month."""
    shapes: Mapping[str, Shapes]
    alone: Mapping[str, Played]
    batched: Mapping[str, Played]


def measure(say: Callable[[str], None], calls: int = CALLS) -> Measured:
    """Measure `calls` of each sort and batch size; 30 take some minutes."""
    alone: dict[str, Played] = {}
    batched: dict[str, Played] = {}
    series: set[str] = set()
    with _database() as (server, url):
        for name, draw in PROFILES.items():
            for size, results in ((1, alone), (BATCH, batched)):
                say(f"{calls} calls of sort {name}, {size} at a time")
                results[name], seen = _play(
                    server, url, [draw(size * _APART + number) for number in range(calls)], size
                )
                series |= seen
    return Measured(
        measured_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=describe_machine(),
        calls=calls,
        watchers=WATCHERS,
        series=len(series),
        resources=count_resources((PROJECT / "template.yaml").read_text()),
        shapes={name: shapes_of(draw) for name, draw in PROFILES.items()},
        alone=alone,
        batched=batched,
    )


@contextmanager
def _database() -> Iterator[tuple[PostgresServer, str]]:
    directory = Path(tempfile.mkdtemp(prefix="autopulse-cost-"))
    directory.chmod(0o755)  # for the account that runs Postgres when this one is root
    server, port = PostgresServer(directory), ports.find_any()
    server.start(port)
    try:
        server.create_database("measured", port)
        url = server.database_url("measured", port)
        upgrade(url)
        seed(url)
        yield server, url
    finally:
        server.remove()


def _play(server: PostgresServer, url: str, drafts: Sequence[CallScript], size: int) -> tuple[Played, set[str]]:
    with connect(url) as connection, open_world(url, WATCHERS) as world:
        scripts = [place(connection, replace(draft, vapi_call_id=str(uuid4()))) for draft in drafts]
        _settle(connection)
        before = _Server.of(server, connection)
        put_events = _play_all(world, bodies_of(scripts), size)
        after = _Server.of(server, connection)
    return _played(world, put_events, after.since(before), len(drafts)), world.series


def _play_all(world: World, bodies: Sequence[Any], size: int) -> int:
    """How many calls of PutEvents there were."""
    waiting: dict[str, list[str]] = defaultdict(list)
    put_events = 0
    for body in bodies:
        world.verify(body)
        url, envelope = world.queued.pop()
        kind = url.removeprefix("unused-")
        waiting[kind].append(envelope)
        if len(waiting[kind]) == size:
            put_events += _consume(world, kind, waiting.pop(kind), size)
    return put_events + sum(_consume(world, kind, rest, size) for kind, rest in waiting.items())


def _consume(world: World, kind: str, envelopes: Sequence[str], size: int) -> int:
    before = len(world.events)
    world.consume(kind, envelopes)
    fresh = world.events[before:]
    for first in range(0, len(fresh), size):
        world.broadcast(fresh[first : first + size])
    return -(-len(fresh) // 10)


@dataclass(frozen=True)
class _Server:
    """What Postgres has used and stored."""

    seconds: float
    wal: int
    stored: int
    receipts: int

    @classmethod
    def of(cls, server: PostgresServer, connection: Connection) -> "_Server":
        process = server.find()
        if process is None:
            raise RuntimeError("Postgres is gone")
        processes = [process, *process.children()]
        return cls(
            seconds=sum(_processor_seconds(one) for one in processes),
            wal=int(connection.run("SELECT pg_current_wal_insert_lsn() - '0/0'")[0][0]),
            stored=_size_of(connection, _TABLES),
            receipts=_size_of(connection, _RECEIPTS),
        )

    def since(self, before: "_Server") -> "_Server":
        return _Server(
            self.seconds - before.seconds,
            self.wal - before.wal,
            self.stored - before.stored,
            self.receipts - before.receipts,
        )


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _size_of(connection: Connection, tables: Sequence[str]) -> int:
    """Bytes of tables with their indexes."""
    names = [f"public.{table}" for table in tables]
    rows = connection.run(
        "SELECT sum(pg_total_relation_size(t::regclass)) FROM unnest(CAST(:names AS text[])) AS t", names=names
    )
    return int(rows[0][0])


def _settle(connection: Connection) -> None:
    """As autovacuum would leave it; so that growth is what these calls bring."""
    connection.run("VACUUM (ANALYZE)")


def _played(world: World, put_events: int, server: _Server, calls: int) -> Played:
    functions: dict[str, FunctionFigures] = {
        name: _figures(world.spent[name], calls) for name in ("verifier", *KINDS, "broadcaster") if name in world.spent
    }
    sizes = [len(json.dumps(entry)) for entry in world.events]
    return Played(
        functions=functions,
        notices_per_call=round(len(sizes) / calls, 3),
        notice_bytes=round(sum(sizes) / len(sizes)),
        notice_units_per_call=round(sum(map(units, sizes)) / calls, 3),
        put_events_per_call=round(put_events / calls, 3),
        push_bytes=round(sum(map(len, world.pushed)) / len(world.pushed)),
        server_milliseconds_per_call=round(server.seconds * _MILLISECONDS / calls, 3),
        wal_bytes_per_call=round(server.wal / calls),
        stored_bytes_per_call=round(server.stored / calls),
        receipt_bytes_per_call=round(server.receipts / calls),
    )


def _figures(spent: Spent, calls: int) -> FunctionFigures:
    return FunctionFigures(
        per_call=round(len(spent.seconds) / calls, 3),
        milliseconds=round(_lower_quartile(spent.seconds) * _MILLISECONDS, 2),
        log_bytes=round(spent.log_bytes / len(spent.seconds)),
    )


def _lower_quartile(values: Sequence[float]) -> float:
    return quantiles(values, n=4, method="inclusive")[0] if len(values) > 1 else values[0]
