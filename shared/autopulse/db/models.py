"""All tables. Migrations create them, and a test proves that the migrations match the models.

`organization` to `transcript` belong to the AutoPulse application, with columns that we add; the rest are ours.
"""

from collections.abc import Mapping
from typing import Final

from autopulse.db.added_models import (
    CallIncident,
    CallOriginal,
    CallQuality,
    CallRecording,
    CallWords,
    ReconciliationRequest,
    RefusedLink,
    ServiceRecordOriginal,
    Suppression,
    VapiCall,
    VapiNumber,
    WebhookEvent,
)
from autopulse.db.application_models import (
    Call,
    CallFeedback,
    Campaign,
    Model,
    Organization,
    ServiceRecord,
    Transcript,
    User,
)
from autopulse.db.erasure_models import ErasedCall, Erasure, ErasureItem, Retention
from autopulse.db.follow_up_models import (
    FollowUp,
    FollowUpAlert,
    FollowUpEntry,
    OrganizationSetting,
    ReasonCategory,
    SavedView,
)

APPLICATION: Final = ("organization", "user", "campaign", "service_record", "call", "call_feedback", "transcript")
"""The application's tables, in the order in which they refer to each other."""
ADDED: Final[Mapping[str, frozenset[str]]] = {
    "call": frozenset({"vapi_call_id", "ended_reason", "outcome", "cost", "is_web", "updated_at", "reason_key"}),
    "call_feedback": frozenset({"structured_data", "reason_category"}),
    "transcript": frozenset({"vapi_call_id", "source", "segment", "sequence"}),
}
"""Table of the application -> its columns that we add."""

__all__ = [
    "ADDED",
    "APPLICATION",
    "Call",
    "CallFeedback",
    "CallIncident",
    "CallOriginal",
    "CallQuality",
    "CallRecording",
    "CallWords",
    "Campaign",
    "ErasedCall",
    "Erasure",
    "ErasureItem",
    "FollowUp",
    "FollowUpAlert",
    "FollowUpEntry",
    "Model",
    "Organization",
    "OrganizationSetting",
    "ReasonCategory",
    "ReconciliationRequest",
    "RefusedLink",
    "Retention",
    "SavedView",
    "ServiceRecord",
    "ServiceRecordOriginal",
    "Suppression",
    "Transcript",
    "User",
    "VapiCall",
    "VapiNumber",
    "WebhookEvent",
]
