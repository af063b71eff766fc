"""Delete a copy before its retention time ends, with all versions of its object."""

from typing import TYPE_CHECKING, Final

from autopulse.observability import logger
from autopulse.settings import recording_bucket

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

MAX_VERSIONS: Final = 1000
"""The maximum number of versions that are deleted; each repeated copy makes a version, which expires after a day."""


def erase_copy(key: str) -> None:
    """Delete an object of the bucket with all its versions; a remaining one expires by the bucket's rule.

    Never raises, because the rows are committed. Without a bucket it does nothing.
    """
    bucket = recording_bucket()
    if bucket:
        erase_versions(bucket, key)


def erase_versions(bucket: str, key: str) -> int | None:
    """Delete all versions of an object; returns their number, or None, with a log line, if some may be left."""
    import boto3  # noqa: PLC0415 - needed only if there is something to erase
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    from autopulse.aws import bounded  # noqa: PLC0415 - as above

    try:
        s3 = boto3.client("s3", config=bounded())
        listed = s3.list_object_versions(Bucket=bucket, Prefix=key, MaxKeys=MAX_VERSIONS)
        found = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
        own = [version["VersionId"] for version in found if version["Key"] == key]
        for version_id in own:
            s3.delete_object(Bucket=bucket, Key=key, VersionId=version_id)
    except ClientError as error:
        logger().error("recording left", extra={"cause": error.response["Error"]["Code"]})
        return None
    except BotoCoreError as error:
        logger().error("recording left", extra={"cause": type(error).__name__})
        return None
    return len(own)


def erase_objects(bucket: str, prefix: str) -> int | None:
    """Delete the objects whose keys begin so; returns their number, or None, with a log line, if some may be left.

    The bucket keeps no versions. Of more than 1,000 objects the rest is left.
    """
    import boto3  # noqa: PLC0415 - needed only if there is something to erase
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    from autopulse.aws import bounded  # noqa: PLC0415 - as above

    try:
        s3 = boto3.client("s3", config=bounded())
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        keys: list[ObjectIdentifierTypeDef] = [{"Key": one["Key"]} for one in listed.get("Contents", ())]
        errors = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys}).get("Errors", ()) if keys else ()
    except ClientError as error:
        logger().error("payloads left", extra={"cause": error.response["Error"]["Code"]})
        return None
    except BotoCoreError as error:
        logger().error("payloads left", extra={"cause": type(error).__name__})
        return None
    if errors or listed["IsTruncated"]:
        logger().error("payloads left", extra={"count": len(errors)})
        return None
    return len(keys)
