"""Delete receipts that are too old for a resend, in batches, so that no transaction is long."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from autopulse.db.engine import engine
from autopulse.db.receipts import prune_receipts
from autopulse.guard import guarded
from autopulse.observability import Measurements, Metric, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RETENTION: Final = timedelta(days=35)
"""Longer than a message can exist: 7 days in a queue, 14 in its dead-letter queue, and two weeks to move it back."""
ROWS: Final = 1000
"""The number of receipts in one transaction, which takes some 20 ms."""
RESERVE_SECONDS: Final = 20
"""The reserved part of the function's time: more than one batch takes (the role's statement timeout is 15 s)."""


@guarded
def handler(_event: dict[str, Any], context: "LambdaContext") -> dict[str, int]:
    """Delete old receipts until none or no time is left; the next day's run continues."""
    total, pruned = 0, ROWS
    while pruned == ROWS and context.get_remaining_time_in_millis() > RESERVE_SECONDS * 1000:
        with engine().begin() as transaction:
            pruned = prune_receipts(transaction, RETENTION, ROWS)
        total += pruned
    measurements = Measurements()
    measurements.count(Metric.EVENT_PRUNED, total)
    measurements.flush()
    logger().info("receipts pruned", extra={"rows": total})
    return {"pruned": total}
