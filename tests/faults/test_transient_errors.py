"""Transient errors: tried again in place, then returned whole with a backoff; nothing is lost or half done."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import boto3
import pytest
from botocore.stub import Stubber

from autopulse.consumers import clients
from autopulse.consumers.runner import RESERVE_SECONDS
from autopulse.db.deadline import LAST_WAIT_SECONDS
from local import ports
from local.database import connect
from tests.faults import sqs_records
from tests.faults.clock import Clock
from tests.faults.sqs_records import received
from tests.harness import Aws, Database, before_statement, forget, handle, metrics, point_at

TRANSIENT = {
    "deadlock": "40P01",
    "serialization failure": "40001",
    "lock not available": "55P03",
    "statement time-out": "57014",
    "too many connections": "53300",
    "feature not supported, as of a changed prepared statement": "0A000",
    "undefined column, as in the middle of a migration": "42703",
}


def _fail_once(database: Database, sqlstate: str, times: int = 1) -> None:
    """Let the first writes of a call fail; sequences are not rolled back, so they count."""
    database.run("CREATE SEQUENCE failures")
    database.run(f"""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
        BEGIN IF nextval('failures') <= {times} THEN RAISE 'invented' USING ERRCODE = '{sqlstate}'; END IF;
        RETURN NULL; END $$
    """)
    database.run("CREATE TRIGGER fail BEFORE UPDATE ON call FOR EACH STATEMENT EXECUTE FUNCTION fail()")


@pytest.mark.parametrize("sqlstate", TRANSIENT.values(), ids=TRANSIENT)
def test_a_transient_error_is_retried_in_place(
    sqlstate: str, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail_once(database, sqlstate, times=2)
    assert handle([sqs_records.status(n, "ended") for n in range(1, 11)]) == []
    assert database.statuses()[:10] == ["Ended"] * 10
    assert database.value("SELECT last_value FROM failures") == 3
    assert metrics(capsys.readouterr().out)["RecordApplied:kind=status_update"] == 10


def test_when_time_runs_out_the_batch_comes_back_whole_after_a_backoff(
    clock: Clock, database: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_once(database, "40001", times=1_000_000)
    batch = [received(sqs_records.status(n), 3) for n in range(1, 13)]
    with _visibility_changes(monkeypatch) as changes:
        assert handle(batch, seconds=6) == [record["messageId"] for record in batch]
    assert 0 < clock.seconds <= 6 - RESERVE_SECONDS
    assert metrics(capsys.readouterr().out)["RecordFailed:kind=status_update,reason=database"] == 12
    assert [entry["ReceiptHandle"] for entry in changes] == [record["receiptHandle"] for record in batch]
    assert all(8 <= int(entry["VisibilityTimeout"]) <= 10 for entry in changes)
    assert database.value("SELECT count(*) FROM webhook_event") == 0


@contextmanager
def _visibility_changes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, str]]]:
    changes: list[dict[str, str]] = []
    client = boto3.client("sqs")

    def change(**request: list[dict[str, str]]) -> None:
        changes.extend(request["Entries"])

    monkeypatch.setattr(client, "change_message_visibility_batch", change)
    monkeypatch.setattr(clients, "sqs", lambda: client)
    yield changes


def test_a_visibility_time_out_that_cannot_be_changed_is_harmless(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("sqs")
    monkeypatch.setattr(clients, "sqs", lambda: client)
    unknown = sqs_records.status(999)
    with Stubber(client) as stubber:
        stubber.add_client_error("change_message_visibility_batch", "ReceiptHandleIsInvalid")
        assert handle([sqs_records.status(1), unknown]) == [unknown["messageId"]]
    assert database.statuses()[0] == "In Progress"


def test_a_locked_row_does_not_outlast_the_functions_time_out(clock: Clock, database: Database) -> None:
    """The role waits 10 s for a lock; three such waits would be more than the function's 30 s."""
    with connect(database.url) as other:
        other.run("BEGIN")
        other.run("SELECT FROM call WHERE id = 3 FOR UPDATE")
        batch = [sqs_records.status(n) for n in range(1, 6)]
        clock.is_in_vain = database.is_waited_for
        assert handle(batch, seconds=7) == [record["messageId"] for record in batch]
        assert 7 - RESERVE_SECONDS <= clock.seconds <= 7 - RESERVE_SECONDS + LAST_WAIT_SECONDS
        other.run("ROLLBACK")
    assert handle(batch) == []


