"""`make verify` tells what differs from Vapi, and `make reconcile` repairs it, on a stack that is up."""

import json
import os
import re
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from local.database import connect
from local.events import WEBHOOKS
from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.expected_rows import compare
from local.simulator.losses import Losses
from local.simulator.reconciliation import remember
from local.simulator.scenario import CallScript, write_script
from local.simulator.simulate import PageRequest, arrange, place, place_calls, post_all, wait_until_received
from local.simulator.webhook_factory import ESSENTIAL_TYPES, webhooks
from local.vapi_api.control import Control
from tests.deployed import DeployedStack, wait_for
from tests.golden.cases import row_of, vapi_id_of
from tests.integration.test_records import record_of

pytestmark = pytest.mark.usefixtures("no_dead_letters")

FOLDER: Final = Path(os.environ.get("VAPI_PAYLOADS") or WEBHOOKS)
SINCE: Final = "3h"
_TIME: Final = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_MILLISECONDS: Final = range(1_600_000_000_000, 1_900_000_000_000)
_OF_THE_TELLING: Final = re.compile("_event_id$|origin$|^id$|call_id$|^updated_at$|^segments$|recording")
"""Columns with ids of the call and of events, times of ours, and addresses that are signed for each answer."""


@pytest.fixture
def control(deployed: DeployedStack) -> Iterator[Control]:
    control = Control(deployed.stack["vapi_api_url"], deployed.stack["vapi_api_key"])
    _hide_all_others(deployed, control)
    yield control
    control.clear_faults()


def _hide_all_others(deployed: DeployedStack, control: Control) -> None:
    """Let calls of other tests be neither here nor there in the time that is compared."""
    with connect(deployed.database_url) as connection:
        connection.run("UPDATE vapi_call SET created_at = created_at - interval '20 days' WHERE created_at IS NOT NULL")
    key = deployed.stack["vapi_api_key"]
    request = urllib.request.Request(  # noqa: S310 - the stand-in's
        f"{deployed.stack['vapi_api_url']}/call?limit=1000", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        for record in json.load(answer):
            control.hold(record["id"], "unknown")


def _rows(deployed: DeployedStack, script: CallScript) -> list[dict[str, Any]]:
    return deployed.rows(
        "SELECT to_jsonb(c)::text AS row FROM call c WHERE id = :id"
        " UNION ALL SELECT to_jsonb(v)::text FROM vapi_call v WHERE call_id = :id"
        " UNION ALL SELECT to_jsonb(t)::text FROM transcript t WHERE call_id = :id",
        id=script.call_id,
    )


def test_what_was_withheld_comes_back_and_then_nothing_differs(deployed: DeployedStack, control: Control) -> None:
    """Of some calls the report was withheld, of some any webhook, and one was never announced."""
    del control
    random = Random(20261201)
    outcomes = ("reached", "transferred", "reached", "reached", "transferred", "reached")
    # So short ago that a sweep of another test does not ask for them yet.
    created_at = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=4)
    with connect(deployed.database_url) as connection:
        placed = [place(connection, write_script(random, None, created_at, outcome=each)) for each in outcomes]
    announced, silent = placed[:5], placed[5:]
    scripts = [*announced, *silent]
    remember(deployed.stack, scripts)
    losses = Losses(0.3, random)
    bodies = arrange(announced[2:], random, PageRequest(3, types=ESSENTIAL_TYPES, disorder=True), losses)
    bodies += [
        body for script in announced[:2] for _, body in webhooks(script, ESSENTIAL_TYPES - {"end-of-call-report"})
    ]
    assert wait_until_received(deployed.database_url, post_all(deployed.stack, bodies)) == []
    known = losses.known(scripts)
    lacking = [*announced[:2], *silent]
    before = [_rows(deployed, script) for script in lacking]

    told = deployed.operate("verify", "--since", SINCE)
    assert (told.returncode, told.stderr) == (1, "")
    for script in lacking:
        assert [
            line for line in told.stdout.splitlines() if line.split()[:2] == [str(script.call_id), script.vapi_call_id]
        ]
    assert re.search(r"6 calls of Vapi's compared since \S+ \S+: [3-6] differ$", told.stdout.strip())
    assert "Error 1" in deployed.make("verify", SINCE=SINCE).stderr, "make's own exit status is 2 for whatever fails"
    dry = deployed.make("reconcile", SINCE=SINCE, DRY_RUN="1")
    assert "A dry run" in dry.stdout
    assert "Nothing changed" in deployed.make("reconcile", SINCE=SINCE).stdout, "who answers nothing says no"
    assert [_rows(deployed, script) for script in lacking] == before

    repaired = deployed.make("reconcile", SINCE=SINCE, YES="1")
    assert (repaired.returncode, repaired.stderr) == (0, ""), repaired.stdout
    assert "none left" in repaired.stdout
    assert list(compare(deployed.database_url, known)) == []
    assert not any(deployed.dead_letters().values())
    quiet = deployed.operate("verify", "--since", SINCE)
    assert quiet.returncode == 0
    assert "6 calls of Vapi's compared" in quiet.stdout
    assert "none differs" in quiet.stdout
    shown = told.stdout + repaired.stdout
    assert not any(script.customer_phone in shown or script.customer_name in shown for script in scripts)


