"""What watchers are told after a commit. A lost call event costs a refresh, never data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any


class CallEventType(str, Enum):
    """The `detail-type` on the event bus."""

    CALL_STATUS_CHANGED = "CallStatusChanged"
    TRANSCRIPT_UPDATED = "TranscriptUpdated"
    CALL_COMPLETED = "CallCompleted"
    FEEDBACK_RECORDED = "FeedbackRecorded"
    CALL_STALLED = "CallStalled"
    FOLLOW_UP_OPENED = "FollowUpOpened"
    FOLLOW_UP_CHANGED = "FollowUpChanged"
    FOLLOW_UP_OVERDUE = "FollowUpOverdue"


@dataclass(slots=True)
class CallEvent:
    """One fact about one call, with what changed."""

    type: CallEventType
    call_id: int
    vapi_call_id: str | None
    organization_id: str
    changed: Mapping[str, Any] = field(default_factory=dict)
    """JSON values; no transcript text. `docs/events.md` says which."""
    received_at: datetime | None = field(default=None, compare=False)
    """When the verifier took the first message that this is news of; with the next, what stages are measured by."""
    committed_at: datetime | None = field(default=None, compare=False)
    """Known once its transaction is committed."""
    advisor_id: int | None = None
    """The service advisor of the call's visit: whose reader is bounded to another one is not told."""
