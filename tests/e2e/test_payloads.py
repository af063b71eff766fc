"""Recorded webhooks (VAPI_PAYLOADS=dir), or our own samples: every one is accounted for, none is lost."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from pg8000.native import Connection

from autopulse.domain.reading import read_mapping
from autopulse.vapi.call_ids import find_call_id
from local.database import connect
from local.events import WEBHOOKS
from local.seed import ORGANIZATION_ID
from local.webhooks import read_object
from tests.deployed import DeployedStack, wait_for

FOLDER: Final = Path(os.environ.get("VAPI_PAYLOADS") or WEBHOOKS)
FILES: Final = sorted(FOLDER.rglob("*.json"))
INBOUND: Final = {"inboundPhoneCall", "webCall", "vapi.websocketCall"}
"""Calls that get a row of their own."""


def test_the_folder_has_webhooks() -> None:
    assert FILES, f"no JSON file below {FOLDER}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_webhook_is_stored_or_dead_with_a_reason_or_ignored(deployed: DeployedStack, file: Path) -> None:
    body = json.loads(file.read_text())
    _make_its_call(deployed.database_url, read_mapping(body.get("message", body)))
    answer = deployed.send(body)
    assert answer.status == 200, answer.body
    if answer.event_id is None:
        assert answer.verdict == "ignored" or read_object(answer.body), "neither ignored nor answered"
        return
    wait_for(lambda: _is_accounted_for(deployed, str(answer.event_id)), "the webhook in webhook_event or dead letters")


def _is_accounted_for(deployed: DeployedStack, event_id: str) -> bool:
    if deployed.receipts({event_id}):
        return True
    letters = [letter for letters in deployed.dead_letters().values() for letter in letters]
    return any(letter.event_id == event_id and letter.reason for letter in letters)


def _make_its_call(database_url: str, message: Mapping[str, Any]) -> None:
    """The row that the application would have made: without it the record waits ten minutes for it."""
    call = read_mapping(message.get("call"))
    call_id = find_call_id(message)
    with connect(database_url) as connection:
        if call_id is not None:
            _insert(connection, call_id, None)
        elif call.get("id") and call.get("type") not in INBOUND:
            _insert(connection, None, str(call["id"]))


def _insert(connection: Connection, call_id: int | None, vapi_call_id: str | None) -> None:
    connection.run(
        "INSERT INTO call (id, organization_id, customer_number, status, vapi_call_id)"
        " VALUES (coalesce(CAST(:id AS integer), nextval(pg_get_serial_sequence('call', 'id'))::integer),"
        " :organization, '+12025550199', 'Ready', :vapi) ON CONFLICT DO NOTHING",
        id=call_id,
        organization=ORGANIZATION_ID,
        vapi=vapi_call_id,
    )
