"""Who calls, on the deployed stack: from Vapi's request through the verifier and the function to the call's row."""

import http.client
import json
import statistics
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from local.database import connect
from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.webhook_client import read_object
from tests.deployed import DeployedStack, wait_for

NUMBER: Final = "+12025550163"
PHONE: Final = "phone-of-callers"
CALLERS: Final = 100
"""Requests whose times are measured."""


@pytest.fixture
def visit(deployed: DeployedStack) -> Iterator[int]:
    """A visit whose customer calls, and a phone number with an assistant."""
    with connect(deployed.database_url) as connection:
        connection.run(
            "INSERT INTO vapi_number (id, organization_id, inbound_assistant_id, transfer_number)"
            " VALUES (:id, :organization, 'assistant-of-callers', '+12025550188') ON CONFLICT DO NOTHING",
            id=PHONE,
            organization=ORGANIZATION_ID,
        )
        (found,) = connection.run(
            "INSERT INTO service_record (organization_id, customer_name, customer_phone)"
            " VALUES (:organization, 'Testa Caller', '(202) 555-0163') RETURNING id",
            organization=ORGANIZATION_ID,
        )
        yield int(found[0])
        connection.run("DELETE FROM call WHERE service_record_id = :id", id=found[0])
        connection.run("DELETE FROM service_record WHERE id = :id", id=found[0])
        connection.run("DELETE FROM vapi_number WHERE id = :id", id=PHONE)


def _call(vapi_call_id: str) -> dict[str, Any]:
    return {
        "id": vapi_call_id,
        "type": "inboundPhoneCall",
        "phoneNumberId": PHONE,
        "customer": {"number": NUMBER},
    }


def _ask(deployed: DeployedStack, type_: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    answer = deployed.send({"message": {"type": type_, **fields}})
    assert answer.status == 200
    return dict(read_object(answer.body))


def test_who_calls_back_gets_the_assistant_and_one_row_for_the_whole_call(deployed: DeployedStack, visit: int) -> None:
    vapi_call_id = str(uuid.uuid4())

    def asked() -> bool:
        """A container that starts may take longer than the verifier waits: then there are no variables."""
        return "assistantOverrides" in _ask(deployed, "assistant-request", call=_call(vapi_call_id))

    wait_for(asked, "an answer with variables")
    begun = time.monotonic()
    answer = _ask(deployed, "assistant-request", call=_call(vapi_call_id))
    assert time.monotonic() - begun < 7.5
    (row,) = deployed.rows("SELECT * FROM call WHERE vapi_call_id = :id", id=vapi_call_id)
    assert (row["direction"], row["service_record_id"]) == ("inbound", visit)
    assert answer["assistantId"] == "assistant-of-callers"
    assert answer["assistantOverrides"]["variableValues"] == {"call_id": str(row["id"])}
    assert deployed.send(
        {"message": {"type": "status-update", "status": "in-progress", "call": _call(vapi_call_id)}}
    ).event_id
    wait_for(
        lambda: deployed.rows("SELECT status FROM call WHERE id = :id", id=row["id"])[0]["status"] == "In Progress",
        "the webhook on the row",
    )
    assert len(deployed.rows("SELECT id FROM call WHERE vapi_call_id = :id", id=vapi_call_id)) == 1


@pytest.mark.usefixtures("visit")
def test_each_caller_is_answered_and_how_soon_is_printed(deployed: DeployedStack) -> None:
    def ask() -> tuple[float, dict[str, Any]]:
        begun = time.monotonic()
        answer = _ask(deployed, "assistant-request", call=_call(str(uuid.uuid4())))
        return 1000 * (time.monotonic() - begun), answer

    wait_for(lambda: "assistantOverrides" in ask()[1], "an answer with variables")
    measured = [ask() for _ in range(CALLERS)]
    assert {answer["assistantId"] for _, answer in measured} == {"assistant-of-callers"}
    percentiles = statistics.quantiles([milliseconds for milliseconds, _ in measured], n=100)
    figures = f"p50 {percentiles[49]:.0f} ms, p99 {percentiles[98]:.0f} ms"
    print(f"\n{CALLERS} requests for an assistant, one after the other: {figures}")  # noqa: T201 - shown by pytest -s, for the docs


@pytest.mark.usefixtures("visit")
def test_a_caller_is_handed_over_to_the_number_of_the_phone_number(deployed: DeployedStack) -> None:
    wanted = {"destination": {"type": "number", "number": "+12025550188"}}
    call = {"phoneNumberId": PHONE}
    wait_for(lambda: _ask(deployed, "transfer-destination-request", call=call) == wanted, "the number")


def test_a_number_that_people_suppress_is_not_called(deployed: DeployedStack) -> None:
    number = f"+1202{uuid.uuid4().int % 10_000_000:07d}"

    def eligible() -> bool:
        contact = {"number": number}
        return _ask(deployed, "campaign.predial", campaignId="one", contact=contact) == {"eligible": True}

    wait_for(eligible, "a container that says yes")
    assert _request(deployed, "POST", "", {"number": number, "reason": "asked by mail"})[0] == 201
    assert not eligible()
    status, checked = _request(deployed, "POST", "/check", {"numbers": [number]})
    assert (status, checked["items"][0]["obstacle"]) == (200, "suppressed")
    assert _request(deployed, "DELETE", "", {"number": number})[0] == 204
    assert eligible()
    assert deployed.make("suppress", PHONE=number, REASON="asked").returncode == 0
    assert not eligible()
    assert deployed.make("unsuppress", PHONE=number).returncode == 0
    assert number.removeprefix("+") not in "".join(deployed.log_lines())


def _request(deployed: DeployedStack, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(deployed.stack["api_url"])
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    headers = {"Authorization": f"Bearer {deployed.stack['api_token']}", "Content-Type": "application/json"}
    try:
        connection.request(method, f"{parts.path}/v1/suppressions{path}", json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read().decode()
        return response.status, json.loads(content) if content else {}
    finally:
        connection.close()
