"""No statement of a consumer or a sweep reads a table or an index from end to end, whatever the planner knows yet."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
from pg8000.native import Connection

from autopulse.db.prepared import PreparingConnection
from local.database import connect
from local.postgres import ERASER, FUNCTIONS
from tests.harness import engine_for
from tests.integration.pipeline import ORGANIZATION, Pipeline
from tests.integration.statements import (
    let_callers_speak,
    let_consumers_speak,
    let_erasures_speak,
    let_sweeps_speak,
    let_writers_speak,
    noting,
)

# Calls that were going on before a migration, so to say: of none is the outcome known.
ROWS: Final = """
    INSERT INTO service_record (organization_id, customer_name, customer_phone)
        SELECT :organization, 'Testa Placeholder', '+12025550101' FROM numbers;
    INSERT INTO service_record_original (service_record_id, status) SELECT id, 'Scheduled' FROM service_record;
    INSERT INTO call (organization_id, service_record_id, customer_number, status, vapi_call_id)
        SELECT :organization, id, '+12025550101', 'In Progress', 'vapi-' || id FROM service_record;
    INSERT INTO vapi_call (call_id, vapi_call_id) SELECT id, vapi_call_id FROM call;
    INSERT INTO call_original (call_id, status) SELECT id, 'In Progress' FROM call;
    INSERT INTO call_feedback (call_id, content) SELECT id, 'Fine' FROM call;
    INSERT INTO follow_up (call_id, organization_id, trigger, opened_at, due_at)
        SELECT id, organization_id, 'score', now(), now() FROM call;
    INSERT INTO follow_up_entry (follow_up_id, at, action, to_state) SELECT id, now(), 'opened', 'open' FROM follow_up;
    INSERT INTO call_incident (call_id, kind, occurred_at) SELECT id, 'stall', now() FROM call;
    INSERT INTO transcript (call_id, vapi_call_id, source, sequence, role, content, "timestamp")
        SELECT id, vapi_call_id, 'conversation', number, 'human', 'Yes', now() FROM call, numbers WHERE number <= 10;
    INSERT INTO webhook_event (event_id, kind, type, call_id, received_at, processed_at, outcome)
        SELECT id, 'status', 'status-update', id, now(), now(), 'applied' FROM call;
    INSERT INTO reconciliation_request (call_id, vapi_call_id, reason, tries, asked_at)
        SELECT id, vapi_call_id, 'no_report', 1, now() FROM call;
    INSERT INTO erased_call (pseudonym, call_id, erased_at) SELECT md5(id::text), id, now() FROM call
"""


@pytest.fixture
def statements(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    said: set[str] = set()
    monkeypatch.setattr(PreparingConnection, "execute_prepared", noting(PreparingConnection.execute_prepared, said))
    let_consumers_speak(pipeline)
    let_sweeps_speak()
    let_writers_speak(pipeline)
    let_callers_speak(pipeline)
    return said


def _new(_pipeline: Pipeline) -> None:
    """Nothing is there, and nobody has looked."""


def _looked_at(pipeline: Pipeline) -> None:
    """Nothing is there, and the planner knows that."""
    pipeline.database.run("ANALYZE")


def _filled(pipeline: Pipeline) -> None:
    pipeline.database.run("CREATE TEMPORARY TABLE numbers AS SELECT generate_series(1, 2000) AS number")
    for statement in ROWS.split(";"):
        pipeline.database.run(statement.replace(":organization", f"CAST('{ORGANIZATION}' AS uuid)"))
    pipeline.database.run("DROP TABLE numbers")
    pipeline.database.run("ANALYZE")


@pytest.mark.parametrize("prepare", [_new, _looked_at, _filled])
def test_every_scan_is_bounded_by_its_index(
    pipeline: Pipeline, statements: set[str], module_functions_url: str, prepare: Callable[[Pipeline], None]
) -> None:
    pipeline.clear()
    prepare(pipeline)
    with connect(module_functions_url) as functions:
        scans = {statement: list(_scans(_plan(functions, statement))) for statement in statements}
    assert len(statements) > 8
    assert sum(map(len, scans.values())) > 15
    unbounded = [(scan, statement) for statement in scans for scan in scans[statement] if scan["Index Cond"] is None]
    assert unbounded == []


READ_WHOLE: Final = ("organization", "erasure", "ix_erasure")
"""Small tables that the function of erasures may read from end to end: tenants, and what is not done yet.

Its statements are planned anew for tables that have grown, unlike the consumers'.
"""


@pytest.mark.parametrize("prepare", [_new, _filled])
def test_every_scan_of_an_erasure_is_bounded_by_its_index(
    pipeline: Pipeline,
    module_database_url: str,
    module_functions_url: str,
    prepare: Callable[[Pipeline], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: set[str] = set()
    monkeypatch.setattr(PreparingConnection, "execute_prepared", noting(PreparingConnection.execute_prepared, said))
    database = engine_for(module_database_url, ERASER)
    let_erasures_speak(pipeline, database)
    database.dispose()
    pipeline.clear()
    prepare(pipeline)
    with connect(module_functions_url.replace(f"//{FUNCTIONS}:", f"//{ERASER}:")) as eraser:
        scans = [scan for statement in said for scan in _scans(_plan(eraser, statement))]
    assert len(scans) > 20
    unbounded = [one for one in scans if one["Index Cond"] is None]
    assert [one for one in unbounded if not str(one["Relation Name"] or one["Index Name"]).startswith(READ_WHOLE)] == []


def _plan(connection: Connection, statement: str) -> Mapping[str, Any]:
    context = connection.execute_simple(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}")
    plan: Mapping[str, Any] = context.rows[0][0][0]["Plan"]
    return plan


def _scans(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The nodes that read tables of ours; those of bitmaps say so in their index's node."""
    if node["Node Type"] in {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"}:
        yield {name: node.get(name) for name in ("Node Type", "Relation Name", "Index Name", "Index Cond")}
    for part in node.get("Plans", ()):
        yield from _scans(part)
