"""What reports of before cost is known in the table of how calls ran: revision 0008."""

import pytest

from autopulse.db.migration import upgrade
from autopulse.db.migrations.versions import r0008_call_quality as revision
from tests.integration.migrations.application import run

CALLS = """
    INSERT INTO organization VALUES ('00000000-0000-4000-8000-000000000001', 'Example Motors');
    INSERT INTO call (id, organization_id, customer_number, status)
    SELECT id, '00000000-0000-4000-8000-000000000001', '+12025550115', 'Completed' FROM generate_series(1, 7) AS id;
    INSERT INTO vapi_call (call_id, vapi_call_id, reported_at, report_event_id, cost)
    SELECT id, 'call-' || id, CASE WHEN id <> 3 THEN now() END, CASE WHEN id <> 3 THEN 'event-' || id END, id / 10.0
    FROM generate_series(1, 7) AS id;
    INSERT INTO vapi_call (call_id, vapi_call_id, reported_at, report_event_id) VALUES (2, 'again', now(), 'other')
"""
ROWS = (
    'SELECT call_id, vapi_call_id, report_event_id, cost::float8 FROM call_quality ORDER BY 1, vapi_call_id COLLATE "C"'
)


@pytest.mark.parametrize("rows", [1, 3, revision.ROWS])
def test_each_report_of_before_has_its_cost(database_url: str, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision, "ROWS", rows)
    run(database_url, CALLS)
    run(database_url, f"UPDATE autopulse_calls_version SET version_num = '{revision.down_revision}'")  # noqa: S608 - a constant
    run(
        database_url,
        """
        INSERT INTO call_quality (call_id, vapi_call_id, report_event_id, cost, outputs_expected, outputs_lost)
        VALUES (5, 'call-5', 'newer', 9, 1, 0)
    """,
    )
    upgrade(database_url)
    assert run(database_url, ROWS) == [
        [1, "call-1", "event-1", 0.1],
        [2, "again", "other", None],
        [2, "call-2", "event-2", 0.2],
        [4, "call-4", "event-4", 0.4],
        [5, "call-5", "newer", 9],  # a report that came meanwhile
        [6, "call-6", "event-6", 0.6],
        [7, "call-7", "event-7", 0.7],
    ]
