import json
from dataclasses import replace

import pytest

from autopulse.live.tickets import issue_ticket, redeem_ticket
from functions.live.app import SERVICES, handler
from tests.unit.live.gateway import NOW, OURS, TABLE, Gateway, items, lose_table, metrics, principal

pytestmark = pytest.mark.usefixtures("gateway")


def test_a_ticket_tells_whose_it_is_once() -> None:
    who = principal()
    ticket = issue_ticket(SERVICES, who, NOW)
    assert redeem_ticket(SERVICES, ticket.text, NOW) == who
    assert redeem_ticket(SERVICES, ticket.text, NOW) is None


def test_a_ticket_tells_to_which_advisor_its_owner_is_bounded() -> None:
    who = replace(principal(), advisor_id=7)
    assert redeem_ticket(SERVICES, issue_ticket(SERVICES, who, NOW).text, NOW) == who


def test_a_ticket_is_good_for_a_minute() -> None:
    who = principal()
    ticket = issue_ticket(SERVICES, who, NOW)
    assert ticket.expires_at == NOW + 60
    assert redeem_ticket(SERVICES, ticket.text, NOW + 60) is None
    assert redeem_ticket(SERVICES, ticket.text, NOW + 59) == who


def test_a_ticket_is_never_good_for_longer_than_the_token() -> None:
    who = principal(seconds=20)
    assert issue_ticket(SERVICES, who, NOW).expires_at == who.expires_at


def test_the_table_does_not_know_the_ticket_itself() -> None:
    ticket = issue_ticket(SERVICES, principal(), NOW)
    assert len(items()) == 1
    assert ticket.text not in json.dumps(SERVICES.dynamodb.scan(TableName=TABLE)["Items"], default=str)


def test_no_two_tickets_are_alike() -> None:
    assert len({issue_ticket(SERVICES, principal(), NOW).text for _ in range(10)}) == 10


@pytest.mark.parametrize("text", ["", "unknown", "x" * 10_000, "\ud800", "ticket#", "é"])
def test_anything_else_opens_nothing(text: str) -> None:
    issue_ticket(SERVICES, principal(), NOW)
    assert redeem_ticket(SERVICES, text, NOW) is None


def _order(**context: object) -> dict[str, object]:
    usual = {"organization_id": OURS, "subject": "sample-reader", "expires_at": str(NOW + 3600)}
    return {"httpMethod": "POST", "requestContext": {"authorizer": usual | context}}


def test_who_has_a_token_gets_a_ticket(capsys: pytest.CaptureFixture[str]) -> None:
    answer = handler(_order(), None)
    assert answer["statusCode"] == 201
    assert answer["headers"]["cache-control"] == "no-store"
    body = json.loads(answer["body"])
    redeemed = redeem_ticket(SERVICES, body["ticket"], NOW)
    assert redeemed is not None
    assert redeemed.organization_id == OURS
    output = capsys.readouterr().out
    assert metrics(output) == {"TicketIssued": [1]}
    assert body["ticket"] not in output


@pytest.mark.parametrize(
    "context",
    [
        {"expires_at": "1"},
        {"expires_at": str(NOW)},
        {"expires_at": "soon"},
        {"expires_at": None},
        {"organization_id": "everybody"},
        {"organization_id": None},
        {"organization_id": f"{OURS}#"},
    ],
)
def test_an_expired_or_incomplete_authorizer_context_gets_no_ticket(context: dict[str, object]) -> None:
    answer = handler(_order(**context), None)
    assert answer["statusCode"] == 401
    assert json.loads(answer["body"])["error"]["code"] == "unauthorized"
    assert items() == []


def test_without_an_authorizer_there_is_no_ticket() -> None:
    assert handler({"httpMethod": "POST", "requestContext": {}}, None)["statusCode"] == 401


def test_a_table_out_of_reach_is_said_so(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gateway.open == {}
    lose_table(monkeypatch)
    answer = handler(_order(), None)
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["error"]["code"] == "unavailable"
