"""Our own tables that messages fill, besides those of follow-ups."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from autopulse.db.application_models import Model

_ATTEMPT_BEGAN: Final = text("coalesce(created_at, first_at)")
"""The time when an attempt began (docs/call-state.md 3)."""


class VapiCall(Model):
    """An attempt: the facts of one call at Vapi. The row of `call` is computed from its attempts."""

    __tablename__ = "vapi_call"
    __table_args__ = (
        Index("ix_vapi_call_vapi_call_id", "vapi_call_id", unique=True, postgresql_where=text("vapi_call_id <> ''")),
        # An attempt enters or leaves the unreported ones once, and its beginning never changes. Other updates of the
        # row do not write these indexes.
        Index(
            "ix_vapi_call_unreported_began",
            _ATTEMPT_BEGAN,
            postgresql_where=text("reported_at IS NULL AND vapi_call_id <> ''"),
        ),
        Index(
            "ix_vapi_call_reported_began",
            _ATTEMPT_BEGAN,
            postgresql_where=text("report_event_id IS NOT NULL AND vapi_call_id <> ''"),
        ),
        Index(
            "ix_vapi_call_without_answers",
            "reported_at",
            postgresql_where=text("report_has_answers = false AND vapi_call_id <> ''"),
        ),
        Index(
            "ix_vapi_call_digits",
            text("reverse(regexp_replace(customer_number, '[^0-9]'::text, ''::text, 'g'::text))"),
            postgresql_where=text("customer_number IS NOT NULL"),
        ),
    )

    call_id: Mapped[int] = mapped_column(
        ForeignKey("call.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    vapi_call_id: Mapped[str] = mapped_column(primary_key=True)
    """Vapi's call id; empty for the attempt of messages that give only our id."""
    made_call: Mapped[bool] = mapped_column(server_default=false())
    """Whether we created the row of `call` for this attempt, rather than the application."""

    # Its identity.
    call_type: Mapped[str | None]
    """outboundPhoneCall, inboundPhoneCall, webCall, vapi.websocketCall, or another type of Vapi's."""
    phone_number_id: Mapped[str | None]
    assistant_id: Mapped[str | None]
    """The assistant of the call; another assistant may speak."""
    squad_id: Mapped[str | None]
    workflow_id: Mapped[str | None]
    customer_number: Mapped[str | None]
    customer_sip_uri: Mapped[str | None]
    customer_name: Mapped[str | None]
    created_at: Mapped[datetime | None]
    """The earliest `createdAt`."""
    first_at: Mapped[datetime | None]
    """The earliest sender's time."""

    # The facts (`domain.facts`).
    status: Mapped[str | None] = mapped_column(String(20))
    status_at: Mapped[datetime | None]
    """The sender's time of that status; null if it has none."""
    in_progress_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_reason_at: Mapped[datetime | None]
    ended_status_reason: Mapped[str | None]
    reported_at: Mapped[datetime | None]
    """The time of the report that counts: the sender's if `reported_timed`, else the time of receipt."""
    reported_timed: Mapped[bool | None]
    report_has_answers: Mapped[bool | None]
    report_has_turns: Mapped[bool | None]
    report_event_id: Mapped[str | None]
    report_start_time: Mapped[datetime | None]
    report_end_time: Mapped[datetime | None]
    report_duration_sec: Mapped[int | None]
    report_ended_reason: Mapped[str | None]
    report_origin: Mapped[str | None] = mapped_column(String(20))
    """`webhook`, or `reconciliation` if Vapi was asked for the report; null (older reports) means webhook."""
    human_turn: Mapped[bool | None]
    """Whether a turn of the customer was heard."""
    segments: Mapped[Any | None] = mapped_column(JSONB)
    """The lists of turns that are kept."""
    reported_columns: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """Columns of `call` for which any message has given a value; the other columns keep the application's values."""
    reconciliation: Mapped[str | None] = mapped_column(String(20))
    """`unrecoverable` if Vapi has deleted the call, `missing` if Vapi has no such call; shown if there is no report."""

    # The columns that are shown, computed from the facts.
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    duration_sec: Mapped[int | None]
    ended_reason: Mapped[str | None]
    outcome: Mapped[str | None] = mapped_column(String(20))

    # The columns of its report.
    nps_score: Mapped[int | None]
    call_reason: Mapped[str | None] = mapped_column(String(100))
    feedback_summary: Mapped[str | None]
    recording_url: Mapped[str | None]
    recording_expires_at: Mapped[datetime | None]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    feedback: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """content, positives, detractors, action_items and structured_data, as `CallFeedback` has them."""


