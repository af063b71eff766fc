"""End connections whose token has expired."""

from typing import TYPE_CHECKING

from autopulse.live.connections import Connection, forget_connection
from autopulse.live.protocol import expired
from autopulse.live.sockets import hang_up, post

if TYPE_CHECKING:
    from autopulse.live.services import Services


def drop_expired(services: "Services", connection: Connection) -> None:
    """Tell the client that its token has expired, close the connection, and delete it."""
    post(services, connection.id, expired())
    hang_up(services, connection.id)
    forget_connection(services, connection)
