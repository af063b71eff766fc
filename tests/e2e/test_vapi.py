"""Vapi's stand-in is pointed at the deployed stack, examined, and given a new secret while webhooks come in."""

import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import OK
from threading import Event
from typing import Any

import pytest

from local.simulator.webhook_client import encode, post, sign
from local.vapi_api import KEY, Vapi, serve
from operate import rotation
from operate.confirmation import always
from operate.target import OperationFailed, Target, find_target, read_secret
from operate.webhook_secret import former_places
from tests.deployed import DeployedStack, wait_for

NOT_HTTPS = "is not https"
"""What is always wrong with a local stack: Vapi could not reach it."""


@pytest.fixture
def vapi() -> Iterator[Vapi]:
    with serve() as served:
        yield served


@pytest.fixture
def target(deployed: DeployedStack) -> Iterator[Target]:
    """The local stack; its secret is afterwards what it was, and known to the verifier."""
    target = find_target("local", deployed.paths)
    before = read_secret(target)
    yield target
    if read_secret(target) != before:
        target.client("secretsmanager").put_secret_value(
            SecretId=target.output("WebhookSecretArn"), SecretString=json.dumps(before)
        )
        wait_for(lambda: _answer_to(deployed, before["secret"]) == OK, "a verifier that knows the former secret")


def _run(deployed: DeployedStack, vapi: Vapi, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """As make runs it."""
    given = {"VAPI_API_KEY": KEY, "VAPI_API_URL": vapi.url} | environ
    return deployed.operate(*arguments, **given)


def _configured(deployed: DeployedStack, vapi: Vapi) -> dict[str, Any]:
    assistant = vapi.add("assistant", name="Follow-up")
    done = _run(
        deployed, vapi, "--yes", "vapi-configure", "--assistant", assistant["id"], "--protect-monitor", "--static-ip"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert deployed.stack["webhook_secret"] not in done.stdout
    return vapi.stored["assistant"][assistant["id"]]


def _wrongs(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("    wrong")]


def _deliver(vapi: Vapi, assistant: dict[str, Any]) -> int:
    """A webhook as Vapi sends it by what is configured just now; the status."""
    server = assistant["server"]
    plan = vapi.stored["credential"][server["credentialId"]]["authenticationPlan"]
    message = {"type": "autopulse.ping", "id": str(uuid.uuid4()), "timestamp": int(time.time() * 1000)}
    content = encode({"message": message})
    return post(server["url"], content, sign(plan["secretKey"], content)).status


def test_without_a_terminal_nothing_is_changed(deployed: DeployedStack, vapi: Vapi) -> None:
    assistant = vapi.add("assistant", name="Follow-up")
    asked = _run(deployed, vapi, "vapi-configure", "--assistant", assistant["id"])
    assert asked.returncode == 0
    assert "Nothing changed" in asked.stdout
    assert vapi.changes() == []


def test_a_configured_assistant_is_well_and_its_ping_is_stored(deployed: DeployedStack, vapi: Vapi) -> None:
    assistant = _configured(deployed, vapi)
    assert assistant["server"]["url"] == deployed.stack["webhook_url"]
    assert _deliver(vapi, assistant) == 200
    doctor = _run(deployed, vapi, "vapi-doctor", "--assistant", assistant["id"])
    assert doctor.returncode == 1
    assert [NOT_HTTPS in line for line in _wrongs(doctor.stdout)] == [True], doctor.stdout
    (stored,) = [line for line in doctor.stdout.splitlines() if line.startswith("  stored")]
    assert deployed.receipts({stored.split()[-1]}) == {stored.split()[-1]}
    assert deployed.stack["webhook_secret"] not in doctor.stdout


def test_a_ping_that_cannot_arrive_is_found_out(deployed: DeployedStack, vapi: Vapi) -> None:
    _configured(deployed, vapi)
    cases = {
        "answered 401": {"VAPI_WEBHOOK_SECRET": "another-secret"},
        "the webhook URL does not answer": {"VAPI_WEBHOOK_URL": "http://127.0.0.1:9/v1/webhooks/vapi-webhook"},
        "the read API answered 401": {"API_TOKEN": "nonsense"},
        "VAPI_API_KEY is not accepted": {"VAPI_API_KEY": "another"},
    }
    for expected, environ in cases.items():
        done = _run(deployed, vapi, "vapi-doctor", **environ)
        assert done.returncode == 1
        assert expected in done.stdout + done.stderr


def test_what_is_wrong_is_the_exit_status(deployed: DeployedStack, vapi: Vapi) -> None:
    assistant = _configured(deployed, vapi)
    assistant["serverMessages"].remove("end-of-call-report")
    doctor = _run(deployed, vapi, "vapi-doctor")
    assert doctor.returncode == 1
    assert "end-of-call-report never arrive" in doctor.stdout
    assert "2 things wrong" in doctor.stdout


def test_a_rotation_loses_no_webhook(
    deployed: DeployedStack, vapi: Vapi, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Webhooks come in all the time, each signed by what Vapi has at that moment."""
    assistant = _configured(deployed, vapi)
    old_secret = read_secret(target)["secret"]
    over, statuses = Event(), list[int]()

    def deliver_until_over() -> None:
        while not over.wait(0.3):
            statuses.append(_deliver(vapi, assistant))

    with ThreadPoolExecutor(1) as background:
        delivering = background.submit(deliver_until_over)
        try:
            assert rotation.begin(target, always) == 0
            _reconfigure(deployed, vapi, assistant)
            _refuse_to_finish_early(deployed, target, old_secret, monkeypatch)
            assert rotation.finish(target, always, force=True) == 0
            so_far = len(statuses)
            wait_for(lambda: delivering.done() or len(statuses) > so_far + 2, "webhooks after the rotation")
        finally:
            over.set()
    delivering.result()
    assert set(statuses) == {OK}
    assert len(vapi.stored["credential"]) == 2


def _reconfigure(deployed: DeployedStack, vapi: Vapi, assistant: dict[str, Any]) -> None:
    former = assistant["server"]["credentialId"]
    again = _run(
        deployed, vapi, "--yes", "vapi-configure", "--assistant", assistant["id"], "--protect-monitor", "--static-ip"
    )
    assert again.returncode == 0
    assert assistant["server"]["credentialId"] != former
    assert _deliver(vapi, assistant) == 200


def _refuse_to_finish_early(
    deployed: DeployedStack, target: Target, old_secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it is too early; and later the log shows that somebody has the old secret still."""
    with pytest.raises(OperationFailed, match="0 minutes old"):
        rotation.finish(target, always)
    monkeypatch.setattr(rotation, "OVERLAP", timedelta(0))
    places = former_places(read_secret(target))

    def is_seen() -> bool:
        _post_signed(deployed, old_secret)
        return any(rotation._used_places(target, rotation.Clock().now() - rotation.WATCHED)[place] for place in places)  # noqa: SLF001 - what finish looks at

    wait_for(is_seen, "a webhook with the old secret in the verifier's log")
    with pytest.raises(OperationFailed, match="came with the old secret"):
        rotation.finish(target, always)


def _post_signed(deployed: DeployedStack, secret: str) -> None:
    assert _answer_to(deployed, secret) == OK


def _answer_to(deployed: DeployedStack, secret: str) -> int:
    """The status of the answer to a webhook that is signed with this secret."""
    content = encode({"message": {"type": "autopulse.ping", "id": str(uuid.uuid4()), "timestamp": time.time() * 1000}})
    return post(deployed.stack["webhook_url"], content, sign(secret, content)).status
