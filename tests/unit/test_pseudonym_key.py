"""The key is read once per container; without it nobody can tell what was erased, which is an outage."""

from collections.abc import Iterator

import boto3
import pytest

from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.errors import Transient
from autopulse.pseudonym_key import pseudonyms
from autopulse.settings import SettingMissing
from tests.moto_account import moto_account

KEY = "0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123"


@pytest.fixture(autouse=True)
def _secrets_manager() -> Iterator[None]:
    pseudonyms.cache_clear()  # as in a new container
    with moto_account():
        yield
    pseudonyms.cache_clear()


def _store(monkeypatch: pytest.MonkeyPatch, content: str) -> str:
    arn = str(boto3.client("secretsmanager").create_secret(Name="key", SecretString=content)["ARN"])
    monkeypatch.setenv("PSEUDONYM_KEY_SECRET_ARN", arn)
    return arn


def test_it_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    arn = _store(monkeypatch, KEY)
    assert pseudonyms() == Pseudonyms(KEY.encode())
    boto3.client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    assert pseudonyms() == Pseudonyms(KEY.encode())


def test_a_secret_that_cannot_be_read_is_an_outage_and_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSEUDONYM_KEY_SECRET_ARN", "arn:aws:secretsmanager:us-west-2:111122223333:secret:gone")
    with pytest.raises(Transient) as caught:
        pseudonyms()
    assert caught.value.reason == "pseudonym-key-unavailable"
    _store(monkeypatch, KEY)
    assert pseudonyms() == Pseudonyms(KEY.encode())


def test_a_short_key_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    _store(monkeypatch, "hunter2")
    with pytest.raises(Transient) as caught:
        pseudonyms()
    assert (caught.value.reason, caught.value.detail) == ("pseudonym-key-unreadable", "")


def test_a_function_without_the_variable_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PSEUDONYM_KEY_SECRET_ARN", raising=False)
    with pytest.raises(SettingMissing, match="PSEUDONYM_KEY_SECRET_ARN"):
        pseudonyms()
