"""Envelopes too long for a queue: a pointer in the queue, and the envelope as an object of the payload bucket.

An object lives as long as its record may be needed. When the record has ended, applied, a repeat or ignored, the object
is deleted, after the commit. A record that waits in the queue or lies in the dead letters keeps its object. What could
not be deleted expires by the bucket's lifecycle rule.

So a pointer may come whose object is gone: SQS delivers a message twice, a webhook that was sent twice has one object,
and its first copy may have ended before. It is a repeat if the event has its receipt.
"""

import time
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final

from autopulse.errors import PayloadGone, Transient
from autopulse.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ErrorTypeDef

    from autopulse.consumers.services import Services

DELETED_AT_ONCE: Final = 1000
"""Keys of one DeleteObjects call; a batch has a hundred records at most, unless a stack says otherwise."""


def fetch_payload(key: str, services: "Services") -> str:
    """Return an envelope that lies in the bucket; raises PayloadGone or Transient."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - imported with boto3, on first use

    try:
        stored = services.s3.get_object(Bucket=services.settings.payload_bucket, Key=key)
        return stored["Body"].read().decode(errors="replace")
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            raise PayloadGone("payload_key names no object, and the event has no receipt") from None
        raise Transient("payload-unavailable") from None
    except BotoCoreError:
        raise Transient("payload-unavailable") from None


def delete_payloads(keys: Iterable[str], until: float, services: "Services") -> int:
    """Delete objects of records that have ended; returns how many could not be deleted, which are logged.

    A bucket that cannot be reached is not tried again for the rest: each try may take seconds. After `until` (of
    time.monotonic()) none is begun.
    """
    waiting = iter(dict.fromkeys(keys))
    left = 0
    while chunk := list(islice(waiting, DELETED_AT_ONCE)):
        causes = _delete(chunk, services) if time.monotonic() <= until else ["out-of-time"] * len(chunk)
        left += len(causes)
        if causes:
            logger().warning("payloads left", extra={"count": len(causes), "cause": sorted(set(causes))})
        if len(causes) == len(chunk):
            return left + sum(1 for _ in waiting)
    return left


def _delete(keys: list[str], services: "Services") -> list[str]:
    """Why each of those that are left could not be deleted, as AWS calls it."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    try:
        answer = services.s3.delete_objects(
            Bucket=services.settings.payload_bucket,
            Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
        )
    except ClientError as error:
        return [error.response["Error"]["Code"]] * len(keys)
    except BotoCoreError as error:
        return [type(error).__name__] * len(keys)
    return [_code_of(error) for error in answer.get("Errors", ())]


def _code_of(error: "ErrorTypeDef") -> str:
    return error.get("Code", "unknown")
