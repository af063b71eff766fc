"""A copy that is erased is gone with all its versions, and nothing else is."""

from collections.abc import Iterator
from typing import Final

import boto3
import pytest

from autopulse.recordings.erasure import erase_copy, erase_objects
from tests.moto_account import moto_account

BUCKET: Final = "recordings-of-tests"


@pytest.fixture(autouse=True)
def _bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("RECORDING_BUCKET", BUCKET)
    with moto_account():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for key in ("recordings/one", "recordings/one", "recordings/one-more", "recordings/another"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"RIFF")
        yield


def _versions() -> list[str]:
    listed = boto3.client("s3").list_object_versions(Bucket=BUCKET)
    return sorted([one["Key"] for one in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))])


def test_all_versions_of_an_object_go_and_no_other() -> None:
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="recordings/one")  # leaves a marker
    erase_copy("recordings/one")
    assert _versions() == ["recordings/another", "recordings/one-more"]
    erase_copy("recordings/one")


def test_a_stack_without_a_bucket_erases_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDING_BUCKET", "")
    erase_copy("recordings/one")
    assert _versions().count("recordings/one") == 2


def test_a_bucket_that_refuses_is_no_failure_of_the_unlinking(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RECORDING_BUCKET", "another-bucket")
    erase_copy("recordings/one")
    assert [record.message for record in caplog.records] == ["recording left"]


def test_the_objects_below_a_prefix_go_and_no_other() -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="payloads-of-tests")
    for key in ("envelopes/a/1.json", "envelopes/a/2.json", "envelopes/ab/3.json"):
        s3.put_object(Bucket="payloads-of-tests", Key=key, Body=b"{}")
    assert erase_objects("payloads-of-tests", "envelopes/a/") == 2
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="payloads-of-tests")["Contents"]] == ["envelopes/ab/3.json"]
    assert erase_objects("payloads-of-tests", "envelopes/a/") == 0


def test_of_a_bucket_that_cannot_be_read_objects_may_be_left() -> None:
    assert erase_objects("no-such-bucket-of-tests", "envelopes/a/") is None
