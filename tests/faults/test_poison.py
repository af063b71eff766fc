"""One record that Postgres refuses stands alone; everything else in its batch commits, and its call events go out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from autopulse.consumers import status_update
from autopulse.consumers.consumer import AttemptBatch
from autopulse.consumers.queue import DATA_REJECTED_TRIES
from autopulse.db.engine import Transaction
from autopulse.domain.events import CallEvent
from tests import harness
from tests.faults import sqs_records
from tests.faults.sqs_records import received
from tests.harness import Aws, Database, attributes_of, before_statement, handle, metrics

POISONED: Final = 7
REFUSALS: Final = {
    "22": "RAISE numeric_value_out_of_range",
    "23": "RAISE check_violation",
    "54": "RAISE program_limit_exceeded",
    "21": "RAISE cardinality_violation",
}


def _refuse(database: Database, *call_ids: int, raising: str = REFUSALS["23"]) -> None:
    """Let the database refuse whatever is written of these calls."""
    database.run(f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.id = ANY ('{{{",".join(map(str, call_ids))}}}') THEN {raising}; END IF; RETURN NEW; END $$
    """)
    database.run("CREATE TRIGGER refuse BEFORE UPDATE ON call FOR EACH ROW EXECUTE FUNCTION refuse()")


@pytest.mark.parametrize("sqlstate_class", REFUSALS)
def test_only_the_refused_record_comes_back(
    sqlstate_class: str, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    _refuse(database, POISONED, raising=REFUSALS[sqlstate_class])
    batch = [sqs_records.status(n, "ended") for n in range(1, 21)]
    assert handle(batch) == [batch[POISONED - 1]["messageId"]]
    assert database.statuses() == ["Ready" if n == POISONED else "Ended" for n in range(1, 21)]
    counted = metrics(capsys.readouterr().out)
    assert counted["RecordApplied:kind=status_update"] == 19
    assert counted["RecordFailed:kind=status_update,reason=DataRejected"] == 1
    assert counted["CallEventPublished"] == 19
    assert database.value("SELECT count(*) FROM webhook_event") == 19


def test_two_poisoned_records_come_back_alone(database: Database) -> None:
    _refuse(database, 2, 19)
    batch = [sqs_records.report(n) for n in range(1, 21)]
    assert sorted(handle(batch)) == sorted([batch[1]["messageId"], batch[18]["messageId"]])
    assert database.statuses() == ["Ready" if n in {2, 19} else "Completed" for n in range(1, 21)]
    assert database.value("SELECT count(*) FROM call_feedback") == 18
    assert database.value("SELECT count(*) FROM service_record WHERE status = 'Completed'") == 18


def test_a_batch_of_nothing_but_poison_comes_back_whole(database: Database) -> None:
    _refuse(database, 1, 2, 3, 4, 5)
    batch = [sqs_records.status(n) for n in range(1, 6)]
    assert handle(batch) == [record["messageId"] for record in batch]
    assert database.value("SELECT count(*) FROM webhook_event") == 0


def test_copies_of_a_poisoned_record_get_the_same_disposition(database: Database) -> None:
    _refuse(database, POISONED)
    poisoned = sqs_records.status(POISONED)
    copies = [poisoned, sqs_records.status(1), poisoned | {"messageId": "copy"}]
    assert sorted(handle(copies)) == sorted([poisoned["messageId"], "copy"])


def test_a_refused_record_is_dead_lettered_once_it_had_its_tries(database: Database, aws: Aws) -> None:
    _refuse(database, POISONED, raising=REFUSALS["22"])
    record = sqs_records.status(POISONED)
    assert handle([received(record, DATA_REJECTED_TRIES)]) == [record["messageId"]]
    assert handle([received(record, DATA_REJECTED_TRIES + 1)]) == []
    (letter,) = aws.dead_letters()
    assert letter["Body"] == record["body"]
    assert attributes_of(letter) == {"kind": "status_update", "reason": "DataRejected", "detail": "SQLSTATE 22003"}


def test_the_connection_may_die_on_the_roll_back_too(database: Database) -> None:
    _refuse(database, POISONED)
    batch = [sqs_records.status(n, "ended") for n in range(1, 11)]

    def kill(_place: int, statement: str) -> None:
        if statement == "ROLLBACK":
            database.kill_others()

    with before_statement(kill) as statements:
        assert handle(batch) == [batch[POISONED - 1]["messageId"]]
    assert "ROLLBACK" in statements
    assert database.statuses()[:10] == ["Ready" if n == POISONED else "Ended" for n in range(1, 11)]


def test_an_unexpected_error_fails_only_its_own_record(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def apply(transaction: Transaction, attempts: Sequence[AttemptBatch[Any]]) -> list[CallEvent]:
        call_events = status_update.apply(transaction, attempts)  # so that there is something to roll back
        if any(news.call.row.id in {3, 4} for news in attempts):
            raise ZeroDivisionError("+12025550115 must not be logged")
        return call_events

    monkeypatch.setitem(harness.CONSUMERS, "status_update", replace(status_update.CONSUMER, apply=apply))
    batch = [sqs_records.status(n, "ended") for n in range(1, 11)]
    assert handle(batch) == [batch[2]["messageId"], batch[3]["messageId"]]
    assert database.statuses()[:10] == ["Ready" if n in {3, 4} else "Ended" for n in range(1, 11)]
    output = capsys.readouterr().out
    assert metrics(output)["RecordFailed:kind=status_update,reason=unexpected"] == 2
    assert "ZeroDivisionError at " in output
    assert "+12025550115" not in output


def test_a_record_that_clashes_with_another_transaction_is_tried_again_as_data(database: Database) -> None:
    """A Vapi id that somebody links meanwhile: 23505 at first, and the truth when it is looked at anew."""

    def link(_place: int, statement: str) -> None:
        if "UPDATE call SET" in statement and not database.value("SELECT count(vapi_call_id) FROM call"):
            database.run("UPDATE call SET vapi_call_id = :id WHERE id = 20", id=sqs_records.vapi_id(5))

    batch = [sqs_records.status(n, "ended") for n in range(1, 11)]
    with before_statement(link):
        assert handle(batch) == []
    assert database.statuses() == ["Ended"] * 4 + ["Ready"] + ["Ended"] * 5 + ["Ready"] * 10


def test_the_body_in_the_dead_letters_is_the_one_that_came(database: Database, aws: Aws) -> None:
    body = json.dumps({"version": 1, "kind": "status_update", "event_id": "x"})
    assert handle([sqs_records.status(1), sqs_records.posted(body), sqs_records.posted("{not json")]) == []
    assert database.statuses()[0] == "In Progress"
    found = aws.dead_letters()
    assert sorted(letter["Body"] for letter in found) == sorted([body, "{not json"])
    assert {attributes_of(letter)["reason"] for letter in found} == {"InvalidMessage"}
