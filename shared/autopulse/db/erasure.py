"""Erase personal data of calls and visits: words, names, numbers and URLs are deleted, figures and ids are kept.

Outcome, score, times and costs are kept, so that counts do not change. Each call is erased in one transaction, which
also writes its tombstones; after its commit no consumer restores any of the data. Erasing a call again changes nothing.
`db.classification` has the kind of each column.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from autopulse.db.calls import ERASED, lock_calls
from autopulse.db.engine import Transaction
from autopulse.db.feedback import follow_reports
from autopulse.db.statement_parameters import as_rows
from autopulse.domain.pseudonyms import Pseudonyms
from autopulse.domain.status import ENDED, OVER

_ERASED: Final = f"'{ERASED}'"
# `updated_at` is not changed, because a call without other times is listed and counted by it. A call in progress counts
# as ended, because its further messages are dropped; if it has no report, Vapi is not asked for one.
_ERASE = text(f"""
    WITH called AS (
        UPDATE call SET
            customer_number = {_ERASED}, recording_url = NULL, call_reason = NULL, feedback_summary = NULL,
            status = CASE WHEN status IN {OVER} OR NOT :dialled THEN status ELSE '{ENDED}' END
        WHERE id = :call_id RETURNING reason_key
    ), attempt AS (
        UPDATE vapi_call SET
            customer_number = NULL, customer_sip_uri = NULL, customer_name = NULL, segments = NULL, call_reason = NULL,
            feedback_summary = NULL, recording_url = NULL, recording_expires_at = NULL, feedback = NULL,
            status = CASE WHEN status IN {OVER} THEN status ELSE '{ENDED}' END,
            reconciliation = CASE WHEN reported_at IS NULL THEN coalesce(reconciliation, 'unrecoverable')
                ELSE reconciliation END
        WHERE call_id = :call_id RETURNING 1
    ), recording AS (
        UPDATE call_recording SET state = 'erased', object_key = NULL, bytes = NULL, sha256 = NULL
        WHERE call_id = :call_id RETURNING 1
    ), quality AS (
        UPDATE call_quality SET
            success_evaluation = NULL, ended_message = NULL, details = NULL
        WHERE call_id = :call_id RETURNING 1
    ), original AS (
        UPDATE call_original SET recording_url = NULL, call_reason = NULL, feedback_summary = NULL, feedback = NULL
        WHERE call_id = :call_id RETURNING 1
    ), turn AS (
        DELETE FROM transcript WHERE call_id = :call_id RETURNING 1
    ), feedback AS (
        -- The category that the words led to stands for them: the reason is computed again by each migration.
        UPDATE call_feedback SET
            content = {_ERASED}, detractors = NULL, positives = NULL, action_items = NULL, structured_data = NULL,
            reason_category = (SELECT reason_key FROM called)
        WHERE call_id = :call_id RETURNING 1
    ), former AS (
        DELETE FROM call_feedback_duplicate WHERE call_id = :call_id RETURNING 1
    ), word AS (
        -- Not deleted, or the next migration would make them anew.
        UPDATE call_words SET words = CAST('' AS tsvector) WHERE call_id = :call_id RETURNING 1
    ), follow AS (
        UPDATE follow_up SET note = NULL, cause = CASE WHEN cause IS NOT NULL THEN {_ERASED} END
        WHERE call_id = :call_id RETURNING 1
    ), entry AS (
        UPDATE follow_up_entry SET note = NULL, changes = NULL
        WHERE follow_up_id = ANY (ARRAY(SELECT id FROM follow_up WHERE call_id = :call_id)) RETURNING 1
    )
    SELECT
        (SELECT count(*) FROM called) AS call, (SELECT count(*) FROM attempt) AS vapi_call,
        (SELECT count(*) FROM turn) AS transcript,
        (SELECT count(*) FROM feedback) + (SELECT count(*) FROM former) AS call_feedback,
        (SELECT count(*) FROM word) AS call_words, (SELECT count(*) FROM original) AS call_original,
        (SELECT count(*) FROM quality) AS call_quality, (SELECT count(*) FROM recording) AS call_recording,
        (SELECT count(*) FROM follow) AS follow_up, (SELECT count(*) FROM entry) AS follow_up_entry
""")  # noqa: S608 - made of constants

_COUNT = text("""
    SELECT
        (SELECT count(*) FROM vapi_call WHERE call_id = :call_id) AS vapi_call,
        (SELECT count(*) FROM transcript WHERE call_id = :call_id) AS transcript,
        (SELECT count(*) FROM call_feedback WHERE call_id = :call_id) AS call_feedback,
        (SELECT count(*) FROM call_recording WHERE call_id = :call_id) AS call_recording,
        (SELECT count(*) FROM follow_up WHERE call_id = :call_id) AS follow_up
