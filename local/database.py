"""SQL statements of the local tools, beside those of the functions."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from pg8000.native import Connection


def connect(database_url: str) -> Connection:
    """Return a connection to a server on this machine, to be used in a `with` statement."""
    parts = urlsplit(database_url)
    return Connection(
        unquote(parts.username or ""),
        host=parts.hostname or "",
        port=parts.port or 5432,
        database=parts.path.lstrip("/"),
        password=unquote(parts.password or ""),
        ssl_context=False,  # otherwise pg8000 reads all certificates of the machine for each connection
        timeout=20,
    )


def count_receipts(database_url: str, event_ids: Sequence[str]) -> int:
    """Return how many of these webhooks have a receipt."""
    with connect(database_url) as connection:
        rows = connection.run("SELECT count(*) FROM webhook_event WHERE event_id = ANY(:ids)", ids=list(event_ids))
    return int(rows[0][0])


def read_rows(connection: Connection, statement: str, **values: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any SQL value
    """Return the rows of a query as dictionaries by column name."""
    rows = connection.run(statement, **values)
    names = [column["name"] for column in connection.columns]
    return [dict(zip(names, row, strict=True)) for row in rows]
