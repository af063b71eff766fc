"""Processor time of a consumer's process and of Postgres for each record: `python -m tests.benchmarks.processor`.

Other programs on the machine change it less than they change a rate, so two states of the code can be compared while
the machine is busy. `PROFILE=1` prints where the consumer's process spends it; the names of workloads choose some.
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
"""The best counts."""


@dataclass(frozen=True)
class Use:
    """What one record takes, in microseconds and bytes."""

    consumer: float
    """Of the consumer's process, its driver included."""
    server: float
    """Of the process of Postgres that serves it, over all rounds: it is counted in steps of ten milliseconds."""


def measure(workload: Workload, database_url: str, profile: cProfile.Profile | None) -> Use:
    """Apply batches of records, each of another call."""
    services = contenders.services_for(database_url)
    consumer = REGISTRY[workload.kind].consumer
    calls = scripts(Random(workload.size))
    with services.engine.connect() as connection:  # the one that the consumer will have, too
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
    """Measure the workloads whose names hold one of the texts, all if there is none."""
    directory = Path(tempfile.mkdtemp(prefix="autopulse-bench-"))
    directory.chmod(0o755)  # for the account that runs Postgres when this one is root
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