""")

# A later report of another call of the visit writes its own words; the application's words are not restored.
_ERASE_VISIT = text(f"""
    WITH original AS (
        UPDATE service_record_original SET feedback = NULL WHERE service_record_id = :id
    )
    UPDATE service_record SET
        customer_name = {_ERASED}, customer_phone = {_ERASED}, vehicle_info = NULL, feedback = NULL
    WHERE id = :id
""")  # noqa: S608 - made of constants

_BURY = text("""
    INSERT INTO erased_call (pseudonym, call_id, erased_at)
    SELECT pseudonym, call_id, clock_timestamp()
    FROM json_to_recordset(CAST(:tombstones AS json)) AS row (pseudonym text, call_id integer)
    ORDER BY pseudonym
    ON CONFLICT (pseudonym) DO UPDATE SET
        erased_at = EXCLUDED.erased_at, call_id = coalesce(EXCLUDED.call_id, erased_call.call_id)
""")

_GIVEN: Final = """
    SELECT * FROM json_to_recordset(CAST(:tombstones AS json))
        AS row (pseudonym text, call_id integer, erased_at timestamptz)
"""
# With a time before all others until the rows are erased: whoever is killed in between begins with them again.
_BURY_EARLY = text(f"""
    WITH given AS MATERIALIZED ({_GIVEN}), made AS (
        INSERT INTO erased_call (pseudonym, call_id, erased_at)
        SELECT pseudonym, call_id, '1970-01-01' FROM given ORDER BY pseudonym
        ON CONFLICT (pseudonym) DO NOTHING
    )
    SELECT DISTINCT given.call_id FROM given LEFT JOIN erased_call AS known USING (pseudonym)
    WHERE given.call_id IS NOT NULL AND (known.erased_at < given.erased_at) IS NOT FALSE
    ORDER BY 1
""")  # noqa: S608 - made of constants
_BURY_AGAIN = text(f"""
    UPDATE erased_call SET erased_at = given.erased_at FROM ({_GIVEN}) AS given
    WHERE erased_call.pseudonym = given.pseudonym AND erased_call.erased_at < given.erased_at
""")  # noqa: S608 - likewise

_OF_ORGANIZATION: Final = "(CAST(:organization AS uuid) IS NULL OR organization_id = CAST(:organization AS uuid))"
_FIND_CALL = text(f"SELECT id FROM call WHERE id = :call_id AND {_OF_ORGANIZATION}")  # noqa: S608 - likewise
_FIND_VAPI_CALL = text(f"""
    SELECT id FROM call WHERE {_OF_ORGANIZATION} AND id = ANY (ARRAY(
        SELECT call_id FROM vapi_call WHERE vapi_call_id = :vapi_call_id AND vapi_call_id <> ''
        UNION (SELECT id FROM call WHERE vapi_call_id = :vapi_call_id ORDER BY vapi_call_id)))
    ORDER BY id + 0  -- by a sort: in the order of its index, a small table would be read whole
""")  # noqa: S608 - likewise
_DIGITS: Final = "reverse(regexp_replace({}, '[^0-9]', '', 'g'))"
# One organization after the other, as the indexes begin with the organization.
_FIND_NUMBER = text(f"""
    WITH tenant AS MATERIALIZED (
        SELECT id FROM organization WHERE CAST(:organization AS uuid) IS NULL OR id = CAST(:organization AS uuid)
    ), visit AS MATERIALIZED (
        SELECT record.id FROM tenant CROSS JOIN LATERAL (
            SELECT id FROM service_record
            WHERE organization_id = tenant.id AND {_DIGITS.format("customer_phone")} = ANY (CAST(:digits AS text[]))
            OFFSET 0
        ) AS record
    )
    SELECT 'visit' AS kind, id FROM visit
    UNION
    SELECT 'call', called.id FROM tenant CROSS JOIN LATERAL (
        SELECT id FROM call
        WHERE organization_id = tenant.id AND {_DIGITS.format("customer_number")} = ANY (CAST(:digits AS text[]))
        OFFSET 0
    ) AS called
    UNION
    (SELECT 'call', id FROM call
    WHERE service_record_id = ANY (ARRAY(SELECT id FROM visit))
        AND organization_id = ANY (ARRAY(SELECT id FROM tenant))
    ORDER BY service_record_id)
    UNION
    -- An attempt may have had another number than the row has now, or a caller's that the row never had.
    (SELECT 'call', id FROM call
    WHERE organization_id = ANY (ARRAY(SELECT id FROM tenant)) AND id = ANY (ARRAY(
        SELECT call_id FROM vapi_call
        WHERE customer_number IS NOT NULL AND {_DIGITS.format("customer_number")} = ANY (CAST(:digits AS text[]))))
    ORDER BY id + 0)
    ORDER BY kind, id
