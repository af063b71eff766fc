"""Record what the functions print on a simulated day: log lines and EMF lines, as CloudWatch would get them."""

import logging
from contextlib import redirect_stdout
from pathlib import Path
from random import Random
from typing import Final

from autopulse.db.migration import upgrade
from autopulse.db.rights import FunctionsRole
from autopulse.observability import logger
from local import ports
from local.dashboard.clock import shifted_clock
from local.dashboard.day import DAY, Day, at, simulate
from local.dashboard.functions import in_process
from local.postgres import FUNCTIONS, READER, PostgresServer

SEED: Final = 4
SERVICE: Final = "autopulse-calls"
"""Stands for the stack's name."""
DATABASE: Final = "day"


def record(directory: Path, seed: int = SEED) -> Path:
    """Let the day pass, on a database that is made for it and removed; the file with what was printed."""
    directory.mkdir(parents=True, exist_ok=True)
    server = PostgresServer(directory / "postgres")
    port = ports.find_any()
    log = directory / f"{DAY}.log"
    unfinished = log.with_suffix(".unfinished")
    try:
        server.start(port)
        server.create_database(DATABASE, port)
        reader = FunctionsRole(READER, by_iam=False, only_reads=True)
        upgrade(server.database_url(DATABASE, port), FunctionsRole(FUNCTIONS, by_iam=False), reader)
        with unfinished.open("w") as file, redirect_stdout(file):
            _pass_the_day(server, port, seed)
    finally:
        server.remove()
    unfinished.replace(log)
    return log


def _pass_the_day(server: PostgresServer, port: int, seed: int) -> None:
    url = server.database_url(DATABASE, port, FUNCTIONS)
    logging.getLogger("sqlalchemy.pool").setLevel(
        logging.CRITICAL
    )  # it says of each connection that the server is gone
    logger.cache_clear()  # the next one writes to where standard output leads now
    with shifted_clock(at(0, 0)) as clock, in_process(url, SERVICE) as (functions, queues):
        day = Day(clock, functions, queues, Random(seed))  # noqa: S311 - invented data
        simulate(day, server, server.database_url(DATABASE, port))
    logger.cache_clear()