class BlackHole:
    """A TCP proxy to Postgres that, once told to, loses the answers and does not even read the requests."""

    def __init__(self, database: Database) -> None:
        host, _, port = database.url.rpartition("@")[2].partition("/")[0].partition(":")
        self._upstream = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self._closed = threading.Event()
        self._pairs: list[socket.socket] = []
        self.swallows_answers = self.swallows_requests = False
        self.url = database.url.replace(f":{port}/", f":{self._listener.getsockname()[1]}/")
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        self.swallows_answers = self.swallows_requests = True

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                self._pairs += [client, server]
                threading.Thread(target=self._pass_requests, args=(client, server), daemon=True).start()
                threading.Thread(target=self._pass_answers, args=(server, client), daemon=True).start()

    def _pass_requests(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while chunk := client.recv(65536):
                if self.swallows_requests:
                    self._closed.wait()
                server.sendall(chunk)
            server.shutdown(socket.SHUT_WR)

    def _pass_answers(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while chunk := server.recv(65536):
                if not self.swallows_answers:
                    client.sendall(chunk)
            client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._closed.set()
        for sock in (self._listener, *self._pairs):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


@pytest.fixture
def hole(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlackHole]:
    """The consumers reach the database through it."""
    forget()
    with closing(BlackHole(database)) as proxy:
        point_at(proxy.url, monkeypatch)
        yield proxy
        forget()


@pytest.mark.parametrize("place", [0, 2])
def test_a_network_that_swallows_packets_ends_within_the_functions_time(
    place: int, clock: Clock, hole: BlackHole, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = [sqs_records.status(n, "ended") for n in range(1, 6)]
    assert handle([sqs_records.status(6)]) == []
    clock.is_in_vain = lambda: hole.swallows_requests

    def swallow(at: int, _statement: str) -> None:
        if at == place:
            hole.swallow()

    with before_statement(swallow):
        assert handle(batch, seconds=6.5) == [record["messageId"] for record in batch]
    assert 0 < clock.seconds <= 6.5 - RESERVE_SECONDS + 2 * LAST_WAIT_SECONDS
    assert metrics(capsys.readouterr().out)["RecordFailed:kind=status_update,reason=database"] == 5
    assert database.statuses()[:5] == ["Ready"] * 5


def test_a_batch_too_large_for_the_senders_buffers_ends_in_time_too(clock: Clock, hole: BlackHole) -> None:
    """Sending waits as receiving does."""
    batch = [sqs_records.conversation(n, turns=40, words="word " * 50_000) for n in range(1, 3)]
    assert handle([sqs_records.conversation(3)]) == []
    clock.is_in_vain = lambda: hole.swallows_requests

    def swallow(_place: int, statement: str) -> None:
        if "INSERT INTO transcript" in statement:
            hole.swallow()

    with before_statement(swallow):
        assert len(handle(batch, seconds=7)) == 2
    assert 0 < clock.seconds <= 7 - RESERVE_SECONDS + 2 * LAST_WAIT_SECONDS


def test_a_batch_whose_commit_answer_was_lost_counts_as_repeated(
    clock: Clock, hole: BlackHole, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = [sqs_records.hang(n) for n in range(1, 6)]

    def lose_answer(_place: int, statement: str) -> None:
        hole.swallows_answers = statement == "COMMIT" and not committed()

    def committed() -> bool:
        return bool(database.value("SELECT count(*) FROM call_incident"))

    def heal() -> None:
        hole.swallows_answers = False

    clock.is_in_vain = lambda: hole.swallows_answers and committed()
    clock.on_pause = heal
    with before_statement(lose_answer):
        assert handle(batch) == []
    assert database.value("SELECT count(*) FROM call_incident") == 5
    assert database.value("SELECT sum(repeats) FROM webhook_event") == 5
    assert metrics(capsys.readouterr().out)["RecordDuplicate:kind=hang"] == 5


def test_nothing_listens_where_the_database_was(clock: Clock, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    assert aws.queue_url
    forget()
    point_at(f"postgresql://nobody:secret@127.0.0.1:{ports.find_any()}/nothing", monkeypatch)
    batch = [sqs_records.status(1), sqs_records.status(2)]
    assert handle(batch, seconds=6) == [record["messageId"] for record in batch]
    assert 0 < clock.seconds <= 6 - RESERVE_SECONDS
    forget()
