"""The name of the principal's organization."""

from sqlalchemy import text

from autopulse.db.engine import Transaction
from autopulse.db.queries.bounds import shown

_NAME = text(f"SELECT {shown('name')} FROM organization WHERE id = CAST(:organization AS uuid)")  # noqa: S608 - made of constants


def read_organization_name(transaction: Transaction, organization_id: str) -> str | None:
    """The organization's name; None if the application has no such organization."""
    return transaction.execute(_NAME, {"organization": organization_id}).scalar_one_or_none()
