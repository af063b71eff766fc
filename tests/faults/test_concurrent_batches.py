"""Large batches of all kinds at the same calls at once: they wait for each other, and never in a circle."""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from autopulse.consumers import services
from autopulse.db import engine, receipts
from autopulse.db.failures import Fault, diagnose
from autopulse.errors import AutoPulseError
from autopulse.vapi import routes
from local.database import connect
from tests.faults import sqs_records
from tests.faults.sqs_records import Record
from tests.harness import ORGANIZATION, Database, handle
from tests.integration.orders import snapshot

CALLS: Final = 60
STRANGERS: Final = range(101, 131)
"""Calls that Vapi alone knows; whichever batch is first gives them their rows."""
WORKERS: Final = 6
ROUNDS: Final = 5
BATCH: Final = 120


class Containers(threading.local):
    """Each thread is a container: with a connection of its own."""

    def __init__(self) -> None:
        self.engine = engine.engine_to(engine.connect)
        ENGINES.append(self.engine)


ENGINES: list[Engine] = []


@pytest.fixture
def failures(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Counts every failed transaction, by its SQLSTATE, before it is tried again."""
    assert database.url
    counted: Counter[str] = Counter()

    def count(error: Exception) -> tuple[Fault, AutoPulseError]:
        fault, ours = diagnose(error)
        counted[ours.detail] += 1
        return fault, ours

    containers = Containers()
    monkeypatch.setattr(services, "engine", lambda: containers.engine)
    monkeypatch.setattr(services, "diagnose", count)
    monkeypatch.setenv("DEFAULT_ORGANIZATION_ID", ORGANIZATION)
    yield counted
    while ENGINES:
        ENGINES.pop().dispose()


def _letters_about(call_id: int) -> dict[str, list[Record]]:
    return {
        "status_update": [
            sqs_records.status(call_id, word, at) for at, word in enumerate(("queued", "in-progress", "ended"))
        ],
        "conversation_update": [sqs_records.conversation(call_id, turns, at=20 + turns) for turns in (1, 2, 3)],
        "end_of_call_report": [sqs_records.report(call_id, score, at=50 + score) for score in (3, 8)],
        "hang": [sqs_records.hang(call_id, at) for at in (21, 22)],
        "transcript": [sqs_records.transcript(call_id, f"Words {n}.", at=30 + n) for n in range(2)],
    }


def _of_a_stranger(record: Record) -> Record:
    """Without our id: an inbound call."""
    envelope: dict[str, Any] = json.loads(record["body"])
    envelope["call_id"] = None
    envelope["message"]["call"] |= {"type": "inboundPhoneCall"}
    return record | {"body": json.dumps(envelope)}


@pytest.fixture
def mail(database: Database) -> dict[str, list[Record]]:
    """All messages of all calls, by kind; every three calls are about the same visit."""
    database.run(
        "INSERT INTO call (organization_id, customer_number, status)"
        " SELECT CAST(:id AS uuid), '+12025550115', 'Ready' FROM generate_series(21, CAST(:n AS int))",
        id=ORGANIZATION,
        n=CALLS,
    )
    database.run("UPDATE call SET service_record_id = 1 + (id * 7) % 20")
    by_kind: dict[str, list[Record]] = {kind: [] for kind in routes.KINDS}
    for call_id in (*range(1, CALLS + 1), *STRANGERS):
        for kind, records in _letters_about(call_id).items():
            by_kind[kind] += map(_of_a_stranger, records) if call_id in STRANGERS else records
    return by_kind


def test_no_two_batches_wait_for_each_other_in_a_circle(
    mail: dict[str, list[Record]], failures: Counter[str], database: Database
) -> None:
    def work(worker: int) -> None:
        shuffler = random.Random(worker)
        kinds = list(routes.KINDS)
        for turn in range(ROUNDS):
            batch = shuffler.choices(mail[kinds[(worker + turn) % len(kinds)]], k=BATCH)
            assert handle(batch) == []

    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(work, worker) for worker in range(WORKERS)]:
            done.result()
    assert failures == Counter()
    for kind in routes.KINDS:
        assert handle(mail[kind]) == []
    assert database.statuses() == ["Completed"] * (CALLS + len(STRANGERS))
    assert database.value("SELECT count(*) FROM call_feedback WHERE content = 'Fine.'") == CALLS + len(STRANGERS)
    assert database.value("SELECT count(*) FROM transcript") == 4 * (CALLS + len(STRANGERS))
    assert database.value("SELECT count(*) FROM webhook_event") == sum(map(len, mail.values()))


def test_pruning_and_the_applications_own_writes_disturb_no_batch(
    mail: dict[str, list[Record]], failures: Counter[str], database: Database
) -> None:
    over = threading.Event()

    def prune() -> int:
        pruned = 0
        with closing(engine.connect()), ENGINES[0].connect() as transaction:
            while not over.is_set():
                pruned += receipts.prune_receipts(transaction, timedelta(days=-36500), 50)
                transaction.commit()
        return pruned

    def write_as_the_application() -> int:
        """Write a service record and then its calls, in one transaction, as its ORM does."""
        chance, written = random.Random(0), 0
        with connect(database.url) as connection:
            while not over.is_set():
                visit = chance.randint(1, 20)
                connection.run("BEGIN")
                connection.run("UPDATE service_record SET vehicle_info = 'x' WHERE id = :id", id=visit)
                calls = connection.run("SELECT id FROM call WHERE service_record_id = :id ORDER BY id", id=visit)
                for (call_id,) in calls or ():
                    connection.run("UPDATE call SET agent_id = NULL WHERE id = :id", id=call_id)
                connection.run("COMMIT")
                written += 1
        return written

    ENGINES.append(engine.engine_to(engine.connect))
    with ThreadPoolExecutor(WORKERS) as pool:
        pruning, writing = pool.submit(prune), pool.submit(write_as_the_application)
        try:
            for done in [pool.submit(handle, mail[kind]) for kind in ("status_update", "end_of_call_report", "hang")]:
                assert done.result() == []
        finally:
            over.set()
        assert pruning.result() >= 0
        assert writing.result() > 0
    assert failures == Counter()


def _of_attempt(record: Record, attempt: int) -> Record:
    """Of another call of Vapi's for the same row, which begins two minutes later than the one before."""
    envelope: dict[str, Any] = json.loads(record["body"])
    vapi_call_id = f"{envelope['vapi_call_id']}-{attempt}"
    begin = (sqs_records.START + timedelta(minutes=2 * attempt)).isoformat()
    envelope |= {"vapi_call_id": vapi_call_id, "event_id": f"{envelope['event_id']}-{attempt}"}
    envelope["message"]["call"] |= {"id": vapi_call_id, "createdAt": begin}
    return sqs_records.posted(json.dumps(envelope))


@pytest.fixture
def redials() -> dict[str, list[Record]]:
    """Messages of calls 1 to 20, each dialled twice, by kind; but for the first of a kind they give no id of ours."""
    by_kind: dict[str, list[Record]] = {kind: [] for kind in routes.KINDS}
    for call_id in range(1, 21):
        for kind, records in _letters_about(call_id).items():
            for attempt in range(2):
                first, *others = (_of_attempt(record, attempt) for record in records)
                by_kind[kind] += [first, *map(_of_a_stranger, others)]
    return by_kind


def _deliver_until_all_are_applied(batch: list[Record]) -> None:
    """As the queue does: what is returned comes again."""
    waiting = batch
    for _ in range(20):
        returned = set(handle(waiting)) if waiting else set()
        waiting = [record for record in waiting if record["messageId"] in returned]
    assert waiting == []


def test_redials_and_takeovers_at_the_same_time_end_in_the_rows_of_one_after_the_other(
    redials: dict[str, list[Record]], failures: Counter[str], database: Database
) -> None:
    """A wait in a circle, or a row that somebody else made first, costs another try and nothing else."""
    ends = []
    for workers in (1, WORKERS):
        database.empty()
        database.seed(20)
        orders = [random.Random(worker) for worker in range(workers)]
        batches = [
            order.sample(redials[kind], len(redials[kind]))[worker::workers]
            for worker, order in enumerate(orders)
            for kind in order.sample(routes.KINDS, len(routes.KINDS))
        ]
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(handle, batch) for batch in batches]:
                done.result()
        for records in redials.values():
            _deliver_until_all_are_applied(records)
        with connect(database.url) as connection:
            ends.append(snapshot(connection))
    assert ends[0] == ends[1]
    assert database.value("SELECT count(*) FROM call") == 20
    assert database.value("SELECT count(*) FROM vapi_call") == 40
    assert database.value("SELECT count(*) FROM vapi_call WHERE made_call") == 0
    assert failures.keys() <= {"SQLSTATE 40P01", "SQLSTATE 23505"}
