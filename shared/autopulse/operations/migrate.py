"""The migration as a CloudFormation custom resource: a deploy continues only after the schema is migrated.

Invoked by hand (`{}`), it migrates and returns the result. In a rollback CloudFormation invokes the old code, which
finds a newer schema and reports success; a deletion changes nothing.
"""

import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from autopulse.db.compatibility import DatabaseDoesNotFit
from autopulse.db.deadline import deadline
from autopulse.db.failures import describe, diagnose
from autopulse.db.migration import upgrade_configured
from autopulse.errors import MigrationFailed
from autopulse.guard import guarded, place_of
from autopulse.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

ANSWER_RESERVE_SECONDS: Final = 15
"""Part of the function's time, reserved for the answer: without one, CloudFormation waits for its own timeout."""
ANSWER_TIMEOUT_SECONDS: Final = 10
REASON_BYTES: Final = 3000
"""The maximum length of a reason; CloudFormation accepts 4096 bytes in all."""
PHYSICAL_ID: Final = "autopulse-schema"
"""A constant, so that CloudFormation never replaces, and so never deletes, the schema."""


@guarded
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, str]:
    """Migrate, and send the result to CloudFormation; returns status and reason."""
    problem = None if event.get("RequestType") == "Delete" else _migrate(context)
    status = "FAILED" if problem else "SUCCESS"
    reason = problem or "the schema is up to date"
    logger().info("migration", extra={"status": status, "reason": reason})
    if event.get("ResponseURL"):
        _answer(event, status, f"{reason} (log stream {context.log_stream_name})")
    elif problem:
        raise MigrationFailed(problem)
    return {"status": status, "reason": reason}


def _migrate(context: "LambdaContext") -> str | None:
    """Return the error as a text; None after success."""
    seconds = context.get_remaining_time_in_millis() / 1000 - ANSWER_RESERVE_SECONDS
    end = time.monotonic() + seconds
    try:
        with deadline(end):
            upgrade_configured()
    except DatabaseDoesNotFit as error:
        logger().error("the database does not fit", extra={"misfits": [str(misfit) for misfit in error.misfits]})
        return error.shortened(REASON_BYTES)
    except Exception as error:  # noqa: BLE001 - CloudFormation waits for an answer after any error
        logger().error("migration failed", extra={"cause": place_of(error), **describe(error)})
        problem = f"{type(error).__name__}: {diagnose(error)[1].detail}"
        if time.monotonic() < end:
            return problem
        return f"not finished after {seconds:.0f} s ({problem}); invoke this function with {{}}, then deploy again"
    return None


def _answer(event: dict[str, Any], status: str, reason: str) -> None:
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": PHYSICAL_ID,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    # The URL is CloudFormation's own, presigned for a PUT without a content type.
    request = urllib.request.Request(  # noqa: S310
        event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_SECONDS):  # noqa: S310 - as above
        pass
