"""The sender of alerts: makes one attempt for each message of its queue, and reports the result to the planner.

It is outside any VPC and has no access to the database. The planner has claimed the alert and counted the attempt, so
the only possible repeat is a message that SQS delivers twice; it has the same key.
"""

import math
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Final, Protocol

from autopulse.alerts.messages import Alert, Channel, Outcome, read_alert
from autopulse.alerts.webhook import Target, post, read_target
from autopulse.alerts.wording import subject_of, text_of
from autopulse.aws import AWS_ERRORS, Clients, bounded, name_of
from autopulse.errors import DeliveryFailed, InvalidMessage
from autopulse.observability import logger
from autopulse.settings import AlertSenderSettings, from_environ

REPORT_TRIES: Final = 3
REPORT_PAUSE_SECONDS: Final = 2.0
"""Pauses in seconds between reports of a result; the client makes each report up to twice."""
SECRET_SECONDS: Final = 60
"""The time in seconds for which a secret is cached."""


class Topics(Protocol):
    """The part of the SNS client that alerts use."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> object:  # noqa: N803 - as boto3 has it
        """Send a mail to all subscribers."""
        ...


class Services(Clients):
    """The services of one container."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._target: Target | None = None
        self._read_at = 0.0

    @cached_property
    def settings(self) -> AlertSenderSettings:
        """The function's configuration."""
        return from_environ(AlertSenderSettings)

    @cached_property
    def sns(self) -> Topics:
        """The client of the topic that sends mails."""
        import boto3  # noqa: PLC0415 - the import takes 0.1 s, and a webhook does not need it

        client: Topics = boto3.client("sns", config=bounded())
        return client

    def now(self) -> datetime:
        """The current time in UTC."""
        return datetime.now(timezone.utc)

    def pause(self, seconds: float) -> None:
        """Wait some seconds before the next try."""
        time.sleep(seconds)

    def target(self) -> Target:
        """The webhook, whose secret is cached for a minute; raises DeliveryFailed."""
        if self._target is None or time.monotonic() - self._read_at >= SECRET_SECONDS:
            try:
                secret = self.secretsmanager.get_secret_value(SecretId=self.settings.webhook_secret_arn)
            except AWS_ERRORS as error:
                logger().warning("secret not read", extra={"cause": name_of(error)})
                raise DeliveryFailed(DeliveryFailed.UNAVAILABLE) from None
            self._target = read_target(str(secret.get("SecretString", "")))
            self._read_at = time.monotonic()
        return self._target


def handle(event: Mapping[str, Any], services: Services) -> None:
    """Make one attempt for each message; a message that cannot be read is logged and dropped."""
    for record in event["Records"]:
        try:
            alert = read_alert(record["body"])
        except InvalidMessage as error:
            logger().error("alert not read", extra={"reason": error.reason, "detail": error.detail})
            continue
        if services.now() > alert.not_after:
            logger().warning("alert too late", extra={"key": alert.key, "tries": alert.tries})
            continue
        _report(_try(alert, services), services)


def _try(alert: Alert, services: Services) -> Outcome:
    named = (alert.follow_up_id, alert.step, alert.channel, alert.tries)
    try:
        _send(alert, services)
    except DeliveryFailed as failed:
        logger().warning("alert not sent", extra={"key": alert.key, "tries": alert.tries, "reason": failed.reason})
        return Outcome(
            *named, reason=failed.reason, is_final=failed.is_final, retry_after=math.ceil(failed.retry_after)
        )
    logger().info("alert sent", extra={"key": alert.key, "tries": alert.tries})
    return Outcome(*named)


def _send(alert: Alert, services: Services) -> None:
    settings = services.settings
    if alert.channel == Channel.WEBHOOK:
        if not settings.webhook_secret_arn:
            raise DeliveryFailed(DeliveryFailed.NOT_CONFIGURED, is_final=True)
        post(alert, services.target(), settings.console_url, takes_loopback=settings.takes_loopback)
        return
    if not settings.topic_arn:
        raise DeliveryFailed(DeliveryFailed.NOT_CONFIGURED, is_final=True)
    try:
        services.sns.publish(
            TopicArn=settings.topic_arn, Subject=subject_of(alert), Message=text_of(alert, settings.console_url)
        )
    except AWS_ERRORS as error:
        logger().warning("mail not published", extra={"cause": name_of(error)})
        raise DeliveryFailed(DeliveryFailed.UNAVAILABLE) from None


def _report(outcome: Outcome, services: Services) -> None:
    """Report the result; if the error persists, it is raised, and SQS delivers the message again."""
    for left in reversed(range(REPORT_TRIES)):
        try:
            services.sqs.send_message(QueueUrl=services.settings.alert_queue_url, MessageBody=outcome.to_json())
        except AWS_ERRORS:
            if not left:
                raise
            services.pause(REPORT_PAUSE_SECONDS)
        else:
            return
