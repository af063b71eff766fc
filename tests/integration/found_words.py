"""A check that searches find calls by the words that are shown of them, and by no others."""

import json
from datetime import datetime, timezone
from typing import Any

from autopulse.db.engine import engine
from autopulse.db.queries.calls import read_call, read_transcript
from autopulse.domain.scope import Scope
from autopulse.domain.words import words_of
from tests.integration.pipeline import Pipeline


def assert_words_are_those_that_are_shown(pipeline: Pipeline) -> None:
    """Compare the words of each call that has a report with what the API shows of it."""
    rows = pipeline.rows("""
        SELECT call.id, call.organization_id::text AS organization, tsvector_to_array(words) AS words
        FROM call LEFT JOIN call_words ON call_words.call_id = call.id
            AND call_words.organization_id = call.organization_id
        WHERE EXISTS (SELECT FROM vapi_call WHERE call_id = call.id AND reported_at IS NOT NULL)
    """)
    for row in rows:
        scope = Scope(row["organization"])
        with engine().connect() as transaction:
            call = json.loads(read_call(transaction, scope, row["id"]) or "")
            transcript = json.loads(read_transcript(transaction, scope, row["id"], None) or "")
        expected = {_mark(row["organization"], call) + word for word in words_of(_texts(call, transcript))}
        assert row["words"] is not None, f"call {row['id']} has no words"
        assert set(row["words"]) == expected


def _texts(call: dict[str, Any], transcript: dict[str, Any]) -> list[str | None]:
    spoken = [turn["text"] for turn in transcript["turns"] or [] if turn["speaker"] in {"human", "assistant"}]
    feedback, record = call["feedback"] or {}, call["service_record"] or {}
    told = [feedback.get(name) for name in ("content", "detractors", "positives", "action_items")]
    visit = [record.get(name) for name in ("customer_name", "vehicle", "service")]
    return [*spoken, call["summary"], *told, *visit, call["advisor_name"]]


def _mark(organization: str, call: dict[str, Any]) -> str:
    began = datetime.fromisoformat(call["start_time"] or call["end_time"] or call["updated_at"])
    return organization[-8:] + began.astimezone(timezone.utc).strftime("%y%m")
