"""What people do about follow-ups: POST, PATCH and the schedule, as the role that may write nothing else."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from autopulse.follow_ups import endpoint
from autopulse.follow_ups.services import Services
from local.events import reading_event
from local.postgres import WRITER
from tests.contract.stack import ROOT
from tests.harness import engine_for
from tests.integration.bodies import outbound, report
from tests.integration.pipeline import ORGANIZATION, OTHER_ORGANIZATION, Pipeline

Answer = tuple[int, dict[str, Any]]
NOTE: Final = "Nobody else should read this."


class Bus:
    """EventBridge, which takes everything."""

    def __init__(self) -> None:
        self.entries: list[Mapping[str, Any]] = []

    def put_events(self, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
        self.entries += given["Entries"]
        return {"Entries": [{} for _ in given["Entries"]], "FailedEntryCount": 0}


class Writers:
    """People who change follow-ups by requests."""

    def __init__(self, pipeline: Pipeline, bus: Bus) -> None:
        self.pipeline, self.bus = pipeline, bus

    def send(self, method: str, path: str, body: Any = None, **about: Any) -> Answer:  # noqa: ANN401 - any JSON
        context = {
            "organization_id": about.get("organization", ORGANIZATION),
            "subject": about.get("subject", "kim"),
            "name": "Kim Example",
            "expires_at": str(int(time.time()) + 60),
            "may_write": about.get("may_write", "true"),
        } | about.get("who", {})
        version = about.get("version")
        event = reading_event(path, context) | {"httpMethod": method}
        event["headers"] = {} if version is None else {"if-match": version}
        event["body"] = body if isinstance(body, str) or body is None else json.dumps(body)
        answer = endpoint.handle(event)
        assert answer["headers"]["cache-control"] == "no-store"
        return answer["statusCode"], json.loads(answer["body"])

    def open(self, call_id: int, body: Any = None, **about: Any) -> Answer:  # noqa: ANN401 - any JSON
        return self.send("POST", f"/v1/calls/{call_id}/follow-up", body, **about)

    def change(self, id_: int, version: int, organization: str = ORGANIZATION, **given: Any) -> Answer:  # noqa: ANN401 - any JSON
        return self.send("PATCH", f"/v1/follow-ups/{id_}", given, version=f'"{version}"', organization=organization)

    def row(self, id_: int) -> dict[str, Any]:
        return self.pipeline.row("SELECT * FROM follow_up WHERE id = :id", id=id_)

    def entries(self, id_: int) -> list[dict[str, Any]]:
        return self.pipeline.rows("SELECT * FROM follow_up_entry WHERE follow_up_id = :id ORDER BY id", id=id_)

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [(entry["DetailType"], json.loads(entry["Detail"])) for entry in self.bus.entries]


@pytest.fixture
def writers(pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writers]:
    """Each thread is a container of its own."""
    bus, made, local = Bus(), list[Services](), threading.local()

    def of_this_container() -> Services:
        if not hasattr(local, "services"):
            local.services = Services()
            vars(local.services).update(events=bus, engine=engine_for(module_database_url, WRITER))
            made.append(local.services)
        services: Services = local.services
        return services

    monkeypatch.setenv("EVENT_BUS_NAME", "bus-of-tests")
    monkeypatch.setattr(endpoint, "container_services", of_this_container)
    yield Writers(pipeline, bus)
    for services in made:
        services.engine.dispose()


@pytest.fixture
def opened(writers: Writers) -> int:
    """An automatic follow-up."""
    call_id = writers.pipeline.make_call()
    writers.pipeline.send_each(report(outbound(call_id), analysis={"structuredData": {"nps_score": 3}}))
    return int(writers.pipeline.row("SELECT id FROM follow_up")["id"])


def test_a_person_opens_one(writers: Writers) -> None:
    advisor = writers.pipeline.insert('"user"', id=7, name="Avery Example", organization_id=ORGANIZATION)
    visit = writers.pipeline.make_service_record(service_advisor_id=advisor)
    call_id = writers.pipeline.make_call(service_record_id=visit)
    status, made = writers.open(call_id, {"note": NOTE})
    assert status == 201
    assert (made["trigger"], made["state"], made["version"], made["note"]) == ("manual", "open", 1, NOTE)
    assert (made["assignee_id"], made["assignee_name"], made["overdue"]) == (7, "Avery Example", False)
    assert made["due_at"] > made["opened_at"]
    (entry,) = writers.entries(made["id"])
    assert (entry["actor_subject"], entry["actor_name"], entry["action"]) == ("kim", "Kim Example", "opened")
    ((type_, detail),) = writers.told()
    assert type_ == "FollowUpOpened"
    assert NOTE not in json.dumps(detail)


def test_the_advisor_of_a_visit_of_another_organization_is_not_named(writers: Writers) -> None:
    writers.pipeline.add_other_organization()
    visit = writers.pipeline.make_service_record(
        organization_id=OTHER_ORGANIZATION, service_advisor_name="Blake Example"
    )
    _, made = writers.open(writers.pipeline.make_call(service_record_id=visit))
    assert (made["assignee_id"], made["assignee_name"]) == (None, None)


def test_a_second_one_is_a_conflict_with_the_one_that_is_there(writers: Writers, opened: int) -> None:
    call_id = writers.row(opened)["call_id"]
    status, body = writers.open(call_id)
    assert (status, body["error"]["code"]) == (409, "conflict")
    assert (body["follow_up"]["id"], body["follow_up"]["trigger"]) == (opened, "score")
    assert writers.told() == []


def test_the_way_of_one(writers: Writers, opened: int) -> None:
    writers.pipeline.insert('"user"', id=7, name="Avery Example", organization_id=ORGANIZATION)
    status, taken = writers.change(opened, 1, state="acknowledged", assignee_id=7)
    assert status == 200
    assert (taken["version"], taken["state"], taken["assignee_name"]) == (2, "acknowledged", "Avery Example")
    assert taken["acknowledged_at"] is not None
    status, solved = writers.change(opened, 2, state="resolved", cause="wait", note=NOTE)
    assert (status, solved["version"], solved["cause"], solved["resolved_at"] is None) == (200, 3, "wait", False)
    status, again = writers.change(opened, 3, state="open")
    assert (status, again["version"]) == (200, 4)
    assert again["acknowledged_at"] is again["resolved_at"] is None
    assert again["due_at"] > taken["due_at"]
    assert again["overdue"] is False
    assert [(entry["from_state"], entry["to_state"]) for entry in writers.entries(opened)] == [
        (None, "open"),
        ("open", "acknowledged"),
        ("acknowledged", "resolved"),
        ("resolved", "open"),
    ]
    assert writers.entries(opened)[1]["changes"] == {"assignee_id": [None, 7]}
    assert writers.entries(opened)[2]["note"] == NOTE
    told = writers.told()
    assert [(type_, detail["changed"]["state"], detail["changed"]["version"]) for type_, detail in told] == [
        ("FollowUpChanged", "acknowledged", 2),
        ("FollowUpChanged", "resolved", 3),
        ("FollowUpChanged", "open", 4),
    ]
    assert NOTE not in json.dumps(told)


def test_events_are_of_their_schema(writers: Writers, opened: int) -> None:
    writers.change(opened, 1, state="acknowledged")
    writers.open(writers.pipeline.make_call())
    endpoint.handle({"source": "aws.events"})
    assert {type_ for type_, _ in writers.told()} == {"FollowUpChanged", "FollowUpOpened", "FollowUpOverdue"}
    for type_, detail in writers.told():
        schema = json.loads((ROOT / f"docs/events/{type_}.schema.json").read_text())
        Draft202012Validator(schema).validate(detail)


def test_who_was_slower_gets_the_one_that_is_there(writers: Writers, opened: int) -> None:
    writers.change(opened, 1, state="acknowledged")
    before = writers.row(opened)
    status, body = writers.change(opened, 1, state="dismissed")
    assert (status, body["error"]["code"]) == (412, "precondition_failed")
    assert (body["follow_up"]["state"], body["follow_up"]["version"]) == ("acknowledged", 2)
    assert writers.row(opened) == before
    assert len(writers.told()) == 1


def test_of_many_at_once_one_wins(writers: Writers, opened: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: writers.change(opened, 1, state="acknowledged")[0], range(8)))
    assert sorted(answers) == [200] + [412] * 7
    assert writers.row(opened)["version"] == 2
    assert len(writers.entries(opened)) == 2


@pytest.mark.parametrize(
    ("version", "status"),
    [
        *[(None, 428), ("", 428), ("1", 400), ("*", 400), ('W/"1"', 400), ('"0"', 400), ('"-1"', 400), ('"01"', 400)],
        *[('"1", "2"', 400), ('"\N{FULLWIDTH DIGIT ONE}"', 400), ('"1.0"', 400), ('"9"', 412)],
        *[('"9999999999"', 412), ('"10000000000"', 412), (f'"1{"0" * 8_000}"', 412)],
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_change_names_its_version(writers: Writers, opened: int, version: str | None, status: int) -> None:
    answer = writers.send("PATCH", f"/v1/follow-ups/{opened}", {"state": "acknowledged"}, version=version)
    assert answer[0] == status
    assert writers.row(opened)["version"] == 1


@pytest.mark.parametrize(
    ("start", "to", "status"),
    [
        *(("open", to, 200) for to in ("acknowledged", "dismissed", "resolved")),
        *(("acknowledged", to, 200) for to in ("open", "dismissed", "resolved")),
        *((closed, "open", 200) for closed in ("resolved", "dismissed")),
        *((closed, to, 422) for closed in ("resolved", "dismissed") for to in ("acknowledged",)),
        *([("resolved", "dismissed", 422), ("dismissed", "resolved", 422)]),
    ],
)
def test_every_transition(writers: Writers, opened: int, start: str, to: str, status: int) -> None:
    writers.pipeline.database.run("UPDATE follow_up SET state = :state, cause = 'wait'", state=start)
    assert writers.change(opened, 1, state=to)[0] == status
    assert writers.row(opened)["state"] == (to if status == 200 else start)


def test_one_is_taken_by_who_takes_it(writers: Writers, opened: int) -> None:
    for id_, email in ((7, "avery@example.com"), (8, "blake@example.com")):
        writers.pipeline.insert('"user"', id=id_, name=f"User {id_}", email=email, organization_id=ORGANIZATION)

    def take(version: int, **who: str) -> Answer:
        path, body = f"/v1/follow-ups/{opened}", {"state": "acknowledged", "assignee_id": "me"}
        return writers.send("PATCH", path, body, version=f'"{version}"', who=who)

    assert take(1)[0] == take(1, email="nobody@example.com")[0] == take(1, user_id="9")[0] == 422
    assert writers.row(opened)["version"] == 1
    status, taken = take(1, email="Avery@example.com")
    assert (status, taken["assignee_id"], taken["assignee_name"]) == (200, 7, "User 7")
    assert take(2, user_id="8")[1]["assignee_name"] == "User 8"


def test_answers_are_counted_in_time_or_late(writers: Writers, opened: int, capsys: pytest.CaptureFixture[str]) -> None:
    def counted() -> list[str]:
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line["reason"] for line in lines if "FollowUpAnswered" in line]

    writers.change(opened, 1, note="Not an answer yet.")
    assert counted() == []
    writers.change(opened, 2, state="acknowledged")
    assert counted() == ["late"], "the report is of long ago"
    writers.change(opened, 3, state="dismissed")
    assert counted() == []
    writers.change(opened, 4, state="open")
    writers.change(opened, 5, state="dismissed")
    assert counted() == ["in_time"], "reopened, it has its time once more"


def test_the_schedule_tells_how_many_are_unanswered(
    writers: Writers, opened: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened
    writers.open(writers.pipeline.make_call())
    late = writers.open(writers.pipeline.make_call())[1]["id"]
    writers.change(late, 1, state="acknowledged")
    writers.pipeline.database.run("UPDATE follow_up SET due_at = now() - interval '1 hour' WHERE id = :id", id=late)
    capsys.readouterr()
    endpoint.handle({"source": "aws.events"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = {line["reason"]: line["FollowUpUnanswered"] for line in lines if "FollowUpUnanswered" in line}
    assert found == {"open": [2], "overdue": [2]}


def test_who_is_bounded_to_an_advisor_changes_nothing_of_others(writers: Writers) -> None:
    for id_ in (7, 8):
        writers.pipeline.insert('"user"', id=id_, name=f"User {id_}", organization_id=ORGANIZATION)
    visits = [writers.pipeline.make_service_record(service_advisor_id=id_) for id_ in (7, 8)]
    own, other = (writers.pipeline.make_call(service_record_id=visit) for visit in visits)
    who = {"advisor_id": "7"}
    assert [writers.open(call_id, who=who)[0] for call_id in (own, other)] == [201, 404]
    kept = [writers.pipeline.row("SELECT id FROM follow_up WHERE call_id = :id", id=own)["id"]]
    kept.append(writers.open(other)[1]["id"])
    assert writers.open(other, who=who) == writers.open(2147483647, who=who), "and not a conflict"
    answers = [
        writers.send("PATCH", f"/v1/follow-ups/{id_}", {"note": "x"}, version='"1"', who=who) for id_ in (*kept, 999999)
    ]
    assert [status for status, _ in answers] == [200, 404, 404]
    assert answers[1] == answers[2]
    assert [writers.row(id_)["version"] for id_ in kept] == [2, 1]
    assert {detail["advisor_id"] for _, detail in writers.told()} == {7, 8}


def test_to_resolve_one_needs_a_cause(writers: Writers, opened: int) -> None:
    status, body = writers.change(opened, 1, state="resolved")
    assert (status, body["error"]["field"]) == (422, "cause")
    assert writers.change(opened, 1, cause="wait")[0] == 200
    assert writers.change(opened, 2, state="resolved")[0] == 200
    assert writers.change(opened, 3, cause=None)[0] == 422


def test_a_change_of_nothing_makes_no_version(writers: Writers, opened: int) -> None:
    assert writers.change(opened, 1, state="open", note=" ")[1]["version"] == 1
    assert len(writers.entries(opened)) == 1
    assert writers.told() == []


def test_who_may_only_read_changes_nothing(writers: Writers, opened: int) -> None:
    for may_write in ("false", "", None):
        call_id = writers.pipeline.make_call()
        assert writers.open(call_id, may_write=may_write)[0] == 403
        answer = writers.send("PATCH", f"/v1/follow-ups/{opened}", {"note": "x"}, version='"1"', may_write=may_write)
        assert answer[0] == 403
    assert writers.row(opened)["version"] == 1


def test_another_organization_has_none_of_it(writers: Writers, opened: int) -> None:
    writers.pipeline.add_other_organization()
    call_id = writers.pipeline.make_call()
    assert writers.change(opened, 1, OTHER_ORGANIZATION, state="acknowledged")[0] == 404
    assert writers.open(call_id, organization=OTHER_ORGANIZATION)[0] == 404
    assert writers.open(writers.row(opened)["call_id"], organization=OTHER_ORGANIZATION)[0] == 404
    writers.pipeline.insert('"user"', id=8, name="Blake Example", organization_id=OTHER_ORGANIZATION)
    assert writers.change(opened, 1, assignee_id=8)[0] == 422
    assert writers.row(opened)["version"] == 1


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        '{"version": 3}',
        '{"state": "gone"}',
        '{"state": null}',
        '{"assignee_id": "7"}',
        '{"assignee_id": true}',
        '{"assignee_id": 0}',
        '{"cause": 3}',
        json.dumps({"cause": "x" * 101}),
        json.dumps({"note": "x" * 4_001}),
        "[" * 100_000,
        *('{"assignee_id": NaN}', '{"assignee_id": 1e999}', '{"cause": -Infinity}', '{"note": [1e999]}'),
        *('{"note": "a", "note": "b"}', '{"state": "dismissed", "cause": null, "state": "open"}'),
        *('{"no\\u0000te": "x"}', '{"\\ud800": 1}', '{"note": {"a": 1, "a": 2}}'),
        json.dumps({"note": "x" * 1_000_000}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_meant_is_refused(writers: Writers, opened: int, body: str | None) -> None:
    writers.pipeline.database.run("UPDATE follow_up SET cause = 'wait', assignee_name = 'Avery', note = 'Kept'")
    before = writers.row(opened)
    status, _ = writers.send("PATCH", f"/v1/follow-ups/{opened}", body, version='"1"')
    assert status in {400, 413}
    assert writers.row(opened) == before


def test_a_field_that_is_given_twice_is_named(writers: Writers, opened: int) -> None:
    body = '{"cause": "wait", "note": "a", "cause": "price"}'
    status, answer = writers.send("PATCH", f"/v1/follow-ups/{opened}", body, version='"1"')
    assert (status, answer["error"]["field"]) == (400, "cause")
    status, answer = writers.open(writers.pipeline.make_call(), '{"note": "a", "note": "a"}')
    assert (status, answer["error"]["field"]) == (400, "note")


def test_a_note_has_what_postgres_takes(writers: Writers, opened: int) -> None:
    assert writers.change(opened, 1, note="a\x00b\ud800c")[0] == 200
    assert writers.row(opened)["note"].startswith("ab")


@pytest.mark.usefixtures("opened")
def test_what_is_late_is_told_once(writers: Writers) -> None:
    for state in ("acknowledged", "resolved", "dismissed"):
        _, made = writers.open(writers.pipeline.make_call())
        writers.pipeline.database.run(
            "UPDATE follow_up SET state = :state, cause = 'wait', due_at = now() - interval '1 hour' WHERE id = :id",
            state=state,
            id=made["id"],
        )
    writers.open(writers.pipeline.make_call())  # there is time for this one
    writers.bus.entries.clear()
    assert endpoint.handle({"source": "aws.events"}) == {"overdue": 2}
    assert endpoint.handle({"source": "aws.events"}) == {"overdue": 0}
    assert [(type_, detail["changed"]["state"]) for type_, detail in writers.told()] == [
        ("FollowUpOverdue", "open"),
        ("FollowUpOverdue", "acknowledged"),
    ]


def test_one_that_was_reopened_may_be_late_again(writers: Writers, opened: int) -> None:
    endpoint.handle({"source": "aws.events"})
    writers.change(opened, 1, state="dismissed")
    writers.change(opened, 2, state="open")
    assert endpoint.handle({"source": "aws.events"}) == {"overdue": 0}
    writers.pipeline.database.run("UPDATE follow_up SET due_at = now() - interval '1 hour'")
    assert endpoint.handle({"source": "aws.events"}) == {"overdue": 1}


def test_a_path_that_is_none_of_these(writers: Writers) -> None:
    for path in ("/v1/follow-ups/x", "/v1/follow-ups/0", "/v1/follow-ups/99999999999", "/v1/follow-ups/2147483648"):
        assert writers.send("PATCH", path, {"note": "x"}, version='"1"')[0] == 404


def test_a_change_on_a_connection_that_the_server_has_closed_is_done(writers: Writers, opened: int) -> None:
    assert writers.change(opened, 1, note="before")[0] == 200
    ended = writers.pipeline.rows(
        "SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE usename = :role", role=WRITER
    )
    assert ended
    status, changed = writers.change(opened, 2, note=NOTE)
    assert (status, changed["note"], changed["version"]) == (200, NOTE, 3)
