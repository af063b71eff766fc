"""Deleting old versions of functions, whose snapshots are paid for."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from operate.versions import ALIAS, delete_old_versions

NAME = "autopulse-test-api"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    with mock_aws():
        role = boto3.client("iam", region_name="us-east-1").create_role(
            RoleName="one", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
        )
        functions = boto3.client("lambda", region_name="us-east-1")
        functions.create_function(
            FunctionName=NAME,
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="app.handler",
            Code={"ZipFile": _code("0")},
        )
        yield functions


def _code(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", text)
    return packed.getvalue()


def _publish(client: Any, number: int) -> None:  # noqa: ANN401 - boto3's client of lambda
    for text in range(number):
        client.update_function_code(FunctionName=NAME, ZipFile=_code(str(text + 1)), Publish=True)


def _versions(client: Any) -> list[str]:  # noqa: ANN401 - as above
    found = client.list_versions_by_function(FunctionName=NAME)["Versions"]
    return [one["Version"] for one in found if one["Version"] != "$LATEST"]


def test_the_version_that_is_served_and_the_one_before_it_stay(client: Any) -> None:  # noqa: ANN401 - as above
    _publish(client, 12)
    client.create_alias(FunctionName=NAME, Name=ALIAS, FunctionVersion="11")
    assert delete_old_versions(client, [NAME]) == 9
    assert _versions(client) == ["10", "11", "12"]
    assert delete_old_versions(client, [NAME]) == 0


def test_a_version_that_still_takes_a_share_stays(client: Any) -> None:  # noqa: ANN401 - as above
    _publish(client, 5)
    client.create_alias(
        FunctionName=NAME, Name=ALIAS, FunctionVersion="5", RoutingConfig={"AdditionalVersionWeights": {"3": 0.9}}
    )
    assert delete_old_versions(client, [NAME]) == 1
    assert _versions(client) == ["2", "3", "4", "5"]