""")  # noqa: S608 - likewise


_ATTEMPTS = text("SELECT vapi_call_id FROM vapi_call WHERE call_id = :call_id ORDER BY vapi_call_id")


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """What was erased of one call."""

    vapi_call_ids: tuple[str, ...]
    """All ids of the call at Vapi."""
    rows: dict[str, int]
    """Table -> rows."""


def erase_call(transaction: Transaction, call_id: int, pseudonyms: Pseudonyms) -> ErasedRows | None:
    """Erase a call and write its tombstones; None if it has no row, and then only our id gets a tombstone.

    The locks are taken in the same order as by a batch of messages: first the visit, then the call.
    """
    locked = lock_calls(transaction, [call_id], [], [], reports=True)
    if not locked.calls:
        bury(transaction, pseudonyms, call_id, [])
        return None
    (row,) = locked.calls
    # The attempts are read again, because more may have arrived while this waited for the lock.
    vapi_call_ids = {id_ for (id_,) in transaction.execute(_ATTEMPTS, {"call_id": call_id})} | {row.vapi_call_id}
    linked = tuple(sorted(id_ for id_ in vapi_call_ids if id_))
    erased = transaction.execute(_ERASE, {"call_id": call_id, "dialled": bool(vapi_call_ids - {None})}).one()
    bury(transaction, pseudonyms, call_id, linked)
    if row.service_record_id is not None:
        follow_reports(transaction, [row.service_record_id])
    return ErasedRows(linked, {name: count for name, count in erased._asdict().items() if count})


def bury_early(transaction: Transaction, tombstones: Sequence[tuple[str, int | None, str]]) -> list[int]:
    """Write tombstones that another database had; returns which rows were erased there and not here since.

    One that was erased here as well, and has been given a number since, is a call of its own.
    """
    return list(transaction.execute(_BURY_EARLY, {"tombstones": _given(tombstones)}).scalars())


def bury_again(transaction: Transaction, tombstones: Sequence[tuple[str, int | None, str]]) -> None:
    """Give such tombstones their times, once their rows are erased."""
    transaction.execute(_BURY_AGAIN, {"tombstones": _given(tombstones)})


def _given(tombstones: Sequence[tuple[str, int | None, str]]) -> str:
    return as_rows(dict(zip(("pseudonym", "call_id", "erased_at"), one, strict=True)) for one in tombstones)


def bury(transaction: Transaction, pseudonyms: Pseudonyms, call_id: int | None, vapi_call_ids: Collection[str]) -> None:
    """Write the tombstones of a row and of its calls at Vapi."""
    made = [] if call_id is None else [pseudonyms.of_call(call_id)]
    made += [pseudonyms.of_vapi_call(id_) for id_ in vapi_call_ids]
    rows = [{"pseudonym": pseudonym, "call_id": call_id} for pseudonym in dict.fromkeys(made)]
    transaction.execute(_BURY, {"tombstones": as_rows(rows)})


def erase_visit(transaction: Transaction, service_record_id: int) -> bool:
    """Erase the customer, the vehicle and the words of a visit; returns whether the visit exists."""
    return transaction.execute(_ERASE_VISIT, {"id": service_record_id}).rowcount > 0


def count_call(transaction: Transaction, call_id: int) -> dict[str, int]:
    """Count the rows that an erasure of a call would change: table -> rows."""
    found = transaction.execute(_COUNT, {"call_id": call_id}).one()
    return {name: count for name, count in found._asdict().items() if count}


@dataclass(frozen=True, slots=True)
class Found:
    """The rows that an erasure affects."""

    calls: tuple[int, ...] = ()
    visits: tuple[int, ...] = ()


def find_call(transaction: Transaction, organization_id: str | None, call_id: int) -> Found:
    """Find a call by our id; nothing is found if it is another organization's."""
    values = {"call_id": call_id, "organization": organization_id}
    return Found(tuple(transaction.execute(_FIND_CALL, values).scalars()))


def find_vapi_call(transaction: Transaction, organization_id: str | None, vapi_call_id: str) -> Found:
    """Find the rows of a call at Vapi: one, or two if the application has linked another row."""
    values = {"vapi_call_id": vapi_call_id, "organization": organization_id}
    return Found(tuple(transaction.execute(_FIND_VAPI_CALL, values).scalars()))


def find_number(transaction: Transaction, organization_id: str | None, digits: Sequence[str]) -> Found:
    """Find all calls and visits of a number, which may be written in any of these ways."""
    values = {"digits": [one[::-1] for one in digits], "organization": organization_id}
    rows = transaction.execute(_FIND_NUMBER, values).all()
    return Found(
        tuple(id_ for kind, id_ in rows if kind == "call"), tuple(id_ for kind, id_ in rows if kind == "visit")
    )
