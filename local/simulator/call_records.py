"""The record of a simulated call that has ended in Vapi's API: the content of its report, in the fields of a record."""

from datetime import datetime, timezone
from typing import Any, Final

from local.simulator.scenario import CallScript
from local.simulator.webhook_factory import webhooks

_OF_THE_REPORT: Final = (
    *("startedAt", "endedAt", "endedReason", "cost", "costBreakdown", "costs", "analysis", "artifact"),
    *("assistant", "phoneNumber", "transcript", "summary", "messages", "recordingUrl", "stereoRecordingUrl"),
)
"""The last five are not in Vapi's schema, but in its records."""


def record_of(script: CallScript) -> dict[str, Any]:
    """Return the record as `GET /call/{id}` gives it, without its presigned URLs."""
    ((_, body),) = webhooks(script, {"end-of-call-report"})
    report = body["message"]
    updated_at = datetime.fromtimestamp(report["timestamp"] / 1000, timezone.utc)
    told = {name: report[name] for name in _OF_THE_REPORT if name in report}
    updated = updated_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**report["call"], **told, "status": "ended", "updatedAt": updated}
