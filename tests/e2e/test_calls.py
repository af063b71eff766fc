"""Whole calls through the deployed stack: whatever the order and repetition, each ends as it happened."""

import json
from random import Random
from typing import Final

from local.simulator.scenario import CallScript
from local.simulator.simulate import Wanted, arrange, compare, place_calls, post_all, wait_until_stored
from local.simulator.webhook_factory import CANARY, ESSENTIAL_TYPES, Body, webhooks
from tests.deployed import DeployedStack, wait_for

SEED: Final = 20261102


def _place(deployed: DeployedStack, random: Random, count: int) -> list[CallScript]:
    stalled = place_calls(deployed.database_url, random, 1, outcome="reached", stalls=True)
    return stalled + place_calls(deployed.database_url, random, count - 1)


def _play(deployed: DeployedStack, random: Random, scripts: list[CallScript], wanted: Wanted) -> list[str]:
    bodies = arrange(scripts, random, wanted)
    return wait_until_stored(deployed.database_url, scripts, post_all(deployed.stack, bodies))


def test_sixty_webhooks_of_twenty_calls_shuffled_and_repeated(deployed: DeployedStack) -> None:
    random = Random(SEED)
    scripts = _place(deployed, random, 20)
    assert sum(len(webhooks(script, ESSENTIAL_TYPES)) for script in scripts) >= 50
    wanted = Wanted(len(scripts), disorder=True, duplicates=True, types=ESSENTIAL_TYPES)
    assert _play(deployed, random, scripts, wanted) == []
    wait_for(lambda: deployed.waiting() == 0, "all queues empty")
    assert list(compare(deployed.database_url, scripts)) == []
    assert not any(deployed.dead_letters().values())


def test_everything_that_vapi_sends_of_a_call_in_disorder(deployed: DeployedStack) -> None:
    random = Random(SEED + 1)
    scripts = _place(deployed, random, 3)
    assert _play(deployed, random, scripts, Wanted(len(scripts), disorder=True)) == []
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


def test_a_report_too_long_for_a_queue_is_stored_whole(deployed: DeployedStack) -> None:
    random = Random(SEED + 3)
    script = place_calls(deployed.database_url, random, 1, outcome="reached", stalls=False)[0]
    _, report = webhooks(script, {"end-of-call-report"})[0]
    _lengthen(report, turns=4_000)
    answers = post_all(deployed.stack, [report])
    wait_for(lambda: deployed.receipts({str(answers[0].event_id)}) != set(), "the report's receipt")
    stored = deployed.rows("SELECT count(*) AS n FROM transcript WHERE call_id = :id", id=script.call_id)[0]["n"]
    assert stored == 4_000
    stored_objects = _payloads(deployed)
    assert any(str(answers[0].event_id) in key for key in stored_objects)
    assert not any(CANARY in content for content in stored_objects.values())


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


def _payloads(deployed: DeployedStack) -> dict[str, str]:
    verifier = deployed.stack["functions"]["VerifierFunction"]
    variables = deployed.cloud.client("lambda").get_function_configuration(FunctionName=verifier)["Environment"]
    bucket = variables["Variables"]["PAYLOAD_BUCKET"]
    s3 = deployed.cloud.client("s3")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]
    return {key: json.dumps(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()) for key in keys}
