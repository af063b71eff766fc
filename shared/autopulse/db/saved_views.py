"""A person's saved views; the caller owns the transaction."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.domain.saved_views import MAX_VIEWS

Row = dict[str, Any]
_OWN: Final = "organization_id = CAST(:organization AS uuid) AND subject = :subject"
_COLUMNS: Final = "name, address, created_at, updated_at"

_LIST: Final = text(f"""
    SELECT coalesce(json_agg(own ORDER BY lower(own.name), own.name), '[]') FROM (
        SELECT {_COLUMNS} FROM saved_view WHERE {_OWN}
    ) AS own
""")  # noqa: S608 - made of constants
# Transactions that save a view of the same person wait for each other, so that the limit cannot be exceeded.
_LOCK: Final = text(f"SELECT name FROM saved_view WHERE {_OWN} ORDER BY name FOR UPDATE")  # noqa: S608 - likewise
_SAVE: Final = text(f"""
    WITH kept AS (
        INSERT INTO saved_view (organization_id, subject, name, address)
        SELECT CAST(:organization AS uuid), :subject, :name, :address
        WHERE EXISTS (SELECT FROM saved_view WHERE {_OWN} AND name = :name)
            OR (SELECT count(*) FROM saved_view WHERE {_OWN}) < {MAX_VIEWS}
        ON CONFLICT (organization_id, subject, name)
        DO UPDATE SET address = excluded.address, updated_at = now()
        RETURNING {_COLUMNS}
    )
    SELECT row_to_json(kept) FROM kept
""")  # noqa: S608 - likewise
_REMOVE: Final = text(f"DELETE FROM saved_view WHERE {_OWN} AND name = :name RETURNING name")  # noqa: S608 - likewise


def list_views(transaction: Transaction, own: Mapping[str, str]) -> list[Row]:
    """The views of a person by name; `own` has the `organization` and the `subject`."""
    rows: list[Row] = transaction.execute(_LIST, own).scalar_one()
    return rows


def save_view(transaction: Transaction, own: Mapping[str, str], name: str, address: str) -> Row | None:
    """Create the view, or replace the one with this name; None if the person has the maximum number of views."""
    transaction.execute(_LOCK, own)
    row: Row | None = transaction.execute(_SAVE, {**own, "name": name, "address": address}).scalar_one_or_none()
    return row


def remove_view(transaction: Transaction, own: Mapping[str, str], name: str) -> bool:
    """Delete a view; returns whether it existed."""
    return transaction.execute(_REMOVE, {**own, "name": name}).scalar_one_or_none() is not None
