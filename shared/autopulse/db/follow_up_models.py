"""The tables of follow-ups, of an organization's settings, and of people's saved views."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from autopulse.db.application_models import Model


class FollowUp(Model):
    """What a person has to do about a call, at most one per call (docs/follow-ups.md)."""

    __tablename__ = "follow_up"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'acknowledged', 'resolved', 'dismissed')"),
        CheckConstraint("trigger IN ('score', 'action_item', 'callback_requested', 'manual')"),
        CheckConstraint("cause IS NOT NULL OR state <> 'resolved'"),
        Index("ix_follow_up_organization_id_due", "organization_id", "due_at", "id"),
        Index("ix_follow_up_organization_id_state_due", "organization_id", "state", "due_at", "id"),
        Index(
            "ix_follow_up_assignee_id_due",
            "assignee_id",
            "organization_id",
            "due_at",
            "id",
            postgresql_where=text("assignee_id IS NOT NULL"),
        ),
        Index(
            "ix_follow_up_organization_id_opened_call",
            "organization_id",
            "opened_at",
            postgresql_include=[
                "call_id",
                "state",
                "due_at",
                "acknowledged_at",
                "resolved_at",
                "cause",
                "assignee_id",
                "assignee_name",
            ],
        ),
        Index(
            "ix_follow_up_unanswered",
            "state",
            "due_at",
            postgresql_where=text("state IN ('open', 'acknowledged')"),
        ),
        Index(
            "ix_follow_up_running",
            "due_at",
            postgresql_where=text("overdue_at IS NULL AND state IN ('open', 'acknowledged')"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(String(20), server_default=text("'open'"))
    trigger: Mapped[str] = mapped_column(String(20))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    assignee_name: Mapped[str | None] = mapped_column(String(255))
    cause: Mapped[str | None] = mapped_column(String(100))
    """The cause of the customer's dissatisfaction, as one of the organization's keys; a resolved follow-up has one."""
    note: Mapped[str | None]
    opened_at: Mapped[datetime]
    """The time of the report; for a follow-up that a person opened, the time of opening."""
    due_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    """When it was resolved or dismissed."""
    overdue_at: Mapped[datetime | None]
    """When it was marked as overdue, which happens once; null before."""
    version: Mapped[int] = mapped_column(server_default=text("1"))
    """1 when the follow-up is opened; each change by a person adds 1."""


class FollowUpEntry(Model):
    """One change of a follow-up: who, when, from, to. It has no actor if a message opened the follow-up."""

    __tablename__ = "follow_up_entry"
    __table_args__ = (Index("ix_follow_up_entry_follow_up_id", "follow_up_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_up.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    actor_subject: Mapped[str | None]
    """The token's subject."""
    actor_name: Mapped[str | None] = mapped_column(String(255))
    """The token's name."""
    action: Mapped[str] = mapped_column(String(20))
    from_state: Mapped[str | None] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Field -> [before, after], for each changed field."""
    note: Mapped[str | None]


class FollowUpAlert(Model):
    """The claim of a follow-up's alert, for one step and channel, and its result."""

    __tablename__ = "follow_up_alert"
    __table_args__ = (
        CheckConstraint("step IN ('opened', 'overdue')"),
        CheckConstraint("channel IN ('email', 'webhook')"),
        CheckConstraint("state IN ('waiting', 'sending', 'delivered', 'undelivered', 'dropped')"),
        Index("ix_follow_up_alert_due", "send_at", postgresql_where=text("state IN ('waiting', 'sending')")),
    )

    follow_up_id: Mapped[int] = mapped_column(
        ForeignKey("follow_up.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    step: Mapped[str] = mapped_column(String(20), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    """`dropped`: the alert was no longer needed when its time came."""
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """The number of times it was passed to the sender."""
    claimed_at: Mapped[datetime]
    send_at: Mapped[datetime]
    """The earliest time of the next attempt; while it is being sent, when that attempt counts as failed."""
    ended_at: Mapped[datetime | None]
    """When it was delivered, given up or dropped."""
    reason: Mapped[str | None] = mapped_column(String(40))
    """The reason why the last attempt failed."""


class OrganizationSetting(Model):
    """The working hours of an organization; one without a row has `domain.follow_ups.DEFAULT_HOURS`."""

    __tablename__ = "organization_setting"
    __table_args__ = (
        CheckConstraint("timestamptz '2026-01-01 00:00:00+00' AT TIME ZONE time_zone IS NOT NULL"),
        CheckConstraint("days <@ '{1,2,3,4,5,6,7}'::smallint[] AND cardinality(days) BETWEEN 1 AND 7"),
        CheckConstraint("hours_to_answer BETWEEN 1 AND 200"),
        CheckConstraint("closes_at - opens_at >= interval '1 hour'"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    time_zone: Mapped[str] = mapped_column(String(64), server_default=text("'America/New_York'"))
    """The IANA name of the time zone."""
    days: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), server_default=text("'{1,2,3,4,5}'"))
    """ISO days of the week: 1 is Monday."""
    opens_at: Mapped[time] = mapped_column(server_default=text("'09:00'"))
    closes_at: Mapped[time] = mapped_column(server_default=text("'17:00'"))
    """24:00 if the organization does not close on these days."""
    hours_to_answer: Mapped[int] = mapped_column(SmallInteger, server_default=text("8"))
    """The time to answer, in business hours."""


class ReasonCategory(Model):
    """A category of complaints of an organization; one without rows has `domain.reasons.DEFAULTS`."""

    __tablename__ = "reason_category"
    __table_args__ = (
        CheckConstraint("key ~ '^[a-z0-9_]+$' AND key NOT IN ('other', 'any')"),
        CheckConstraint("label ~ '[^ ]'"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    label: Mapped[str] = mapped_column(String(100))
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    """Words, or phrases with blanks between words; with `*` at the end, the last word may have any ending."""
    position: Mapped[int]
    """If several categories match, the one with the lowest position is the reason."""


class SavedView(Model):
    """A view of the console that a person has saved under a name (`domain.saved_views`)."""

    __tablename__ = "saved_view"
    __table_args__ = (
        CheckConstraint("subject <> ''"),
        CheckConstraint("name <> ''"),
        CheckConstraint("address LIKE '?%'"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    """The token's subject."""
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    address: Mapped[str] = mapped_column(String(1000))
    """The query string."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When its address was last saved."""
