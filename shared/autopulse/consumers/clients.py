"""The AWS clients of the consumers, made on first use and kept as long as the container.

The modules that they need are imported on first use too. Importing them takes 0.1 to 0.2 s, and most invocations do not
need them.
"""

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from autopulse.aws import EventBridge, Sqs

LONGEST_SECONDS: Final = 9
"""The longest time, in seconds, that one AWS call may take with its one retry. The function's timeout is 30 s."""
EVENTS_READ_SECONDS: Final = 1
"""Timeout in seconds for call events. With the connection and one retry a call takes up to four seconds, during which
SQS waits for the answer; the records are committed by then.
"""


@cache
def sqs() -> "SQSClient":
    """Return the container's SQS client."""
    import boto3  # noqa: PLC0415 - imported on first use, see the module's docstring

    from autopulse.aws import bounded  # noqa: PLC0415 - imported on first use, see the module's docstring

    return boto3.client("sqs", config=bounded())


@cache
def s3() -> "S3Client":
    """Return the container's S3 client."""
    import boto3  # noqa: PLC0415 - imported on first use, see the module's docstring

    from autopulse.aws import bounded  # noqa: PLC0415 - imported on first use, see the module's docstring

    return boto3.client("s3", config=bounded())


@cache
def recording_queue() -> "Sqs":
    """Return the client of the recording queue.

    It is not boto3's client, whose import is slow: most reports have a recording to copy.
    """
    from autopulse.aws import SQS, Sqs  # noqa: PLC0415 - the import takes 0.1 s

    return Sqs(SQS, EVENTS_READ_SECONDS)


@cache
def events() -> "EventBridge":
    """Return the container's EventBridge client."""
    from autopulse.aws import EVENTBRIDGE, EventBridge  # noqa: PLC0415 - the import takes 0.1 s

    return EventBridge(EVENTBRIDGE, EVENTS_READ_SECONDS)
