"""User and password from Secrets Manager: read once, again on request, and never told to anybody else.

Or a token that IAM's keys sign, a new one for every connection.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.auth
import pytest

from autopulse import aws
from autopulse.db import credentials
from autopulse.db.credentials import database_credentials
from autopulse.errors import Transient
from autopulse.settings import DatabaseSettings
from tests.moto_account import moto_account


@pytest.fixture(autouse=True)
def _secrets_manager() -> Iterator[None]:
    credentials.read_secret.cache_clear()  # as in a new container
    with moto_account():
        yield
    credentials.read_secret.cache_clear()


def _password(secret_arn: str) -> DatabaseSettings:
    return DatabaseSettings("db.example", 5432, "calls", by_iam=False, user="", secret_arn=secret_arn, ca_file="")


IAM = DatabaseSettings("db.example", 5433, "calls", by_iam=True, user="autopulse_calls", secret_arn="", ca_file="")


def _store(content: str, name: str = "database") -> str:
    return str(boto3.client("secretsmanager").create_secret(Name=name, SecretString=content)["ARN"])


def test_a_secret_as_rds_keeps_it() -> None:
    arn = _store(json.dumps({"username": "app", "password": "p%s'\"", "host": "db.example", "port": 5432}))
    assert database_credentials(_password(arn)) == ("app", "p%s'\"")


def test_it_is_read_once_and_again_after_a_rotation() -> None:
    arn = _store(json.dumps({"username": "app", "password": "old"}))
    assert database_credentials(_password(arn)) == ("app", "old")
    boto3.client("secretsmanager").put_secret_value(
        SecretId=arn, SecretString=json.dumps({"username": "app_clone", "password": "new"})
    )
    assert database_credentials(_password(arn)) == ("app", "old")
    assert database_credentials(_password(arn), refresh=True) == ("app_clone", "new")
    assert database_credentials(_password(arn)) == ("app_clone", "new")


def test_a_missing_secret_is_transient() -> None:
    with pytest.raises(Transient) as caught:
        database_credentials(_password("arn:aws:secretsmanager:us-west-2:111122223333:secret:gone"))
    assert caught.value.reason == "database-secret-unavailable"


@pytest.mark.parametrize("content", ["hunter2", '"hunter2"', '{"password": "hunter2"}', '["hunter2"]'])
def test_an_unreadable_secret_is_not_repeated_in_the_error(content: str) -> None:
    arn = _store(content)
    with pytest.raises(Transient) as caught:
        database_credentials(_password(arn))
    assert caught.value.reason == "database-secret-unreadable"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "hunter2" not in str(caught.value)


NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return what a Lambda function finds in its environment."""
    for name, value in (("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "secret"), ("SESSION_TOKEN", "tok/en+=")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    aws.credentials.cache_clear()  # as in a new container


def _at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
    return database_credentials(IAM)


@pytest.mark.usefixtures("keys")
def test_a_token_is_the_one_that_boto3_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where awscrt is installed, boto3 would sign with that, by a clock of its own.
    monkeypatch.setitem(botocore.auth.AUTH_TYPE_MAPS, "v4-query", botocore.auth.SigV4QueryAuth)
    user, token = _at(NOON, monkeypatch)
    theirs = boto3.client("rds").generate_db_auth_token("db.example", 5433, "autopulse_calls")
    assert user == "autopulse_calls"
    ours = urlsplit(f"//{token}")
    assert ours.netloc == "db.example:5433"
    assert parse_qs(ours.query) == parse_qs(urlsplit(f"//{theirs}").query)
    assert parse_qs(ours.query)["X-Amz-Expires"] == ["900"]


@pytest.mark.usefixtures("keys")
def test_every_connection_gets_a_token_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _at(NOON, monkeypatch) != _at(NOON + timedelta(minutes=16), monkeypatch)


@pytest.mark.usefixtures("keys")
def test_without_keys_there_is_no_token_and_nothing_to_split_a_batch_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    with pytest.raises(Transient) as caught:
        database_credentials(IAM)
    assert caught.value.reason == "database-token-unavailable"
