"""Migrating and pruning, on the real Postgres, as their functions are invoked."""

from datetime import timedelta

import pytest

from autopulse import settings
from autopulse.db import migration
from autopulse.errors import MigrationFailed
from autopulse.operations import migrate, prune
from local.database import connect
from local.postgres import FUNCTIONS, OWNER
from tests.faults.clock import Clock
from tests.harness import Context, Database, before_statement, point_at

RECEIPTS = """
    INSERT INTO webhook_event (event_id, kind, type, received_at, processed_at, outcome)
    SELECT CAST(:name AS text) || n, 'status', 'autopulse.ping', now() - CAST(:age AS interval), now(), 'applied'
    FROM generate_series(1, CAST(:n AS int)) AS n
"""


@pytest.fixture
def owned(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The database, with the secret of whoever owns its tables: migrations' own."""
    point_at(database.url, monkeypatch, OWNER)
    settings.database_settings.cache_clear()
    return database


def _short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "ANSWER_RESERVE_SECONDS", 3)


def test_by_hand_it_finds_the_schema_ready(owned: Database) -> None:
    assert owned.url
    assert migrate.handler({}, Context(300)) == {"status": "SUCCESS", "reason": "the schema is up to date"}


def test_it_says_that_it_failed_before_its_own_time_is_over(
    clock: Clock, owned: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a statement hangs; CloudFormation would wait for an hour."""
    _short_answers(monkeypatch)
    newest = owned.value("SELECT version_num FROM autopulse_calls_version")
    owned.run("UPDATE autopulse_calls_version SET version_num = '0001'; DROP TABLE call_feedback_duplicate")
    with connect(owned.url) as user:
        user.run("BEGIN")
        user.run("LOCK TABLE call IN ACCESS SHARE MODE")
        clock.is_in_vain = owned.is_waited_for
        with pytest.raises(MigrationFailed, match="not finished"):
            migrate.handler({}, Context(4.5))
        assert 1.5 <= clock.seconds < 4.5
        user.run("COMMIT")
    migrate.handler({}, Context(300))
    assert owned.value("SELECT version_num FROM autopulse_calls_version") == newest


def test_it_does_not_wait_for_another_run_for_ever(
    clock: Clock, owned: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _short_answers(monkeypatch)
    with connect(owned.url) as other:
        other.run(f"SELECT pg_advisory_lock({migration.LOCK_KEY})")
        with pytest.raises(MigrationFailed, match="another migration is still running"):
            migrate.handler({}, Context(4))
    assert 1 < clock.seconds < 4
    assert migrate.handler({}, Context(300))["status"] == "SUCCESS"


def test_pruning_takes_the_old_receipts_in_batches_and_leaves_the_younger(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prune, "ROWS", 100)
    database.run(RECEIPTS, name="old", age="35 days 1 minute", n=250)
    database.run(RECEIPTS, name="young", age="34 days 23 hours", n=10)
    with before_statement(lambda _place, _statement: None) as statements:
        assert prune.handler({}, Context(300)) == {"pruned": 250}
    assert statements.count("COMMIT") == 3
    assert database.value("SELECT count(*) FROM webhook_event WHERE event_id LIKE 'young%'") == 10
    assert database.value("SELECT count(*) FROM webhook_event") == 10


def test_pruning_passes_by_receipts_that_a_consumer_holds(database: Database) -> None:
    database.run(RECEIPTS, name="old", age="40 days", n=3)
    with connect(database.url) as consumer:
        consumer.run("BEGIN")
        consumer.run("UPDATE webhook_event SET repeats = 1 WHERE event_id = 'old2'")
        assert prune.handler({}, Context(300)) == {"pruned": 2}
        consumer.run("COMMIT")
    assert prune.handler({}, Context(300)) == {"pruned": 1}


def test_pruning_has_a_days_time_to_spare() -> None:
    assert timedelta(days=7 + 14) < prune.RETENTION


def test_the_functions_role_may_prune_but_not_migrate(database: Database) -> None:
    assert prune.handler({}, Context(300)) == {"pruned": 0}
    database.run("UPDATE autopulse_calls_version SET version_num = '0001'")
    with pytest.raises(MigrationFailed, match="42501"):
        migrate.handler({}, Context(300))
    database.run("UPDATE autopulse_calls_version SET version_num = :newest", newest=_newest())


def test_migrating_creates_and_grants_the_role_that_the_settings_name(
    owned: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned.run(f"REVOKE ALL ON call FROM {FUNCTIONS}")
    monkeypatch.setenv("DATABASE_USER", FUNCTIONS)
    settings.database_settings.cache_clear()
    migrate.handler({}, Context(300))
    assert owned.value("SELECT has_table_privilege(:role, 'call', 'SELECT')", role=FUNCTIONS) is True


def _newest() -> str:
    return max(file.name[1:5] for file in (migration.SCRIPTS / "versions").glob("r*.py"))
