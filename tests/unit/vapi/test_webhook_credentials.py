import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from autopulse.vapi.signature import Hmac, SharedSecret
from autopulse.vapi.webhook_credentials import read_credentials

SECRET = "an-invented-secret"


def read_one(**entry: object) -> object:
    credentials = read_credentials(json.dumps({"secret": SECRET, "credentials": [entry]}))
    assert credentials.unusable == ()
    return credentials.usable[0]


def unusable(**entry: object) -> tuple[str, ...]:
    credentials = read_credentials(json.dumps({"secret": SECRET, "credentials": [entry]}))
    assert credentials.usable == ()
    return credentials.unusable


def test_defaults_of_a_shared_secret() -> None:
    assert read_one(kind="shared-secret") == SharedSecret(SECRET.encode(), "x-vapi-secret")


def test_defaults_of_a_bearer() -> None:
    assert read_one(kind="bearer") == SharedSecret(SECRET.encode(), "authorization", "Bearer ")


def test_defaults_of_hmac() -> None:
    assert read_one(kind="hmac") == Hmac(
        SECRET.encode(), "x-vapi-signature", "sha256", "hex", "sha256=", "{body}", tolerance=timedelta(seconds=300)
    )


def test_a_timestamp_is_signed_by_default() -> None:
    credential = read_one(kind="hmac", timestamp_header="x-timestamp")
    assert isinstance(credential, Hmac)
    assert credential.payload_format == "{timestamp}.{body}"


def test_every_option_of_hmac() -> None:
    key = base64.b64encode(b"key").decode()
    assert read_one(
        kind="hmac",
        secret=f"whsec_{key}",
        secret_is_base64=True,
        algorithm="sha512",
        header="webhook-signature",
        encoding="base64",
        prefix="v1,",
        timestamp_header="webhook-timestamp",
        tolerance_seconds=60,
        payload_format="{method} {url} {svix-id}.{timestamp}.{body}",
        message_id_header="webhook-id",
        url="https://hooks.example.com/api",
    ) == Hmac(
        secret=b"key",
        header="webhook-signature",
        algorithm="sha512",
        encoding="base64",
        prefix="v1,",
        payload_format="{method} {url} {svix-id}.{timestamp}.{body}",
        timestamp_header="webhook-timestamp",
        tolerance=timedelta(seconds=60),
        message_id_header="webhook-id",
        url="https://hooks.example.com/api",
    )


def test_an_own_secret_beats_the_common_one() -> None:
    assert read_one(kind="shared-secret", secret="own") == SharedSecret(b"own", "x-vapi-secret")


def test_null_is_absent() -> None:
    assert read_one(kind="shared-secret", secret=None, header=None) == SharedSecret(SECRET.encode(), "x-vapi-secret")


def test_a_digest_key_keeps_its_blanks_and_a_header_value_cannot() -> None:
    hmac_key = read_one(kind="hmac", secret=" key\n")
    assert isinstance(hmac_key, Hmac)
    assert hmac_key.secret == b" key\n"
    assert read_one(kind="shared-secret", secret=" key\n") == SharedSecret(b"key", "x-vapi-secret")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        "null",
        "[]",
        "{}",
        '{"secret": "s"}',
        '{"secret": "s", "credentials": []}',
        '{"secret": "s", "credentials": {"kind": "hmac"}}',
        "[" * 100_000,
        "1" * 5_000,
    ],
)
def test_without_entries_nothing_is_usable(text: str) -> None:
    credentials = read_credentials(text)
    assert credentials.usable == ()
    assert credentials.unusable


