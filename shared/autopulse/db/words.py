"""`call_words`: the words by which a call is found, made from all that is shown of it.

A call gets a row when a report arrives, or if it ended without any message of Vapi: before that the words change with
every message, and writing a row each time would cost more than all other writes. The words are always computed from the
stored rows, in the transaction that changes these, so the order of messages does not matter.

Each word is preceded by the end of its organization's id and by the month in which its call began. One index then finds
the calls of an organization and a month that have a word, without reading others; a query searches one month after the
other, from the position of its page, until the page is full.
"""

import time
from collections.abc import Callable, Collection
from typing import Any, Final

from sqlalchemy import Connection, text

from autopulse.db.engine import Transaction
from autopulse.db.queries.attempts import ITS_TURNS, SHOWN_ATTEMPT
from autopulse.db.queries.filters import BEGAN, OVER
from autopulse.db.statement_parameters import as_array, as_rows
from autopulse.domain.words import MARK, words_of
from autopulse.json_coercion import MAX_CALL_ID

SPOKEN: Final = "role IN ('human', 'assistant')"
"""The condition that a turn was spoken; the turns of tools are not part of a call's words."""
FIRST_MONTH: Final = "2015-01-01"
NO_MONTH: Final = "none"
"""Replaces the month of a call that began before FIRST_MONTH, or of which no time is known."""
SECONDS: Final = 240
"""The time limit of `give_words` in seconds; a migration must not wait for all calls of many years."""
ROWS: Final = 500
"""The number of calls in one transaction of `give_words`, some 500 ms, during which their words are locked."""


def month_of(moment: str) -> str:
    """An expression: the month of a time, in the form that precedes words."""
    is_known = f"{moment} >= '{FIRST_MONTH}' AND isfinite({moment})"
    return f"CASE WHEN {is_known} THEN to_char({moment} AT TIME ZONE 'UTC', 'YYMM') ELSE '{NO_MONTH}' END"


def marked(words: str, organization: str, month: str) -> str:
    """An expression: the words with their organization and month in place of MARK."""
    return f"replace({words}, '{MARK}', right({organization}::text, 8) || {month})"


_READ: Final = text(f"""
    SELECT json_agg(json_build_array(
        call.id, said.turns, call.feedback_summary, feedback.content, feedback.detractors, feedback.positives,
        feedback.action_items, record.customer_name, record.vehicle_info, record.service_type, advisor.name,
        record.service_advisor_name) ORDER BY call.id)
    FROM unnest(CAST(:call_ids AS integer[])) AS asked (id)
    JOIN LATERAL (SELECT * FROM call WHERE call.id = asked.id OFFSET 0) AS call ON true
    LEFT JOIN LATERAL (SELECT * FROM call_feedback WHERE call_id = call.id OFFSET 0) AS feedback ON true
    LEFT JOIN LATERAL (SELECT * FROM service_record
        WHERE id = call.service_record_id AND organization_id = call.organization_id OFFSET 0) AS record ON true
    LEFT JOIN LATERAL (SELECT name FROM "user"
        WHERE id = record.service_advisor_id AND organization_id = call.organization_id OFFSET 0) AS advisor ON true
    CROSS JOIN LATERAL (
        SELECT string_agg(content, ' ') AS turns FROM transcript AS turn, (
            SELECT call.id AS call_id, shown.* FROM (SELECT) AS one LEFT JOIN LATERAL ({SHOWN_ATTEMPT}) AS shown ON true
        ) AS chosen WHERE turn.call_id = call.id AND {ITS_TURNS} AND {SPOKEN}
    ) AS said
""")  # noqa: S608 - made of constants
_WRITE: Final = text(f"""
    INSERT INTO call_words (call_id, organization_id, began, words)
    SELECT call.id, call.organization_id, {BEGAN},
        CAST({marked("input.words", "call.organization_id", month_of(BEGAN))} AS tsvector)
    FROM json_to_recordset(CAST(:rows AS json)) AS input (call_id integer, words text)
    JOIN LATERAL (SELECT * FROM call WHERE call.id = input.call_id OFFSET 0) AS call ON true
    ORDER BY call.id
    ON CONFLICT (call_id) DO UPDATE SET
        organization_id = EXCLUDED.organization_id, began = EXCLUDED.began, words = EXCLUDED.words
    WHERE (call_words.organization_id, call_words.began, call_words.words)
        IS DISTINCT FROM (EXCLUDED.organization_id, EXCLUDED.began, EXCLUDED.words)
""")  # noqa: S608 - made of constants
_WITHOUT: Final = text(f"""
    SELECT id FROM call
    WHERE id < CAST(:before AS bigint) AND status IN {OVER}
        AND NOT EXISTS (SELECT FROM call_words WHERE call_id = call.id)
        AND (EXISTS (SELECT FROM vapi_call WHERE call_id = call.id AND reported_at IS NOT NULL)
            OR NOT EXISTS (SELECT FROM vapi_call WHERE call_id = call.id))
    ORDER BY id DESC LIMIT {ROWS}
""")  # noqa: S608 - made of constants
_LOCK: Final = text("""
    SELECT id FROM call WHERE id = ANY (CAST(:call_ids AS integer[])) ORDER BY id + 0 FOR NO KEY UPDATE
""")


def follow_words(transaction: Transaction, call_ids: Collection[int]) -> None:
    """Update the words of calls, which are locked, to what is shown of them now."""
    read = transaction.execute(_READ, {"call_ids": as_array(sorted(call_ids))}).scalar_one() or []
    transaction.execute(_WRITE, {"rows": as_rows(map(_as_json, read))})


def _as_json(read: list[Any]) -> dict[str, Any]:
    call_id, *texts = read
    return {"call_id": call_id, "words": " ".join([f"'{MARK}{word}'" for word in words_of(texts)])}


def give_words(connection: Connection, commit: Callable[[], None], seconds: float = SECONDS) -> bool:
    """Create the words of calls that have none: old calls, and calls that old code wrote during a deploy.

    The newest calls come first, in transactions that `commit` ends, for at most `seconds`; returns whether all are
    done.
    """
    end, before = time.monotonic() + seconds, MAX_CALL_ID + 1
    while call_ids := connection.scalars(_WITHOUT, {"before": before}).all():
        before = call_ids[-1]
        connection.execute(_LOCK, {"call_ids": as_array(call_ids)})
        follow_words(connection, call_ids)
        commit()
        if time.monotonic() > end:
            return False
    commit()
    return True
