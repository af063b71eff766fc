"""User and password from Secrets Manager: read once, again on request, and never told to anybody else."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from autopulse.db import credentials
from autopulse.db.credentials import database_credentials
from autopulse.errors import Transient


@pytest.fixture(autouse=True)
def _secrets_manager() -> Iterator[None]:
    credentials._read.cache_clear()  # noqa: SLF001 - as in a new container
    with mock_aws():
        yield
    credentials._read.cache_clear()  # noqa: SLF001


def _store(content: str, name: str = "database") -> str:
    return str(boto3.client("secretsmanager").create_secret(Name=name, SecretString=content)["ARN"])


def test_a_secret_as_rds_keeps_it() -> None:
    arn = _store(json.dumps({"username": "app", "password": "p%s'\"", "host": "db.example", "port": 5432}))
    assert database_credentials(arn) == ("app", "p%s'\"")


def test_it_is_read_once_and_again_after_a_rotation() -> None:
    arn = _store(json.dumps({"username": "app", "password": "old"}))
    assert database_credentials(arn) == ("app", "old")
    boto3.client("secretsmanager").put_secret_value(
        SecretId=arn, SecretString=json.dumps({"username": "app_clone", "password": "new"})
    )
    assert database_credentials(arn) == ("app", "old")
    assert database_credentials(arn, refresh=True) == ("app_clone", "new")
    assert database_credentials(arn) == ("app_clone", "new")


def test_a_missing_secret_is_the_worlds_fault() -> None:
    with pytest.raises(Transient) as caught:
        database_credentials("arn:aws:secretsmanager:us-west-2:111122223333:secret:gone")
    assert caught.value.reason == "database-secret-unavailable"


@pytest.mark.parametrize("content", ["hunter2", '"hunter2"', '{"password": "hunter2"}', '["hunter2"]'])
def test_an_unreadable_secret_is_not_repeated_in_the_error(content: str) -> None:
    arn = _store(content)
    with pytest.raises(Transient) as caught:
        database_credentials(arn)
    assert caught.value.reason == "database-secret-unreadable"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "hunter2" not in str(caught.value)
