"""A wrong link is shown and taken back by `make unlink`, and what was refused because of it is applied after all."""

import subprocess
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from local.simulator.scenario import CallScript
from local.simulator.simulate import place_calls, post_all, wait_until_stored
from local.simulator.webhook_factory import Body, webhooks
from tests.deployed import DeployedStack, wait_for

SEED = 20281129
EARLIER = 1793631600000
pytestmark = pytest.mark.usefixtures("no_dead_letters")


def _unlink(deployed: DeployedStack, call_id: int | None, **variables: str) -> subprocess.CompletedProcess[str]:
    return deployed.make("unlink", CALL=str(call_id), **variables)


def _link(deployed: DeployedStack, call_id: int | None, vapi_call_id: str, sent: int = EARLIER) -> None:
    """Let a message say that a call of Vapi's is this call."""
    call = {"id": vapi_call_id, "assistantOverrides": {"variableValues": {"call_id": str(call_id)}}}
    message = {"type": "status-update", "timestamp": sent, "status": "ringing", "call": call}
    event_id = str(deployed.send({"message": message}).event_id)
    wait_for(lambda: deployed.receipts({event_id}) == {event_id}, "the message that links them")


def _row(deployed: DeployedStack, call_id: int | None) -> Mapping[str, Any]:
    (row,) = deployed.rows("SELECT * FROM call WHERE id = :id", id=call_id)
    return {name: value for name, value in row.items() if name != "updated_at"}


def _refused(deployed: DeployedStack) -> Counter[str | None]:
    return Counter(letter.reason for letters in deployed.dead_letters().values() for letter in letters)


def _bodies(script: CallScript) -> list[Body]:
    return [body for _, body in webhooks(script)]


def test_unlink_removes_a_wrong_link_and_redrives_the_refused_messages(deployed: DeployedStack) -> None:
    script, other = place_calls(deployed.database_url, Random(SEED), 2, outcome="reached", stalls=True)
    before = _row(deployed, other.call_id)
    _link(deployed, other.call_id, script.vapi_call_id)
    assert _row(deployed, other.call_id)["vapi_call_id"] == script.vapi_call_id
    answers = post_all(deployed.stack, _bodies(script))
    queued = {answer.event_id for answer in answers if answer.verdict == "accepted"}
    wait_for(lambda: _refused(deployed) == {"CallIdentityConflict": len(queued)}, "every message refused")

    asked = _unlink(deployed, other.call_id)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert f"Call {other.call_id} is linked to 1 call of Vapi's" in asked.stdout
    assert f"{script.vapi_call_id} (the one that is shown)" in asked.stdout
    assert "status-update" in asked.stdout
    assert "Nothing changed" in asked.stdout
    assert _refused(deployed).total() == len(queued)

    taken = _unlink(deployed, other.call_id, VAPI_CALL=script.vapi_call_id, YES="1")
    assert (taken.returncode, taken.stderr) == (0, "")
    assert "Taken back: 1 attempt, 0 turns, 0 incidents, 1 receipt" in taken.stdout
    assert not any(phone in asked.stdout + taken.stdout for phone in (script.customer_phone, other.customer_phone))
    assert _row(deployed, other.call_id) == before
    assert wait_until_stored(deployed.database_url, [script], answers) == []
    assert _row(deployed, script.call_id)["vapi_call_id"] == script.vapi_call_id
    assert _refused(deployed) == Counter()
    assert "Nothing to do" in _unlink(deployed, other.call_id, YES="1").stdout

    _link(deployed, other.call_id, script.vapi_call_id, EARLIER + 1)
    assert _row(deployed, other.call_id) == before, "what was taken back is not made again"


def test_a_call_that_is_linked_to_nothing_or_another_one_is_said(deployed: DeployedStack) -> None:
    (script,) = place_calls(deployed.database_url, Random(SEED + 1), 1, outcome="busy")
    free = _unlink(deployed, script.call_id, YES="1")
    assert free.returncode == 0
    assert "Nothing to do" in free.stdout
    _link(deployed, script.call_id, script.vapi_call_id)
    wrong = _unlink(deployed, script.call_id, VAPI_CALL="0193a000-0000-7000-8000-00000000beef", YES="1")
    assert wrong.returncode != 0
    assert "is not linked to this one" in wrong.stderr
    assert _row(deployed, script.call_id)["vapi_call_id"] == script.vapi_call_id