@pytest.mark.parametrize(
    ("field", "entry"),
    [
        ("kind", {}),
        ("kind", {"kind": "oauth"}),
        ("kind", {"kind": ["hmac"]}),
        ("secret", {"kind": "shared-secret", "secret": ""}),
        ("secret", {"kind": "bearer", "secret": "  \n"}),
        ("secret", {"kind": "hmac", "secret": ""}),
        ("secret", {"kind": "hmac", "secret": 12345678}),
        ("secret", {"kind": "hmac", "secret": "not base64!", "secret_is_base64": True}),
        ("secret", {"kind": "hmac", "secret": "whsec_", "secret_is_base64": True}),
        ("secret_is_base64", {"kind": "hmac", "secret_is_base64": "false"}),
        ("header", {"kind": "shared-secret", "header": " "}),
        ("header", {"kind": "bearer", "header": 1}),
        ("prefix", {"kind": "bearer", "prefix": 1}),
        ("algorithm", {"kind": "hmac", "algorithm": "md5"}),
        ("algorithm", {"kind": "hmac", "algorithm": "SHA256"}),
        ("encoding", {"kind": "hmac", "encoding": "base32"}),
        ("timestamp_header", {"kind": "hmac", "timestamp_header": ""}),
        ("message_id_header", {"kind": "hmac", "message_id_header": 5}),
        ("tolerance_seconds", {"kind": "hmac", "tolerance_seconds": 0}),
        ("tolerance_seconds", {"kind": "hmac", "tolerance_seconds": -1}),
        ("tolerance_seconds", {"kind": "hmac", "tolerance_seconds": "300"}),
        ("tolerance_seconds", {"kind": "hmac", "tolerance_seconds": True}),
        ("tolerance_seconds", {"kind": "hmac", "tolerance_seconds": float("nan")}),
        ("tolerance_seconds", {"kind": "hmac", "tolerance_seconds": float("inf")}),
        ("payload_format", {"kind": "hmac", "payload_format": ""}),
        ("payload_format", {"kind": "hmac", "payload_format": "body"}),
        ("payload_format", {"kind": "hmac", "payload_format": "{Body}"}),
        ("payload_format", {"kind": "hmac", "payload_format": "{body}{nonce}"}),
        ("payload_format", {"kind": "hmac", "payload_format": "{timestamp}.{body}"}),
        ("payload_format", {"kind": "hmac", "payload_format": "{svix-id}.{body}"}),
        ("payload_format", {"kind": "hmac", "payload_format": "{message-id}.{body}"}),
        ("payload_format", {"kind": "hmac", "payload_format": "{url}{body}"}),
        ("payload_format", {"kind": "hmac", "timestamp_header": "x-timestamp", "payload_format": "{timestamp}"}),
        ("timestamp_header", {"kind": "hmac", "timestamp_header": "x-timestamp", "payload_format": "{body}"}),
        ("message_id_header", {"kind": "hmac", "message_id_header": "x-id", "payload_format": "{body}"}),
        ("message_id_header", {"kind": "hmac", "message_id_header": "x-id"}),
        ("url", {"kind": "hmac", "url": 5}),
        ("timestamp-header", {"kind": "hmac", "timestamp-header": "x-timestamp"}),
        ("algorithm", {"kind": "shared-secret", "algorithm": "sha256"}),
    ],
)
def test_an_unusable_entry_is_reported_by_its_field(field: str, entry: dict[str, Any]) -> None:
    assert unusable(**entry) == (f"credentials[0].{field}",)


def test_an_entry_that_is_no_object_is_reported() -> None:
    assert read_credentials('{"secret": "s", "credentials": ["hmac"]}').unusable == ("credentials[0].kind",)


def test_the_usable_entries_stay() -> None:
    entries = [{"kind": "hmac", "algorithm": "md5"}, {"kind": "shared-secret"}, {"kind": "bearer", "secret": ""}]
    credentials = read_credentials(json.dumps({"secret": SECRET, "credentials": entries}))
    assert credentials.usable == (SharedSecret(SECRET.encode(), "x-vapi-secret"),)
    assert credentials.unusable == ("credentials[0].algorithm", "credentials[2].secret")


def test_a_missing_common_secret_spoils_only_those_that_need_it() -> None:
    entries = [{"kind": "hmac"}, {"kind": "hmac", "secret": "own"}]
    credentials = read_credentials(json.dumps({"credentials": entries}))
    assert credentials.unusable == ("credentials[0].secret",)
    assert len(credentials.usable) == 1


@pytest.mark.parametrize(
    ("value", "keys", "unusable"),
    [
        (None, (), ()),
        ("one", (b"one",), ()),
        (["one", "two"], (b"one", b"two"), ()),
        (" one ", (b" one ",), ()),
        ([], (), ()),
        ("", (), ("call_token_secret",)),
        (7, (), ("call_token_secret",)),
        (["one", " ", None], (b"one",), ("call_token_secret[1]", "call_token_secret[2]")),
    ],
)
def test_keys_of_call_tokens(value: object, keys: tuple[bytes, ...], unusable: tuple[str, ...]) -> None:
    document = {"secret": SECRET, "credentials": [{"kind": "hmac"}], "call_token_secret": value}
    credentials = read_credentials(json.dumps(document))
    assert (credentials.call_token_keys, credentials.unusable) == (keys, unusable)
    assert len(credentials.usable) == 1
    assert "call_token_keys" not in repr(credentials)


@pytest.mark.parametrize("kind", ["shared-secret", "bearer", "hmac"])
def test_a_printed_credential_has_no_secret(kind: str) -> None:
    printed = (
        f"{read_one(kind=kind)!r} {read_credentials(json.dumps({'secret': SECRET, 'credentials': [{'kind': kind}]}))}"
    )
    assert "header=" in printed
    assert SECRET not in printed
