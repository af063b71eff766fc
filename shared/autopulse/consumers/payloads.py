"""Envelopes that are too long for a queue: the queue has a pointer, and the payload bucket has the envelope.

An object exists as long as its record may need it. It is deleted after the commit that ends the record as applied,
repeated or ignored. A record that waits in the queue or is a dead letter keeps its object. Objects that could not be
deleted expire by the bucket's lifecycle rule.

A pointer may therefore arrive after its object was deleted: SQS can deliver a message twice, and a repeated webhook
shares one object with its first copy. Such a record is a repeat if its event has a receipt.
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
"""The maximum number of keys of one DeleteObjects call; a batch has at most a hundred records by default."""


def fetch_payload(key: str, services: "Services") -> str:
    """Return the envelope that is stored in the bucket; raises PayloadGone or Transient."""
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
    """Delete objects of records that have ended; returns the number that could not be deleted, whose errors are logged.

    After the bucket was unreachable once, the other objects are not tried, because each try may take seconds. No
    request starts after `until`, a time of time.monotonic().
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
    """Return AWS's error code for each object that could not be deleted."""
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
