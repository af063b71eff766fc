"""Measure processor time of a consumer's process and of Postgres per record: `python -m tests.benchmarks.processor`.

Other programs on the machine affect it less than a rate, so two versions of the code can be compared on a busy machine.
`PROFILE=1` prints a profile of the consumer's process; arguments select workloads by name.
"""

import cProfile
import os
import pstats
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import psutil

from autopulse.consumers.registry import REGISTRY
from local import ports
from tests.benchmarks import budgets, contenders
from tests.benchmarks.budgets import Workload
from tests.benchmarks.workloads import scripts

ROUNDS: Final = 30
"""Number of rounds, of which the best counts."""


@dataclass(frozen=True)
class Use:
    """The cost of one record, in microseconds and bytes."""

    consumer: float
    """Processor time of the consumer's process, with its driver."""
    server: float
    """Processor time of the Postgres process that serves it, over all rounds; its resolution is ten milliseconds."""


def measure(workload: Workload, database_url: str, profile: cProfile.Profile | None) -> Use:
    """Apply batches of records, each record of another call."""
    services = contenders.services_for(database_url)
    consumer = REGISTRY[workload.kind].consumer
    calls = scripts(Random(workload.size))
    with services.engine.connect() as connection:  # the pool will give the consumer this connection
        server = psutil.Process(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
    before, times = _seconds_of(server), []
    for _ in range(ROUNDS):
        events = workload.make(calls, workload.size, workload.batches)
        if profile is not None:
            profile.enable()
        started = time.process_time()
        for event in events:
            contenders.consume(consumer, services, event)
        times.append(time.process_time() - started)
        if profile is not None:
            profile.disable()
    served = _seconds_of(server) - before
    services.engine.dispose()
    records = workload.size * workload.batches
    return Use(min(times) / records * 1e6, served / ROUNDS / records * 1e6)


def _seconds_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main(wanted: list[str]) -> None:
    """Measure the workloads whose names contain one of the texts, or all if there is none."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-"))
    directory.chmod(0o755)  # the user that runs Postgres if this is root needs access
    profile = cProfile.Profile() if os.environ.get("PROFILE") else None
    with budgets.databases(directory, ports.find_any()) as copy:
        for number, workload in enumerate(budgets.WORKLOADS):
            if wanted and not any(text in workload.name for text in wanted):
                continue
            use = measure(workload, copy(f"processor_{number}"), profile)
            sys.stdout.write(
                f"{workload.name:36}{use.consumer:8.1f} us of the consumer {use.server:8.1f} us of Postgres\n"
            )
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(50)


if __name__ == "__main__":
    main(sys.argv[1:])
