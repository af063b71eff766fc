"""The outcome of calls that ended before we came, where their status tells it.

Before the indexes: a row that is in none of them yet is written fast.
"""

from alembic import op

from autopulse.db.migrations.online import without_transaction
from autopulse.db.outcomes import give_outcomes

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with without_transaction():
        give_outcomes(op.get_bind(), commit=lambda: None)
