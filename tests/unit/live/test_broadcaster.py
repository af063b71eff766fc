import json
import threading
from datetime import datetime, timedelta, timezone

import pytest

from autopulse.live import broadcaster, connections
from autopulse.live.services import POSTERS
from functions.live.app import SERVICES
from tests.unit.live.gateway import (
    NOW,
    OURS,
    TABLE,
    THEIRS,
    Gateway,
    broadcast,
    call_event,
    connect,
    items,
    lose_table,
    metrics,
    subscribe,
)


def _watch(gateway: Gateway, *names: str, organization_id: str = OURS, seconds: float = 3600) -> None:
    for name in names:
        connect(gateway, name, organization_id)
        subscribe(gateway, name, topic="calls")
        if seconds < 0:
            _expire(name, organization_id)


def _expire(name: str, organization_id: str) -> None:
    for pk, sk in ((f"organization#{organization_id}", f"connection#{name}"), (f"connection#{name}", "connection")):
        SERVICES.dynamodb.update_item(
            TableName=TABLE,
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            UpdateExpression="SET expires_at = :past",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )


def test_a_call_event_reaches_whoever_wants_it(gateway: Gateway) -> None:
    _watch(gateway, "all", "too")
    for name, call_id in (("this", 15), ("other", 16)):
        connect(gateway, name)
        subscribe(gateway, name, call_id=call_id)
    connect(gateway, "silent")
    broadcast(call_event(call_id=15))
    heard = {name for name, posted in gateway.open.items() if posted}
    assert heard == {"all", "too", "this"}
    (message,) = gateway.open["this"]
    assert (message["type"], message["event"], message["call_id"]) == ("event", "CallStatusChanged", 15)


def test_who_wants_it_twice_over_hears_it_once(gateway: Gateway) -> None:
    _watch(gateway, "one")
    subscribe(gateway, "one", call_id=15)
    broadcast(call_event(call_id=15))
    assert len(gateway.open["one"]) == 1


def test_no_organization_hears_of_another(gateway: Gateway) -> None:
    _watch(gateway, "ours")
    _watch(gateway, "theirs", organization_id=THEIRS)
    subscribe(gateway, "ours", call_id=15)
    broadcast(call_event(THEIRS, 15))
    assert gateway.said("ours") == []
    assert len(gateway.said("theirs")) == 1


def test_who_is_bounded_to_an_advisor_hears_of_that_advisors_calls_alone(gateway: Gateway) -> None:
    for name, advisor_id in (("seven", 7), ("eight", 8), ("all", None)):
        connect(gateway, name, advisor_id=advisor_id)
        subscribe(gateway, name, topic="calls")
        subscribe(gateway, name, call_id=15)
    broadcast(call_event(advisor_id=7))
    assert {name: len(gateway.said(name)) for name in ("seven", "eight", "all")} == {"seven": 1, "eight": 0, "all": 1}
    for unreadable in (None, "7x", 0, [7]):
        broadcast(call_event(advisor_id=unreadable))
    broadcast(call_event())
    assert {name: len(gateway.said(name)) for name in ("seven", "eight", "all")} == {"seven": 0, "eight": 0, "all": 5}


@pytest.mark.parametrize("organization_id", [None, 1, "", f"{OURS}#", "connection", ["a"], {}])
def test_an_event_of_no_organization_reaches_nobody(gateway: Gateway, organization_id: object) -> None:
    _watch(gateway, "ours")
    broadcast(call_event(organization_id))
    assert gateway.open["ours"] == []


def test_an_event_of_no_call_or_of_nothing_reaches_nobody(gateway: Gateway) -> None:
    _watch(gateway, "ours")
    for event in (call_event(call_id=0), call_event(call_id=None), {"detail": None}, {}):
        broadcast(event)
    assert gateway.open["ours"] == []


def test_an_organization_in_capitals_is_the_same(gateway: Gateway) -> None:
    _watch(gateway, "ours")
    broadcast(call_event(OURS.upper()))
    assert len(gateway.open["ours"]) == 1


