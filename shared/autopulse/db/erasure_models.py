"""The tables of erasures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from autopulse.db.application_models import Model


class ErasedCall(Model):
    """A tombstone: recognises an erased call, so that no late message restores its data.

    There is one for the row of `call`, and one for each of its calls at Vapi.
    """

    __tablename__ = "erased_call"

    pseudonym: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The pseudonym of our id or of Vapi's id (`domain.pseudonyms`)."""
    call_id: Mapped[int | None]
    """The id of the row of `call`; null if there was none. The row may have been deleted."""
    erased_at: Mapped[datetime]


class Erasure(Model):
    """A request to erase a call, or all calls and visits of a number. The number itself is not stored."""

    __tablename__ = "erasure"
    __table_args__ = (
        CheckConstraint("scope IN ('call_id', 'vapi_call_id', 'phone')"),
        CheckConstraint("state IN ('requested', 'running', 'done', 'failed')"),
        Index("ix_erasure_organization_id", "organization_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    """The organization whose calls it is restricted to; null for the whole stack."""
    scope: Mapped[str] = mapped_column(String(20))
    """What the request gave: our id, Vapi's id, or a number."""
    requested_by: Mapped[str]
    """The token's subject, `operator` or `vapi`."""
    requested_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    is_dry_run: Mapped[bool] = mapped_column(server_default=false())
    finished_at: Mapped[datetime | None]


class ErasureItem(Model):
    """One item of an erasure, and its state."""

    __tablename__ = "erasure_item"
    __table_args__ = (
        CheckConstraint("kind IN ('call', 'visit', 'vapi_call')"),
        CheckConstraint("state IN ('waiting', 'asked', 'done', 'failed')"),
        Index("ix_erasure_item_item", "item"),
    )

    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasure.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    """The id of the row; for a call at Vapi its id there, which its pseudonym replaces after Vapi's answer."""
    state: Mapped[str] = mapped_column(String(20))
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Store -> number of items found or erased in it."""


class Retention(Model):
    """How far an organization's calls have been emptied of data that is older than the stack's retention time."""

    __tablename__ = "retention"
    __table_args__ = (CheckConstraint("kind IN ('words', 'person')"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    began: Mapped[datetime]
    """The time when the last emptied call began; together with its id it is the position in the order of the lists."""
    call_id: Mapped[int]
