"""The restriction of a reader to an advisor (`AdvisorClaim`), as stored with a ticket and with its connection."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_ATTRIBUTE: Final = "advisor_id"


def bound_item(advisor_id: int | None) -> dict[str, "AttributeValueTypeDef"]:
    """The attributes of an item for a restricted reader; none if the reader may read all calls."""
    return {} if advisor_id is None else {_ATTRIBUTE: {"N": str(advisor_id)}}


def bound_of(item: Mapping[str, Any]) -> int | None:
    """The advisor of such an item; None for all calls."""
    return int(item[_ATTRIBUTE]["N"]) if _ATTRIBUTE in item else None
