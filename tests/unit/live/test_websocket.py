from typing import Any

import pytest

from autopulse.live import connections, websocket
from autopulse.live.connections import LONGEST_SECONDS, MAX_TOPICS, find_connection, find_watchers
from autopulse.live.protocol import Topic
from autopulse.live.tickets import issue_ticket
from functions.live.app import SERVICES, handler
from tests.unit.live.gateway import (
    NOW,
    OURS,
    TABLE,
    THEIRS,
    Gateway,
    connect,
    items,
    lose_table,
    metrics,
    principal,
    say,
    subscribe,
)

OPEN = [("connection#one", "connection"), (f"organization#{OURS}", "connection#one")]


def _event(kind: str, connection_id: str = "one", **more: object) -> dict[str, Any]:
    return {"requestContext": {"eventType": kind, "connectionId": connection_id}, **more}


def _open(ticket: object) -> int:
    query = None if ticket is None else {"ticket": ticket}
    return int(handler(_event("CONNECT", queryStringParameters=query), None)["statusCode"])


def test_a_ticket_opens_one_connection(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    assert gateway.open == {}
    ticket = issue_ticket(SERVICES, principal(), NOW).text
    assert _open(ticket) == 200
    assert items() == OPEN
    assert _open(ticket) == 401
    assert metrics(capsys.readouterr().out) == {"ConnectionOpened": [1], "ConnectionRefused": [1]}


@pytest.mark.parametrize("ticket", [None, "", "unknown", ["a"], 1])
def test_without_a_good_ticket_nothing_opens(gateway: Gateway, ticket: object) -> None:
    assert _open(ticket) == 401
    assert items() == []
    assert gateway.open == {}


def test_a_connection_keeps_organization_and_the_tokens_end(gateway: Gateway) -> None:
    connect(gateway, "one", THEIRS, seconds=600)
    found = find_connection(SERVICES, "one")
    assert found is not None
    assert found.organization_id == THEIRS
    assert found.expires_at == NOW + 600


def test_a_connection_never_outlives_the_gateways_longest_time(gateway: Gateway) -> None:
    connect(gateway, "one", seconds=7 * 86_400)
    found = find_connection(SERVICES, "one")
    assert found is not None
    assert found.expires_at == NOW + LONGEST_SECONDS


def test_both_items_forget_themselves_with_the_token(gateway: Gateway) -> None:
    connect(gateway, "one", seconds=600)
    ends = [item["expires_at"]["N"] for item in SERVICES.dynamodb.scan(TableName=TABLE)["Items"]]
    assert ends == [str(NOW + 600)] * 2


def test_a_closed_connection_is_forgotten(gateway: Gateway) -> None:
    connect(gateway, "one")
    connect(gateway, "two")
    assert handler(_event("DISCONNECT", "two"), None) == {"statusCode": 200}
    assert items() == OPEN
    assert handler(_event("DISCONNECT", "two"), None) == {"statusCode": 200}, "a second time is no error"


def test_pings_are_answered(gateway: Gateway) -> None:
    connect(gateway, "one")
    assert say(gateway, "one", {"action": "ping"}) == [{"type": "pong"}]


def test_subscriptions_are_confirmed_and_kept(gateway: Gateway) -> None:
    connect(gateway, "one")
    assert say(gateway, "one", {"action": "subscribe", "call_id": 15}) == [{"type": "subscribed", "call_id": 15}]
    assert [connection.id for connection in find_watchers(SERVICES, OURS, 15)] == ["one"]
    assert list(find_watchers(SERVICES, OURS, 16)) == []
    assert say(gateway, "one", {"action": "subscribe", "topic": "calls"}) == [{"type": "subscribed", "topic": "calls"}]
    assert [connection.id for connection in find_watchers(SERVICES, OURS, 16)] == ["one"]


def test_what_is_unsubscribed_is_not_heard_any_more(gateway: Gateway) -> None:
    connect(gateway, "one")
    subscribe(gateway, "one", topic="calls")
    subscribe(gateway, "one", call_id=15)
    assert say(gateway, "one", {"action": "unsubscribe", "topic": "calls"}) == [
        {"type": "unsubscribed", "topic": "calls"}
    ]
    assert [len(list(find_watchers(SERVICES, OURS, call_id))) for call_id in (15, 16)] == [1, 0]
    say(gateway, "one", {"action": "unsubscribe", "call_id": 15})
    assert list(find_watchers(SERVICES, OURS, 15)) == []


def test_a_call_of_another_organization_is_nobodys_topic(gateway: Gateway) -> None:
    connect(gateway, "one", OURS)
    subscribe(gateway, "one", call_id=15)
    subscribe(gateway, "one", topic="calls")
    assert list(find_watchers(SERVICES, THEIRS, 15)) == []


def test_a_connection_has_so_many_topics_and_may_repeat_them(gateway: Gateway) -> None:
    connect(gateway, "one")
    for call_id in range(1, MAX_TOPICS + 1):
        subscribe(gateway, "one", call_id=call_id)
    (refusal,) = say(gateway, "one", {"action": "subscribe", "call_id": 1000})
    assert refusal["error"]["code"] == "too_many_topics"
    subscribe(gateway, "one", call_id=1)


@pytest.mark.parametrize("message", ["", "nonsense", {"action": "$connect"}, {"action": "subscribe"}])
def test_nonsense_is_told_so_and_the_connection_stays(gateway: Gateway, message: object) -> None:
    connect(gateway, "one")
    (refusal,) = say(gateway, "one", message)
    assert (refusal["type"], refusal["error"]["code"]) == ("error", "bad_request")
    assert items() == OPEN


def test_an_expired_connection_is_told_closed_and_forgotten(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    connect(gateway, "one", seconds=0)
    posted = gateway.open["one"]
    say(gateway, "one", {"action": "subscribe", "topic": "calls"})
    assert posted == [{"type": "expired"}]
    assert gateway.closed == ["one"]
    assert items() == []
    assert metrics(capsys.readouterr().out) == {"ConnectionExpired": [1]}


def test_a_connection_that_nobody_knows_is_closed(gateway: Gateway) -> None:
    gateway.open["one"] = []
    say(gateway, "one", {"action": "ping"})
    assert gateway.closed == ["one"]


def test_a_subscription_does_not_bring_back_what_was_forgotten(gateway: Gateway) -> None:
    connect(gateway, "one")
    found = find_connection(SERVICES, "one")
    assert found is not None
    connections.forget_connection(SERVICES, found)
    assert connections.subscribe(SERVICES, found, Topic()) is False
    connections.unsubscribe(SERVICES, found, Topic())
    assert items() == []


def test_a_table_out_of_reach_refuses_and_says_so(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(gateway, "one")
    ticket = issue_ticket(SERVICES, principal(), NOW).text
    found = find_connection(SERVICES, "one")
    lose_table(monkeypatch)
    assert _open(ticket) == 503
    monkeypatch.setattr(websocket, "find_connection", lambda *_: found)
    (refusal,) = say(gateway, "one", {"action": "subscribe", "topic": "calls"})
    assert refusal["error"]["code"] == "unavailable"
