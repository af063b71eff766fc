"""Call events, which are published after a commit. A lost call event delays a page's refresh, and loses no data."""

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
    """One change of one call."""

    type: CallEventType
    call_id: int
    vapi_call_id: str | None
    organization_id: str
    changed: Mapping[str, Any] = field(default_factory=dict)
    """JSON values without transcript text. `docs/events.md` lists them."""
    received_at: datetime | None = field(default=None, compare=False)
    """When the verifier received the first message of the change; stages are measured from these two times."""
    committed_at: datetime | None = field(default=None, compare=False)
    """When the transaction was committed; None until then."""
    advisor_id: int | None = None
    """The service advisor of the call's visit; readers who are restricted to another advisor do not get the event."""
