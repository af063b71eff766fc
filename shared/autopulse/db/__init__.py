"""Postgres: models, connection, and SQL as small functions of (session, values). The only importer of SQLAlchemy."""
