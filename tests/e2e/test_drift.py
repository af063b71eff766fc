"""`make drift` and `make refusals` of a stack that is up say what came that nobody knows, and what did not match."""

from random import Random

from local.simulator.simulate import place_calls
from local.simulator.webhook_client import encode, sign
from tests.deployed import DeployedStack, wait_for

SENT = 1793631600000
NUMBER = "+12025550147"
CANARY = "kanarienvogel-secret"


def test_what_nobody_knows_is_listed_with_its_calls(deployed: DeployedStack) -> None:
    (script,) = place_calls(deployed.database_url, Random(20281201), 1, outcome="busy")
    call = {"id": script.vapi_call_id, "assistantOverrides": {"variableValues": {"call_id": str(script.call_id)}}}
    message = {"type": "status-update", "timestamp": SENT, "call": call}
    ended = message | {
        "status": "ended",
        "endedReason": "was-levitated-at-sea",
        f"moodOf{NUMBER}": 1,
        "moodOfTheSea": 2,
    }
    sent = [deployed.send({"message": body}) for body in (ended, message | {"status": "sea-sick"})]
    events = {str(answer.event_id) for answer in sent}
    wait_for(lambda: deployed.receipts(events) == events, "both messages")
    wait_for(lambda: "was-levitated-at-sea" in "".join(deployed.log_lines()), "the consumers' lines")

    listed = deployed.make("drift", SINCE="1h")
    assert "Error 1" in listed.stderr, "make's own exit status is 2 for whatever fails"
    for value in ("moodOfTheSea", "was-levitated-at-sea", "sea-sick"):
        (line,) = [line for line in listed.stdout.splitlines() if line.startswith(f"  {value}: ")]
        assert line.endswith(f"such as in {script.vapi_call_id}")
    assert "2025550147" not in listed.stdout
    assert "shared/autopulse/vapi/ended_reasons.py" in listed.stdout


def test_refused_webhooks_are_listed_by_what_did_not_match(deployed: DeployedStack) -> None:
    content = encode({"message": {"type": "autopulse.ping", "id": "drift", "timestamp": SENT}})
    secret = {"X-Vapi-Secret": CANARY}
    assert {deployed.send(content, headers).status for headers in (secret, {"X-Vapi-Signature": "0" * 64}, {})} == {401}
    assert deployed.send(content, sign(CANARY, content)).status == 401

    listed = deployed.make("refusals", SINCE="1h")
    assert "Error 1" in listed.stderr
    for part in ("secret-mismatch", "signature-mismatch", "header-missing"):
        assert f"401 {part}: " in listed.stdout
    assert "make vapi-configure sets it right" in listed.stdout
    assert CANARY not in listed.stdout + "".join(deployed.log_lines())


def test_what_cannot_be_told_is_not_nothing(deployed: DeployedStack) -> None:
    for target in ("drift", "refusals"):
        told = deployed.make(target, SINCE="yesterday")
        assert "SINCE is a span" in told.stderr
        assert "Error 2" in told.stderr
