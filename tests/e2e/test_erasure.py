"""`make erase` on the deployed stack: rows, the copy in the bucket and the call at the stand-in for Vapi go."""

from random import Random

from autopulse.db.calls import ERASED
from local.simulator.reconciliation import remember
from local.simulator.simulate import place_calls, post_all, wait_until_stored
from local.simulator.webhook_factory import webhooks
from tests.deployed import DeployedStack, wait_for

TOMBSTONES = "SELECT count(*) AS number FROM erased_call WHERE call_id = :id"


def test_a_person_s_call_is_erased_everywhere_and_stays_so(deployed: DeployedStack) -> None:
    (script,) = place_calls(deployed.database_url, Random(20281224), 1, outcome="reached")
    remember(deployed.stack, [script])
    bodies = [body for _, body in webhooks(script)]
    answers = post_all(deployed.stack, bodies)
    assert wait_until_stored(deployed.database_url, [script], answers) == []
    copies = "SELECT state FROM call_recording WHERE call_id = :id"
    wait_for(lambda: deployed.rows(copies, id=script.call_id) == [{"state": "stored"}], "the copy")
    done = deployed.operate("--yes", "erase", "--call", str(script.call_id))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "recordings    1 of 1" in done.stdout
    assert "vapi          1 of 1" in done.stdout
    assert deployed.rows(copies, id=script.call_id) == [{"state": "erased"}]
    (call,) = deployed.rows("SELECT customer_number, outcome FROM call WHERE id = :id", id=script.call_id)
    assert call == {"customer_number": ERASED, "outcome": "reached"}
    assert deployed.rows(TOMBSTONES, id=script.call_id) == [{"number": 2}]
    post_all(deployed.stack, bodies[-1:])
    wait_for(lambda: any('"disposition":"erased"' in line for line in deployed.log_lines()), "the late report's end")
    assert deployed.rows("SELECT 1 AS found FROM transcript WHERE call_id = :id", id=script.call_id) == []
