"""The copying function: copies recordings from Vapi into our bucket, and reports the results to the status queue.

A failed attempt is repeated after 30 s, 5 min, 1 h and 1 day. SQS delays a message by at most 15 minutes and hides one
for at most 12 hours, so a message has the time of its next attempt: a message that comes earlier is hidden again. After
the last attempt the recording is `missing`. Unless Vapi clearly has no recording, the request becomes a dead letter,
because an operator may correct the cause and redrive it.
"""

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Final, cast

from autopulse.domain.copies import MISSING, STORED
from autopulse.errors import CopyFailed, InvalidMessage
from autopulse.json_coercion import Json, read_mapping, to_text
from autopulse.observability import Measurements, Metric, loggable_id, logger
from autopulse.recordings.download import Body, Source, open_recording
from autopulse.recordings.requests import CopyRequest, read_request
from autopulse.settings import RecordingSettings, recording_settings
from autopulse.vapi.envelope import envelope_from
from autopulse.vapi.recordings import expiry_of
from autopulse.vapi.routes import INTERNAL, RECORDING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from autopulse.aws import SecretsManager

WAITS_SECONDS: Final = (30, 300, 3600, 86_400)
"""The delays in seconds after the first failed attempt, the second and so on."""
MAX_DELAY_SECONDS: Final = 900
"""SQS's longest delay of a new message, in seconds."""
MAX_HIDDEN_SECONDS: Final = 42_000
"""Less than SQS's limit of 12 hours, which starts when the message is received."""
OUTAGE_SECONDS: Final = 60
"""The delay in seconds of a message that failed through an AWS service."""
PART_BYTES: Final = 8 * 1024 * 1024
"""The size in bytes of a part of an upload, which is the part of a recording that is in memory."""
S3_READ_SECONDS: Final = 20
KEPT_SECONDS: Final = 300
"""The time in seconds for which the key is cached; it may be rotated."""

Answer = dict[str, list[dict[str, str]]]


class Services:
    """The services of the function, created on first use and kept as long as the container."""

    def __init__(self) -> None:
        self._key: tuple[float, str] | None = None

    @cached_property
    def settings(self) -> RecordingSettings:
        """The function's configuration; raises SettingMissing or SettingInvalid."""
        return recording_settings()

    @cached_property
    def s3(self) -> "S3Client":
        """The client of the bucket."""
        import boto3  # noqa: PLC0415 - on first use

        from autopulse.aws import bounded  # noqa: PLC0415 - on first use

        return boto3.client("s3", config=bounded(read_timeout=S3_READ_SECONDS))

    @cached_property
    def sqs(self) -> "SQSClient":
        """The client of the function's queue, its dead-letter queue, and the status queue."""
        import boto3  # noqa: PLC0415 - on first use

        from autopulse.aws import bounded  # noqa: PLC0415 - on first use

        return boto3.client("sqs", config=bounded())

    @cached_property
    def secrets(self) -> "SecretsManager":
        """The client of the secret with Vapi's key."""
        from autopulse.aws import SECRETS_MANAGER, SecretsManager  # noqa: PLC0415 - on first use

        return SecretsManager(SECRETS_MANAGER)

    def now(self) -> datetime:
        """The current time in UTC."""
        return datetime.now(timezone.utc)

    @property
    def source(self) -> Source:
        """The source of recordings; raises ClientError or BotoCoreError if the key cannot be read."""
        settings = self.settings
        return Source(settings.api_url, self._api_key(settings.api_key_secret_arn), settings.storage_hosts)

    def _api_key(self, arn: str) -> str:
        """Vapi's key; empty if there is none."""
        if not arn:
            return ""
        if self._key is None or time.monotonic() - self._key[0] >= KEPT_SECONDS:
            self._key = time.monotonic(), _key_of(self.secrets.get_secret_value(SecretId=arn).get("SecretString"))
        return self._key[1]

    def forget_key(self) -> None:
        """Read the key again next time, because it was refused."""
        self._key = None


def handle(event: dict[str, Any], services: Services) -> Answer:
    """Answer an SQS event, by default of one record; returns the records to deliver again."""
    measurements = Measurements()
    returned = [record["messageId"] for record in event["Records"] if not _settle(record, services, measurements)]
    measurements.flush()
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in returned]}


