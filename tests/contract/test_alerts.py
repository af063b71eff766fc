"""What `template.yaml` makes to send alerts of follow-ups: nothing at all, unless a channel is switched on."""

import json
from typing import Any, Final

import pytest

from autopulse.alerts import planner
from autopulse.alerts.webhook import LONGEST_SECONDS
from tests.contract.stack import LOCAL, SECONDS_PER_DAY, SHAPES, Stack, denies_plain_text, ids_of, properties, source

PRODUCTION: Final = SHAPES["production"]
SENDING: Final = SHAPES["with alerts"]
BY_MAIL: Final = SENDING.but(AlertWebhookDetail="off")
BY_WEBHOOK: Final = SENDING.but(AlertEmailDetail="off")


def _made(stack: Stack) -> set[str]:
    return {name for name in stack.resources if name.startswith("Alert")}


def test_nothing_is_made_unless_a_channel_is_on() -> None:
    assert _made(PRODUCTION) == {"AlertsLogGroup", "AlertSenderLogGroup"}
    parameters = source()["Parameters"]
    assert [parameters[name]["Default"] for name in ("AlertEmailDetail", "AlertWebhookDetail", "AlertAtNight")] == [
        "off"
    ] * 3


def test_each_channel_makes_its_own_parts() -> None:
    mail = {"AlertTopic", "AlertTopicPolicy", "AlertEmailSubscription"}
    assert _made(SENDING) - _made(BY_WEBHOOK) == mail
    assert _made(SENDING) - _made(BY_MAIL) == {"AlertWebhook"}
    assert _made(SENDING.but(AlertEmail="")) == _made(SENDING) - {"AlertEmailSubscription"}
    assert BY_MAIL.environment("AlertSenderFunction")["ALERT_WEBHOOK_SECRET_ARN"] == ""
    assert BY_WEBHOOK.environment("AlertSenderFunction")["ALERT_TOPIC_ARN"] == ""


def _rights(role: str, stack: Stack) -> set[tuple[str, str]]:
    given = [
        (action, json.dumps(one["Resource"]))
        for policy in stack.properties(role)["Policies"]
        for one in policy["PolicyDocument"]["Statement"]
        for action in (one["Action"] if isinstance(one["Action"], list) else [one["Action"]])
    ]
    return {(action, resource) for action, resource in given if not action.startswith("logs:")}


def _arn(name: str) -> str:
    return json.dumps({"Fn::GetAtt": [name, "Arn"]})


POLLING: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def test_the_sender_polls_sends_and_tells_and_knows_no_database() -> None:
    assert _rights("AlertSenderRole", SENDING) == {
        *((action, _arn("AlertSenderQueue")) for action in POLLING),
        ("sqs:SendMessage", _arn("AlertQueue")),
        ("sns:Publish", json.dumps({"Ref": "AlertTopic"})),
        ("secretsmanager:GetSecretValue", json.dumps({"Ref": "AlertWebhook"})),
    }
    assert not {"VpcConfig", "DATABASE_HOST"} & {
        *SENDING.properties("AlertSenderFunction"),
        *SENDING.environment("AlertSenderFunction"),
    }


def test_the_planner_asks_the_sender_alone_and_has_no_way_out() -> None:
    assert _rights("AlertsRole", SENDING) == {
        *((action, _arn("AlertQueue")) for action in POLLING),
        ("sqs:SendMessage", _arn("AlertSenderQueue")),
    }
    assert "VpcConfig" in SENDING.properties("AlertsFunction")


@pytest.mark.parametrize("queue", ["AlertSenderQueue", "AlertDeadLetterQueue"])
def test_what_names_a_customer_is_encrypted_and_takes_tls_only(queue: str) -> None:
    assert SENDING.properties(queue)["KmsMasterKeyId"] == {"Ref": "DataKey"}
    assert SENDING.but(CustomerKey="false").properties(queue)["SqsManagedSseEnabled"] is True
    assert {"Ref": queue} in SENDING.properties("QueueTransportPolicy")["Queues"]


def test_the_planners_queue_takes_events_of_the_two_steps_from_this_bus_alone() -> None:
    statement, _ = properties("AlertQueuePolicy")["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["AlertRule", "Arn"]}}}
    assert denies_plain_text(properties("AlertQueuePolicy")["PolicyDocument"], "sqs:*")
    assert properties("AlertRule")["EventPattern"]["detail-type"] == list(planner.STEPS)
    assert properties("AlertQueue")["MessageRetentionPeriod"] == 7 * SECONDS_PER_DAY


def test_a_lost_try_is_made_again_only_when_its_message_is_gone() -> None:
    queue, function = properties("AlertSenderQueue"), properties("AlertSenderFunction")
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"]
    assert planner.SENT_WITHIN.total_seconds() + function["Timeout"] < queue["MessageRetentionPeriod"]
    assert queue["MessageRetentionPeriod"] < planner.LEASE.total_seconds()
    assert function["Timeout"] > 2 * LONGEST_SECONDS
    assert queue["FifoQueue"] is True


def test_a_webhook_on_this_machine_is_for_the_emulator_alone() -> None:
    taken: dict[str, Any] = {
        name: stack.environment("AlertSenderFunction")["ALERT_TAKES_LOOPBACK"]
        for name, stack in {"local": LOCAL, "production": SENDING}.items()
    }
    assert taken == {"local": "true", "production": "false"}


def test_links_lead_to_the_console_or_where_a_person_says_it_is() -> None:
    url = SENDING.environment("AlertSenderFunction")["CONSOLE_URL"]
    assert url == {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/api/console/"}
    elsewhere = SENDING.but(ConsoleAddress="https://calls.example.com/")
    assert elsewhere.environment("AlertSenderFunction")["CONSOLE_URL"] == {"Ref": "ConsoleAddress"}


def test_no_other_function_reads_the_webhooks_address() -> None:
    readers = [
        role
        for role in ids_of("AWS::IAM::Role")
        if role in SENDING.resources and '{"Ref": "AlertWebhook"}' in json.dumps(SENDING.properties(role))
    ]
    assert readers == ["AlertSenderRole"]
