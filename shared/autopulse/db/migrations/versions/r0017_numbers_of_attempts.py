"""Attempts by the digits of their customer's number, which is not always that of the row: for erasures."""

from autopulse.db.migrations.online import build

revision = "0017"
down_revision = "0016"

INDEXES = {
    "ix_vapi_call_digits": (
        "INDEX {name} ON vapi_call (reverse(regexp_replace(customer_number, '[^0-9]', '', 'g')))"
        " WHERE customer_number IS NOT NULL"
    ),
}


def upgrade() -> None:
    build(INDEXES)
