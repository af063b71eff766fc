"""Post a text to a connection, or close it, by the gateway's management API. Nothing here raises."""

from enum import Enum
from typing import TYPE_CHECKING

from autopulse.aws import AWS_ERRORS, name_of
from autopulse.observability import logger

if TYPE_CHECKING:
    from autopulse.live.services import Services


class Posted(Enum):
    """The result of a post."""

    SENT = "sent"
    GONE = "gone"
    """The connection is closed."""
    EXPIRED = "expired"
    """Not sent, because the connection's token has expired."""
    FAILED = "failed"
    """The gateway did not accept it; the connection may be open."""


def post(services: "Services", connection_id: str, text: str) -> Posted:
    """Post a text of at most one frame to a connection."""
    client = services.management
    try:
        client.post_to_connection(ConnectionId=connection_id, Data=text.encode())
    except client.exceptions.GoneException:
        return Posted.GONE
    except AWS_ERRORS as error:
        logger().warning("post failed", extra={"cause": name_of(error), "connection_id": connection_id})
        return Posted.FAILED
    return Posted.SENT


def hang_up(services: "Services", connection_id: str) -> None:
    """Close a connection, which may be closed already."""
    client = services.management
    try:
        client.delete_connection(ConnectionId=connection_id)
    except client.exceptions.GoneException:
        return
    except AWS_ERRORS as error:
        logger().warning("hang-up failed", extra={"cause": name_of(error), "connection_id": connection_id})
