"""A page of a list, whatever is in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from autopulse.access.reader import Reader
from autopulse.api import cursors
from autopulse.api.asking import ask
from autopulse.db.engine import Transaction
from autopulse.db.reading.pages import Position, Wanted


class Listed(Protocol):
    """An item of a list."""

    @property
    def start_time(self) -> datetime | None:
        """When the call began."""
        ...

    @property
    def end_time(self) -> datetime | None:
        """When it ended; all that is known of a call that never got through."""
        ...

    @property
    def updated_at(self) -> datetime | None:
        """When its row was made or last written; all that is known of a call that is still to come."""
        ...


class Asked(Protocol):
    """The parameters of a list."""

    @property
    def limit(self) -> int:
        """Rows of a page."""
        ...

    @property
    def cursor(self) -> str | None:
        """Where it begins."""
        ...

    @property
    def order(self) -> str:
        """`newest` or `oldest` first."""
        ...

    def conditions(self) -> dict[str, str | int | bool]:
        """Conditions of `db.reading.filters`."""
        ...


Item = TypeVar("Item", bound=Listed)


@dataclass(frozen=True)
class List(Generic[Item]):
    """One of the lists: what is in it, and how it is read."""

    name: str
    read: Callable[[Transaction, Wanted], str]
    items: TypeAdapter[list[Item]]
    call_id: Callable[[Item], int]

    def page(self, reader: Reader, asked: Asked) -> tuple[list[Item], str | None]:
        """The items, and the cursor of the next page if there is one; raises Problem for a cursor of another list."""
        filters = asked.conditions()
        binding = cursors.binding_of(self.name, reader.organization_id, asked.order, filters)
        wanted = Wanted(
            organization_id=reader.organization_id,
            filters=filters,
            rows=asked.limit + 1,  # one more, to see whether there are more
            newest_first=asked.order == "newest",
            after=cursors.decode(asked.cursor, binding) if asked.cursor else None,
        )
        found = self.items.validate_json(ask(lambda transaction: self.read(transaction, wanted)))
        page = found[: asked.limit]
        return page, cursors.encode(self._position(page[-1]), binding) if len(found) > len(page) else None

    def _position(self, item: Item) -> Position:
        began = item.start_time or item.end_time or item.updated_at
        return Position(began.isoformat() if began else cursors.NO_TIME, self.call_id(item))
