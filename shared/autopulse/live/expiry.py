"""What becomes of a connection whose token is no longer valid."""

from autopulse.live.connections import Connection, forget_connection
from autopulse.live.protocol import expired
from autopulse.live.sockets import hang_up, post


def drop_expired(connection: Connection) -> None:
    """Tell the client that its token is no longer valid, close the connection, forget it."""
    post(connection.id, expired())
    hang_up(connection.id)
    forget_connection(connection)
