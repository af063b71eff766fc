"""The tables of the AutoPulse application, with columns that we add."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    false,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ACCENTED: Final = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸ-/._"
"""The characters that are replaced where words of visits are compared: accented letters, and word separators.

Upper-case letters are included, because not every locale of a database converts all of them.
"""
PLAIN: Final = "aaaaaaceeeeiiiinooooouuuuyyaaaaaaceeeeiiiinooooouuuuyy    "
"""The replacement of each of these characters."""


class Model(DeclarativeBase):
    """Base of all models."""

    type_annotation_map = {datetime: DateTime(timezone=True), str: Text()}  # noqa: RUF012 - SQLAlchemy reads it from the class


class Organization(Model):
    """A dealership or workshop group: the tenant."""

    __tablename__ = "organization"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))


class User(Model):
    """A service advisor or manager."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(255))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)


class Campaign(Model):
    """A series of follow-up calls: Draft, Active, Completed or Paused."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(255))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    status: Mapped[str | None] = mapped_column(String(20))


class ServiceRecord(Model):
    """A car's visit to the workshop, which the call asks about."""

    __tablename__ = "service_record"
    __table_args__ = (
        Index(
            "ix_service_record_organization_id_listing",
            "organization_id",
            "id",
            postgresql_include=["service_advisor_id", "service_advisor_name"],
        ),
        Index(
            "ix_service_record_service_advisor_id_listing",
            "service_advisor_id",
            "organization_id",
            postgresql_include=["id"],
            postgresql_where=text("service_advisor_id IS NOT NULL"),
        ),
        Index(
            "ix_service_record_advisor_name_listing",
            "organization_id",
            "service_advisor_name",
            postgresql_include=["id"],
            postgresql_where=text("service_advisor_name IS NOT NULL"),
        ),
        Index(
            "ix_service_record_organization_id_words",
            text(
                "(replace(' ' || to_tsvector('simple'::regconfig, left(customer_name, 1000))::text, ' ''',"
                " ' ''' || right(organization_id::text, 8))::tsvector)"
            ),
            postgresql_using="gin",
        ),
        Index(
            "ix_service_record_organization_id_visit",
            text(
                "(replace(' ' || to_tsvector('simple'::regconfig, translate(lower(left("
                "(((COALESCE(customer_name, ''::character varying)::text || ' '::text)"
                " || COALESCE(vehicle_info, ''::character varying)::text) || ' '::text)"
                " || COALESCE(service_advisor_name, ''::character varying)::text, 1000)),"
                f" '{ACCENTED}'::text, '{PLAIN}'::text))::text, ' ''',"
                " ' ''' || right(organization_id::text, 8))::tsvector)"
            ),
            postgresql_using="gin",
        ),
        Index(
            "ix_service_record_organization_id_digits",
            "organization_id",
            literal_column("reverse(regexp_replace(customer_phone::text, '[^0-9]'::text, ''::text, 'g'::text))").label(
                "digits"
            ),
            postgresql_ops={"digits": "text_pattern_ops"},
        ),
        Index(
            "ix_service_record_organization_id_phone",
            "organization_id",
            text(
                "(repeat('1'::text, (customer_phone::text !~~ '+%'::text"
                " AND length(regexp_replace(customer_phone::text, '[^0-9]'::text, ''::text, 'g'::text)) = 10)::integer)"
                " || regexp_replace(customer_phone::text, '[^0-9]'::text, ''::text, 'g'::text))"
            ),
            "id",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    customer_name: Mapped[str] = mapped_column(String(100))
    customer_phone: Mapped[str] = mapped_column(String(20))
    vehicle_info: Mapped[str | None] = mapped_column(String(100))
    service_type: Mapped[str | None] = mapped_column(String(50))
    status: Mapped[str] = mapped_column(String(20), server_default="Scheduled")
    appointment_date: Mapped[datetime | None]
    service_advisor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    service_advisor_name: Mapped[str | None] = mapped_column(String(100))
    feedback: Mapped[str | None]
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    is_demo: Mapped[bool] = mapped_column(server_default=false())


_BEGAN: Final = (text("coalesce(start_time, end_time, updated_at, '-infinity'::timestamptz)"), "id")
"""The order of lists of calls (`db.queries.filters`)."""


_OPEN: Final = "status NOT IN ('Completed', 'Ended', 'Missed', 'Failed')"
"""The condition that a call has not ended (`domain.status.OVER`)."""


class Call(Model):
    """A call as it is shown: one of its attempts (`VapiCall`), once Vapi has reported anything about it."""

    __tablename__ = "call"
    __table_args__ = (
        Index(
            "ix_call_organization_id_listing",
            "organization_id",
            *_BEGAN,
            postgresql_include=[
                "start_time",
                "end_time",
                "updated_at",
                "status",
                "outcome",
                "direction",
                "is_web",
                "nps_score",
                "duration_sec",
                "campaign_id",
                "service_record_id",
                "is_demo",
            ],
        ),
        Index("ix_call_organization_id_status_began", "organization_id", "status", *_BEGAN),
        Index(
            "ix_call_organization_id_outcome_began",
            "organization_id",
            "outcome",
            *_BEGAN,
            postgresql_where=text("outcome IS NOT NULL"),
        ),
        Index(
            "ix_call_campaign_id_listing",
            "campaign_id",
            "organization_id",
            *_BEGAN,
            postgresql_include=[
                "start_time",
                "end_time",
                "updated_at",
                "status",
                "outcome",
                "direction",
                "is_web",
                "is_demo",
            ],
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
        Index(
            "ix_call_organization_id_inbound",
            "organization_id",
            *_BEGAN,
            postgresql_include=["start_time", "end_time", "updated_at"],
            postgresql_where=text("direction = 'inbound' AND NOT is_web"),
        ),
        Index(
            "ix_call_organization_id_web",
            "organization_id",
            *_BEGAN,
            postgresql_include=["start_time", "end_time", "updated_at"],
            postgresql_where=text("is_web"),
        ),
        Index(
            "ix_call_organization_id_demo",
            "organization_id",
            *_BEGAN,
            postgresql_include=["start_time", "end_time", "updated_at"],
            postgresql_where=text("is_demo"),
        ),
        Index(
            "ix_call_organization_id_to_come",
            "organization_id",
            *_BEGAN,
            postgresql_where=text(
                "start_time IS NULL AND end_time IS NULL AND status IN ('Ready', 'Scheduled', 'Queued')"
            ),
        ),
        Index(
            "ix_call_linked_open",
            "updated_at",
            postgresql_where=text(f"vapi_call_id IS NOT NULL AND {_OPEN}"),
        ),
        Index(
            "ix_call_unlinked_open",
            "updated_at",
            postgresql_where=text(f"vapi_call_id IS NULL AND {_OPEN}"),
        ),
        Index("ix_call_vapi_call_id", "vapi_call_id", unique=True, postgresql_where=text("vapi_call_id IS NOT NULL")),
        Index("ix_call_agent_id_given", "agent_id", postgresql_where=text("agent_id IS NOT NULL")),
        Index(
            "ix_call_organization_id_nps_category_began",
            "organization_id",
            text("width_bucket(nps_score, ARRAY[7, 9])"),
            *_BEGAN,
            postgresql_where=text("nps_score BETWEEN 0 AND 10 AND outcome IN ('reached', 'transferred')"),
        ),
        Index(
            "ix_call_organization_id_scored",
            "organization_id",
            text("reverse(regexp_replace(customer_number::text, '[^0-9]'::text, ''::text, 'g'::text))"),
            _BEGAN[0],
            postgresql_include=["nps_score"],
            postgresql_where=text("nps_score BETWEEN 0 AND 10 AND outcome IN ('reached', 'transferred')"),
        ),
        Index(
            "ix_call_detractor",
            "id",
            postgresql_include=["organization_id"],
            postgresql_where=text("nps_score >= 0 AND nps_score < 7 AND outcome IN ('reached', 'transferred')"),
        ),
        Index(
            "ix_call_organization_id_digits",
            "organization_id",
            literal_column("reverse(regexp_replace(customer_number::text, '[^0-9]'::text, ''::text, 'g'::text))").label(
                "digits"
            ),
            postgresql_ops={"digits": "text_pattern_ops"},
        ),
        Index(
            "ix_call_organization_id_reason",
            "organization_id",
            *_BEGAN,
            postgresql_include=[
                "reason_key",
                *("start_time", "end_time", "updated_at", "status", "outcome", "direction", "is_web", "nps_score"),
                *("campaign_id", "service_record_id", "is_demo"),
            ],
            postgresql_where=text("reason_key IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    service_record_id: Mapped[int | None] = mapped_column(ForeignKey("service_record.id"), index=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    customer_number: Mapped[str] = mapped_column(String(20))
    direction: Mapped[str] = mapped_column(String(10), server_default="outbound")
    start_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    duration_sec: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(20))
    recording_url: Mapped[str | None]
    nps_score: Mapped[int | None]
    call_reason: Mapped[str | None] = mapped_column(String(100))
    feedback_summary: Mapped[str | None]
    is_demo: Mapped[bool] = mapped_column(server_default=false())

    vapi_call_id: Mapped[str | None]
    """The id of the shown attempt."""
    ended_reason: Mapped[str | None]
    """Vapi's reason, up to 121 characters; `outcome` is its group."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    cost: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    """US dollars."""
    is_web: Mapped[bool] = mapped_column(server_default=false())
    """Whether the shown attempt is a web call; the application's `direction` has only two values."""
    updated_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    """When the row was created, or last written by us; null if the row is older than this column."""
    reason_key: Mapped[str | None] = mapped_column(String(40))
    """What went wrong: the key of a category (`domain.reasons`); null if no complaint is known."""


class CallFeedback(Model):
    """The customer's feedback as the analysis gives it; at most one row per call."""

    __tablename__ = "call_feedback"
    __table_args__ = (
        Index(
            "ix_call_feedback_words",
            text(
                "to_tsvector('simple'::regconfig,"
                " left((coalesce(detractors, ''::text) || ' '::text) || coalesce(action_items, ''::text), 100000))"
            ),
            postgresql_using="gin",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), unique=True, index=True)
    content: Mapped[str]
    detractors: Mapped[str | None]
    positives: Mapped[str | None]
    action_items: Mapped[str | None]
    created_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime | None]
    structured_data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reason_category: Mapped[str | None]
    """The analysis' answer to the question for the reason, line by line; null if it was not in the analysis."""


class Transcript(Model):
    """One turn of any attempt of a call: from a report, a conversation, a fragment, or the application (null)."""

    __tablename__ = "transcript"
    __table_args__ = (
        Index("ix_transcript_call_id_vapi_call_id_sequence", "call_id", "vapi_call_id", "sequence", unique=True),
        # The text may be too long for an index entry.
        Index(
            "ix_transcript_fragment",
            "call_id",
            "vapi_call_id",
            "timestamp",
            "role",
            text("md5(content)"),
            unique=True,
            postgresql_where=text("source = 'fragment'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    role: Mapped[str] = mapped_column(String(20))
    content: Mapped[str]
    timestamp: Mapped[datetime]

    vapi_call_id: Mapped[str | None]
    """Vapi's id of the turn's attempt; null if the application wrote the turn."""
    source: Mapped[str | None] = mapped_column(String(20))
    segment: Mapped[int | None] = mapped_column(BigInteger)
    """The key of the turn's list: the list's first time in seconds since 1970; null if it has none."""
    sequence: Mapped[int | None]
    """The position among the attempt's turns, from 0; null for fragments, which are ordered by time."""
