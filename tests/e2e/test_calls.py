"""Whole calls through the deployed stack: whatever the order and repetition, each ends as it happened."""

from dataclasses import replace
from random import Random
from typing import Final

from local.simulator.expected_rows import compare
from local.simulator.scenario import CallScript
from local.simulator.simulate import PageRequest, arrange, place_calls, post_all, wait_until_stored
from local.simulator.webhook_factory import CANARY, ESSENTIAL_TYPES, Body, webhooks
from tests.deployed import DeployedStack, wait_for

SEED: Final = 20261102
LATE_CALL: Final = 1_500_000_001
"""Id of a row that comes after its report."""


def _place(deployed: DeployedStack, random: Random, count: int) -> list[CallScript]:
    stalled = place_calls(deployed.database_url, random, 1, outcome="reached", stalls=True)
    return stalled + place_calls(deployed.database_url, random, count - 1)


def _play(deployed: DeployedStack, random: Random, scripts: list[CallScript], wanted: PageRequest) -> list[str]:
    bodies = arrange(scripts, random, wanted)
    return wait_until_stored(deployed.database_url, scripts, post_all(deployed.stack, bodies))


def test_sixty_webhooks_of_twenty_calls_shuffled_and_repeated(deployed: DeployedStack) -> None:
    random = Random(SEED)
    scripts = _place(deployed, random, 20)
    assert sum(len(webhooks(script, ESSENTIAL_TYPES)) for script in scripts) >= 50
    wanted = PageRequest(len(scripts), disorder=True, duplicates=True, types=ESSENTIAL_TYPES)
    assert _play(deployed, random, scripts, wanted) == []
    wait_for(lambda: deployed.waiting() == 0, "all queues empty")
    assert list(compare(deployed.database_url, scripts)) == []
    assert not any(deployed.dead_letters().values())


def test_everything_that_vapi_sends_of_a_call_in_disorder(deployed: DeployedStack) -> None:
    random = Random(SEED + 1)
    scripts = _place(deployed, random, 3)
    assert _play(deployed, random, scripts, PageRequest(len(scripts), disorder=True)) == []
    wait_for(lambda: deployed.waiting() == 0, "all queues empty")
    assert list(compare(deployed.database_url, scripts)) == []


def test_repeats_are_counted_on_the_receipt(deployed: DeployedStack) -> None:
    random = Random(SEED + 2)
    script = place_calls(deployed.database_url, random, 1, outcome="busy")[0]
    _, ended = webhooks(script, {"status-update"})[0]
    answers = post_all(deployed.stack, [ended] * 3)
    assert len({answer.event_id for answer in answers}) == 1
    wait_for(lambda: deployed.waiting() == 0, "all queues empty")
    receipt = deployed.rows("SELECT * FROM webhook_event WHERE event_id = :id", id=answers[0].event_id)[0]
    assert (receipt["repeats"], receipt["call_id"], receipt["outcome"]) == (2, script.call_id, "applied")


def test_a_report_too_long_for_a_queue_is_stored_whole_and_leaves_the_bucket(deployed: DeployedStack) -> None:
    """Its object is there as long as it waits for its call's row, and goes when it is applied."""
    random = Random(SEED + 3)
    placed = place_calls(deployed.database_url, random, 1, outcome="reached", stalls=False)[0]
    script = replace(placed, call_id=LATE_CALL, vapi_call_id="0193a000-0000-7000-8000-00000000e2e1")
    _, report = webhooks(script, {"end-of-call-report"})[0]
    _lengthen(report, turns=3_000)
    event_id = str(post_all(deployed.stack, [report])[0].event_id)
    (key,) = _payload_keys(deployed, event_id)
    assert CANARY not in _payload(deployed, key)
    deployed.rows(
        "INSERT INTO call (id, organization_id, customer_number, status)"
        " SELECT :id, organization_id, customer_number, 'Ready' FROM call WHERE id = :like RETURNING id",
        id=LATE_CALL,
        like=placed.call_id,
    )
    wait_for(lambda: deployed.receipts({event_id}) != set(), "the report's receipt")
    stored = deployed.rows("SELECT count(*) AS n FROM transcript WHERE call_id = :id", id=LATE_CALL)[0]["n"]
    assert stored == 3_000
    wait_for(lambda: _payload_keys(deployed, event_id) == [], "the object's deletion")


def test_an_inbound_call_gets_a_row_of_its_own(deployed: DeployedStack) -> None:
    vapi_call_id = "0193a000-0000-7000-8000-00000000e2e0"
    call = {"id": vapi_call_id, "type": "inboundPhoneCall", "customer": {"number": "+12025550133"}}
    message = {"type": "status-update", "status": "in-progress", "timestamp": 1793631600000, "call": call}
    assert deployed.send({"message": message}).verdict == "accepted"
    select = "SELECT status, direction, customer_number FROM call WHERE vapi_call_id = :id"
    wait_for(lambda: deployed.rows(select, id=vapi_call_id) != [], "the call's row")
    expected = {"status": "In Progress", "direction": "inbound", "customer_number": "+12025550133"}
    assert deployed.rows(select, id=vapi_call_id) == [expected]


def _lengthen(report: Body, turns: int) -> None:
    """Make it a conversation of hours: about 300 bytes a turn, in one copy, as the request itself has a limit too."""
    start = report["message"]["timestamp"] - 60_000
    said = "This is invented and rather long, so that the envelope of the report exceeds what a queue can take. " * 3
    report["message"]["messages"] = [
        {"role": "user" if place % 2 else "bot", "message": f"{place}: {said}", "time": start + place}
        for place in range(turns)
    ]
    report["message"]["artifact"] = {}


def _payload_keys(deployed: DeployedStack, event_id: str) -> list[str]:
    stored = deployed.cloud.client("s3").list_objects_v2(Bucket=_payload_bucket(deployed)).get("Contents", ())
    return [item["Key"] for item in stored if event_id in item["Key"]]


def _payload(deployed: DeployedStack, key: str) -> str:
    stored = deployed.cloud.client("s3").get_object(Bucket=_payload_bucket(deployed), Key=key)
    return str(stored["Body"].read().decode())


def _payload_bucket(deployed: DeployedStack) -> str:
    verifier = deployed.stack["functions"]["VerifierFunction"]
    configuration = deployed.cloud.client("lambda").get_function_configuration(FunctionName=verifier)
    return str(configuration["Environment"]["Variables"]["PAYLOAD_BUCKET"])