def _settle(record: dict[str, Any], services: Services, measurements: Measurements) -> bool:
    """Process a message; returns whether it is done."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - imported with boto3, on first use

    try:
        request = read_request(record["body"])
    except InvalidMessage as error:
        logger().warning("recording request unreadable", extra={"detail": error.detail})
        _send_to_dead_letters(record["body"], error.reason, services)
        return True
    if request.not_before is not None and request.not_before > services.now():
        _hide(record, (request.not_before - services.now()).total_seconds(), services)
        return False
    try:
        _copy(request, services, measurements)
    except (BotoCoreError, ClientError) as error:
        cause = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        logger().error("recording postponed", extra=_keys(request) | {"cause": cause})
        _hide(record, OUTAGE_SECONDS, services)
        return False
    return True


def _copy(request: CopyRequest, services: Services, measurements: Measurements) -> None:
    try:
        with open_recording(request, services.source) as body:
            _upload(body, request.object_key, services)
    except CopyFailed as failure:
        _try_again_or_give_up(request, failure, services, measurements)
        return
    _report(
        request,
        services,
        state=STORED,
        key=request.object_key,
        bytes=body.bytes,
        content_type=body.content_type,
        sha256=body.sha256,
    )
    measurements.count(Metric.RECORDING_STORED)
    logger().info("recording stored", extra=_keys(request) | {"bytes": body.bytes})


def _upload(body: Body, key: str, services: Services) -> None:
    """Upload the object while it is downloaded; an interrupted upload leaves no object."""
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - imported with boto3, on first use

    services.s3.upload_fileobj(
        cast("IO[bytes]", body),  # only its method `read` is used
        services.settings.bucket,
        key,
        ExtraArgs={"ContentType": body.content_type},
        Config=TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False),
    )


def _try_again_or_give_up(
    request: CopyRequest, failure: CopyFailed, services: Services, measurements: Measurements
) -> None:
    if failure.reason == CopyFailed.UNAUTHORIZED:
        services.forget_key()
    is_absent = failure.reason == CopyFailed.NOT_FOUND
    is_last = failure.is_final or request.tries >= len(WAITS_SECONDS) or _has_ended(request, services)
    line = _keys(request) | {"reason": failure.reason, "is_last": is_last}
    if not is_absent:
        measurements.count(Metric.RECORDING_FAILED, reason=failure.reason)
    if not is_last:
        wait = max(WAITS_SECONDS[request.tries], failure.retry_after)
        _ask_again(request, wait, services)
        logger().warning("recording not copied", extra=line | {"again_in_seconds": wait})
        return
    _report(request, services, state=MISSING)
    if not is_absent:
        _send_to_dead_letters(replace(request, tries=0, not_before=None).to_json(), failure.reason, services)
    measurements.count(Metric.RECORDING_MISSING)
    logger().warning("recording missing", extra=line)


def _has_ended(request: CopyRequest, services: Services) -> bool:
    """Whether the presigned URL was the only source, and has expired."""
    if request.url is None or services.source.api_key:
        return False
    expires_at = expiry_of(request.url, request.expires_at)
    return expires_at is not None and expires_at <= services.now()


def _ask_again(request: CopyRequest, wait: float, services: Services) -> None:
    again = replace(request, tries=request.tries + 1, not_before=services.now() + timedelta(seconds=wait))
    services.sqs.send_message(
        QueueUrl=services.settings.queue_url,
        MessageBody=again.to_json(),
        DelaySeconds=min(int(wait), MAX_DELAY_SECONDS),
    )


def _hide(record: dict[str, Any], seconds: float, services: Services) -> None:
    """Hide the message for `seconds`, at most for 12 hours."""
    services.sqs.change_message_visibility(
        QueueUrl=services.settings.queue_url,
        ReceiptHandle=record["receiptHandle"],
        VisibilityTimeout=min(int(seconds) + 1, MAX_HIDDEN_SECONDS),
    )


def _report(request: CopyRequest, services: Services, **result: Json) -> None:
    """Report the result to the consumer of the status queue; the same result is the same event."""
    message = {"type": RECORDING, "call": {"id": request.vapi_call_id}, **result}
    envelope = envelope_from(INTERNAL[RECORDING], message, services.now())
    services.sqs.send_message(
        QueueUrl=services.settings.status_queue_url,
        MessageBody=envelope.to_json(),
        MessageGroupId=envelope.fairness_group,
        MessageAttributes={
            "kind": {"DataType": "String", "StringValue": envelope.kind},
            "event_id": {"DataType": "String", "StringValue": envelope.event_id},
        },
    )


def _send_to_dead_letters(body: str, reason: str, services: Services) -> None:
    services.sqs.send_message(
        QueueUrl=services.settings.dead_letter_queue_url,
        MessageBody=body,
        MessageAttributes={"reason": {"DataType": "String", "StringValue": reason}},
    )


def _keys(request: CopyRequest) -> dict[str, object]:
    return {
        "vapi_call_id": loggable_id(request.vapi_call_id),
        "tries": request.tries + 1,
        "expires_at": to_text(request.expires_at),
    }


def _key_of(secret: Json) -> str:
    """The key in the secret's JSON; empty if there is none."""
    try:
        given = read_mapping(json.loads(secret)).get("api_key")
    except (TypeError, ValueError):
        return ""
    return given.strip() if isinstance(given, str) else ""
