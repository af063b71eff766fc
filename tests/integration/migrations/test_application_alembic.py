"""The application's own Alembic, with the lines of docs/deploy.md, leaves what is ours alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Index, MetaData, String, create_engine, inspect

from autopulse.db.migration import VERSION_TABLE, upgrade
from autopulse.db.models import ADDED, APPLICATION, Model
from tests.contract.stack import ROOT
from tests.integration.migrations import application
from tests.integration.migrations.application import run

LINES = re.search(
    r"### The application's own Alembic.*?```python\n(.*?)```", (ROOT / "docs/deploy.md").read_text(), re.DOTALL
)


def _lines() -> dict[str, Any]:
    """Return what an env.py with these lines has."""
    assert LINES is not None
    names: dict[str, Any] = {}
    exec(LINES[1], names)  # noqa: S102 - the documentation's own
    return names


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgresql:", "postgresql+pg8000:"))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@pytest.fixture
def models(application_url: str, request: pytest.FixtureRequest) -> MetaData:
    """The application's models: as its database is before we come, changed by the parameter."""
    run(application_url, "DROP TABLE alembic_version")
    run(application_url, getattr(request, "param", ""))
    metadata = MetaData()
    with _connection(application_url) as connection:
        metadata.reflect(connection)
    return metadata


def _differences(url: str, models: MetaData, **options: object) -> list[Any]:
    with _connection(url) as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), models))


@pytest.mark.parametrize(
    "models", ["", application.WITHOUT_FEEDBACK, application.RELEASE, application.NARROW], indirect=True
)
def test_with_the_lines_it_finds_nothing_to_do(application_url: str, models: MetaData) -> None:
    upgrade(application_url)
    assert len(_differences(application_url, models)) > 20
    assert _differences(application_url, models, include_object=_lines()["include_object"]) == []


def test_an_index_of_its_models_that_had_to_become_unique_is_left_alone(application_url: str, models: MetaData) -> None:
    Index("ix_call_feedback_call_id", models.tables["call_feedback"].c.call_id)
    upgrade(application_url)
    assert _differences(application_url, models, include_object=_lines()["include_object"]) == []


def test_its_own_changes_are_found_as_ever(application_url: str, models: MetaData) -> None:
    upgrade(application_url)
    models.tables["call"].append_column(Column("language", String(10)))
    models.tables["call_feedback"].append_column(Column("language", String(10)))
    run(application_url, "CREATE TABLE left_over (id integer); CREATE INDEX slow ON call (customer_number)")
    found = _differences(application_url, models, include_object=_lines()["include_object"])
    assert sorted(difference[0] for difference in found) == ["add_column", "add_column", "remove_index", "remove_table"]


def test_the_lists_are_what_the_migrations_add(application_url: str) -> None:
    lines = _lines()
    ours = {*Model.metadata.tables} - {*APPLICATION}
    assert lines["CALLS_TABLES"] == ours | {VERSION_TABLE, "call_feedback", "call_feedback_duplicate"}
    assert lines["CALLS_COLUMNS"] == ADDED
    upgrade(application_url)
    with _connection(application_url) as connection:
        added = {index["name"] for table in APPLICATION for index in inspect(connection).get_indexes(table)}
    assert lines["CALLS_INDEXES"] == added
