"""The whole server goes away and comes back: under a running batch, and between two."""

import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from autopulse.consumers.runner import RESERVE_SECONDS
from autopulse.db.migration import upgrade
from autopulse.db.privileges import FunctionsRole
from local import ports
from local.postgres import FUNCTIONS, PostgresServer
from tests.faults import sqs_records
from tests.faults.clock import Clock
from tests.harness import Aws, Database, before_statement, forget, handle, metrics, point_at
from tests.server_directories import server_directory


class Server:
    """A server of the test's own, and its database."""

    def __init__(self, directory: Path) -> None:
        self._postgres = PostgresServer(directory)
        self._port = ports.find_any()
        self._postgres.start(self._port)
        self._postgres.create_database("calls", self._port)
        self.database = Database(self._postgres.database_url("calls", self._port))
        upgrade(self.database.url, FunctionsRole(FUNCTIONS, by_iam=False))

    def crash(self) -> None:
        """As `pg_ctl stop -m immediate`: nobody is asked, nothing is written."""
        process = self._postgres.find()
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(20)

    def start(self) -> None:
        self._postgres.start(self._port)

    def remove(self) -> None:
        self._postgres.remove()


@pytest.fixture(scope="module")
def module_server() -> Iterator[Server]:
    with server_directory() as directory:
        server = Server(directory)
        try:
            yield server
        finally:
            server.remove()


@pytest.fixture
def server(module_server: Server, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    assert aws.queue_url
    forget()
    point_at(module_server.database.url, monkeypatch)
    module_server.database.seed(20)
    yield module_server
    forget()
    module_server.database.empty()


def test_a_batch_outlives_a_crash_of_the_server(
    clock: Clock, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is up again when the consumer has tried in vain for the second time."""
    pauses = count(1)
    crashed: list[str] = []

    def crash(_at: int, statement: str) -> None:
        if statement == "COMMIT" and not crashed:
            crashed.append(statement)
            server.crash()

    def start_at_the_second_pause() -> None:
        if next(pauses) == 2:
            server.start()

    clock.on_pause = start_at_the_second_pause
    with before_statement(crash):
        assert handle([sqs_records.report(n) for n in range(1, 11)]) == []
    assert crashed
    assert server.database.statuses()[:10] == ["Completed"] * 10
    assert server.database.value("SELECT count(*) FROM transcript") == 40
    assert server.database.value("SELECT sum(repeats) FROM webhook_event") == 0
    assert metrics(capsys.readouterr().out)["RecordApplied:kind=end_of_call_report"] == 10


def test_a_container_with_a_kept_connection_survives_a_server_restart(server: Server) -> None:
    assert handle([sqs_records.status(1)]) == []
    server.crash()
    server.start()
    assert handle([sqs_records.status(2)]) == []
    assert server.database.statuses()[:2] == ["In Progress"] * 2


def test_batches_of_an_outage_come_back_and_are_applied_when_it_is_over(clock: Clock, server: Server) -> None:
    batch = [sqs_records.status(n, "ended") for n in range(1, 11)]
    server.crash()
    assert handle(batch, seconds=6) == [record["messageId"] for record in batch]
    assert 0 < clock.seconds <= 6 - RESERVE_SECONDS
    server.start()
    assert server.database.statuses()[:10] == ["Ready"] * 10
    assert handle([sqs_records.received(record, 2) for record in batch]) == []
    assert server.database.statuses()[:10] == ["Ended"] * 10
