"""An erasure from its request to its report: in the API, by an operator, half-way, twice, of what nobody knows."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from autopulse.auth.principal import Principal
from autopulse.db import erasure
from autopulse.db.calls import ERASED
from autopulse.db.engine import Database
from autopulse.erasures import endpoint, run
from autopulse.erasures.messages import Copied, Outcome, Told, Work
from autopulse.erasures.services import Services
from autopulse.errors import Transient
from autopulse.reconciliation.request_reading import read_request
from autopulse.reconciliation.requests import DeleteRequest
from autopulse.settings import ErasureSettings
from local.events import reading_event
from local.postgres import ERASER
from tests.harness import PSEUDONYMS, Context, engine_for
from tests.integration.bodies import VAPI_ID, inbound, outbound, report, status
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline
from tests.integration.test_erasing import CANARY, SECOND_DIAL, everything, said_of, talked_to

QUEUE: Final = "erasures-of-tests"
REQUESTS: Final = "vapi-requests-of-tests"


class Parts(Services):
    """The function's services with lists in the place of queues, and versions of recordings by Vapi's id."""

    def __init__(self, database: Database) -> None:
        self.sent: list[tuple[str, str, int]] = []
        self.versions: dict[str, int] = {}
        self.payloads: dict[str, int] = {}
        self.is_bucket_there = self.is_payload_bucket_there = True
        self.configure()
        vars(self).update({"engine": database, "pseudonyms": PSEUDONYMS, "sqs": self})

    def configure(
        self, *, asks_vapi: bool = True, erases: bool = False, keep_words: int = 0, keep_person: int = 0
    ) -> None:
        vars(self)["settings"] = ErasureSettings(QUEUE, REQUESTS, asks_vapi, erases, 35, keep_words, keep_person)

    def send_message(self, **message: Any) -> None:  # noqa: ANN401 - as the client has it
        self.sent.append((message["QueueUrl"], message["MessageBody"], message.get("DelaySeconds", 0)))

    def erase_recording(self, vapi_call_id: str) -> int | None:
        return self.versions.pop(vapi_call_id, 0) if self.is_bucket_there else None

    def erase_payloads(self, vapi_call_id: str) -> int | None:
        return self.payloads.pop(vapi_call_id, 0) if self.is_payload_bucket_there else None

    def bodies(self, queue: str) -> list[str]:
        found = [body for url, body, _ in self.sent if url == queue]
        self.sent = [one for one in self.sent if one[0] != queue]
        return found


@pytest.fixture
def parts(pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:  # noqa: ARG001
    database = engine_for(module_database_url, ERASER)
    parts = Parts(database)
    monkeypatch.setattr(endpoint, "container_services", lambda: parts)
    yield parts
    database.dispose()


def request(method: str, path: str, body: object = None, **principal: Any) -> dict[str, Any]:  # noqa: ANN401 - of Principal
    usual: dict[str, Any] = {"organization_id": ORGANIZATION, "subject": "kim", "expires_at": int(time.time()) + 60}
    who = Principal(**(usual | {"may_erase": True} | principal))
    event = reading_event(path, who.to_context()) | {"httpMethod": method, "body": json.dumps(body)}
    answered = endpoint.handle(event, Context())
    return {"status": answered["statusCode"], **json.loads(answered["body"])}


def post(body: object, **principal: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    return request("POST", "/v1/erasures", body, **principal)


def report_on(erasure_id: str) -> dict[str, Any]:
    answered = request("GET", f"/v1/erasures/{erasure_id}")
    assert answered["status"] == 200
    return answered


def stores(erasure_id: str) -> dict[str, tuple[int | None, int | None]]:
    return {one["store"]: (one["found"], one["done"]) for one in report_on(erasure_id)["stores"]}


def take(bodies: list[str], seconds: float = 60) -> list[str]:
    """Deliver messages to the function; the bodies of those that it returns."""
    records = [{"messageId": str(place), "body": body} for place, body in enumerate(bodies)]
    answered = endpoint.handle({"Records": records}, Context(seconds))
    return [bodies[int(one["itemIdentifier"])] for one in answered["batchItemFailures"]]


def test_a_call_is_erased_everywhere_and_the_report_says_so(pipeline: Pipeline, parts: Parts) -> None:
    call_id = talked_to(pipeline, service_record_id=pipeline.make_service_record())
    parts.versions[VAPI_ID], parts.payloads[VAPI_ID], turns = 2, 3, pipeline.count("transcript")
    accepted = post({"call_id": call_id})
    assert accepted["status"] == 202
    assert report_on(accepted["id"])["state"] == "requested"
    assert take(parts.bodies(QUEUE)) == []
    assert CANARY not in everything(pipeline)
    assert report_on(accepted["id"])["state"] == "running", "Vapi has not answered yet"
    (asked,) = parts.bodies(REQUESTS)
    assert read_request(asked) == DeleteRequest(VAPI_ID)
    assert take([Told(VAPI_ID, Outcome.ACCEPTED).to_json()]) == []
    done = report_on(accepted["id"])
    assert (done["state"], done["requested_by"], done["scope"]) == ("done", "kim", "call_id")
    assert done["finished_at"] is not None
    assert stores(accepted["id"]) == {
        "calls": (1, 1),
        "visits": (0, 0),
        "recordings": (2, 2),
        "payloads": (3, 3),
        "vapi": (1, 1),
        **dict.fromkeys(("queues", "dead_letters", "backups"), (None, None)),
    }
    assert done["rows"]["transcript"] == turns
    assert all(one["until"] > done["requested_at"] for one in done["stores"][5:])
    items = pipeline.rows("SELECT item FROM erasure_item WHERE kind = 'vapi_call'")
    assert items == [{"item": PSEUDONYMS.of_vapi_call(VAPI_ID)}], "its id is not needed any more"


def test_a_number_takes_its_visits_along_and_is_kept_nowhere(pipeline: Pipeline, parts: Parts) -> None:
    visit = pipeline.make_service_record()
    talked_to(pipeline, service_record_id=visit)
    pipeline.make_service_record()
    accepted = post({"phone": "+1 (202) 555-0101"})
    assert "2025550101" not in str([parts.sent, pipeline.rows("SELECT * FROM erasure"), pipeline.log_lines()])
    assert take(parts.bodies(QUEUE)) == []
    assert stores(accepted["id"])["visits"] == (2, 2)
    for table in ("call", "service_record", "vapi_call"):
        assert "2025550101" not in json.dumps(pipeline.rows(f"SELECT * FROM {table}"), default=str)  # noqa: S608


def test_a_dry_run_counts_and_changes_nothing(pipeline: Pipeline, parts: Parts) -> None:
    call_id = talked_to(pipeline)
    before, turns = pipeline.call(call_id), pipeline.count("transcript")
    accepted = post({"call_id": call_id, "dry_run": True})
    assert parts.sent == []
    told = report_on(accepted["id"])
    assert (told["state"], told["dry_run"], told["rows"]["transcript"]) == ("done", True, turns)
    assert pipeline.call(call_id) == before
    assert pipeline.count("erased_call") == 0


def test_who_is_killed_half_way_is_gone_on_from_there(
    pipeline: Pipeline, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        talked_to_as(pipeline, number)
    accepted = post({"phone": "+12025550101"})
    bodies = parts.bodies(QUEUE)
    done = erasure.erase_call
    calls: list[int] = []

    def once(transaction: Any, call_id: int, pseudonyms: Any) -> Any:  # noqa: ANN401 - erase_call's
        if calls:
            raise Transient("database")
        calls.append(call_id)
        return done(transaction, call_id, pseudonyms)

    monkeypatch.setattr(erasure, "erase_call", once)
    assert take(bodies) == bodies
    assert stores(accepted["id"])["calls"] == (3, 1)
    monkeypatch.setattr(erasure, "erase_call", done)
    assert take(bodies) == []
    assert stores(accepted["id"])["calls"] == (3, 3)
    assert take(bodies) == [], "twice is harmless"
    assert len(parts.bodies(REQUESTS)) == 3


def talked_to_as(pipeline: Pipeline, number: int, **values: Any) -> int:  # noqa: ANN401 - any SQL value
    call_id = pipeline.make_call(**values)
    pipeline.send_each(report(dialled(call_id, number)))
    return call_id


def dialled(call_id: int, number: int) -> dict[str, Any]:
    return outbound(call_id, f"0197f9d4-aaaa-4000-8000-0000000000{number:02}")


def test_what_does_not_fit_into_the_time_comes_again(pipeline: Pipeline, parts: Parts) -> None:
    accepted = post({"call_id": talked_to(pipeline)})
    bodies = parts.bodies(QUEUE)
    assert take(bodies, seconds=1) == bodies
    assert stores(accepted["id"])["calls"] == (1, 0)


@pytest.mark.parametrize("bucket", ["is_bucket_there", "is_payload_bucket_there"])
def test_an_object_that_cannot_be_deleted_is_tried_again(pipeline: Pipeline, parts: Parts, bucket: str) -> None:
    accepted = post({"call_id": talked_to(pipeline)})
    setattr(parts, bucket, False)
    bodies = parts.bodies(QUEUE)
    assert take(bodies) == bodies
    assert CANARY not in everything(pipeline), "the rest is done"
    assert report_on(accepted["id"])["state"] == "running"
    setattr(parts, bucket, True)
    assert take(bodies) == []


def test_a_stack_without_a_key_says_that_vapi_was_not_asked(pipeline: Pipeline, parts: Parts) -> None:
    parts.configure(asks_vapi=False)
    accepted = post({"call_id": talked_to(pipeline)})
    assert take(parts.bodies(QUEUE)) == []
    assert parts.bodies(REQUESTS) == []
    told = report_on(accepted["id"])
    assert told["state"] == "done"
    assert "not asked" in told["stores"][4]["remains"]


def test_what_vapi_does_not_delete_makes_it_failed(
    pipeline: Pipeline, parts: Parts, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = post({"call_id": talked_to(pipeline)})
    take(parts.bodies(QUEUE))
    assert take([Told(VAPI_ID, Outcome.FAILED, "call.delete.failed").to_json()]) == []
    assert report_on(accepted["id"])["state"] == "failed"
    assert '"ErasureFailed"' in capsys.readouterr().out
    assert take([Told(VAPI_ID, Outcome.DELETED).to_json()]) == []
    assert report_on(accepted["id"])["state"] == "done", "Vapi has done it in the end"


@pytest.mark.parametrize("told", [Outcome.DELETED, Outcome.GONE, Outcome.FAILED])
def test_what_vapi_tells_by_itself_counts_though_its_answer_comes_later(
    pipeline: Pipeline, parts: Parts, told: Outcome
) -> None:
    accepted = post({"call_id": talked_to(pipeline)})
    take(parts.bodies(QUEUE))
    assert take([Told(VAPI_ID, told, "call.delete.failed").to_json()]) == []
    before = report_on(accepted["id"])
    assert before["state"] == ("failed" if told is Outcome.FAILED else "done")
    assert take([Told(VAPI_ID, Outcome.ACCEPTED).to_json()]) == []
    after = report_on(accepted["id"])
    assert (after["state"], after["stores"]) == (before["state"], before["stores"])


def test_a_deletion_stays_one_whatever_failed_before_it(pipeline: Pipeline, parts: Parts) -> None:
    accepted = post({"call_id": talked_to(pipeline)})
    take(parts.bodies(QUEUE))
    for outcome in (Outcome.DELETED, Outcome.FAILED):
        assert take([Told(VAPI_ID, outcome, "call.delete.failed").to_json()]) == []
    assert report_on(accepted["id"])["state"] == "done"


def test_a_request_that_failed_and_is_sent_again_is_done(pipeline: Pipeline, parts: Parts) -> None:
    accepted = post({"call_id": talked_to(pipeline)})
    take(parts.bodies(QUEUE))
    for outcome in (Outcome.FAILED, Outcome.ACCEPTED):
        assert take([Told(VAPI_ID, outcome, "vapi-unreadable").to_json()]) == []
    assert report_on(accepted["id"])["state"] == "done"


def test_a_call_whose_id_is_stored_in_both_cases_is_asked_for_once(pipeline: Pipeline, parts: Parts) -> None:
    call_id = talked_to(pipeline)
    pipeline.database.run("UPDATE call SET vapi_call_id = :id", id=VAPI_ID.upper())
    accepted = post({"call_id": call_id})
    assert take(parts.bodies(QUEUE)) == []
    assert [read_request(one) for one in parts.bodies(REQUESTS)] == [DeleteRequest(VAPI_ID)]
    assert take([Told(VAPI_ID, Outcome.ACCEPTED).to_json()]) == []
    assert report_on(accepted["id"])["state"] == "done"


def test_a_call_of_vapis_is_found_in_capitals_and_its_row_with_it(pipeline: Pipeline, parts: Parts) -> None:
    call_id = talked_to(pipeline)
    accepted = post({"vapi_call_id": f" {VAPI_ID.upper()}"})
    assert take(parts.bodies(QUEUE)) == []
    assert stores(accepted["id"])["calls"] == (1, 1)
    assert pipeline.call(call_id)["customer_number"] == ERASED


def test_what_vapi_deletes_is_erased_if_the_stack_says_so(pipeline: Pipeline, parts: Parts) -> None:
    call_id = talked_to(pipeline)
    assert take([Told(VAPI_ID, Outcome.DELETED).to_json()]) == []
    assert pipeline.count("erasure") == 0
    parts.configure(erases=True)
    for _ in range(2):
        assert take([Told(VAPI_ID, Outcome.DELETED).to_json()]) == []
    (made,) = pipeline.rows("SELECT requested_by, scope FROM erasure")
    assert made == {"requested_by": "vapi", "scope": "vapi_call_id"}
    assert take(parts.bodies(QUEUE)) == []
    assert pipeline.call(call_id)["customer_number"] == ERASED


def test_a_copy_that_was_made_too_late_is_deleted(parts: Parts) -> None:
    parts.versions[VAPI_ID] = 1
    assert take([Copied(VAPI_ID).to_json()]) == []
    assert parts.versions == {}


def test_a_call_of_vapis_that_nobody_knows_stays_unknown(pipeline: Pipeline, parts: Parts) -> None:
    pipeline.own("phone-number-1")
    answered = endpoint.handle({"erase": {"vapi_call_id": VAPI_ID}}, Context())
    pipeline.send(status("in-progress", inbound(), 1))
    assert pipeline.count("call") == 0
    delayed = [seconds for _, _, seconds in parts.sent]
    assert sorted(delayed) == [0, run.LOOK_AGAIN_SECONDS]
    assert take(parts.bodies(QUEUE)) == []
    assert len(parts.bodies(REQUESTS)) == 1
    assert endpoint.handle({"erasure_id": answered["id"]}, Context())["state"] == "running"


@pytest.mark.usefixtures("parts")
def test_a_row_that_was_made_meanwhile_is_erased_by_the_second_look(pipeline: Pipeline) -> None:
    pipeline.own("phone-number-1")
    pipeline.send(status("in-progress", inbound(), 1))
    (call_id,) = pipeline.database.run("SELECT id FROM call")[0]
    answered = endpoint.handle({"erase": {"vapi_call_id": SECOND_DIAL}}, Context())
    assert take([Work(answered["id"], VAPI_ID).to_json()]) == []
    assert pipeline.call(call_id)["customer_number"] == ERASED


@pytest.mark.parametrize("asks_vapi", [True, False])
def test_a_second_look_that_finds_a_row_after_vapi_has_answered_is_done_as_well(
    pipeline: Pipeline, parts: Parts, asks_vapi: bool
) -> None:
    parts.configure(asks_vapi=asks_vapi)
    pipeline.own("phone-number-1")
    answered = endpoint.handle({"erase": {"vapi_call_id": VAPI_ID}}, Context())
    work, look = Work(answered["id"]).to_json(), Work(answered["id"], VAPI_ID).to_json()
    assert sorted(parts.bodies(QUEUE)) == sorted([work, look])
    assert take([work]) == []
    assert take([Told(VAPI_ID, Outcome.ACCEPTED).to_json()]) == []
    tombstones = pipeline.rows("SELECT * FROM erased_call")
    pipeline.database.run("DELETE FROM erased_call")
    pipeline.send(status("in-progress", inbound(), 1))
    (made,) = pipeline.rows("SELECT id FROM call")
    assert len(tombstones) == 1, "the row's batch began before it was there"
    assert take([look]) == []
    assert pipeline.call(made["id"])["customer_number"] == ERASED
    assert endpoint.handle({"erasure_id": answered["id"]}, Context())["state"] == "done"
    items = pipeline.rows("SELECT item FROM erasure_item WHERE kind = 'vapi_call'")
    assert items == [{"item": PSEUDONYMS.of_vapi_call(VAPI_ID)}]


def test_a_dry_run_stands_in_no_ones_way_and_keeps_no_id_of_vapis(pipeline: Pipeline, parts: Parts) -> None:
    parts.configure(erases=True)
    endpoint.handle({"erase": {"vapi_call_id": VAPI_ID, "dry_run": True}}, Context())
    assert VAPI_ID not in json.dumps(pipeline.rows("SELECT * FROM erasure_item"), default=str)
    call_id = talked_to(pipeline)
    assert take([Told(VAPI_ID, Outcome.DELETED).to_json()]) == []
    assert take(parts.bodies(QUEUE)) == []
    assert pipeline.call(call_id)["customer_number"] == ERASED


WAYS: Final = ("+12025550101", "2025550101", "12025550101", "0012025550101", "011 1 202-555-0101", "(202) 555-0101")


@pytest.mark.parametrize("given", [*WAYS, "1.202.555.0101", "+1\u00a0202\u00a0555\u00a00101", "+1/202/5550101"])
@pytest.mark.parametrize("stored", WAYS)
def test_a_number_is_found_in_whatever_way_it_is_given_and_stored(
    pipeline: Pipeline, parts: Parts, given: str, stored: str
) -> None:
    call_id, other = pipeline.make_call(customer_number=stored), pipeline.make_call(customer_number="+12025550109")
    assert post({"phone": given})["status"] == 202
    assert take(parts.bodies(QUEUE)) == []
    assert pipeline.call(call_id)["customer_number"] == ERASED
    assert pipeline.call(other)["customer_number"] == "+12025550109"


def test_a_number_that_only_an_attempt_had_takes_its_call_along(pipeline: Pipeline, parts: Parts) -> None:
    pipeline.add_other_organization()
    redialled = talked_to(pipeline, customer_number="(303) 555-0107")
    elsewhere = talked_to_as(pipeline, 9, customer_number="+13035550108")
    pipeline.database.run(
        "UPDATE call SET organization_id = :id WHERE id = :call", id=OTHER_ORGANIZATION, call=elsewhere
    )
    pipeline.database.run("UPDATE vapi_call SET customer_number = '+12025550101'")
    post({"phone": "202-555-0101"})
    assert take(parts.bodies(QUEUE)) == []
    assert pipeline.call(redialled)["customer_number"] == ERASED
    assert pipeline.call(elsewhere)["customer_number"] == "+13035550108", "another organization's"
    assert "2025550101" not in json.dumps(pipeline.facts(redialled), default=str)


def test_a_call_of_another_organization_stays_though_it_names_the_visit(pipeline: Pipeline, parts: Parts) -> None:
    pipeline.add_other_organization()
    visit = pipeline.make_service_record()
    elsewhere = {"organization_id": OTHER_ORGANIZATION, "customer_number": "+13035550108"}
    own, other = (pipeline.make_call(service_record_id=visit, **values) for values in ({}, elsewhere))
    post({"phone": "+12025550101"})
    assert take(parts.bodies(QUEUE)) == []
    assert pipeline.call(own)["customer_number"] == ERASED
    assert pipeline.call(other)["customer_number"] == "+13035550108"


def test_ten_digits_with_another_countrys_code_are_no_number_of_north_america(pipeline: Pipeline, parts: Parts) -> None:
    own, other = pipeline.make_call(customer_number="+4532555010"), pipeline.make_call(customer_number="+14532555010")
    post({"phone": "+45 32 55 50 10"})
    assert take(parts.bodies(QUEUE)) == []
    assert pipeline.call(own)["customer_number"] == ERASED
    assert pipeline.call(other)["customer_number"] == "+14532555010"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"call_id": 1, "phone": "+12025550101"}, None),
        ({"call_id": "one"}, "call_id"),
        ({"call_id": True}, "call_id"),
        ({"vapi_call_id": 7}, "vapi_call_id"),
        ({"phone": "0101"}, "phone"),
        ({"phone": "someone"}, "phone"),
        ({"phone": 12025550101}, "phone"),
        ({"phone": "+12025550101", "dry_run": "yes"}, "dry_run"),
        ({"number": "+12025550101"}, "number"),
    ],
)
@pytest.mark.usefixtures("parts")
def test_a_request_that_cannot_be_read_names_the_field(body: object, field: str | None) -> None:
    answered = post(body)
    assert answered["status"] == 400
    assert answered["error"].get("field") == field


def test_nobody_erases_without_the_right_or_bounded_or_elsewhere(pipeline: Pipeline, parts: Parts) -> None:
    call_id = talked_to(pipeline)
    assert post({"call_id": call_id}, may_erase=False)["status"] == 403
    assert post({"call_id": call_id}, advisor_id=7)["status"] == 403
    assert post({"call_id": call_id}, organization_id=OTHER_ORGANIZATION)["status"] == 404
    assert post({"vapi_call_id": VAPI_ID}, organization_id=OTHER_ORGANIZATION)["status"] == 404
    assert parts.sent == []
    accepted = post({"call_id": call_id})
    path = f"/v1/erasures/{accepted['id']}"
    assert request("GET", path, organization_id=OTHER_ORGANIZATION)["status"] == 404
    assert request("GET", path, may_erase=False)["status"] == 403
    assert request("GET", "/v1/erasures/none")["status"] == 404


def test_erasures_whose_message_was_lost_are_queued_anew(pipeline: Pipeline, parts: Parts) -> None:
    accepted = post({"call_id": talked_to(pipeline)})
    parts.sent.clear()
    assert endpoint.handle({"source": "aws.events"}, Context()) == {"queued": 1, "expired": {}}
    assert [json.loads(body)["erasure_id"] for body in parts.bodies(QUEUE)] == [accepted["id"]]


def test_a_restored_database_is_erased_again(pipeline: Pipeline, parts: Parts) -> None:
    visit = pipeline.make_service_record()
    call_id = talked_to(pipeline, service_record_id=visit)
    post({"phone": "+12025550101"})
    take(parts.bodies(QUEUE))
    exported = json.loads(json.dumps(endpoint.handle({"export": ""}, Context())))
    assert exported["after"] is None
    pipeline.database.run("DELETE FROM erased_call; DELETE FROM erasure")
    pipeline.database.run("UPDATE call SET customer_number = '+12025550101', feedback_summary = 'canary'")
    pipeline.database.run("UPDATE service_record SET customer_name = 'canary'")
    assert endpoint.handle({"replay": exported}, Context()) == {"calls": 1, "visits": 1}
    assert CANARY not in everything(pipeline)
    pipeline.send(status("ended", inbound(), 60))
    assert pipeline.call(call_id)["customer_number"] == ERASED


def export() -> dict[str, Any]:
    return json.loads(json.dumps(endpoint.handle({"export": ""}, Context())))  # type: ignore[no-any-return]


def test_what_was_given_a_number_after_its_erasure_stays_in_a_restored_database(
    pipeline: Pipeline, parts: Parts
) -> None:
    visit = pipeline.make_service_record()
    call_id = talked_to(pipeline, service_record_id=visit)
    post({"phone": "+12025550101"})
    take(parts.bodies(QUEUE))
    pipeline.database.run("UPDATE call SET customer_number = '+12025550199'")
    pipeline.database.run("UPDATE service_record SET customer_name = 'Testa Placeholder'")
    pipeline.send(*said_of(call_id, SECOND_DIAL)[-1:])
    before = everything(pipeline)
    assert endpoint.handle({"replay": export()}, Context()) == {"calls": 0, "visits": 0}
    assert everything(pipeline) == before


def test_what_was_erased_once_more_since_then_goes(pipeline: Pipeline, parts: Parts) -> None:
    visit = pipeline.make_service_record()
    talked_to(pipeline, service_record_id=visit)
    post({"phone": "+12025550101"})
    take(parts.bodies(QUEUE))
    later = export()
    for one in (*later["tombstones"], *later["visits"]):
        one[-1] = one[-1].replace("20", "21", 1)
    pipeline.database.run("UPDATE call SET customer_number = '+12025550199'")
    pipeline.database.run("UPDATE service_record SET customer_name = 'canary'")
    assert endpoint.handle({"replay": later}, Context()) == {"calls": 1, "visits": 1}
    assert CANARY not in everything(pipeline)
    assert "2025550199" not in everything(pipeline)


def test_a_replay_that_is_killed_goes_on_with_what_is_left(
    pipeline: Pipeline, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_ids = [talked_to_as(pipeline, number) for number in range(3)]
    post({"phone": "+12025550101"})
    take(parts.bodies(QUEUE))
    saved = export()
    pipeline.database.run("DELETE FROM erased_call; DELETE FROM erasure")
    pipeline.database.run("UPDATE call SET customer_number = '+12025550101'")
    done = erasure.erase_call
    erased: list[int] = []

    def once(transaction: Any, call_id: int, pseudonyms: Any) -> Any:  # noqa: ANN401 - erase_call's
        if erased:
            raise Transient("database")
        erased.append(call_id)
        return done(transaction, call_id, pseudonyms)

    monkeypatch.setattr(erasure, "erase_call", once)
    with pytest.raises(Transient):
        run.replay(parts, saved["tombstones"], saved["visits"])
    assert pipeline.count("erased_call") == len(saved["tombstones"]), "nothing late is taken from now on"
    monkeypatch.setattr(erasure, "erase_call", done)
    assert run.replay(parts, saved["tombstones"], saved["visits"])["calls"] == len(call_ids) - 1
    assert {row["customer_number"] for row in pipeline.rows("SELECT customer_number FROM call")} == {ERASED}
    times = pipeline.rows("SELECT erased_at FROM erased_call WHERE erased_at < '2000-01-01'")
    assert times == []
