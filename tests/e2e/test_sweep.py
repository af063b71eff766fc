"""The sweep as it is deployed: it reaches the database, compares, and does nothing as long as there is no key."""

import json
from random import Random
from typing import Any, Final

from local.simulator.simulate import place_calls
from local.stack_paths import STACK_NAME
from tests.deployed import DeployedStack, wait_for

VAPI_ID: Final = "0197f9d4-5555-4000-8000-000000000001"


def _invoke(deployed: DeployedStack, event: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    answer = deployed.cloud.client("lambda").invoke(FunctionName=f"{STACK_NAME}-sweep:live", Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def _link(deployed: DeployedStack) -> int:
    """A call that has ended, and whose report is lost."""
    (script,) = place_calls(deployed.database_url, Random(20281130), 1)
    call = {
        "id": VAPI_ID,
        "type": "outboundPhoneCall",
        "createdAt": "2026-11-22T12:00:00Z",
        "assistantOverrides": {"variableValues": {"call_id": str(script.call_id)}},
    }
    message = {"type": "status-update", "timestamp": 1795348860000, "status": "ended", "call": call}
    event_id = str(deployed.send({"message": message}).event_id)
    wait_for(lambda: deployed.receipts({event_id}) == {event_id}, "the call's end")
    return int(script.call_id or 0)


def test_it_answers_operators_and_sweeps_nothing_without_a_key(deployed: DeployedStack) -> None:
    call_id = _link(deployed)
    assert _invoke(deployed, {"find_vapi_ids": {"call_id": call_id}}) == {"vapi_call_ids": [VAPI_ID]}
    window = {"calls": [], "since": "2026-11-22T11:00:00Z", "until": "2026-11-22T13:00:00Z"}
    found = _invoke(deployed, {"compare": window})["differences"]
    assert {"call_id": call_id, "vapi_call_id": VAPI_ID, "field": "call", "here": "Ended", "there": None} in found
    assert _invoke(deployed, {}) == _invoke(deployed, {"window": True}) == {"reconcile": "off"}
    assert deployed.rows("SELECT count(*) AS n FROM reconciliation_request") == [{"n": 0}]
