"""Everything that Vapi is told to send is accepted by the verifier, whatever the entry says."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from autopulse.errors import Refused
from autopulse.vapi.signature import Delivery, verify
from autopulse.vapi.webhook_credentials import read_credentials
from local.vapi_api import SCHEMAS
from operate.target import OperationFailed
from operate.vapi.authentication_plans import current_entry, plan_of, sign
from operate.vapi.desired_state import DesiredState

SECRET = "c2VjcmV0IG9mIHRoZSB0ZXN0cw"
BODY = b'{"message": {"type": "autopulse.ping"}}'
ENTRIES: list[dict[str, Any]] = [
    {"kind": "shared-secret"},
    {"kind": "shared-secret", "header": "x-our-secret"},
    {"kind": "bearer"},
    {"kind": "bearer", "header": "x-token", "prefix": ""},
    {"kind": "hmac"},
    {"kind": "hmac", "header": "x-signature", "timestamp_header": "x-timestamp"},
    {"kind": "hmac", "algorithm": "sha512", "encoding": "base64", "prefix": "v1,"},
    {"kind": "hmac", "algorithm": "sha1", "payload_format": "{method} {url} {body}", "url": "https://api.example.com"},
    {
        "kind": "hmac",
        "header": "webhook-signature",
        "timestamp_header": "webhook-timestamp",
        "message_id_header": "webhook-id",
        "payload_format": "{message-id}.{timestamp}.{body}",
        "encoding": "base64",
        "prefix": "v1,",
        "secret_is_base64": True,
    },
]


def _document(*entries: dict[str, Any], secret: str = SECRET) -> dict[str, Any]:
    return {"secret": secret, "credentials": list(entries)}


def accepts(document: dict[str, Any], headers: dict[str, str]) -> bool:
    credentials = read_credentials(json.dumps(document))
    assert credentials.unusable == ()
    delivery = Delivery({name.lower(): [value] for name, value in headers.items()}, BODY)
    try:
        verify(credentials.usable, delivery, datetime.now(timezone.utc))
    except Refused:
        return False
    return True


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_is_signed_by_an_entry_is_accepted_by_it(entry: dict[str, Any]) -> None:
    document = _document(entry)
    headers = sign(current_entry(document), BODY)
    assert accepts(document, headers)
    assert not accepts(_document(entry, secret=SECRET[::-1][:24]), headers)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_plan_is_one_of_vapis(entry: dict[str, Any]) -> None:
    plan = plan_of(current_entry(_document(entry)))
    credential = DesiredState("autopulse-test", "https://api.example.com", plan).credential
    assert list(Draft202012Validator(SCHEMAS["credential"]).iter_errors(credential)) == []


def test_a_plan_names_what_is_not_vapis_default() -> None:
    plan = plan_of({"kind": "hmac", "secret": SECRET})
    assert plan["includeTimestamp"] is False
    assert plan["payloadFormat"] == "{body}"
    assert plan["signatureHeader"] == "x-vapi-signature"
    assert plan_of({"kind": "shared-secret", "secret": SECRET})["bearerPrefixEnabled"] is False
    assert plan_of(current_entry(_document(ENTRIES[-1])))["payloadFormat"] == "{svix-id}.{timestamp}.{body}"


def test_a_signature_is_preferred_to_a_secret_that_travels() -> None:
    assert current_entry(_document({"kind": "shared-secret"}, {"kind": "hmac"}))["kind"] == "hmac"
    assert current_entry(_document({"kind": "shared-secret"}))["kind"] == "shared-secret"


def test_a_signature_over_a_time_is_preferred_to_one_that_is_good_for_ever() -> None:
    timed = {"kind": "hmac", "timestamp_header": "x-vapi-timestamp"}
    for entries in (({"kind": "hmac"}, timed), (timed, {"kind": "hmac"})):
        plan = plan_of(current_entry(_document(*entries)))
        assert plan["includeTimestamp"] is True
        assert plan["payloadFormat"] == "{timestamp}.{body}"


def test_entries_with_a_secret_of_their_own_are_not_the_current_ones() -> None:
    document = _document({"kind": "hmac", "secret": "another"}, {"kind": "shared-secret"})
    assert current_entry(document) == {"kind": "shared-secret", "secret": SECRET}


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "hmac", "secret": "another"},
        {"kind": "hmac", "surprise": 1},
        {"kind": "nonsense"},
        {"kind": "bearer", "prefix": "Token "},
    ],
)
def test_an_entry_that_vapi_cannot_use(entry: dict[str, Any]) -> None:
    with pytest.raises(OperationFailed, match="no usable entry"):
        current_entry(_document(entry))


def test_the_tolerance_is_ours_alone_and_changes_nothing_at_vapi() -> None:
    """Raised, it needs no new credential, so make vapi-configure and the doctor find all as it was."""
    timed = {"kind": "hmac", "timestamp_header": "x-vapi-timestamp"}
    entries = [timed, timed | {"tolerance_seconds": 11_000}]
    first, second = (current_entry({"secret": "invented", "credentials": [entry]}) for entry in entries)
    assert plan_of(first) == plan_of(second)
    assert second["tolerance_seconds"] == 11_000
