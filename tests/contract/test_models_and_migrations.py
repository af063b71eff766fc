"""Models and migrations say the same, and every foreign key has an index."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from autopulse.db.migration import SCRIPTS
from autopulse.db.migrations.versions import r0010_words
from autopulse.db.migrations.versions.r0004_indexes import INDEXES
from autopulse.db.models import Model
from autopulse.db.queries import filters

WITHOUT_MODEL = {
    "autopulse_calls_version",  # Alembic's
    "call_feedback_duplicate",  # where a migration put what it took away; nothing reads it
}
UNINDEXED = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint AS foreign_key
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_index WHERE indrelid = conrelid AND indisvalid
            -- int2vectors are numbered from 0
            AND (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(conkey)] @> conkey
            -- rows without a value refer to nothing
            AND (indpred IS NULL OR pg_get_expr(indpred, indrelid) = (
                SELECT format('(%I IS NOT NULL)', attname) FROM pg_attribute
                WHERE attrelid = conrelid AND attnum = conkey[1] AND cardinality(conkey) = 1
            ))
    )
"""


@pytest.fixture(scope="module")
def connection(module_database_url: str) -> Iterator[Connection]:
    engine = create_engine(module_database_url.replace("postgresql:", "postgresql+pg8000:"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _has_model(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
    return kind != "table" or name not in WITHOUT_MODEL


def test_the_migrations_make_what_the_models_describe(connection: Connection) -> None:
    options: dict[str, Any] = {
        "compare_type": True,
        "compare_server_default": True,
        "include_object": _has_model,
    }
    assert compare_metadata(MigrationContext.configure(connection, opts=options), Model.metadata) == []


def test_no_other_table_is_without_a_model(connection: Connection) -> None:
    tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    assert set(tables) == set(Model.metadata.tables) | WITHOUT_MODEL


def test_what_was_taken_away_has_the_columns_that_it_had(connection: Connection) -> None:
    columns = text("SELECT column_name FROM information_schema.columns WHERE table_name = :table")
    kept = set(connection.scalars(columns, {"table": "call_feedback_duplicate"}))
    assert kept == set(Model.metadata.tables["call_feedback"].columns.keys())


def test_every_foreign_key_begins_an_index(connection: Connection) -> None:
    assert connection.execute(text(UNINDEXED)).all() == []


def test_deleting_a_call_deletes_its_rows(connection: Connection) -> None:
    rules = connection.execute(
        text(
            "SELECT conrelid::regclass::text, confdeltype::text FROM pg_constraint"
            " WHERE contype = 'f' AND confrelid = 'call'::regclass"
        )
    )
    assert dict(rules.all()) == {
        "call_feedback": "c",
        "call_incident": "c",
        "call_words": "c",
        "follow_up": "c",
        "refused_link": "c",
        "call_original": "c",
        "vapi_call": "c",
        "webhook_event": "n",
        "transcript": "a",
    }


def test_every_index_is_valid(connection: Connection) -> None:
    assert connection.scalars(text("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid")).all() == []


def test_tables_that_webhooks_update_leave_room_and_are_vacuumed_before_a_fifth_of_them_is_dead(
    connection: Connection,
) -> None:
    found = text("SELECT relname::text, reloptions FROM pg_class WHERE relkind = 'r' AND reloptions IS NOT NULL")
    soon = ["autovacuum_vacuum_scale_factor=0.02", "autovacuum_analyze_scale_factor=0.02"]
    options: dict[str, list[str]] = dict(connection.execute(found).all())
    assert options == {
        "call": ["fillfactor=80", *soon],
        "call_quality": [*soon, "autovacuum_vacuum_insert_scale_factor=0.02"],
        "call_words": ["toast_tuple_target=128", *soon, "autovacuum_vacuum_insert_scale_factor=0.02"],
        "follow_up": soon,
        "vapi_call": ["fillfactor=80", *soon],
        "transcript": soon,
        "webhook_event": soon,
    }


def test_lists_are_narrowed_by_the_very_words_that_the_indexes_are_of() -> None:
    assert filters.FEEDBACK_WORDS.replace("feedback.", "") in INDEXES["ix_call_feedback_words"]
    names = filters.NAMES_OF_THE_ORGANIZATION.replace("record.", "")
    assert names in INDEXES["ix_service_record_organization_id_words"]
    visits = filters.VISITS_FOUND.partition(" @@ ")[0].replace("record.", "")
    assert visits in r0010_words.INDEXES["ix_service_record_organization_id_visit"]


def test_every_revision_has_a_file_named_after_it() -> None:
    files = sorted((SCRIPTS / "versions").glob("r*.py"))
    for number, file in enumerate(files, start=1):
        assert file.name.startswith(f"r{number:04d}_")
        assert f'revision = "{number:04d}"' in file.read_text()