def test_one_call_is_told_by_either_id_and_anew(deployed: DeployedStack, control: Control) -> None:
    linked, unlinked = place_calls(deployed.database_url, Random(20261202), 2, outcome="reached", stalls=False)
    remember(deployed.stack, [linked, unlinked])
    started = [body for _, body in webhooks(linked, {"status-update"})]
    assert wait_until_received(deployed.database_url, post_all(deployed.stack, started)) == []
    for script in (linked, unlinked):
        told = deployed.make("reconcile", CALL=str(script.call_id), YES="1")
        assert (told.returncode, told.stderr) == (0, ""), told.stdout
        assert list(compare(deployed.database_url, [script])) == []
    before = _rows(deployed, linked)
    control.clear_requests()
    again = deployed.make("reconcile", VAPI_CALL=str(linked.vapi_call_id), YES="1")
    assert (again.returncode, again.stderr) == (0, "")
    assert "Requested again; nothing differs" in again.stdout
    assert len(control.requests()["api"]) == 2, "for the table, and for the queue"
    assert _rows(deployed, linked) == before


def test_what_vapi_has_forgotten_is_left_and_said(deployed: DeployedStack, control: Control) -> None:
    (script,) = place_calls(deployed.database_url, Random(20261203), 1, outcome="reached")
    remember(deployed.stack, [script])
    started = [body for _, body in webhooks(script, {"status-update"})]
    assert wait_until_received(deployed.database_url, post_all(deployed.stack, started)) == []
    control.hold(str(script.vapi_call_id), "forgotten")
    told = deployed.operate("--yes", "reconcile", "--since", SINCE)
    assert told.returncode == 1
    assert "beyond retention" in told.stdout
    (row,) = deployed.rows("SELECT reconciliation FROM vapi_call WHERE call_id = :id", id=script.call_id)
    assert row == {"reconciliation": "unrecoverable"}


NOW_AGAIN: Final = {"Retry-After": "0"}


FAULTS: Final[tuple[tuple[Mapping[str, Any], str], ...]] = (
    ({"status": 401}, "vapi-unauthorized"),
    ({"status": 429, "headers": NOW_AGAIN}, "vapi-throttled"),
    ({"status": 500, "headers": NOW_AGAIN}, "vapi-unavailable"),
    ({"status": 200, "text": '[{"id": "'}, "vapi-unreadable"),
    ({"status": 302, "headers": {"Location": "http://169.254.169.254/"}}, "vapi-unreadable"),
)


# All faults in one test, because each command takes seconds to start.
def test_the_exit_status_is_two_while_vapi_does_not_tell_and_zero_after_it(
    deployed: DeployedStack, control: Control
) -> None:
    for fault, reason in FAULTS:
        control.order_faults({"path": "/call", "times": None, **fault})
        verified = deployed.operate("verify", "--since", SINCE)
        assert (verified.returncode, reason in verified.stderr) == (2, True), (fault, verified.stderr)
        control.clear_faults()
    control.order_faults({"path": "/call", "times": None, "status": 401})
    assert deployed.operate("--yes", "reconcile", "--since", SINCE).returncode == 2
    control.clear_faults()
    assert deployed.operate("verify", "--since", SINCE).returncode == 0


# Recorded reports


