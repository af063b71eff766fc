"""The services of the read API. The function's app.py makes one `Services` and hands it to the handler.

Nothing is made or connected to before it is needed, and then it is kept as long as the container.
"""

from functools import cached_property

from autopulse.db.engine import Database
from autopulse.db.queries.connection import reading_engine


class Services:
    """A container's services."""

    @cached_property
    def engine(self) -> Database:
        """The container's one connection to Postgres."""
        return reading_engine()
