"""Single-use tickets: a browser cannot send `Authorization` for a WebSocket, so it exchanges its token for a ticket.

A ticket is 256 random bits and is valid for a minute. The table only has its digest. Deleting the item is what uses the
ticket, so two connections cannot both use it.
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
    """The ticket that the browser gets."""

    text: str
    expires_at: int
    """Epoch seconds."""


def issue_ticket(services: "Services", principal: Principal, now: int) -> Ticket:
    """Create a ticket; `now` in epoch seconds. Raises the client's errors."""
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
    """Use a ticket: returns its owner, or None if it is unknown, used or expired. Raises the client's errors."""
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
