"""Empty data that is older than the stack's retention times: words of calls, and personal data of calls and visits.

Each organization's calls are processed in the order in which they began, from where the last walk ended (`retention`).
A call that is locked, or whose visit is, is not waited for; the next walk starts with it. Emptying a call twice does no
harm.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import TextClause, text

from autopulse.db.calls import ERASED
from autopulse.db.engine import Transaction
from autopulse.db.queries.filters import BEGAN
from autopulse.db.statement_parameters import as_array, as_rows
from autopulse.db.words import month_of
from autopulse.domain.words import words_of

WORDS: Final = "words"
PERSON: Final = "person"
"""The kinds of data to empty, each with a walk of its own."""
_IDS: Final = "ANY (CAST(:ids AS integer[]))"
_ERASED: Final = f"'{ERASED}'"

_ORGANIZATIONS = text("SELECT id::text FROM organization ORDER BY id")
_NEXT = text(f"""
    WITH mark AS MATERIALIZED (
        SELECT began, call_id FROM retention WHERE organization_id = CAST(:organization AS uuid) AND kind = :kind
        UNION ALL SELECT '-infinity', 0
        ORDER BY 1 DESC, 2 DESC LIMIT 1
    ), candidate AS MATERIALIZED (
        SELECT id, {BEGAN} AS began FROM call
        WHERE organization_id = CAST(:organization AS uuid) AND {BEGAN} < CAST(:before AS timestamptz)
            AND ({BEGAN}, id) > ((SELECT began FROM mark), (SELECT call_id FROM mark))
        ORDER BY {BEGAN}, id LIMIT :rows
    ), visit AS MATERIALIZED (
        SELECT id FROM service_record
        WHERE id = ANY (ARRAY(SELECT service_record_id FROM call WHERE id = ANY (ARRAY(SELECT id FROM candidate))))
        ORDER BY id + 0 FOR NO KEY UPDATE SKIP LOCKED
    ), locked AS MATERIALIZED (
        SELECT id FROM call
        WHERE id = ANY (ARRAY(SELECT id FROM candidate))
            AND (service_record_id IS NULL OR service_record_id = ANY (ARRAY(SELECT id FROM visit)))
        ORDER BY id + 0 FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT candidate.id, candidate.began::text, candidate.id = ANY (ARRAY(SELECT id FROM locked))
    FROM candidate ORDER BY began, id
""")  # noqa: S608 - made of constants
_COUNT = text(f"""
    SELECT count(*) FROM call
    WHERE organization_id = CAST(:organization AS uuid) AND {BEGAN} < CAST(:before AS timestamptz)
        AND ({BEGAN}, id) > (
            coalesce((SELECT began FROM retention
                WHERE organization_id = CAST(:organization AS uuid) AND kind = :kind), '-infinity'),
            coalesce((SELECT call_id FROM retention
                WHERE organization_id = CAST(:organization AS uuid) AND kind = :kind), 0))
""")  # noqa: S608 - made of constants
_MARK = text("""
    INSERT INTO retention (organization_id, kind, began, call_id)
    VALUES (CAST(:organization AS uuid), :kind, CAST(:began AS timestamptz), :call_id)
    ON CONFLICT (organization_id, kind) DO UPDATE SET began = EXCLUDED.began, call_id = EXCLUDED.call_id
""")
# As in `db.erasure`, without numbers and names, and without the status of a call in progress.
_EMPTY_WORDS = text(f"""
    WITH attempt AS (
        UPDATE vapi_call SET segments = NULL, call_reason = NULL, feedback_summary = NULL, recording_url = NULL,
            recording_expires_at = NULL, feedback = NULL
        WHERE call_id = {_IDS}
    ), quality AS (
        UPDATE call_quality SET success_evaluation = NULL, ended_message = NULL, details = NULL WHERE call_id = {_IDS}
    ), original AS (
        UPDATE call_original SET recording_url = NULL, call_reason = NULL, feedback_summary = NULL, feedback = NULL
        WHERE call_id = {_IDS}
    ), turn AS (
        DELETE FROM transcript WHERE call_id = {_IDS}
    ), feedback AS (
        UPDATE call_feedback SET content = {_ERASED}, detractors = NULL, positives = NULL, action_items = NULL,
            structured_data = NULL, reason_category = call.reason_key
        FROM call WHERE call_feedback.call_id = {_IDS} AND call.id = call_feedback.call_id AND call.id = {_IDS}
    ), former AS (
        DELETE FROM call_feedback_duplicate WHERE call_id = {_IDS}
    ), word AS (
        UPDATE call_words SET words = CAST('' AS tsvector) WHERE call_id = {_IDS}
    ), follow AS (
        UPDATE follow_up SET note = NULL, cause = CASE WHEN cause IS NOT NULL THEN {_ERASED} END WHERE call_id = {_IDS}
    ), entry AS (
        UPDATE follow_up_entry SET note = NULL, changes = NULL
        WHERE follow_up_id = ANY (ARRAY(SELECT id FROM follow_up WHERE call_id = {_IDS}))
    ), visit AS MATERIALIZED (
        SELECT id FROM service_record
        WHERE id = ANY (ARRAY(SELECT service_record_id FROM call WHERE id = {_IDS}))
            AND NOT EXISTS (SELECT FROM call AS newer WHERE newer.service_record_id = service_record.id
                AND {BEGAN.replace("call.", "newer.")} >= CAST(:before AS timestamptz))
    ), said AS (
        UPDATE service_record SET feedback = NULL WHERE id = ANY (ARRAY(SELECT id FROM visit))
    ), said_before AS (
        UPDATE service_record_original SET feedback = NULL WHERE service_record_id = ANY (ARRAY(SELECT id FROM visit))
    )
    UPDATE call SET recording_url = NULL, call_reason = NULL, feedback_summary = NULL WHERE id = {_IDS}
""")  # noqa: S608 - made of constants
_EMPTY_PERSONS = text(f"""
    WITH attempt AS (
        UPDATE vapi_call SET customer_number = NULL, customer_sip_uri = NULL, customer_name = NULL
        WHERE call_id = {_IDS}
    ), visit AS MATERIALIZED (
        SELECT id FROM service_record
        WHERE id = ANY (ARRAY(SELECT service_record_id FROM call WHERE id = {_IDS}))
            AND NOT EXISTS (SELECT FROM call AS newer WHERE newer.service_record_id = service_record.id
                AND {BEGAN.replace("call.", "newer.")} >= CAST(:before AS timestamptz))
    ), person AS (
        UPDATE service_record SET customer_name = {_ERASED}, customer_phone = {_ERASED}, vehicle_info = NULL
        WHERE id = ANY (ARRAY(SELECT id FROM visit))
    )
    UPDATE call SET customer_number = {_ERASED} WHERE id = {_IDS}
""")  # noqa: S608 - made of constants
# All calls of the visits whose person goes, also those that the walk has passed: what a call is found by has the words
# of its visit in it (`db.words`).
_NAMED = text(f"""
    SELECT call.id, record.customer_name, record.vehicle_info
    FROM service_record AS record JOIN call ON call.service_record_id = record.id
    WHERE record.id = ANY (ARRAY(SELECT service_record_id FROM call WHERE id = {_IDS}))
        AND (record.customer_name <> {_ERASED} OR record.vehicle_info IS NOT NULL)
        AND NOT EXISTS (SELECT FROM call AS newer WHERE newer.service_record_id = record.id
            AND {BEGAN.replace("call.", "newer.")} >= CAST(:before AS timestamptz))
    ORDER BY call.id
""")  # noqa: S608 - made of constants
_FORGET_NAMES = text(f"""
    UPDATE call_words SET words = ts_delete(call_words.words, ARRAY(
        SELECT right(call_words.organization_id::text, 8) || {month_of("call_words.began")} || word
        FROM json_array_elements_text(named.gone) AS word))
    FROM json_to_recordset(CAST(:rows AS json)) AS named (call_id integer, gone json)
    WHERE call_words.call_id = named.call_id AND call_words.call_id = {_IDS}
""")  # noqa: S608 - made of constants
_EMPTY: Final[dict[str, TextClause]] = {WORDS: _EMPTY_WORDS, PERSON: _EMPTY_PERSONS}


class Walked(NamedTuple):
    """The result of one step of a walk."""

    emptied: int
    skipped: int
    """The number of calls that other transactions had locked, or whose visits they had."""
    is_over: bool
    """Whether the walk through the organization has ended."""


def list_organizations(transaction: Transaction) -> Sequence[str]:
    """Ids of all organizations."""
    return list(transaction.execute(_ORGANIZATIONS).scalars())


def empty_next(transaction: Transaction, kind: str, organization: str, before: datetime, rows: int) -> Walked:
    """Empty the next calls of an organization that began before the time `before`, at most `rows` calls."""
    where = {"kind": kind, "organization": organization, "before": before.isoformat()}
    found = transaction.execute(_NEXT, where | {"rows": rows}).all()
    own = [id_ for id_, _, is_locked in found if is_locked]
    if own:
        values = {"ids": as_array(own), "before": where["before"]}
        if kind == PERSON:
            _forget_names(transaction, values)
        transaction.execute(_EMPTY[kind], values)
    first = next((place for place, (_, _, is_locked) in enumerate(found) if not is_locked), len(found))
    if first:
        id_, began, _ = found[first - 1]
        mark = {"kind": kind, "organization": organization, "began": began, "call_id": id_}
        transaction.execute(_MARK, mark)
    return Walked(len(own), len(found) - len(own), len(found) < rows or first < len(found))


def _forget_names(transaction: Transaction, values: Mapping[str, str]) -> None:
    """Take the words of visits whose person goes out of what their calls are found by."""
    named = transaction.execute(_NAMED, values).all()
    rows = [{"call_id": id_, "gone": sorted(words_of(texts))} for id_, *texts in named]
    if rows:
        ids = as_array(id_ for id_, *_ in named)
        transaction.execute(_FORGET_NAMES, {"rows": as_rows(rows), "ids": ids})


def count_older(transaction: Transaction, kind: str, organization: str, before: datetime) -> int:
    """The number of an organization's calls that a walk still has to process."""
    where = {"kind": kind, "organization": organization, "before": before.isoformat()}
    return int(transaction.execute(_COUNT, where).scalar_one())
