"""Recorded webhooks (VAPI_PAYLOADS=dir), or our own samples: each is stored, or dead where it must be, or ignored.

What is stored of them is compared in `tests/golden`; here they take the way through the deployed stack.
"""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from local.database import connect
from local.events import WEBHOOKS
from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.webhook_client import read_object
from tests.deployed import DeployedStack, wait_for
from tests.golden.cases import Object, is_ping, names_a_call, row_of, vapi_id_of

FOLDER: Final = Path(os.environ.get("VAPI_PAYLOADS") or WEBHOOKS)
FILES: Final = sorted(FOLDER.rglob("*.json"))
STORED: Final = "stored"


def test_the_folder_has_webhooks() -> None:
    assert FILES, f"no JSON file below {FOLDER}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_webhook_is_stored_or_dead_where_it_must_be_or_ignored(deployed: DeployedStack, file: Path) -> None:
    body = json.loads(file.read_text())
    if names_a_call(body):
        _make_its_call(deployed.database_url, body)
    answer = deployed.send(body)
    assert answer.status == 200, answer.body
    if answer.event_id is None:
        assert answer.verdict == "ignored" or read_object(answer.body), "neither ignored nor answered"
        return
    event_id = answer.event_id
    wait_for(lambda: _disposition(deployed, event_id) is not None, "the webhook in webhook_event or the dead letters")
    assert _disposition(deployed, event_id) == (STORED if names_a_call(body) or is_ping(body) else "InvalidMessage")


def _disposition(deployed: DeployedStack, event_id: str) -> str | None:
    """Stored, or the reason why it is in a dead-letter queue; None while neither is so."""
    if deployed.receipts({event_id}):
        return STORED
    letters = [letter for letters in deployed.dead_letters().values() for letter in letters]
    return next((letter.reason for letter in letters if letter.event_id == event_id), None)


def _make_its_call(database_url: str, body: Object) -> None:
    """The row that the application would have made, known by our id or by Vapi's: without it the message waits."""
    row = row_of(body)
    values: dict[str, Any] = {"id": row["id"], "vapi": None} if row else {"id": None, "vapi": vapi_id_of(body)}
    with connect(database_url) as connection:
        connection.run(
            "INSERT INTO call (id, organization_id, customer_number, status, vapi_call_id)"
            " VALUES (coalesce(CAST(:id AS integer), nextval(pg_get_serial_sequence('call', 'id'))::integer),"
            " :organization, '+12025550199', 'Ready', :vapi) ON CONFLICT DO NOTHING",
            organization=ORGANIZATION_ID,
            **values,
        )
        # The id may be one that the database would have given to a later call.
        connection.run("SELECT setval(pg_get_serial_sequence('call', 'id'), (SELECT max(id) FROM call))")
