"""Types and fields that nobody here knows: none in what is recorded, and each new one."""

import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from random import Random
from typing import Any

import pytest

from autopulse.ingress.request import read_message
from autopulse.ingress.unknown import printable_name, unknown_in
from autopulse.vapi import routes
from autopulse.vapi.drift import UnknownValue, What
from local.events import WEBHOOKS
from local.simulator.scenario import write_script
from local.simulator.webhook_factory import webhooks

CASES = Path(__file__).parents[2] / "golden" / "cases"
NOT_OF_VAPI = {"grow", "something-of-tomorrow"}
"""A filler of the cases, and a type that one of them makes up."""
BEGAN = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)


def _bodies() -> Iterator[tuple[str, Any]]:
    folders = [WEBHOOKS, CASES, *([Path(folder)] if (folder := os.environ.get("VAPI_PAYLOADS")) else [])]
    for file in sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in {".json", ".case"}):
        document = json.loads(file.read_bytes())
        for delivery in document.get("deliveries", [{"body": document}]):
            if isinstance(delivery.get("body"), dict) and "type" in delivery["body"].get("message", delivery["body"]):
                yield file.name, delivery["body"]


BODIES = list(_bodies())


def _unknown(body: object) -> list[UnknownValue]:
    return unknown_in(read_message(json.dumps(body).encode()))


def test_nothing_that_was_recorded_or_that_we_send_is_unknown() -> None:
    found = {(name, one.value) for name, body in BODIES for one in _unknown(body) if one.value not in NOT_OF_VAPI}
    assert found == {("stalls-and-a-hang-that-ends.case", "endedReason")}
    assert len(BODIES) > 100


def test_nothing_that_the_simulator_sends_is_unknown() -> None:
    random = Random(20261130)
    sent = [body for number in range(1, 30) for _, body in webhooks(write_script(random, number, BEGAN))]
    assert len(sent) > 100
    assert [one for body in sent for one in _unknown(body)] == []


@pytest.mark.parametrize("type_name", sorted({*routes.KIND_BY_TYPE, *routes.IGNORED, *routes.ANSWERS}))
def test_a_new_field_of_each_type_with_a_schema_is_unknown(type_name: str) -> None:
    message = {"type": type_name, "timestamp": 1, "call": {}, "artifact": {}, "moodOfTheCall": "sunny"}
    without_schema = type_name.startswith(("campaign.", "contact.")) and type_name != "campaign.predial"
    assert unknown_in(message) == ([] if without_schema else [UnknownValue(What.FIELD, "moodOfTheCall")])


def test_of_an_unknown_type_the_type_alone_is_unknown() -> None:
    assert unknown_in({"type": "call.dreamt", "dream": 1}) == [UnknownValue(What.MESSAGE_TYPE, "call.dreamt")]


def test_a_name_has_no_secret_and_is_read_to_a_bound() -> None:
    assert printable_name("sk-proj-4f9aB2cD8eF0gH1iJ3kL5mN7oP9qR2sT4uV6wX8yZ") == "[redacted]"
    assert printable_name("x" * 10**6) == printable_name("x" * 200)
