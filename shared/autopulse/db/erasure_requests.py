"""`erasure` and `erasure_item`: the requested erasures, and their progress."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.db.statement_parameters import as_rows
from autopulse.domain.erasure import WAITING

_REQUEST = text("""
    INSERT INTO erasure (id, organization_id, scope, requested_by, requested_at, state, is_dry_run)
    VALUES (:id, :organization, :scope, :requested_by, clock_timestamp(), 'requested', :is_dry_run)
    ON CONFLICT (id) DO NOTHING
""")
_ADD = text("""
    INSERT INTO erasure_item (erasure_id, kind, item, state, counts)
    SELECT CAST(:id AS uuid), kind, item, state, counts
    FROM json_to_recordset(CAST(:items AS json)) AS row (
        kind text, item text, state text, counts jsonb, pseudonym text)
    WHERE NOT EXISTS (
        SELECT FROM erasure_item AS known
        WHERE known.erasure_id = CAST(:id AS uuid) AND known.kind = row.kind AND known.item = row.pseudonym)
    ORDER BY kind, item
    ON CONFLICT (erasure_id, kind, item) DO NOTHING
""")
_WAITING = text("""
    SELECT kind, item FROM erasure_item WHERE erasure_id = :id AND state = 'waiting'
    ORDER BY kind = 'vapi_call', kind, item LIMIT :rows
""")
_SETTLE = text("""
    UPDATE erasure_item SET state = :state, item = :name,
        counts = coalesce(counts, '{}') || coalesce(CAST(:counts AS jsonb), '{}')
    WHERE erasure_id = :id AND kind = :kind AND item = :item
""")
# What Vapi answered to the request does not count any more once it has told by itself what became of the call: the two
# take different ways, and may come in either order. What failed does not undo a deletion.
_TELL = text("""
    WITH known AS MATERIALIZED (
        SELECT one.erasure_id, one.item, CASE CAST(:outcome AS text)
            WHEN 'accepted' THEN one.counts ->> 'vapi' IN ('deleted', 'gone')
                OR one.counts ->> 'vapi' = 'failed' AND one.counts ->> 'reason' = 'call.delete.failed'
            WHEN 'failed' THEN one.counts ->> 'vapi' IN ('deleted', 'gone')
        END IS TRUE AS stays
        FROM erasure_item AS one JOIN erasure ON erasure.id = one.erasure_id AND NOT erasure.is_dry_run
        WHERE one.kind = 'vapi_call' AND one.item = ANY (ARRAY[CAST(:vapi_call_id AS text), CAST(:pseudonym AS text)])
        ORDER BY one.erasure_id FOR UPDATE OF one
    )
    UPDATE erasure_item SET item = :pseudonym,
        state = CASE WHEN known.stays THEN erasure_item.state ELSE :state END,
        counts = coalesce(erasure_item.counts, '{}')
            || CASE WHEN known.stays THEN '{}' ELSE coalesce(CAST(:counts AS jsonb), '{}') END
    FROM known
    WHERE erasure_item.erasure_id = known.erasure_id AND kind = 'vapi_call' AND erasure_item.item = known.item
    RETURNING erasure_item.erasure_id::text
""")
# The state is failed if any item has finally failed, and done if no item is left.
_FINISH = text("""
    UPDATE erasure SET
        state = CASE WHEN EXISTS (SELECT FROM erasure_item WHERE erasure_id = :id AND state IN ('waiting', 'asked'))
                THEN 'running'
            WHEN EXISTS (SELECT FROM erasure_item WHERE erasure_id = :id AND state = 'failed') THEN 'failed'
            ELSE 'done' END,
        finished_at = CASE
            WHEN NOT EXISTS (SELECT FROM erasure_item WHERE erasure_id = :id AND state IN ('waiting', 'asked'))
                THEN clock_timestamp() END
    WHERE id = :id AND NOT is_dry_run RETURNING state
""")
_DRY = text("UPDATE erasure SET state = 'done', finished_at = clock_timestamp() WHERE id = :id")
_READ = text("""
    SELECT id::text, organization_id::text AS organization, scope, requested_by, requested_at, state, is_dry_run,
        finished_at
    FROM erasure
    WHERE id = :id AND (CAST(:organization AS uuid) IS NULL OR organization_id = CAST(:organization AS uuid))
""")
_ITEMS = text("SELECT kind, state, counts FROM erasure_item WHERE erasure_id = :id ORDER BY kind, item")
_TOMBSTONES = text("""
    SELECT pseudonym, call_id, erased_at FROM erased_call WHERE pseudonym > :after ORDER BY pseudonym LIMIT :rows
