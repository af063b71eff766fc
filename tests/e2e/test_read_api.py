"""From a webhook to what a person reads, through the deployed gateway, authorizer and function."""

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from local.database import connect
from local.issuer import Issuer
from local.openapi import DOCUMENT
from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.expected_rows import read_turns
from local.simulator.simulate import place_calls, post_all, wait_until_stored
from local.simulator.webhook_factory import webhooks
from tests.deployed import DeployedStack, wait_for
from tests.integration.api.client import Answer


@dataclass(frozen=True)
class Principal:
    """Somebody with a token, or without."""

    stack: DeployedStack
    token: str | None

    def get(self, path: str, method: str = "GET", **query: object) -> Answer:
        parts = urlsplit(self.stack.stack["api_url"])
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        try:
            asked = f"?{urlencode(query)}" if query else ""
            connection.request(method, f"{parts.path}/v1{path}{asked}", headers=headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read().decode())
        finally:
            connection.close()


@pytest.fixture
def issuer(deployed: DeployedStack) -> Issuer:
    return Issuer(deployed.paths)


@pytest.fixture
def principal(deployed: DeployedStack) -> Principal:
    return Principal(deployed, deployed.stack["api_token"])


@pytest.fixture
def stranger(deployed: DeployedStack, issuer: Issuer) -> Principal:
    """A reader of another organization."""
    return Principal(deployed, issuer.mint(str(uuid.uuid4()), sub="stranger"))


@pytest.fixture
def call(deployed: DeployedStack, request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """A call that was played through the webhook URL, as the database has it.

    Each test has another one, which is the same in each run, whatever ran before.
    """
    random = Random(request.node.nodeid)
    script = place_calls(deployed.database_url, random, 1, outcome="reached", stalls=True)[0]
    answers = post_all(deployed.stack, [body for _, body in webhooks(script)])
    assert wait_until_stored(deployed.database_url, [script], answers) == []
    return deployed.rows("SELECT * FROM call WHERE id = :id", id=script.call_id)[0]


def test_a_call_is_read_as_it_was_told_by_webhooks(
    deployed: DeployedStack, principal: Principal, call: Mapping[str, Any]
) -> None:
    items = {item["id"]: item for item in principal.get("/calls", limit=200).json["items"]}
    shown = items[call["id"]]
    assert (shown["status"], shown["outcome"], shown["nps_score"]) == ("Completed", "reached", call["nps_score"])
    detail = principal.get(f"/calls/{call['id']}").json
    assert [incident["kind"] for incident in detail["incidents"]] == ["stall"]
    assert detail["timeline"]
    assert all(event["processing_ms"] >= 0 for event in detail["timeline"])
    turns = principal.get(f"/calls/{call['id']}/transcript").json["turns"]
    with connect(deployed.database_url) as connection:
        stored = [(turn["role"], turn["content"]) for turn in read_turns(connection, call["id"])]
    assert [(turn["speaker"], turn["text"]) for turn in turns] == stored
    assert principal.get(f"/calls/{call['id']}/recording").json["url"] == call["recording_url"]
    assert call["id"] in [item["call_id"] for item in principal.get("/feedback", limit=200).json["items"]]
    assert principal.get("/feedback/summary").json["total"]["responses"] >= (call["nps_score"] is not None)
    assert str(call["id"]) in [row["id"] for row in principal.get("/calls.csv").rows]


def test_a_ping_is_seen_when_it_has_gone_all_the_way(deployed: DeployedStack, principal: Principal) -> None:
    answer = deployed.send({"message": {"type": "autopulse.ping", "id": str(uuid.uuid4()), "timestamp": 1793631600000}})
    wait_for(lambda: principal.get(f"/pings/{answer.event_id}").status == 200, "the ping")


def test_another_organization_sees_nothing_of_it(
    principal: Principal, stranger: Principal, call: Mapping[str, Any]
) -> None:
    assert stranger.get("/calls").json == {"items": [], "next_cursor": None}
    for path in ("", "/transcript", "/recording"):
        assert stranger.get(f"/calls/{call['id']}{path}").status == 404
        assert principal.get(f"/calls/{call['id']}{path}").status == 200
    cursor = principal.get("/calls", limit=1).json["next_cursor"]
    if cursor:
        assert stranger.get("/calls", limit=1, cursor=cursor).error["field"] == "cursor"


def test_a_request_without_a_valid_token_is_401(deployed: DeployedStack, issuer: Issuer) -> None:
    bad = {
        "none": None,
        "empty": "",
        "nonsense": "nonsense",
        "expired": issuer.mint(ORGANIZATION_ID, seconds=-60),
        "another audience": issuer.mint(ORGANIZATION_ID, aud="other"),
        "another issuer": issuer.mint(ORGANIZATION_ID, iss="https://other.example.com"),
    }
    for name, token in bad.items():
        answer = Principal(deployed, token).get("/calls")
        assert answer.status == 401, name  # its text is the gateway's, which the emulator has of its own


def test_a_token_without_an_organization_is_forbidden(deployed: DeployedStack, issuer: Issuer) -> None:
    for organization in ("", "everybody"):
        token = issuer.mint(organization)
        answer = Principal(deployed, token).get("/calls")
        assert answer.status == 403


def test_a_cached_policy_is_good_for_every_route(principal: Principal) -> None:
    assert [principal.get(path).status for path in ("/calls", "/feedback", "/openapi.json", "/calls")] == [200] * 4


def test_failures_come_through_the_gateway_in_one_shape(principal: Principal) -> None:
    assert principal.get("/nowhere").error["code"] == "not_found"
    assert principal.get("/calls", limit=0).error["field"] == "limit"
    assert principal.get("/calls", "POST").error["code"] == "method_not_allowed"


def test_the_document_is_served_as_it_is_written(principal: Principal) -> None:
    assert principal.get("/openapi.json").json == json.loads(DOCUMENT.read_text())