class CallRecording(Model):
    """The state of the copy of an attempt's recording; it is deleted and moved together with the attempt."""

    __tablename__ = "call_recording"
    __table_args__ = (
        ForeignKeyConstraint(
            ["call_id", "vapi_call_id"],
            ["vapi_call.call_id", "vapi_call.vapi_call_id"],
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
    )

    call_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    vapi_call_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    """stored; missing, if no copy could be made; erased, if it was deleted before its retention time ended."""
    object_key: Mapped[str | None]
    """The key of the object in the bucket, if it was stored."""
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    content_type: Mapped[str | None]
    """audio/wav, audio/mpeg and others."""
    sha256: Mapped[str | None]
    """The object's digest in hexadecimal digits."""
    stored_at: Mapped[datetime | None]


class CallQuality(Model):
    """The quality and cost of an attempt's call, from the report that counts (`domain.quality`)."""

    __tablename__ = "call_quality"
    __table_args__ = (
        ForeignKeyConstraint(
            ["call_id", "vapi_call_id"],
            ["vapi_call.call_id", "vapi_call.vapi_call_id"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        Index(
            "ix_call_quality_figures",
            "call_id",
            postgresql_include=[
                "cost",
                "turn_latency_median_ms",
                "assistant_id",
                "assistant_version",
                "outputs_expected",
                "outputs_lost",
            ],
        ),
    )

    call_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    vapi_call_id: Mapped[str] = mapped_column(primary_key=True)
    report_event_id: Mapped[str]
    """The time of the report."""
    turn_latency_median_ms: Mapped[int | None]
    turn_latency_average_ms: Mapped[int | None]
    model_latency_average_ms: Mapped[int | None]
    voice_latency_average_ms: Mapped[int | None]
    transcriber_latency_average_ms: Mapped[int | None]
    endpointing_latency_average_ms: Mapped[int | None]
    from_transport_latency_average_ms: Mapped[int | None]
    to_transport_latency_average_ms: Mapped[int | None]
    user_interruptions: Mapped[int | None]
    """How often the assistant interrupted the customer."""
    assistant_interruptions: Mapped[int | None]
    """How often the customer interrupted the assistant."""
    cost: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    """US dollars, as all following costs."""
    cost_transport: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    cost_transcriber: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    cost_model: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    cost_voice: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    cost_vapi: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    cost_voicemail_detection: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    cost_analysis: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    cost_knowledge_base: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    cost_other: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    assistant_id: Mapped[str | None]
    """The assistant that the call began with, else the one that spoke last."""
    assistant_name: Mapped[str | None]
    assistant_version: Mapped[str | None]
    vapi_campaign_id: Mapped[str | None]
    """The id of a campaign at Vapi, which is not one of the application's campaigns."""
    success_evaluation: Mapped[str | None]
    consent_type: Mapped[str | None]
    consent_granted_at: Mapped[datetime | None]
    ended_message: Mapped[str | None]
    outputs_expected: Mapped[int]
    """The number of structured outputs that were to be extracted."""
    outputs_lost: Mapped[int]
    """The number of these whose extraction failed."""
    turn_latencies: Mapped[Any | None] = mapped_column(JSONB)
    """For each answer of the assistant [turn, model, voice, transcriber, endpointing], in milliseconds."""
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Lists: `lost_answers`, `skipped_answers`, `transfers`, `scorecards`, `activations`."""


class CallOriginal(Model):
    """Attempt 0: a call as the application had it before Vapi's first message; a Ready call has no row."""

    __tablename__ = "call_original"

    call_id: Mapped[int] = mapped_column(
        ForeignKey("call.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    status: Mapped[str] = mapped_column(String(20))
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    duration_sec: Mapped[int | None]
    ended_reason: Mapped[str | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    nps_score: Mapped[int | None]
    call_reason: Mapped[str | None] = mapped_column(String(100))
    feedback_summary: Mapped[str | None]
    recording_url: Mapped[str | None]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    feedback: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """JSON of the same form as `VapiCall.feedback`."""


class WebhookEvent(Model):
    """The receipt of an applied webhook, written in its transaction. It recognises repeats, and has no payload."""

    __tablename__ = "webhook_event"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    type: Mapped[str] = mapped_column(String(100))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id", ondelete="SET NULL"), index=True)
    vapi_call_id: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(index=True)
    processed_at: Mapped[datetime]
    status: Mapped[str | None] = mapped_column(String(20))
    """The status of the call after this webhook; null if the webhook gave none."""
    outcome: Mapped[str] = mapped_column(String(20))
    """applied or ignored."""
    origin: Mapped[str] = mapped_column(server_default=text("'webhook'"))
    """`webhook`, or `reconciliation` if the message was made from an answer of Vapi's API."""
    repeats: Mapped[int] = mapped_column(server_default=text("0"))


class VapiNumber(Model):
    """The owner of a phone number, assistant, squad or workflow, for calls that the application did not create."""

    __tablename__ = "vapi_number"
    __table_args__ = (CheckConstraint("ignored OR organization_id IS NOT NULL"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """Vapi's id of the phone number, assistant, squad or workflow."""
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    ignored: Mapped[bool] = mapped_column(server_default=false())
    """Whether its calls are not ours, and are acknowledged without being stored."""
    inbound_assistant_id: Mapped[str | None]
    """Of a phone number: Vapi's id of the assistant that takes its calls, if Vapi asks for one."""
    transfer_number: Mapped[str | None]
    """Of a phone number: the number, as E.164, to which its callers are transferred."""


class Suppression(Model):
    """A number that an organization may not call; only its pseudonym is stored (`domain.suppressions`)."""

    __tablename__ = "suppression"
    __table_args__ = (
        CheckConstraint("pseudonym ~ '^[0-9a-f]{64}$'"),
        CheckConstraint("reason ~ '[^ ]'"),
        CheckConstraint("source IN ('structured_output', 'operator', 'api')"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    pseudonym: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    source: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RefusedLink(Model):
    """A link between a Vapi call and a row that an operator has removed; no message may make it again."""

    __tablename__ = "refused_link"

    vapi_call_id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(
        ForeignKey("call.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    refused_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReconciliationRequest(Model):
    """The requests to Vapi about a call for one reason: their number, and when the next one is allowed.

    The table has no foreign key, because the call may have no row.
    """

    __tablename__ = "reconciliation_request"

    call_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The id of the row of `call`; 0 if there is none."""
    vapi_call_id: Mapped[str] = mapped_column(primary_key=True)
    """Vapi's id; empty if it is to be found."""
    reason: Mapped[str] = mapped_column(String(20), primary_key=True)
    tries: Mapped[int] = mapped_column(SmallInteger)
    """The number of requests."""
    asked_at: Mapped[datetime] = mapped_column(index=True)
    """The time of the last request."""
    next_at: Mapped[datetime | None]
    """The earliest time of the next request; null if there must be none."""


class CallWords(Model):
    """The searchable words of a call, from all that is shown of it (`db.words`)."""

    __tablename__ = "call_words"
    __table_args__ = (Index("ix_call_words_words", "words", postgresql_using="gin"),)

    call_id: Mapped[int] = mapped_column(
        ForeignKey("call.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    organization_id: Mapped[UUID]
    """The call's organization."""
    began: Mapped[datetime]
    """When the call began (`db.queries.filters.BEGAN`); `-infinity` if that is not known."""
    words: Mapped[str] = mapped_column(TSVECTOR)
    """Each word, preceded by the end of the organization's id and by the month of `began`; without positions."""


class ServiceRecordOriginal(Model):
    """The application's values of a service record whose values were replaced by those of a report."""

    __tablename__ = "service_record_original"

    service_record_id: Mapped[int] = mapped_column(
        ForeignKey("service_record.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    status: Mapped[str] = mapped_column(String(20))
    feedback: Mapped[str | None]
    rating: Mapped[int | None] = mapped_column(SmallInteger)


class CallIncident(Model):
    """An event during a call that does not end it, such as a stall."""

    __tablename__ = "call_incident"
    __table_args__ = (UniqueConstraint("call_id", "kind", "occurred_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    occurred_at: Mapped[datetime]