def _reports() -> dict[str, Path]:
    bodies = {file.stem: (file, json.loads(file.read_text())) for file in sorted(FOLDER.rglob("*.json"))}
    return {
        name: file
        for name, (file, body) in bodies.items()
        if body.get("message", {}).get("type") == "end-of-call-report"
        and re.fullmatch("[0-9a-f-]{36}", vapi_id_of(body))
    }


def test_there_are_recorded_reports() -> None:
    assert not os.environ.get("VAPI_PAYLOADS") or _reports()


def _moved(value: Any, by: timedelta) -> Any:  # noqa: ANN401 - any JSON
    """The same value with all its times later."""
    if isinstance(value, dict):
        return {name: _moved(item, by) for name, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return (datetime.fromisoformat(value) + by).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, int | float) and not isinstance(value, bool) and int(value) in _MILLISECONDS:
        return value + by / timedelta(milliseconds=1)
    return value


def _copy(deployed: DeployedStack, body: Mapping[str, Any], now: datetime) -> tuple[dict[str, Any], str]:
    """The report of another call that went the same way, half an hour ago, and its id at Vapi."""
    vapi_call_id, row = str(uuid.uuid4()), row_of(body)
    text = json.dumps(body).replace(vapi_id_of(body), vapi_call_id)
    if row:
        with connect(deployed.database_url) as connection:
            ((call_id,),) = connection.run(
                "INSERT INTO call (organization_id, customer_number, status)"
                " VALUES (:organization, '+12025550199', 'Ready') RETURNING id",
                organization=ORGANIZATION_ID,
            )
        text = re.sub(rf'"call_id": "?{row["id"]}\b"?', f'"call_id": "{call_id}"', text)
    copied = json.loads(text)
    created = datetime.fromisoformat(copied["message"]["call"]["createdAt"])
    return _moved(copied, now - timedelta(minutes=30) - created.replace(microsecond=0)), vapi_call_id


def _facts(deployed: DeployedStack, vapi_call_id: str) -> dict[str, Any]:
    """Every fact that is stored of a call, by table, place and column."""
    statements = {
        "attempt": "SELECT to_jsonb(v)::text AS row FROM vapi_call v WHERE vapi_call_id = :id",
        "call": "SELECT to_jsonb(c)::text AS row FROM call c WHERE vapi_call_id = :id",
        "turn": "SELECT to_jsonb(t)::text AS row FROM transcript t WHERE vapi_call_id = :id ORDER BY sequence, id",
    }
    return {
        f"{table} {place} {column}": value
        for table, statement in statements.items()
        for place, row in enumerate(deployed.rows(statement, id=vapi_call_id))
        for column, value in json.loads(row["row"]).items()
        if not _OF_THE_TELLING.search(column)
    }


def test_recorded_reports_that_were_withheld_come_back_with_all_facts(
    deployed: DeployedStack, control: Control
) -> None:
    """Of two calls that went the same way the report of one is posted; of the other there is Vapi's record alone."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    withheld: dict[str, str] = {}
    events: set[str] = set()
    for file in _reports().values():
        body = json.loads(file.read_text())
        (report, posted), (other, vapi_call_id) = (_copy(deployed, body, now) for _ in range(2))
        records = [record_of(report), record_of(other)]
        control.put_calls(records)
        withheld[vapi_call_id] = posted
        # Those of 2024 have no time of the sender's, or one in words.
        told_at = datetime.fromisoformat(records[0]["updatedAt"]).timestamp()
        events.add(str(deployed.send({"message": report["message"] | {"timestamp": round(told_at * 1000)}}).event_id))
    wait_for(lambda: deployed.receipts(events) == events, "the reports that are posted")

    seen = deployed.operate("verify", "--since", SINCE)
    assert seen.returncode == (1 if withheld else 0), seen.stdout
    different = {line.split()[1] for line in seen.stdout.splitlines() if line.startswith("  ")}
    assert different - {"vapi"} == set(withheld), "those whose report was posted do not differ"
    repaired = deployed.operate("--yes", "reconcile", "--since", SINCE)
    assert repaired.returncode == 0, repaired.stdout
    for vapi_call_id, posted in withheld.items():
        came, told = _facts(deployed, vapi_call_id), _facts(deployed, posted)
        assert came["attempt 0 status"] == "Completed"
        assert came.keys() == told.keys()
        assert {name: (value, told[name]) for name, value in came.items() if value != told[name]} == {}
    assert deployed.operate("verify", "--since", SINCE).returncode == 0
