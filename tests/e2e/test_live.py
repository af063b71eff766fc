"""From a webhook that was accepted to a message in a browser, on the deployed stack."""

import statistics
import time
import uuid
from datetime import datetime, timezone
from itertools import pairwise
from random import Random
from typing import Any, Final

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from local.database import connect as connect_database
from local.issuer import Issuer
from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.simulate import PageRequest, arrange, place_calls, post_all
from tests.deployed import DeployedStack, wait_for
from tests.e2e.watcher import Watcher, buy_ticket, watching

OTHER_ORGANIZATION: Final = "0b0b0000-0000-4000-8000-0000000000e2"
STAGES: Final = ("received_at", "committed_at", "pushed_at")
FIGURES: Final = 20
"""Call events whose stages are measured, after the first, which waits for every function to start."""


def _make_call(deployed: DeployedStack, organization_id: str = ORGANIZATION_ID) -> int:
    with connect_database(deployed.database_url) as connection:
        connection.run(
            "INSERT INTO organization (id, name) VALUES (:id, 'Sample Garage') ON CONFLICT DO NOTHING",
            id=organization_id,
        )
        rows = connection.run(
            "INSERT INTO call (organization_id, customer_number, status) VALUES (:id, '+12025550101', 'Ready')"
            " RETURNING id",
            id=organization_id,
        )
    return int(rows[0][0])


def _send_status(deployed: DeployedStack, call_id: int, status: str) -> None:
    message = {
        "type": "status-update",
        "status": status,
        "timestamp": time.time() * 1000,
        "call": {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, str(call_id))), "metadata": {"call_id": call_id}},
    }
    assert deployed.send({"message": message}).verdict == "accepted"


def _table(deployed: DeployedStack) -> str:
    live = deployed.stack["functions"]["LiveFunction"]
    variables = deployed.cloud.client("lambda").get_function_configuration(FunctionName=live)["Environment"]
    return str(variables["Variables"]["CONNECTIONS_TABLE"])


def _items(deployed: DeployedStack) -> set[str]:
    items = deployed.cloud.client("dynamodb").scan(TableName=_table(deployed))["Items"]
    return {item["pk"]["S"] for item in items}


def _let_tokens_end(deployed: DeployedStack) -> None:
    """As if the time of all that are connected was over."""
    table = deployed.cloud.client("dynamodb")
    for item in table.scan(TableName=_table(deployed))["Items"]:
        ended = item | {"expires_at": {"N": str(int(time.time()) - 1)}}
        table.put_item(TableName=_table(deployed), Item=ended)


def _milliseconds(call_event: dict[str, Any], heard_at: datetime) -> list[float]:
    """Of each stage: received to committed, committed to pushed, pushed to heard."""
    times = [*(datetime.fromisoformat(call_event[stage]) for stage in STAGES), heard_at]
    return [(later - earlier).total_seconds() * 1000 for earlier, later in pairwise(times)]


def _hear_status(deployed: DeployedStack, watcher: Watcher, call_id: int, status: str) -> list[float]:
    _send_status(deployed, call_id, status)
    call_event = watcher.hear_about(call_id, "CallStatusChanged")
    heard_at = datetime.now(timezone.utc)
    assert call_event["changed"]["status"] == {"queued": "Queued", "ringing": "Ringing"}[status]
    return _milliseconds(call_event, heard_at)


def test_a_webhook_becomes_a_message_whose_stages_are_known(deployed: DeployedStack) -> None:
    with watching(deployed, ORGANIZATION_ID) as watcher:
        _hear_status(deployed, watcher, _make_call(deployed), "queued")
        measured = [_hear_status(deployed, watcher, _make_call(deployed), "ringing") for _ in range(FIGURES)]
    assert all(stage >= 0 for stages in measured for stage in stages)
    medians = [statistics.median(stage) for stage in zip(*measured, strict=True)]
    names = ("received to committed", "committed to pushed", "pushed to heard")
    figures = ", ".join(f"{name} {median:.0f} ms" for name, median in zip(names, medians, strict=True))
    print(f"\nMedian of {FIGURES} call events: {figures}")  # noqa: T201 - shown by pytest -s, for the README
    wait_for(lambda: any('"AgePushedFromReceipt":[' in line for line in deployed.log_lines()), "the metric")


def test_a_whole_call_is_heard_from_first_ring_to_feedback(deployed: DeployedStack) -> None:
    random = Random(3)
    (script,) = place_calls(deployed.database_url, random, 1, outcome="reached", stalls=True)
    assert script.call_id is not None
    with watching(deployed, ORGANIZATION_ID, call_id=script.call_id) as watcher:
        post_all(deployed.stack, arrange([script], random, PageRequest(1)))
        wanted = {"CallStatusChanged", "TranscriptUpdated", "CallStalled", "CallCompleted", "FeedbackRecorded"}
        heard: set[str] = set()
        while heard != wanted:
            call_event = watcher.hear()
            assert call_event["call_id"] == script.call_id
            heard.add(call_event["event"])


