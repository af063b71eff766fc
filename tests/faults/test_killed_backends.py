"""A backend that dies at any moment of a batch costs a retry, never a record and never a second effect."""

import pytest

from autopulse.consumers import runner
from tests.faults import sqs_records
from tests.harness import Database, before_statement, handle, metrics

BATCHES = {
    "status_update": [sqs_records.status(n, "ended") for n in range(1, 6)],
    "conversation_update": [sqs_records.conversation(n) for n in range(1, 6)],
    "end_of_call_report": [sqs_records.report(n) for n in range(1, 6)],
    "hang": [sqs_records.hang(n) for n in range(1, 6)],
    "transcript": [sqs_records.transcript(n) for n in range(1, 6)],
}
EVERYTHING = """
    SELECT jsonb_build_object(
        'calls', (SELECT jsonb_agg(to_jsonb(call) - 'updated_at' ORDER BY id) FROM call),
        'facts', (SELECT jsonb_agg(vapi_call ORDER BY call_id) FROM vapi_call),
        'turns', (SELECT jsonb_agg(to_jsonb(transcript) - 'id' ORDER BY call_id, sequence) FROM transcript),
        'feedback', (SELECT jsonb_agg(to_jsonb(call_feedback) - '{id,created_at}'::text[] ORDER BY call_id)
            FROM call_feedback),
        'visits', (SELECT jsonb_agg(service_record ORDER BY id) FROM service_record),
        'incidents', (SELECT jsonb_agg(to_jsonb(call_incident) - 'id' ORDER BY call_id) FROM call_incident),
        'receipts', (SELECT jsonb_agg(to_jsonb(webhook_event) - 'processed_at' ORDER BY event_id) FROM webhook_event)
    )
"""


@pytest.mark.parametrize("kind", BATCHES)
def test_a_backend_may_die_before_any_statement_of_a_batch(
    kind: str, database: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE_SECONDS", 0.01)
    clean, statements = _run(database, kind, killed_at=None)
    assert statements[-1] == "COMMIT"
    for place in range(len(statements)):
        database.empty()
        database.seed(20)
        capsys.readouterr()
        outcome, _ = _run(database, kind, killed_at=place)
        assert outcome == clean, f"killed before {statements[place]}"
        assert metrics(capsys.readouterr().out)[f"RecordApplied:kind={kind}"] == 5


def _run(database: Database, kind: str, killed_at: int | None) -> tuple[object, list[str]]:
    def kill(place: int, _statement: str) -> None:
        if place == killed_at:
            assert database.kill_others() == 1

    with before_statement(kill) as statements:
        assert handle(BATCHES[kind]) == []
    return database.value(EVERYTHING), statements
