"""The services of the read API. The function's app.py makes one `Services` and passes it to the handler.

Each service is created on first use and kept as long as the container.
"""

from functools import cached_property

from autopulse.db.engine import Database
from autopulse.db.queries.connection import reading_engine


class Services:
    """The services of one container."""

    @cached_property
    def engine(self) -> Database:
        """The container's one connection to Postgres."""
        return reading_engine()
