"""Every failure has the same shape, and says no more than it should."""

import json
from collections.abc import Callable
from typing import Any

import pg8000.exceptions
import pytest
from sqlalchemy.exc import ProgrammingError

from autopulse.api import calls, database
from autopulse.api.resolver import ROUTES
from local.events import reading_event
from tests.harness import engine_for
from tests.integration.api.client import OURS, Api

CONTEXT = {"organization_id": OURS, "subject": "reader", "expires_at": "4102444800"}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/calls", {"limit": "0"}, "limit"),
        ("/calls", {"limit": "201"}, "limit"),
        ("/calls", {"limit": "ten"}, "limit"),
        ("/calls", {"status": "x" * 21}, "status"),
        ("/calls", {"status": ""}, "status"),
        ("/calls", {"outcome": "happy"}, "outcome"),
        ("/calls", {"direction": "sideways"}, "direction"),
        ("/calls", {"demo": "perhaps"}, "demo"),
        ("/calls", {"campaign": "0"}, "campaign"),
        ("/calls", {"campaign": "2147483648"}, "campaign"),
        ("/calls", {"campaign": "one"}, "campaign"),
        ("/calls", {"from": "yesterday"}, "from"),
        ("/calls", {"from": "2026-11-02T15:00:00"}, "from"),
        ("/calls", {"to": "2026-11-02"}, "to"),
        ("/calls", {"from": "2026"}, "from"),
        ("/calls/count", {"to": "1793631600"}, "to"),
        ("/feedback", {"to": " -1.5"}, "to"),
        ("/feedback/summary", {"from": "20261102"}, "from"),
        ("/calls", {"order": "random"}, "order"),
        ("/calls", {"customer": "!?"}, "customer"),
        ("/calls", {"customer": "0 1"}, "customer"),
        ("/calls", {"customer": "x" * 101}, "customer"),
        ("/calls", {"cursor": "nonsense"}, "cursor"),
        ("/calls", {"cursor": "x" * 201}, "cursor"),
        ("/calls", {"stauts": "Ended"}, "stauts"),
        ("/calls.csv", {"limit": "5001"}, "limit"),
        ("/calls/abc", {}, "call_id"),
        ("/calls/0", {}, "call_id"),
        ("/calls/2147483648/transcript", {}, "call_id"),
        ("/calls/1/recording", {"download": "1"}, "download"),
        ("/feedback", {"nps_category": "angry"}, "nps_category"),
        ("/feedback", {"text": "..."}, "text"),
        ("/pings/xyz", {}, "event_id"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, path: str, query: dict[str, str], field: str) -> None:
    answer = api.send(reading_event(f"/v1{path}", CONTEXT, **query))
    assert answer.status == 400
    assert answer.error["code"] == "bad_request"
    assert answer.error["field"] == field
    assert answer.error["message"]


def test_a_parameter_given_twice_is_refused(api: Api) -> None:
    event = reading_event("/v1/calls", CONTEXT, status="Ended")
    event["multiValueQueryStringParameters"]["status"] = ["Ended", "Completed"]
    assert api.send(event).error["field"] == "status"


def test_the_characters_that_postgres_refuses(api: Api) -> None:
    for value in ("a\x00b", "a\ud800b"):
        assert api.send(reading_event("/v1/calls", CONTEXT, status=value)).status == 400
        assert api.send(reading_event("/v1/calls", CONTEXT, advisor=value)).status == 400
        assert api.send(reading_event("/v1/calls", CONTEXT, customer=value)).status in {200, 400}
    assert api.get("/calls").status == 200


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/call", "/v1/calls/1/x", "/v2/calls", "/v1//calls"])
def test_a_path_that_does_not_exist(api: Api, path: str) -> None:
    answer = api.send(reading_event(path, CONTEXT))
    assert (answer.status, answer.error["code"]) == (404, "not_found")


def test_a_slash_at_the_end_is_nothing(api: Api) -> None:
    assert api.get("/calls/", status="Ended").json == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_everything_is_only_read(api: Api, method: str) -> None:
    for rule in ROUTES:
        path = rule.replace("<call_id>", "7").replace("<event_id>", "a" * 64).replace("<follow_up_id>", "7")
        answer = api.send(reading_event(path, CONTEXT) | {"httpMethod": method})
        assert (answer.status, answer.error["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == "GET"
    assert api.send(reading_event("/v1/nowhere", CONTEXT) | {"httpMethod": method}).status == 404


@pytest.mark.parametrize("rule", ROUTES)
@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"organization_id": "", "expires_at": "4102444800"},
        {"organization_id": "%", "expires_at": "4102444800"},
        {"organization_id": OURS, "expires_at": "1000000000"},
        {"organization_id": OURS},
    ],
)
def test_no_route_answers_without_the_authorizers_word(api: Api, rule: str, context: dict[str, str] | None) -> None:
    path = rule.replace("<call_id>", "7").replace("<event_id>", "a" * 64).replace("<follow_up_id>", "7")
    answer = api.send(reading_event(path, context))
    assert (answer.status, answer.error["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_connection_that_was_closed_meanwhile_is_made_anew(api: Api) -> None:
    call = api.call()
    assert api.ids("/calls") == [call]
    api.database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert api.ids("/calls") == [call]


def test_a_database_that_is_not_there_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(api.services), "engine", engine_for("postgresql://nobody:x@127.0.0.1:1/none"))
    answer = api.get("/calls")
    assert (answer.status, answer.error["code"]) == (503, "unavailable")


def test_a_database_that_takes_too_long_is_503_within_the_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MOST_SECONDS", 0.2)
    api.database.run("BEGIN")
    api.database.run("LOCK TABLE call IN ACCESS EXCLUSIVE MODE")
    answer = api.get("/calls")
    api.database.run("ROLLBACK")
    assert answer.status == 503


def _raises(error: Exception) -> Callable[..., Any]:
    def read(*_: object) -> None:
        raise error

    return read


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("the secret of a customer"),
        ProgrammingError(
            "SELECT", {}, pg8000.exceptions.DatabaseError({"C": "42601", "M": "the secret of a customer"})
        ),
    ],
)
def test_an_unexpected_error_is_500_without_details(
    api: Api, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calls, "read_call", _raises(error))
    answer = api.get("/calls/7")
    assert answer.status in {500, 503}
    assert "secret" not in answer.text
    assert "secret" not in capsys.readouterr().out


def test_a_row_that_does_not_fit_the_document_is_500(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "read_call", lambda *_: '{"id": "seven"}')
    answer = api.get("/calls/7")
    assert (answer.status, answer.error["code"]) == (500, "internal_error")


def test_every_answer_is_counted_and_logged_by_its_route(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.get("/calls/7/transcript")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (count,) = [line for line in lines if "ApiAnswered" in line]
    assert (count["route"], count["status"]) == ("/v1/calls/<call_id>/transcript", "404")
    (duration,) = [line for line in lines if "ApiDuration" in line]
    assert duration["route"] == "/v1/calls/<call_id>/transcript"


def test_numbers_and_names_are_not_logged(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.call(service_record_id=api.service_record(customer_name="Dana Example"))
    capsys.readouterr()
    api.get("/calls", customer="dana")
    api.get("/calls", customer="5550101")
    api.get("/calls", customer="!?")
    said = capsys.readouterr().out
    assert "ana" not in said
    assert "5550101" not in said