""")
_VISITS = text("""
    SELECT CAST(item AS integer) AS id, max(requested_at) FROM erasure_item JOIN erasure ON id = erasure_id
    WHERE kind = 'visit' AND erasure_item.state = 'done' GROUP BY item ORDER BY 1
""")


_UNFINISHED = text("""
    SELECT id::text FROM erasure WHERE state IN ('requested', 'running') AND NOT is_dry_run
    ORDER BY requested_at LIMIT 100
""")


class Item(NamedTuple):
    """One item to erase."""

    kind: str
    item: str
    state: str = WAITING
    counts: Mapping[str, Any] | None = None
    pseudonym: str | None = None
    """Of a call of Vapi's that is not added if the erasure has it by its pseudonym already."""


@dataclass(frozen=True, slots=True)
class Request:
    """A requested erasure; `organization` None stands for the whole stack."""

    id: str
    organization: str | None
    scope: str
    requested_by: str
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored erasure with its items: (kind, state, counts)."""

    id: str
    organization: str | None
    scope: str
    requested_by: str
    requested_at: datetime
    state: str
    is_dry_run: bool
    finished_at: datetime | None
    items: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()


def request_erasure(transaction: Transaction, request: Request, items: Iterable[Item]) -> None:
    """Store a request with its items, unless one with this id exists. A dry run is done at once."""
    values = {
        "id": request.id,
        "organization": request.organization,
        "scope": request.scope,
        "requested_by": request.requested_by,
        "is_dry_run": request.is_dry_run,
    }
    transaction.execute(_REQUEST, values)
    add_items(transaction, request.id, items)
    if request.is_dry_run:
        transaction.execute(_DRY, {"id": request.id})


def add_items(transaction: Transaction, erasure_id: str, items: Iterable[Item]) -> None:
    """Add items to an erasure; existing ones are left alone."""
    transaction.execute(_ADD, {"id": erasure_id, "items": as_rows([item._asdict() for item in items])})


def waiting_items(transaction: Transaction, erasure_id: str, rows: int) -> list[Item]:
    """The next items to erase: calls and visits first, because calls lead to those at Vapi."""
    return [Item(kind, item) for kind, item in transaction.execute(_WAITING, {"id": erasure_id, "rows": rows})]


def settle_item(  # noqa: PLR0913, PLR0917 - an item has this many values
    transaction: Transaction, erasure_id: str, item: Item, state: str, counts: Mapping[str, Any], name: str = ""
) -> None:
    """Store the state of an item; `name` replaces an id that is no longer needed."""
    values = {"id": erasure_id, "kind": item.kind, "item": item.item, "state": state, "name": name or item.item}
    transaction.execute(_SETTLE, values | {"counts": as_rows([counts])[1:-1]})


def tell_of_vapi_call(
    transaction: Transaction, vapi_call_id: str, pseudonym: str, state: str, counts: Mapping[str, Any]
) -> list[str]:
    """Say what Vapi answered of a call, in every erasure that has it; returns their ids. Its id is not needed after.

    A dry run has asked for nothing.
    """
    values = {"vapi_call_id": vapi_call_id, "pseudonym": pseudonym, "state": state, "outcome": counts.get("vapi")}
    return list(transaction.execute(_TELL, values | {"counts": as_rows([counts])[1:-1]}).scalars())


def finish(transaction: Transaction, erasure_id: str) -> str | None:
    """Update an erasure's state to running, done or failed, and return it; None for none and for dry runs."""
    state = transaction.execute(_FINISH, {"id": erasure_id}).scalar_one_or_none()
    return None if state is None else str(state)


def read_erasure(transaction: Transaction, erasure_id: str, organization: str | None) -> Stored | None:
    """An erasure with its items; None if there is none, or if it is another organization's."""
    row = transaction.execute(_READ, {"id": erasure_id, "organization": organization}).one_or_none()
    if row is None:
        return None
    items = transaction.execute(_ITEMS, {"id": erasure_id}).all()
    return Stored(**row._asdict(), items=tuple((kind, state, counts or {}) for kind, state, counts in items))


def unfinished(transaction: Transaction) -> list[str]:
    """Ids of unfinished erasures, the oldest first."""
    return list(transaction.execute(_UNFINISHED).scalars())


def read_tombstones(transaction: Transaction, after: str, rows: int) -> list[tuple[str, int | None, str]]:
    """(pseudonym, id of the row, when) of what was erased, in the order of the pseudonyms, from behind `after` on."""
    found = transaction.execute(_TOMBSTONES, {"after": after, "rows": rows})
    return [(pseudonym, call_id, erased_at.isoformat()) for pseudonym, call_id, erased_at in found]


def erased_visits(transaction: Transaction) -> dict[int, datetime]:
    """Ids of the visits that were erased -> when that was asked for last."""
    found = transaction.execute(_VISITS).all()
    return dict(map(tuple, found))
