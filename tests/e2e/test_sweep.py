"""The sweep as it is deployed: it reaches the database, compares, and asks for a report that was lost."""

import json
from datetime import datetime, timedelta, timezone
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


def _link(deployed: DeployedStack, ended: datetime) -> int:
    """A call that has ended, and whose report is lost."""
    (script,) = place_calls(deployed.database_url, Random(20281130), 1)
    call = {
        "id": VAPI_ID,
        "type": "outboundPhoneCall",
        "createdAt": (ended - timedelta(minutes=2)).isoformat(),
        "assistantOverrides": {"variableValues": {"call_id": str(script.call_id)}},
    }
    message = {"type": "status-update", "timestamp": ended.timestamp() * 1000, "status": "ended", "call": call}
    event_id = str(deployed.send({"message": message}).event_id)
    wait_for(lambda: deployed.receipts({event_id}) == {event_id}, "the call's end")
    return int(script.call_id or 0)


def test_a_call_that_ended_without_a_report_is_found_by_operators_and_asked_for_once(deployed: DeployedStack) -> None:
    ended = datetime.now(timezone.utc) - timedelta(minutes=20)
    call_id = _link(deployed, ended)
    assert _invoke(deployed, {"find_vapi_ids": {"call_id": call_id}}) == {"vapi_call_ids": [VAPI_ID]}
    window = {"calls": [], "since": (ended - timedelta(hours=1)).isoformat(), "until": ended.isoformat()}
    found = _invoke(deployed, {"compare": window})["differences"]
    assert {"call_id": call_id, "vapi_call_id": VAPI_ID, "field": "call", "here": "Ended", "there": None} in found
    for _ in range(2):
        _invoke(deployed, {})
        asked = deployed.rows("SELECT reason, tries FROM reconciliation_request WHERE vapi_call_id = :id", id=VAPI_ID)
        assert asked == [{"reason": "no_report", "tries": 1}]
