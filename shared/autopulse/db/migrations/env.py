"""How Alembic runs our revisions: on the connection that `autopulse.db.migration` hands it, a transaction for each."""

from typing import Final

from alembic import context

from autopulse.db.models import Model

VERSION_TABLE: Final = "autopulse_calls_version"
"""Of our own: the application may have an `alembic_version` for its revisions in the same schema."""

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Model.metadata,
    version_table=VERSION_TABLE,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
