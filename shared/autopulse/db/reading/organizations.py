"""What a reader may know of their own organization."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from autopulse.db.reading.bounds import shown

_NAME = text(f"SELECT {shown('name')} FROM organization WHERE id = CAST(:organization AS uuid)")  # noqa: S608 - made of constants


def read_organization_name(session: Session, organization_id: str) -> str | None:
    """The organization's name; None if the application has no such organization."""
    return session.execute(_NAME, {"organization": organization_id}).scalar_one_or_none()
