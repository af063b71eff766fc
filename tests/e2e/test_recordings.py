"""A recording of the stand-in's is copied into the emulator's bucket, and played from there."""

import urllib.request
from random import Random

from local.simulator import recordings
from local.simulator.reconciliation import remember
from local.simulator.simulate import place_calls, post_all, wait_until_stored
from local.simulator.webhook_factory import webhooks
from tests.deployed import DeployedStack, wait_for
from tests.e2e.test_read_api import Principal

SECONDS = 2
"""Of the stand-in's tone."""


def test_a_recording_is_copied_and_played_from_the_stack_s_own_bucket(deployed: DeployedStack) -> None:
    (script,) = place_calls(deployed.database_url, Random(20281202), 1, outcome="reached")
    remember(deployed.stack, [script])
    answers = post_all(deployed.stack, [body for _, body in webhooks(script)])
    assert wait_until_stored(deployed.database_url, [script], answers) == []
    state = "SELECT state, bytes, content_type FROM call_recording WHERE call_id = :id"
    wait_for(lambda: deployed.rows(state, id=script.call_id) != [], "the copy")
    (copy,) = deployed.rows(state, id=script.call_id)
    tone = recordings.tone(SECONDS)
    assert copy == {"state": "stored", "bytes": len(tone), "content_type": "audio/wav"}
    reader = Principal(deployed, deployed.stack["api_token"])
    offered = reader.get(f"/calls/{script.call_id}/recording").json
    assert offered["url"].startswith(deployed.stack["aws_endpoint_url"].replace("127.0.0.1", "localhost"))
    asked = urllib.request.Request(offered["url"], headers={"Range": "bytes=0-3"})  # noqa: S310 - of the emulator
    with urllib.request.urlopen(asked) as answer:  # noqa: S310 - as above
        assert (answer.status, answer.read()) == (206, tone[:4])
        assert answer.headers["content-type"] == "audio/wav"
