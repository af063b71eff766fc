"""The AWS clients of the consumers, made on first use and kept per container.

What they are made with is imported on first use, too: 0.1 to 0.2 s that most invocations do not need.
"""

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from autopulse.aws import EventBridge, Sqs

LONGEST_SECONDS: Final = 9
"""The longest that one AWS call with its one retry may take, of the function's 30 s."""
EVENTS_READ_SECONDS: Final = 1
"""With the connection and one more try four seconds: the records are committed, and SQS waits for the answer."""


@cache
def sqs() -> "SQSClient":
    """Return the one client."""
    import boto3  # noqa: PLC0415 - as said above

    from autopulse.aws import bounded  # noqa: PLC0415 - as said above

    return boto3.client("sqs", config=bounded())


@cache
def s3() -> "S3Client":
    """Return the one client."""
    import boto3  # noqa: PLC0415 - as said above

    from autopulse.aws import bounded  # noqa: PLC0415 - as said above

    return boto3.client("s3", config=bounded())


@cache
def recording_queue() -> "Sqs":
    """Return the one client: not boto3's, for most reports have a recording to ask for."""
    from autopulse.aws import SQS, Sqs  # noqa: PLC0415 - 0.1 s that an import does not need

    return Sqs(SQS, EVENTS_READ_SECONDS)


@cache
def events() -> "EventBridge":
    """Return the one client."""
    from autopulse.aws import EVENTBRIDGE, EventBridge  # noqa: PLC0415 - 0.1 s that an import does not need

    return EventBridge(EVENTBRIDGE, EVENTS_READ_SECONDS)