def test_gone_connections_are_forgotten(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    _watch(gateway, "here", "gone")
    del gateway.open["gone"]
    broadcast(call_event())
    assert len(gateway.open["here"]) == 1
    assert items() == [("connection#here", "connection"), (f"organization#{OURS}", "connection#here")]
    found = metrics(capsys.readouterr().out)
    assert (found["CallEventPushed"], found["ConnectionGone"]) == ([1], [1])


def test_expired_connections_get_no_event_and_are_closed(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    _watch(gateway, "expired", "other-expired", seconds=-1)
    _watch(gateway, "valid")
    posted = gateway.open["expired"]
    broadcast(call_event())
    assert posted == [{"type": "expired"}]
    assert set(gateway.closed) == {"expired", "other-expired"}
    assert len(gateway.open["valid"]) == 1
    assert items() == [("connection#valid", "connection"), (f"organization#{OURS}", "connection#valid")]
    assert metrics(capsys.readouterr().out)["ConnectionExpired"] == [2]


def test_one_that_cannot_be_reached_keeps_nobody_else_from_hearing(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    _watch(gateway, "one", "broken", "three")
    gateway.broken.add("broken")
    broadcast(call_event())
    assert [len(gateway.open[name]) for name in ("one", "three")] == [1, 1]
    assert ("connection#broken", "connection") in items(), "it may be open"
    found = metrics(capsys.readouterr().out)
    assert (found["CallEventPushed"], found["CallEventUndelivered"]) == ([2], [1])


def test_every_stage_is_measured(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    _watch(gateway, "one")
    now = datetime.fromtimestamp(NOW, timezone.utc)
    times = {"received_at": now - timedelta(seconds=2), "committed_at": now - timedelta(seconds=1)}
    broadcast(call_event(**{stage: at.isoformat() for stage, at in times.items()}))
    found = metrics(capsys.readouterr().out)
    assert found["AgePushedFromReceipt"] == [2000]
    assert found["AgePushedFromCommit"] == [1000]


def test_what_nobody_hears_has_no_age(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    assert gateway.open == {}
    broadcast(call_event(received_at=datetime.fromtimestamp(NOW, timezone.utc).isoformat()))
    assert metrics(capsys.readouterr().out) == {}


def test_connections_are_posted_to_at_once(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"connection-{place}" for place in range(POSTERS)]
    _watch(gateway, *names)
    together = threading.Barrier(POSTERS, timeout=60)
    monkeypatch.setattr(gateway, "post_to_connection", lambda **_: together.wait())
    broadcast(call_event())
    assert not together.broken


def test_one_query_finds_them_all(gateway: Gateway) -> None:
    _watch(gateway, *(f"connection-{place}" for place in range(10)))
    _watch(gateway, "theirs", organization_id=THEIRS)
    calls: list[str] = []
    SERVICES.dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name), "count")
    broadcast(call_event())
    SERVICES.dynamodb.meta.events.unregister("before-call.dynamodb", unique_id="count")
    assert calls == ["Query"]


def test_when_time_is_out_the_rest_is_left_to_their_next_read(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    _watch(gateway, "one", "two")
    broadcast(call_event(), seconds=broadcaster.RESERVE_SECONDS)
    assert gateway.open == {"one": [], "two": []}
    assert metrics(capsys.readouterr().out) == {"CallEventUndelivered": [2]}


def test_a_batch_reads_each_calls_connections_once_and_posts_all_of_it(gateway: Gateway) -> None:
    _watch(gateway, "one")
    calls: list[str] = []
    SERVICES.dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name), "count")
    assert broadcast(*(call_event(call_id=call_id) for call_id in (15, 16, 15))) == []
    SERVICES.dynamodb.meta.events.unregister("before-call.dynamodb", unique_id="count")
    assert sorted(message["call_id"] for message in gateway.open["one"]) == [15, 15, 16]
    assert calls == ["Query", "Query"]


def test_call_events_of_a_batch_are_posted_at_once(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    _watch(gateway, "one")
    together = threading.Barrier(3, timeout=60)
    monkeypatch.setattr(gateway, "post_to_connection", lambda **_: together.wait())
    broadcast(call_event(call_id=15), call_event(call_id=16), call_event(call_id=17))
    assert not together.broken


def test_an_unreadable_call_event_keeps_no_other_back(gateway: Gateway) -> None:
    _watch(gateway, "one")
    assert broadcast(call_event(call_id=None), call_event()) == []
    assert len(gateway.open["one"]) == 1


def test_it_returns_only_what_the_connections_cannot_be_read_for(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    _watch(gateway, "one", "gone")
    del gateway.open["gone"]
    with monkeypatch.context() as patch:
        lose_table(patch)
        assert broadcast(call_event(), call_event(call_id=None), call_event()) == [0, 2]
    watchers = list(connections.find_watchers(SERVICES, OURS, 15))
    monkeypatch.setattr(broadcaster, "find_watchers", lambda *_: watchers)
    lose_table(monkeypatch)
    assert broadcast(call_event()) == []
    assert len(gateway.open["one"]) == 1


def test_no_log_line_says_what_changed(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    _watch(gateway, "one", "broken")
    gateway.broken.add("broken")
    broadcast(call_event(changed={"status": "canary"}))
    output = capsys.readouterr().out
    assert "post failed" in output
    assert "canary" not in output
    assert all(json.loads(line) for line in output.splitlines())
