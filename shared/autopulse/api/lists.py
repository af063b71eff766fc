"""Pages of the lists, independent of their items."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from autopulse.api import cursors
from autopulse.api.database import ask
from autopulse.api.sizes import bytes_of, count_fitting, is_small
from autopulse.auth.principal import Principal
from autopulse.db.engine import Transaction
from autopulse.db.queries.pages import Found, PageRequest, Position


class Listed(Protocol):
    """An item of a list."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return it as JSON's types."""
        ...

    @property
    def start_time(self) -> datetime | None:
        """When the call began; None if it was never answered."""
        ...

    @property
    def end_time(self) -> datetime | None:
        """When it ended; the only time of a call that was not answered."""
        ...

    @property
    def updated_at(self) -> datetime | None:
        """When its row was created or last written; the only time of a call that is still to come."""
        ...


class ListParameters(Protocol):
    """The parameters that every list of the API takes."""

    @property
    def limit(self) -> int:
        """The maximum number of items of a page."""
        ...

    @property
    def cursor(self) -> str | None:
        """The cursor at which the page begins; None for the first page."""
        ...

    @property
    def order(self) -> str:
        """`newest` or `oldest` first."""
        ...

    def conditions(self) -> dict[str, str | int | bool]:
        """Conditions of `db.queries.filters`."""
        ...


Item = TypeVar("Item", bound=Listed)


@dataclass(frozen=True)
class Page(Generic[Item]):
    """A page of a list."""

    items: Sequence[Item]
    is_last: bool
    is_small: bool
    """Whether its answer is certainly short enough."""
    call_id: Callable[[Item], int]
    binding: str

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the next page; None if there is none."""
        return None if self.is_last else cursors.encode(self._position(self.items[-1]), self.binding)

    @property
    def call_ids(self) -> list[int]:
        """The ids of the calls that the page shows."""
        return [self.call_id(item) for item in self.items]

    def first(self, count: int) -> "Page[Item]":
        """The page cut to at most `count` items; the next page begins behind them."""
        if count >= len(self.items):
            return self
        return replace(self, items=self.items[:count], is_last=False)

    def _position(self, item: Item) -> Position:
        began = item.start_time or item.end_time or item.updated_at
        return Position(began.isoformat() if began else cursors.NO_TIME, self.call_id(item))


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """One of the lists: its name, how it is read, and the type of its items."""

    name: str
    read: Callable[[Transaction, PageRequest], Found]
    items: TypeAdapter[list[Item]]
    call_id: Callable[[Item], int]

    def page(self, principal: Principal, parameters: ListParameters) -> Page[Item]:
        """The requested items, fewer if they are long; raises Problem for a cursor of another list."""
        filters = parameters.conditions()
        binding = cursors.binding_of(self.name, principal.scope, parameters.order, filters)
        wanted = PageRequest(
            scope=principal.scope,
            filters=filters,
            rows=parameters.limit + 1,  # one more, to know whether there is a next page
            newest_first=parameters.order == "newest",
            after=cursors.decode(parameters.cursor, binding) if parameters.cursor else None,
        )
        found = ask(lambda transaction: self.read(transaction, wanted))
        context = {"search": getattr(parameters, "search", None)}
        items = self.items.validate_json(found.document, context=context)[: parameters.limit]
        return Page(items, found.rows <= len(items), is_small(found.document), self.call_id, binding)


def fit_json(page: Page[Item]) -> Page[Item]:
    """Cut a page to the maximum size of a JSON answer."""
    return page if page.is_small else page.first(count_fitting(map(bytes_of, page.items)))
