"""Single-use tickets: a browser cannot send `Authorization` on a WebSocket, so its token buys a ticket first.

A ticket is 256 random bits and lives for a minute. The table has its digest only, and whoever takes the item away has
used the ticket: two connections cannot both.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from autopulse.auth.principal import Principal
from autopulse.live.bounds import bound_item, bound_of

if TYPE_CHECKING:
    from autopulse.live.services import Services

LIFETIME_SECONDS: Final = 60
_BYTES: Final = 32
_SORT_KEY: Final = "ticket"


@dataclass(frozen=True, slots=True)
class Ticket:
    """The content that the browser gets."""

    text: str
    expires_at: int
    """Epoch seconds."""


def issue_ticket(services: "Services", principal: Principal, now: int) -> Ticket:
    """Make a ticket; `now` in epoch seconds. Raises the client's errors."""
    ticket = Ticket(secrets.token_urlsafe(_BYTES), min(now + LIFETIME_SECONDS, principal.expires_at))
    services.dynamodb.put_item(
        TableName=services.table,
        Item={
            "pk": {"S": _partition_of(ticket.text)},
            "sk": {"S": _SORT_KEY},
            "organization_id": {"S": principal.organization_id},
            "subject": {"S": principal.subject},
            "token_expires_at": {"N": str(principal.expires_at)},
            "expires_at": {"N": str(ticket.expires_at)},
            **bound_item(principal.advisor_id),
        },
    )
    return ticket


def redeem_ticket(services: "Services", text: str, now: int) -> Principal | None:
    """Use a ticket up: whose it was, or None if it is unknown, used or too old. Raises the client's errors."""
    client = services.dynamodb
    try:
        used = client.delete_item(
            TableName=services.table,
            Key={"pk": {"S": _partition_of(text)}, "sk": {"S": _SORT_KEY}},
            ConditionExpression="expires_at > :now",
            ExpressionAttributeValues={":now": {"N": str(now)}},
            ReturnValues="ALL_OLD",
        )["Attributes"]
    except client.exceptions.ConditionalCheckFailedException:
        return None
    return Principal(
        used["organization_id"]["S"],
        used["subject"]["S"],
        int(used["token_expires_at"]["N"]),
        advisor_id=bound_of(used),
    )


def _partition_of(text: str) -> str:
    return f"ticket#{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"
