"""Read the next calls of a list first: those with a common value fill the page, and need no index of their values.

The planner cannot know this: each word of a name may be common, and their combination rare.
"""

from dataclasses import dataclass
from typing import Final

from autopulse.db.queries.filters import BEGAN, RECORD

FEW: Final = 1000
"""The maximum number of visits whose calls are looked up one by one."""
KEY: Final = f"call.id, {BEGAN} AS began"
JOIN_RECORD: Final = f"JOIN LATERAL (SELECT * FROM {RECORD} OFFSET 0) AS record ON true"  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class NextCalls:
    """The next calls of a page, and the hits among them."""

    number: int
    """The number of calls that are read."""
    conditions: str
    """Those on the call alone, with the page's position."""
    columns: str
    """The columns of `call` that `hits` needs, with the id."""
    hits: str
    """The rest of a query on `call`: tables and conditions of the hits."""
    direction: str

    @property
    def order(self) -> str:
        """The order of the list, as an index of calls has it."""
        return f"ORDER BY {BEGAN} {self.direction}, call.id {self.direction}"

    @property
    def tables(self) -> str:
        """Common tables: the hits are `near`, and `enough` if they are a page or all calls were read."""
        return f"""
            next AS MATERIALIZED (
                SELECT {self.columns}, {BEGAN} AS began FROM call WHERE {self.conditions} {self.order}
                LIMIT {self.number}
            ), near AS MATERIALIZED (
                SELECT call.id, call.began FROM next AS call {self.hits}
                ORDER BY call.began {self.direction}, call.id {self.direction} LIMIT :rows
            ), enough AS (
                SELECT (SELECT count(*) FROM near) = :rows OR (SELECT count(*) FROM next) < {self.number}
            )
        """  # noqa: S608 - made of constants

    def or_of_visits(self, visits: str, of_few: str, of_all: str, order: str) -> str:
        """A query: these hits if they are enough, else the calls of the visits if these are few, else of all calls.

        `visits` is a condition on `record` that an index has; `of_few` and `of_all` are the rest of queries on `call`.
        """
        return f"""
            WITH {self.tables}, found AS MATERIALIZED (
                SELECT record.id FROM service_record AS record WHERE {visits}
            ), few AS MATERIALIZED (
                SELECT id FROM found WHERE NOT (TABLE enough) LIMIT {FEW + 1}
            )
            (SELECT id, began FROM near WHERE (TABLE enough))
            UNION ALL
            (SELECT {KEY} FROM few JOIN LATERAL (
                SELECT * FROM call WHERE service_record_id = few.id OFFSET 0) AS call ON true {of_few}
                AND (SELECT count(*) FROM few) <= {FEW} {order} LIMIT :rows)
            UNION ALL
            (SELECT {KEY} FROM call {of_all} AND (SELECT count(*) FROM few) > {FEW} {order} LIMIT :rows)
        """  # noqa: S608 - made of constants
