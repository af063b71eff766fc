"""The tables of erasures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from autopulse.db.application_models import Model


class ErasedCall(Model):
    """A tombstone: what is known of an erased call, so that no late message brings it back.

    One for the row of `call`, and one for each of its calls at Vapi.
    """

    __tablename__ = "erased_call"

    pseudonym: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of our id or of Vapi's (`domain.pseudonyms`)."""
    call_id: Mapped[int | None]
    """The row of `call` that it was; null if there was none. The row may be gone."""
    erased_at: Mapped[datetime]


class Erasure(Model):
    """A request to erase a call, or all calls and visits of a number. The number itself is not kept."""

    __tablename__ = "erasure"
    __table_args__ = (
        CheckConstraint("scope IN ('call_id', 'vapi_call_id', 'phone')"),
        CheckConstraint("state IN ('requested', 'running', 'done', 'failed')"),
        Index("ix_erasure_organization_id", "organization_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"))
    """Whose calls it is bounded to; null for those of the whole stack."""
    scope: Mapped[str] = mapped_column(String(20))
    """What was given: an id of ours, an id of Vapi's, or a number."""
    requested_by: Mapped[str]
    """The token's subject; `operator` or `vapi`."""
    requested_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    is_dry_run: Mapped[bool] = mapped_column(server_default=false())
    finished_at: Mapped[datetime | None]


class ErasureItem(Model):
    """One thing that an erasure is about, and what became of it."""

    __tablename__ = "erasure_item"
    __table_args__ = (
        CheckConstraint("kind IN ('call', 'visit', 'vapi_call')"),
        CheckConstraint("state IN ('waiting', 'asked', 'done', 'failed')"),
        Index("ix_erasure_item_item", "item"),
    )

    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasure.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    """The id of the row; of a call of Vapi's its id there, and its pseudonym once Vapi has answered."""
    state: Mapped[str] = mapped_column(String(20))
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Store -> how much of it was found or erased."""


class Retention(Model):
    """How far the calls of an organization were walked through to empty what is older than the stack keeps."""

    __tablename__ = "retention"
    __table_args__ = (CheckConstraint("kind IN ('words', 'person')"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    began: Mapped[datetime]
    """When the last call that was emptied began; with its id, the place in the order of the lists."""
    call_id: Mapped[int]
