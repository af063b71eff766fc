"""An invented call as Vapi's API has it when it is over: what its report says, in the fields of a record."""

from datetime import datetime, timezone
from typing import Any, Final

from local.simulator.scenario import CallScript
from local.simulator.webhook_factory import webhooks

_OF_THE_REPORT: Final = (
    *("startedAt", "endedAt", "endedReason", "cost", "costBreakdown", "costs", "analysis", "artifact"),
    *("assistant", "phoneNumber", "transcript", "summary", "messages", "recordingUrl", "stereoRecordingUrl"),
)
"""The last five are in no schema, and are there all the same."""


def record_of(script: CallScript) -> dict[str, Any]:
    """The record as `GET /call/{id}` gives it, but for its presigned URLs."""
    ((_, body),) = webhooks(script, {"end-of-call-report"})
    report = body["message"]
    updated_at = datetime.fromtimestamp(report["timestamp"] / 1000, timezone.utc)
    told = {name: report[name] for name in _OF_THE_REPORT if name in report}
    updated = updated_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**report["call"], **told, "status": "ended", "updatedAt": updated}