def test_two_organizations_side_by_side_hear_only_their_own(deployed: DeployedStack) -> None:
    ours, theirs = _make_call(deployed), _make_call(deployed, OTHER_ORGANIZATION)
    with watching(deployed, ORGANIZATION_ID) as one, watching(deployed, OTHER_ORGANIZATION) as other:
        assert other.ask(action="subscribe", call_id=ours) == {"type": "subscribed", "call_id": ours}
        _send_status(deployed, ours, "queued")
        _send_status(deployed, theirs, "queued")
        assert [watcher.hear()["call_id"] for watcher in (one, other)] == [ours, theirs]
        # What is told to one organization is posted to all its connections at once, and so before these answers.
        assert [watcher.ask(action="ping") for watcher in (one, other)] == [{"type": "pong"}] * 2


def test_a_page_whose_socket_drops_comes_back_and_reads(deployed: DeployedStack) -> None:
    call_id = _make_call(deployed)
    select = "SELECT status FROM call WHERE id = :id"
    with watching(deployed, ORGANIZATION_ID, call_id=call_id) as watcher:
        _send_status(deployed, call_id, "queued")
        watcher.hear_about(call_id, "CallStatusChanged")
        watcher.drop()
        _send_status(deployed, call_id, "ringing")
        wait_for(lambda: deployed.rows(select, id=call_id) == [{"status": "Ringing"}], "the news that nobody hears")
    with watching(deployed, ORGANIZATION_ID, call_id=call_id) as watcher:
        assert deployed.rows(select, id=call_id) == [{"status": "Ringing"}], "what it missed, it reads"
        _send_status(deployed, call_id, "in-progress")
        assert watcher.hear_about(call_id, "CallStatusChanged")["changed"]["previous"] == "Ringing"


def test_nothing_is_kept_of_a_connection_that_was_closed(deployed: DeployedStack) -> None:
    wait_for(lambda: _items(deployed) == set(), "an empty table")
    with watching(deployed, ORGANIZATION_ID) as watcher:
        assert watcher.ask(action="ping") == {"type": "pong"}
        assert len(_items(deployed)) == 2
    wait_for(lambda: _items(deployed) == set(), "an empty table again")


def test_a_connection_that_is_gone_is_forgotten_at_the_next_call_event(deployed: DeployedStack) -> None:
    call_id = _make_call(deployed)
    values = {
        "organization_id": {"S": ORGANIZATION_ID},
        "expires_at": {"N": str(int(time.time()) + 3600)},
        "topics": {"SS": ["calls"]},
    }
    keys = [(f"organization#{ORGANIZATION_ID}", "connection#long-gone"), ("connection#long-gone", "connection")]
    for pk, sk in keys:
        item = {"pk": {"S": pk}, "sk": {"S": sk}, **values}
        deployed.cloud.client("dynamodb").put_item(TableName=_table(deployed), Item=item)
    with watching(deployed, ORGANIZATION_ID) as watcher:
        _send_status(deployed, call_id, "queued")
        watcher.hear_about(call_id, "CallStatusChanged")
        wait_for(lambda: "connection#long-gone" not in _items(deployed), "the items of a connection that is gone")


def test_a_ticket_opens_one_connection_only(deployed: DeployedStack) -> None:
    status, ticket = buy_ticket(deployed, deployed.stack["api_token"])
    assert status == 201
    url = f"{deployed.stack['websocket_url']}?ticket={ticket['ticket']}"
    with connect(url), pytest.raises(InvalidStatus):
        connect(url)


@pytest.mark.parametrize("query", ["", "?ticket=", "?ticket=unknown"])
def test_without_a_ticket_there_is_no_connection(deployed: DeployedStack, query: str) -> None:
    with pytest.raises(InvalidStatus):
        connect(f"{deployed.stack['websocket_url']}{query}")


def test_without_a_token_there_is_no_ticket(deployed: DeployedStack) -> None:
    stranger = Issuer(deployed.paths).mint(ORGANIZATION_ID, aud="somebody-else")
    assert [buy_ticket(deployed, token)[0] for token in (None, "nonsense", stranger)] == [401] * 3


def test_a_connection_ends_with_its_token(deployed: DeployedStack) -> None:
    call_id = _make_call(deployed)
    with watching(deployed, ORGANIZATION_ID, call_id=call_id) as watcher:
        _let_tokens_end(deployed)
        _send_status(deployed, call_id, "queued")
        assert watcher.hear() == {"type": "expired"}
        assert watcher.is_closed()
