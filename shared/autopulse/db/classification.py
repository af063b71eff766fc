"""The kind of data in each column, which decides whether an erasure empties it (`db.erasure`).

A test compares this with the models, so that each column has a kind, and proves that an erasure empties the first two
kinds.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Kind(str, Enum):
    """The kind of data that a column has."""

    PERSON = "person"
    """Identifies a customer: names, numbers, SIP addresses, vehicles."""
    WORDS = "words"
    """What was said, what a person or a model wrote about it, and where its recording is."""
    FIGURES = "figures"
    """Numbers, times, states and keys of limited sets, by which calls are counted."""
    IDS = "ids"
    """Ids and hashes. They lead to a person only through a column of the first kind."""
    BUSINESS = "business"
    """Data of an organization and its staff: names, settings, who did what; none of a customer."""


_OF_CALLS: Final = {
    Kind.WORDS: "call_reason feedback_summary recording_url",
    Kind.FIGURES: "start_time end_time duration_sec status nps_score ended_reason outcome cost",
}
_FEEDBACK: Final = {
    Kind.WORDS: "content detractors positives action_items structured_data reason_category",
    Kind.FIGURES: "created_at updated_at",
    Kind.IDS: "id call_id",
}
_TABLES: Final[Mapping[str, Mapping[Kind, str]]] = {
    "organization": {Kind.IDS: "id", Kind.BUSINESS: "name"},
    "user": {Kind.IDS: "id organization_id", Kind.BUSINESS: "name email"},
    "campaign": {Kind.IDS: "id organization_id", Kind.BUSINESS: "name status"},
    "service_record": {
        Kind.PERSON: "customer_name customer_phone vehicle_info",
        Kind.WORDS: "feedback",
        Kind.FIGURES: "service_type status appointment_date rating is_demo",
        Kind.IDS: "id organization_id campaign_id service_advisor_id",
        Kind.BUSINESS: "service_advisor_name",
    },
    "call": {
        Kind.PERSON: "customer_number",
        Kind.WORDS: _OF_CALLS[Kind.WORDS],
        Kind.FIGURES: f"{_OF_CALLS[Kind.FIGURES]} direction is_demo is_web updated_at reason_key",
        Kind.IDS: "id organization_id service_record_id campaign_id agent_id vapi_call_id",
    },
    "call_feedback": _FEEDBACK,
    "call_feedback_duplicate": _FEEDBACK,
    "transcript": {
        Kind.WORDS: "content",
        Kind.FIGURES: "role timestamp source segment sequence",
        Kind.IDS: "id call_id vapi_call_id",
    },
    "vapi_call": {
        Kind.PERSON: "customer_number customer_sip_uri customer_name",
        Kind.WORDS: "segments call_reason feedback_summary recording_url feedback",
        Kind.FIGURES: (
            "made_call call_type created_at first_at status status_at in_progress_at ended_at ended_reason_at"
            " ended_status_reason reported_at reported_timed report_has_answers report_has_turns report_start_time"
            " report_end_time report_duration_sec report_ended_reason report_origin human_turn reported_columns"
            " reconciliation start_time end_time duration_sec ended_reason outcome nps_score recording_expires_at cost"
        ),
        Kind.IDS: "call_id vapi_call_id phone_number_id assistant_id squad_id workflow_id report_event_id",
    },
    "call_recording": {
        Kind.WORDS: "object_key sha256",
        Kind.FIGURES: "state bytes content_type stored_at",
        Kind.IDS: "call_id vapi_call_id",
    },
    "call_quality": {
        Kind.WORDS: "success_evaluation ended_message details",
        Kind.FIGURES: (
            "turn_latency_median_ms turn_latency_average_ms model_latency_average_ms voice_latency_average_ms"
            " transcriber_latency_average_ms endpointing_latency_average_ms from_transport_latency_average_ms"
            " to_transport_latency_average_ms user_interruptions assistant_interruptions cost cost_transport"
            " cost_transcriber cost_model cost_voice cost_vapi cost_voicemail_detection cost_analysis"
            " cost_knowledge_base cost_other consent_type consent_granted_at outputs_expected outputs_lost"
            " turn_latencies"
        ),
        Kind.IDS: "call_id vapi_call_id report_event_id assistant_id assistant_version vapi_campaign_id",
        Kind.BUSINESS: "assistant_name",
    },
    "call_original": {
        Kind.WORDS: f"{_OF_CALLS[Kind.WORDS]} feedback",
        Kind.FIGURES: _OF_CALLS[Kind.FIGURES],
        Kind.IDS: "call_id",
    },
    "webhook_event": {
        Kind.FIGURES: "kind type occurred_at received_at processed_at status outcome origin repeats",
        Kind.IDS: "event_id call_id vapi_call_id",
    },
    "vapi_number": {
        Kind.IDS: "id organization_id inbound_assistant_id",
        Kind.BUSINESS: "ignored transfer_number",
    },
    # The row survives the erasure of its person, who would otherwise be called again. The reason is the organization's
    # text.
    "suppression": {
        Kind.FIGURES: "source created_at",
        Kind.IDS: "organization_id pseudonym",
        Kind.BUSINESS: "reason",
    },
    "refused_link": {Kind.FIGURES: "refused_at", Kind.IDS: "vapi_call_id call_id"},
    "reconciliation_request": {Kind.FIGURES: "reason tries asked_at next_at", Kind.IDS: "call_id vapi_call_id"},
    "follow_up": {
        Kind.WORDS: "cause note",
        Kind.FIGURES: "state trigger opened_at due_at acknowledged_at resolved_at overdue_at version",
        Kind.IDS: "id organization_id call_id assignee_id",
        Kind.BUSINESS: "assignee_name",
    },
    "follow_up_entry": {
        Kind.WORDS: "changes note",
        Kind.FIGURES: "at action from_state to_state",
        Kind.IDS: "id follow_up_id",
        Kind.BUSINESS: "actor_subject actor_name",
    },
    "follow_up_alert": {
        Kind.FIGURES: "step channel state tries claimed_at send_at ended_at reason",
        Kind.IDS: "follow_up_id",
    },
    "call_words": {Kind.WORDS: "words", Kind.FIGURES: "began", Kind.IDS: "call_id organization_id"},
    "organization_setting": {
        Kind.IDS: "organization_id",
        Kind.BUSINESS: "time_zone days opens_at closes_at hours_to_answer",
    },
    "reason_category": {Kind.IDS: "organization_id", Kind.BUSINESS: "key label keywords position"},
    "saved_view": {
        Kind.IDS: "organization_id",
        Kind.BUSINESS: "subject name address created_at updated_at",
    },
    "service_record_original": {
        Kind.WORDS: "feedback",
        Kind.FIGURES: "status rating",
        Kind.IDS: "service_record_id",
    },
    "call_incident": {Kind.FIGURES: "kind occurred_at", Kind.IDS: "id call_id"},
    "erased_call": {Kind.FIGURES: "erased_at", Kind.IDS: "pseudonym call_id"},
    "erasure": {
        Kind.FIGURES: "scope requested_at state is_dry_run finished_at",
        Kind.IDS: "id organization_id",
        Kind.BUSINESS: "requested_by",
    },
    "retention": {Kind.FIGURES: "kind began", Kind.IDS: "organization_id call_id"},
    "erasure_item": {Kind.FIGURES: "kind state counts", Kind.IDS: "erasure_id item"},
}
COLUMNS: Final[Mapping[str, Mapping[str, Kind]]] = {
    table: {column: kind for kind, columns in kinds.items() for column in columns.split()}
    for table, kinds in _TABLES.items()
}
"""Table -> column -> kind."""
ERASED_KINDS: Final = frozenset({Kind.PERSON, Kind.WORDS})
"""The columns that an erasure empties."""
