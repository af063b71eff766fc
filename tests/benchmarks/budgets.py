"""The budgets of the design, measured as ratios within one run."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import Engine

from autopulse.consumers.registry import REGISTRY
from autopulse.vapi.routes import KINDS
from local.postgres import FUNCTIONS, PostgresServer
from tests.benchmarks import contenders
from tests.benchmarks.workloads import SqsEvent, report_body, report_events, scripts, status_events
from tests.harness import FakeServices, start_anew

PROJECT: Final = Path(__file__).parents[2]
ROUNDS: Final = 30
"""Number of rounds. Contenders alternate, and the best round counts, because other load can only add time."""
CALLS: Final = 20_000
"""Rows of `call` in the databases."""
VERIFICATIONS: Final = 400


@dataclass(frozen=True)
class Result:
    """One budget: the value that was measured, its unit, and its limit."""

    name: str
    value: float
    unit: str
    limit: float | None
    """None for a value without a limit."""
    at_most: bool
    detail: str

    @property
    def holds(self) -> bool:
        """Return whether the budget is kept."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.at_most else self.value >= self.limit


@dataclass(frozen=True)
class Workload:
    """Records of one kind in batches of one size, compared with the ORM and the plain driver."""

    name: str
    kind: str
    size: int
    batches: int
    """Number of batches in a round."""
    make: Callable[[Iterator[Any], int, int], list[SqsEvent]]
    naive: Callable[[Engine, str], None]
    naive_records: int
    """Number of batches in a round; the ORM is slow."""
    at_least: float


WORKLOADS: Final = (
    Workload("status updates, batches of 10", "status_update", 10, 15, status_events, contenders.store_status, 40, 5),
    Workload("status updates, batches of 100", "status_update", 100, 4, status_events, contenders.store_status, 40, 14),
    Workload(
        "reports of 40 turns, batches of 10", "end_of_call_report", 10, 4, report_events, contenders.store_report, 12, 6
    ),
)


@contextmanager
def databases(directory: Path, port: int, calls: int = CALLS) -> Iterator[Callable[[str], str]]:
    """Yield a function that creates copies of a filled database, on a durable Postgres."""
    from autopulse.db.migration import upgrade  # noqa: PLC0415 - after the server is there
    from autopulse.db.privileges import FunctionsRole  # noqa: PLC0415 - as above

    server = PostgresServer(directory)
    server.start(port)
    try:
        server.create_database("filled", port)
        upgrade(server.database_url("filled", port), FunctionsRole(FUNCTIONS, by_iam=False))
        contenders.fill(server.database_url("filled", port), calls)

        def copy(name: str) -> str:
            server.create_database(name, port, "filled")
            return server.database_url(name, port)

        yield copy
    finally:
        server.remove()


def measure_consumers(copy: Callable[[str], str], say: Callable[[str], None]) -> list[Result]:
    """Measure throughput against the ORM and the plain driver, and statements per batch."""
    results = []
    for number, workload in enumerate(WORKLOADS):
        say(workload.name)
        results += _measure(workload, partial(_copy_of, copy, number))
    say("statements per batch")
    return results + _count_statements(copy("statements"))


def _copy_of(copy: Callable[[str], str], number: int, name: str) -> str:
    return copy(f"{name}_{number}")


def _measure(workload: Workload, copy: Callable[[str], str]) -> list[Result]:
    services = contenders.services_for(copy("ours"))
    consumer = REGISTRY[workload.kind].consumer
    calls = scripts(Random(workload.size))
    engine = contenders.plain_engine(copy("naive"))
    drivers = {name: connect(copy(name)) for name, connect in contenders.DRIVERS.items()}
    seconds: dict[str, list[float]] = {"ours": [], "naive": [], **{name: [] for name in drivers}}
    for _ in range(ROUNDS):
        events = workload.make(calls, workload.size, workload.batches)
        spent, statements = contenders.record_statements(partial(_consume_all, consumer, services, events))
        seconds["ours"].append(spent / (workload.size * workload.batches))
        for name, connection in drivers.items():
            replay = partial(contenders.replay, connection, statements)
            seconds[name].append(_time(replay) / (workload.size * workload.batches))
        bodies = [record["body"] for event in events for record in event["Records"]][: workload.naive_records]
        store = partial(_store_all, workload.naive, engine, bodies)
        seconds["naive"].append(_time(store) / len(bodies))
    for one in (engine, services.engine):
        one.dispose()
    for connection in drivers.values():
        connection.close()
    return _ratios(workload, {name: min(times) for name, times in seconds.items()})


def _consume_all(
    consumer: Any,  # noqa: ANN401 - a consumer of any message
    services: FakeServices,
    events: list[SqsEvent],
) -> None:
    for event in events:
        contenders.consume(consumer, services, event)


def _store_all(store: Callable[[Engine, str], None], engine: Engine, bodies: list[str]) -> None:
    for body in bodies:
        store(engine, body)


