"""The bound of a reader (`AdvisorClaim`) in the table: of a ticket, and of the connection that it opens."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_ATTRIBUTE: Final = "advisor_id"


def bound_item(advisor_id: int | None) -> dict[str, "AttributeValueTypeDef"]:
    """The attributes of an item that say whose calls alone the reader may be told of; none for all calls."""
    return {} if advisor_id is None else {_ATTRIBUTE: {"N": str(advisor_id)}}


def bound_of(item: Mapping[str, Any]) -> int | None:
    """The advisor of such an item; None for all calls."""
    return int(item[_ATTRIBUTE]["N"]) if _ATTRIBUTE in item else None
