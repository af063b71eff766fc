"""A connection whose token is no longer valid is told so, closed and forgotten."""

from typing import TYPE_CHECKING

from autopulse.live.connections import Connection, forget_connection
from autopulse.live.protocol import expired
from autopulse.live.sockets import hang_up, post

if TYPE_CHECKING:
    from autopulse.live.services import Services


def drop_expired(services: "Services", connection: Connection) -> None:
    """Tell the client that its token is no longer valid, close the connection, forget it."""
    post(services, connection.id, expired())
    hang_up(services, connection.id)
    forget_connection(services, connection)