def _time(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _ratios(workload: Workload, seconds: dict[str, float]) -> list[Result]:
    rates = {name: f"{1 / value:,.0f}/s" for name, value in seconds.items()}
    against_orm = seconds["naive"] / seconds["ours"]
    against_floor = seconds["floor"] / seconds["ours"]
    against_psycopg = seconds["prepared"] / seconds["psycopg"]
    detail = f"{rates['ours']} against {rates['naive']}"
    floor_detail = f"{rates['ours']} against {rates['floor']}"
    psycopg_detail = f"{rates['psycopg']} against {rates['prepared']}"
    return [
        Result(f"{workload.name}, against the ORM", against_orm, "x", workload.at_least, at_most=False, detail=detail),
        Result(f"{workload.name}, of the floor", against_floor, "x", 0.5, at_most=False, detail=floor_detail),
        Result(f"{workload.name}, psycopg 3", against_psycopg, "x", None, at_most=False, detail=psycopg_detail),
    ]


def _count_statements(database_url: str) -> list[Result]:
    services = contenders.services_for(database_url)
    calls = scripts(Random(0))
    results = []
    for kind, make in (("status_update", status_events), ("end_of_call_report", report_events)):
        consumer = REGISTRY[kind].consumer
        counts = {}
        for size in (1, 10, 100):
            # The maximum counts, because a batch without an unhappy customer needs no statement for follow-ups; among
            # fifty batches of one report some have such a customer.
            batches = [partial(_consume_all, consumer, services, make(calls, size, 1)) for _ in range(10 + 40 // size)]
            counts[size] = max(len(contenders.record_statements(batch)[1]) for batch in batches) - 1  # less the commit
        detail = ", ".join(f"{count} for {size}" for size, count in counts.items())
        spread = max(counts.values()) - min(counts.values())
        results.append(Result(f"{kind}: statements per batch, spread", spread, "", 0, at_most=True, detail=detail))
    return results


def measure_verifier() -> list[Result]:
    """Measure the verifier in process with a signed report, without the network."""
    import hmac  # noqa: PLC0415

    from autopulse.ingress import verifier  # noqa: PLC0415
    from autopulse.ingress.services import Services  # noqa: PLC0415

    body = report_body(next(scripts(Random(0))))
    secret = "an invented secret of thirty-two bytes"
    credentials = json.dumps({"secret": secret, "credentials": [{"kind": "shared-secret"}, {"kind": "hmac"}]})
    os.environ |= {f"{kind.upper()}_QUEUE_URL": "unused" for kind in KINDS}
    os.environ |= {"WEBHOOK_SECRET_ARN": "unused", "PAYLOAD_BUCKET": "unused"}
    services = start_anew(
        Services(),
        sqs=SimpleNamespace(send_message=lambda **_: None),
        secretsmanager=SimpleNamespace(get_secret_value=lambda **_: {"SecretString": credentials}),
    )
    signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
    event = {"headers": {"X-Vapi-Signature": signature}, "body": body.decode(), "isBase64Encoded": False}
    times = []
    for _ in range(VERIFICATIONS):
        with redirect_stdout(StringIO()):
            started = time.perf_counter()
            response = verifier.handle(services, event)
            times.append((time.perf_counter() - started) * 1000)
        if response["statusCode"] != 200:
            raise RuntimeError(f"the benchmark's report was refused: {response}")
    detail = f"report of {len(body) / 1000:.0f} KB"
    return [Result("verifier, p50", statistics.median(times), "ms", 2, at_most=True, detail=detail)]


def measure_imports() -> list[Result]:
    """Measure cold imports, each in a new interpreter, with the contenders alternating."""
    verifier = _compare_imports("import functions.verifier.app", "import boto3; boto3.client('sqs')", 0.75)
    # pydantic loads its modules only when a name is taken from it.
    libraries = "import sqlalchemy.orm, pg8000.dbapi; from pydantic import BaseModel"
    consumer = _compare_imports("import functions.end_of_call_report.app", libraries, 1.1)
    return [
        Result("verifier, cold import, against an SQS client", *verifier),
        Result("consumer, cold import, against its libraries", *consumer),
    ]


def _compare_imports(ours: str, libraries: str, limit: float) -> tuple[float, str, float, bool, str]:
    with tempfile.TemporaryDirectory() as bytecode:
        pairs = [(_seconds_of(ours, bytecode), _seconds_of(libraries, bytecode)) for _ in range(ROUNDS)]
    mine, theirs = (min(times) for times in zip(*pairs, strict=True))
    return mine / theirs, "x", limit, True, f"{mine * 1000:.0f} ms against {theirs * 1000:.0f} ms"


def _seconds_of(code: str, bytecode: str) -> float:
    """Return processor time; compiled code is kept in the folder `bytecode`, as a deployed layer has it."""
    program = f"import time; t = time.process_time()\n{code}\nprint(time.process_time() - t)"
    environment = os.environ | {
        "PYTHONPATH": f"{PROJECT}:{PROJECT / 'shared'}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPYCACHEPREFIX": bytecode,
        "PYTHONDONTWRITEBYTECODE": "",
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], env=environment, cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return float(done.stdout)
