"""How Alembic runs our revisions: on the connection that `autopulse.db.migration` hands it, a transaction for each."""

from alembic import context

from autopulse.db.models import Model

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Model.metadata,
    version_table=context.config.attributes["version_table"],
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
