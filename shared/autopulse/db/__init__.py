"""Postgres: models, connection, SQL in small functions of (session, values). Only this package imports SQLAlchemy."""
