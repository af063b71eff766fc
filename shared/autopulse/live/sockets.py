"""The open end of a connection, by the gateway's management API: post a text, or close it. Nothing here raises."""

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
    """Not sent: the connection's token is no longer valid."""
    FAILED = "failed"
    """The gateway did not take it; the connection may be open."""


def post(services: "Services", connection_id: str, text: str) -> Posted:
    """Send a text of one frame at most to a connection."""
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
    """Close a connection; one that is closed already is fine."""
    client = services.management
    try:
        client.delete_connection(ConnectionId=connection_id)
    except client.exceptions.GoneException:
        return
    except AWS_ERRORS as error:
        logger().warning("hang-up failed", extra={"cause": name_of(error), "connection_id": connection_id})
