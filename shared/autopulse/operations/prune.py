"""Delete receipts that are too old to meet a resend: a batch at a time, so that nobody waits for a long transaction."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from autopulse.db.engine import engine
from autopulse.db.receipts import prune_receipts
from autopulse.guard import guarded
from autopulse.observability import Measurements, Metric, logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RETENTION: Final = timedelta(days=35)
"""Longer than a message can live: 7 days in a queue, 14 in its dead-letter queue, and two weeks to move it back."""
ROWS: Final = 1000
"""Of one transaction: some 20 ms."""
RESERVE_SECONDS: Final = 20
"""Of the function's time: more than one batch takes at worst (the role's statement time-out is 15 s)."""


@guarded
def handler(_event: dict[str, Any], context: "LambdaContext") -> dict[str, int]:
    """Prune while there is anything to prune, and time; the next day goes on from there."""
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
