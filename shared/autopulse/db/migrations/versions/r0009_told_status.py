"""Which status a webhook told, so that a call's stages have the times that Vapi gave them.

Nullable, so the code that runs before it goes on inserting; receipts of before stay without, and are pruned.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE webhook_event ADD COLUMN IF NOT EXISTS status varchar(20)")
