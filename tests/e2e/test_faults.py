"""Faults on the deployed stack: a record that cannot succeed, and a database that dies under load."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any, Final

import pytest

from local import stack
from local.simulator.simulate import PageRequest, arrange, place_calls, post_all, wait_until_stored
from local.simulator.webhook_factory import CANARY, ESSENTIAL_TYPES, Body, webhooks
from tests.deployed import DeployedStack, wait_for

SEED: Final = 20271103
NOW: Final = 1793631600000


@pytest.fixture(autouse=True)
def _no_dead_letters_before(deployed: DeployedStack) -> None:
    deployed.empty_dead_letters()


def _body(kind: str, call: dict[str, Any], **fields: Any) -> Body:  # noqa: ANN401 - any JSON
    return {"message": {"type": kind, "timestamp": NOW, "call": call, **fields}}


def _overrides(call_id: int) -> dict[str, Any]:
    return {"variableValues": {"call_id": str(call_id)}}


def test_a_record_that_names_no_call_reaches_the_dead_letters_alone(deployed: DeployedStack) -> None:
    random = Random(SEED)
    scripts = place_calls(deployed.database_url, random, 3, outcome="reached", stalls=True)
    good = arrange(scripts, random, PageRequest(len(scripts), types=ESSENTIAL_TYPES))
    poison = [_body(kind, {"status": "ended"}, status="ended") for kind in ("status-update", "hang")]
    poison.append(_body("end-of-call-report", {}, assistant={"server": {"secret": f"{CANARY}poison"}}))
    answers = post_all(deployed.stack, [*poison[:1], *good, *poison[1:]])
    assert wait_until_stored(deployed.database_url, scripts, answers[1:-2]) == []
    wait_for(lambda: len(_found(deployed)) == len(poison), "the poison in the dead-letter queues")
    assert Counter(_found(deployed)) == {
        (kind, "InvalidMessage"): 1 for kind in ("status_update", "hang", "end_of_call_report")
    }
    letters = [letter for letters in deployed.dead_letters().values() for letter in letters]
    assert not any(CANARY in letter.body for letter in letters)
    assert deployed.receipts({str(letter.event_id) for letter in letters}) == set()


def test_contradicting_ids_reach_the_dead_letters_with_their_reason(deployed: DeployedStack) -> None:
    random = Random(SEED + 1)
    one, other = place_calls(deployed.database_url, random, 2, outcome="reached", stalls=False)
    post_all(deployed.stack, [body for script in (one, other) for _, body in webhooks(script, {"status-update"})])
    wait_for(lambda: deployed.waiting() == 0, "all queues empty")
    assert other.call_id is not None
    call = {"id": one.vapi_call_id, "assistantOverrides": _overrides(other.call_id)}
    assert deployed.send(_body("status-update", call, status="ended")).verdict == "accepted"
    wait_for(
        lambda: _found(deployed) == [("status_update", "CallIdentityConflict")], "the conflict in the dead letters"
    )


def test_postgres_killed_and_restarted_under_load(deployed: DeployedStack) -> None:
    random = Random(SEED + 2)
    scripts = place_calls(deployed.database_url, random, 12)
    bodies = arrange(scripts, random, PageRequest(len(scripts), disorder=True, duplicates=True, types=ESSENTIAL_TYPES))
    half = len(bodies) // 2
    with ThreadPoolExecutor(2) as background:
        before = deployed.count_rows()["webhook_event"]
        posting = [background.submit(post_all, deployed.stack, bodies[:half])]
        wait_for(lambda: deployed.count_rows()["webhook_event"] > before, "the first receipts")
        _kill_postgres(deployed)
        posting.append(background.submit(post_all, deployed.stack, bodies[half:]))
        wait_for(lambda: deployed.waiting() > 0, "records that cannot be applied")
        assert stack.up(deployed.paths)["database_url"] == deployed.database_url
        answers = [answer for answers in posting for answer in answers.result()]
    assert wait_until_stored(deployed.database_url, scripts, answers) == []
    assert _found(deployed) == []


def _kill_postgres(deployed: DeployedStack) -> None:
    server = stack.database_server(deployed.paths).find()
    assert server is not None
    server.kill()


def _found(deployed: DeployedStack) -> list[tuple[str, str | None]]:
    return [(kind, letter.reason) for kind, letters in deployed.dead_letters().items() for letter in letters]


def test_no_secret_of_a_body_is_in_the_database_or_in_a_log(deployed: DeployedStack) -> None:
    script = place_calls(deployed.database_url, Random(SEED + 3), 1, outcome="transferred", stalls=True)[0]
    bodies = [body for _, body in webhooks(script)]
    assert all(CANARY in json.dumps(body) for body in bodies)
    assert wait_until_stored(deployed.database_url, [script], post_all(deployed.stack, bodies)) == []
    assert CANARY not in _everything_stored(deployed)
    assert not any(CANARY in line for line in deployed.log_lines())
    assert CANARY not in (deployed.paths.state / "emulator" / "emulator.log").read_text(errors="replace")


def _everything_stored(deployed: DeployedStack) -> str:
    tables = deployed.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    statements = [f'SELECT t::text AS row FROM "{table["tablename"]}" t' for table in tables]  # noqa: S608
    return "\n".join(row["row"] for statement in statements for row in deployed.rows(statement))
