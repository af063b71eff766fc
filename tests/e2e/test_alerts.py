"""An alert of a follow-up as it is deployed: from the request that opens one to a webhook that fails first."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, Final

import pytest

from local.alert_receiver import Receiver, Reply, serve
from local.database import connect
from local.simulator.simulate import place_calls
from local.stack_paths import STACK_NAME
from tests.deployed import DeployedStack, wait_for
from tests.e2e.test_read_api import Principal

STATE: Final = "SELECT state, tries, reason FROM follow_up_alert WHERE follow_up_id = :id"


@pytest.fixture
def receiver(deployed: DeployedStack) -> Iterator[Receiver]:
    """A receiver of this test's own, which the stack's secret names as long as it is there."""
    described = deployed.cloud.describe()
    assert described is not None
    secret, secrets = described.outputs["AlertWebhookSecretArn"], deployed.cloud.client("secretsmanager")
    former = secrets.get_secret_value(SecretId=secret)["SecretString"]
    with serve() as served:
        deployed.cloud.keep_alert_webhook(secret, served.url)
        yield served
        secrets.put_secret_value(SecretId=secret, SecretString=former)


def _let_the_next_try_be_due(deployed: DeployedStack) -> None:
    """What the schedule does when the pause is over."""
    database = connect(deployed.database_url)
    database.run("UPDATE follow_up_alert SET send_at = now() WHERE state = 'waiting'")
    database.close()
    deployed.cloud.client("lambda").invoke(FunctionName=f"{STACK_NAME}-alerts:live", Payload="{}")


def _open_follow_up(deployed: DeployedStack, call_id: int | None) -> int:
    """By the API; whether its answer is in time is not what this is about."""
    with suppress(TimeoutError):
        Principal(deployed, deployed.stack["api_token"]).get(f"/calls/{call_id}/follow-up", "POST")
    made = "SELECT id FROM follow_up WHERE call_id = :id"
    wait_for(lambda: deployed.rows(made, id=call_id) != [], "the follow-up")
    return int(deployed.rows(made, id=call_id)[0]["id"])


def _has_failed(deployed: DeployedStack, id_: int, tries: int) -> bool:
    """Whether so many tries have failed, and another one is to come."""
    return [(row["state"], row["tries"]) for row in deployed.rows(STATE, id=id_)] == [("waiting", tries)]


def test_an_alert_reaches_a_webhook_that_fails_is_slow_and_then_takes_it(
    deployed: DeployedStack, receiver: Receiver
) -> None:
    (script,) = place_calls(deployed.database_url, Random(20281203), 1)
    receiver.replies = [Reply(500), Reply(seconds=15), Reply(503)]
    id_ = _open_follow_up(deployed, script.call_id)

    def state() -> dict[str, Any]:
        return deployed.rows(STATE, id=id_)[0]

    reasons = []
    for tries in (1, 2, 3):
        wait_for(partial(_has_failed, deployed, id_, tries), f"try {tries}")
        reasons.append(state()["reason"])
        _let_the_next_try_be_due(deployed)
    wait_for(lambda: state()["state"] == "delivered", "the delivery")
    _let_the_next_try_be_due(deployed)
    assert set(reasons) <= {"unavailable", "slow"}
    assert reasons[1] == "slow"
    assert [one.headers["idempotency-key"] for one in receiver.received] == [f"follow-up-{id_}-opened-webhook"] * 4
    given = receiver.received[-1].json
    assert (given["type"], given["follow_up_id"], given["call_id"]) == ("follow_up.opened", id_, script.call_id)
    assert given["url"].endswith(f"/console/?call={script.call_id}")
    assert given["customer"]["phone"]
    assert state() == {"state": "delivered", "tries": 4, "reason": None}
