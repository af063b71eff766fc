"""Poison, its cause removed, goes back by `make redrive` and is applied; a second copy of it has no effect."""

import json
import subprocess
from random import Random

import pytest

from local.simulator.simulate import place_calls
from tests.deployed import DeployedStack, wait_for

SEED = 20271122
NOW = 1793631600000
pytestmark = pytest.mark.usefixtures("no_dead_letters")


def _redrive(deployed: DeployedStack, *arguments: str, environment: str = "local") -> subprocess.CompletedProcess[str]:
    """As `make redrive` runs it, against the tests' stack."""
    return deployed.operate("--environment", environment, *arguments)


def test_poison_is_fixed_redriven_and_applied(deployed: DeployedStack) -> None:
    script, other = place_calls(deployed.database_url, Random(SEED), 2, outcome="reached", stalls=False)
    call_id = script.call_id
    _link(deployed, other.call_id, script.vapi_call_id)  # somebody's mistake
    call = {"id": script.vapi_call_id, "assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    message = {"type": "status-update", "timestamp": NOW, "status": "ended", "call": call}
    event_id = str(deployed.send({"message": message}).event_id)
    wait_for(lambda: _reasons(deployed) == ["CallIdentityConflict"], "the conflict in the dead letters")

    asked = _redrive(deployed, "redrive", "--kind", "status_update")
    assert asked.returncode == 0
    assert "CallIdentityConflict" in asked.stdout
    assert event_id in asked.stdout
    assert script.customer_phone not in asked.stdout
    assert "Nothing moved" in asked.stdout
    assert _reasons(deployed) == ["CallIdentityConflict"]

    _link(deployed, other.call_id, None)
    moved = _redrive(deployed, "--yes", "redrive", "--kind", "status_update", "--only", "CallIdentityConflict")
    assert (moved.returncode, moved.stderr) == (0, "")
    assert "1 of 1 moved" in moved.stdout
    wait_for(lambda: deployed.receipts({event_id}) == {event_id}, "the receipt")
    assert _reasons(deployed) == []
    stored = deployed.rows("SELECT status, vapi_call_id FROM call WHERE id = :id", id=call_id)
    assert stored == [{"status": "Ended", "vapi_call_id": script.vapi_call_id}]


def test_a_dead_letter_that_was_sent_but_not_deleted_is_harmless(deployed: DeployedStack) -> None:
    """A crash between the two leaves a letter that is redriven, though its message was applied before."""
    script, other = place_calls(deployed.database_url, Random(SEED + 1), 2, outcome="reached", stalls=True)
    call = {"id": script.vapi_call_id, "assistantOverrides": {"variableValues": {"call_id": str(script.call_id)}}}
    _link(deployed, other.call_id, script.vapi_call_id)
    event_id = str(deployed.send({"message": {"type": "hang", "timestamp": NOW, "call": call}}).event_id)
    wait_for(lambda: _reasons(deployed, "hang") == ["CallIdentityConflict"], "the conflict in the dead letters")
    _link(deployed, other.call_id, None)
    (letter,) = deployed.dead_letters()["hang"]
    queue = deployed.stack["queues"]["hang"]["url"]
    deployed.cloud.client("sqs").send_message(QueueUrl=queue, MessageBody=letter.body)
    wait_for(lambda: deployed.receipts({event_id}) == {event_id}, "the first copy's receipt")

    assert _redrive(deployed, "--yes", "redrive", "--kind", "hang").returncode == 0
    repeats = "SELECT repeats FROM webhook_event WHERE event_id = :id"
    wait_for(lambda: deployed.rows(repeats, id=event_id) == [{"repeats": 1}], "the second copy counted")
    incidents = deployed.rows("SELECT kind FROM call_incident WHERE call_id = :id", id=script.call_id)
    assert len(incidents) == 1
    assert json.loads(letter.body)["event_id"] == event_id


def test_without_a_kind_the_dead_letters_are_counted(deployed: DeployedStack) -> None:
    counted = _redrive(deployed, "redrive")
    assert counted.returncode == 0
    assert [line.split()[0] for line in counted.stdout.splitlines()[1:]] == list(deployed.stack["queues"])


def test_an_environment_that_is_none_is_said(deployed: DeployedStack) -> None:
    refused = _redrive(deployed, "redrive", "--kind", "hang", environment="nowhere")
    assert refused.returncode != 0
    assert "ENV may be local, default, staging, production" in refused.stderr


def _link(deployed: DeployedStack, call_id: int | None, vapi_call_id: str | None) -> None:
    deployed.rows(
        "UPDATE call SET vapi_call_id = :vapi_call_id WHERE id = :id RETURNING id",
        id=call_id,
        vapi_call_id=vapi_call_id,
    )


def _reasons(deployed: DeployedStack, kind: str = "status_update") -> list[str | None]:
    return [letter.reason for letter in deployed.dead_letters()[kind]]
