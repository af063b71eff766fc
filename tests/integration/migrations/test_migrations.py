"""The migrations on an empty database, on the application's, and on what interrupted runs left behind."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pg8000.exceptions
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from autopulse.db import migration, privileges
from autopulse.db.engine import sqlstate
from autopulse.db.migration import SCRIPTS, upgrade
from autopulse.db.migrations.versions.r0004_indexes import INDEXES
from local.database import connect
from tests.integration.migrations import application
from tests.integration.migrations.application import run

SCHEMA = """
    SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
        AND table_name NOT IN ('alembic_version', 'call_feedback_duplicate') ORDER BY table_name, column_name
"""
_CHANGE = re.compile(r"\s*(?:ALTER|CREATE|DROP|INSERT|UPDATE|DELETE|WITH|ANALYZE)\b")
INDEX_LIST = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"


def _revisions() -> list[str]:
    """All that there are, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def _head() -> str:
    return _revisions()[-1]


def _version(url: str) -> str:
    return str(run(url, "SELECT version_num FROM autopulse_calls_version")[0][0])


def _upgrade_to(revision: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a release whose newest revision this was."""
    real = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _head: real(config, revision))
        patch.setattr(migration, "give_outcomes", lambda *_arguments: None)
        patch.setattr(migration, "give_words", lambda *_arguments: True)
        patch.setattr(migration, "give_reasons", lambda *_arguments: None)
        upgrade(url)
    assert _version(url) == revision


def test_an_empty_database_gets_everything(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    assert _version(empty_database_url) == _head()
    assert set(INDEXES) <= {name for name, _ in run(empty_database_url, INDEX_LIST)}


def test_the_applications_database_ends_in_the_same_schema(application_url: str, database_url: str) -> None:
    upgrade(application_url)
    assert run(application_url, SCHEMA) == run(database_url, SCHEMA)
    ours = [row for row in run(application_url, INDEX_LIST) if not row[0].startswith("alembic_version")]
    assert ours == run(database_url, INDEX_LIST)


def test_the_applications_rows_and_its_own_version_table_stay_as_they_are(application_url: str) -> None:
    with connect(application_url) as connection:
        calls = [application.make_call(connection) for _ in range(3)]
    written = "SELECT to_jsonb(t) FROM {} AS t ORDER BY id"
    tables = ("call", "call_feedback", "transcript", "service_record", "organization", '"user"', "campaign")
    before = {table: run(application_url, written.format(table)) for table in tables}
    upgrade(application_url)
    after = {table: run(application_url, written.format(table)) for table in tables}
    for table in tables:
        assert len(before[table]) == len(after[table])
        for (old,), (new,) in zip(before[table], after[table], strict=True):
            assert {name: new[name] for name in old} == old
            assert {name: value for name, value in new.items() if name not in old and value is not None} == (
                {"outcome": "no_answer", "is_web": False} if table == "call" else {}
            )
    assert calls == [1, 2, 3]
    assert run(application_url, "SELECT version_num FROM alembic_version") == [["f00dfeed0001"]]


def test_calls_that_are_still_to_come_have_a_place_among_the_others_and_those_long_over_are_the_oldest(
    application_url: str,
) -> None:
    statuses = ("Ready", "Scheduled", "In Progress", "Missed", "Failed", "Completed")
    with connect(application_url) as connection:
        calls = {status: application.make_call(connection) for status in statuses}
        for status, call in calls.items():
            connection.run("UPDATE call SET status = :status, end_time = NULL WHERE id = :id", status=status, id=call)
        upgrade(application_url)
        calls["Ready, made afterwards"] = application.make_call(connection)
    found = run(application_url, "SELECT id FROM call WHERE updated_at > now() - interval '1 hour'")
    assert [[calls[name]] for name in ("Ready", "Scheduled", "In Progress", "Ready, made afterwards")] == sorted(found)


def test_of_duplicate_feedback_the_newest_stays_and_nothing_is_lost(application_url: str) -> None:
    with connect(application_url) as connection:
        for _ in range(2):
            application.make_call(connection)
        for content, created in (("older", "2026-01-01"), ("newest", "2027-01-01"), ("undated", None)):
            connection.run(
                "INSERT INTO call_feedback (call_id, content, created_at)"
                " VALUES (1, :content, CAST(:created AS timestamptz))",
                content=content,
                created=created,
            )
    upgrade(application_url)
    assert run(application_url, "SELECT call_id, content FROM call_feedback ORDER BY call_id") == [
        [1, "newest"],
        [2, "Written by hand."],
    ]
    moved = run(application_url, "SELECT content FROM call_feedback_duplicate WHERE call_id = 1 ORDER BY content")
    assert moved == [["Written by hand."], ["older"], ["undated"]]


def test_the_application_goes_on_writing_before_and_after_each_revision(
    application_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(application_url) as connection:
        application.make_call(connection)
        for made, revision in enumerate(_revisions(), start=2):
            _upgrade_to(revision, application_url, monkeypatch)
            assert application.make_call(connection) == made
    written = run(application_url, "SELECT count(*) FROM transcript WHERE source IS NULL AND sequence IS NULL")
    assert written == [[2 * (1 + len(_revisions()))]]


def test_rows_that_leave_out_what_has_a_default_can_be_written(application_url: str) -> None:
    upgrade(application_url)
    run(
        application_url,
        """
        INSERT INTO service_record (organization_id, customer_name, customer_phone)
            SELECT id, 'Dana Example', '+12025550115' FROM organization;
        INSERT INTO call (organization_id, customer_number, status)
            SELECT id, '+12025550115', 'Ready' FROM organization;
        """,
    )
    assert run(application_url, "SELECT direction, is_demo FROM call") == [["outbound", False]]
    assert run(application_url, "SELECT status, is_demo FROM service_record") == [["Scheduled", False]]


@dataclass
class _Application:
    """It writes calls, each in a transaction of its own."""

    wrong: list[BaseException] = field(default_factory=list)
    written: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def write(self, calls: int) -> None:
        """Wait until it has written so many more."""
        for _ in range(calls):
            assert self.written.acquire(timeout=60), self.wrong


@contextmanager
def _application_at_work(url: str) -> Iterator[_Application]:
    """Until the block ends."""
    over, at_work = threading.Event(), _Application()

    def work() -> None:
        with connect(url) as connection:
            while not over.is_set():
                try:
                    connection.run("BEGIN")
                    application.make_call(connection)
                    connection.run("COMMIT")
                    at_work.written.release()
                except (pg8000.exceptions.Error, OSError) as error:
                    at_work.wrong.append(error)
                    return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield at_work
    finally:
        over.set()
        thread.join()


def test_columns_of_the_applications_that_are_narrower_are_widened_and_keep_their_values(
    application_url: str, database_url: str
) -> None:
    run(application_url, application.NARROW)
    run(
        application_url,
        """
        ALTER TABLE call ADD COLUMN outcome varchar(8);
        ALTER TABLE transcript ADD COLUMN source varchar(5), ADD COLUMN sequence smallint;
        """,
    )
    with connect(application_url) as connection:
        application.make_call(connection)
        connection.run(
            "UPDATE call SET vapi_call_id = 'call-1', ended_reason = repeat('r', 50), cost = 123456.1234,"
            " outcome = 'reached'"
        )
    upgrade(application_url)
    assert run(application_url, "SELECT vapi_call_id, ended_reason, cost, outcome FROM call") == [
        ["call-1", "r" * 50, Decimal("123456.123400"), "reached"]
    ]
    run(
        application_url,
        "UPDATE call SET ended_reason = repeat('e', 121), cost = 0.123456, vapi_call_id = repeat('v', 200)",
    )
    assert run(application_url, "SELECT cost FROM call") == [[Decimal("0.123456")]]
    assert run(application_url, SCHEMA) == run(database_url, SCHEMA)


def test_what_is_wider_than_ours_stays_as_wide(application_url: str) -> None:
    run(application_url, "ALTER TABLE call ADD COLUMN cost numeric(14, 2), ADD COLUMN outcome text")
    run(application_url, "ALTER TABLE transcript ADD COLUMN sequence bigint")
    upgrade(application_url)
    types = """
        SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid IN ('call'::regclass, 'transcript'::regclass) AND attname IN ('cost', 'outcome', 'sequence')
    """
    assert sorted(run(application_url, types)) == [
        ["cost", "numeric(18,6)"],  # twelve digits before the point, and six after it
        ["outcome", "text"],
        ["sequence", "bigint"],
    ]


LETTERS = [chr(0x10400 + n) for n in range(40)]
"""Of four bytes each."""
WORDS = " ".join(f"{a}{b}{c}-{c}{b}{d}" for a in LETTERS for b in LETTERS for c in LETTERS for d in LETTERS[:10])
"""Each is three words to Postgres: itself and its halves."""


@pytest.mark.parametrize(
    "written",
    [
        "INSERT INTO call_feedback (call_id, content, detractors, action_items) VALUES (:call, '', :words, :words)",
        # Where the application has it longer than planned.
        "UPDATE service_record SET customer_name = :words",
    ],
)
def test_no_text_is_too_long_for_an_index_of_words(written: str, application_url: str) -> None:
    """Postgres takes 1 MB of words, and refuses a row with more."""
    run(application_url, "ALTER TABLE service_record ALTER COLUMN customer_name TYPE text")
    with connect(application_url) as connection:
        call = application.make_call(connection)
        connection.run("DELETE FROM call_feedback")
    upgrade(application_url)
    with connect(application_url) as connection:
        with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
            connection.run("SELECT to_tsvector('simple', :words)", words=WORDS)
        assert sqlstate(caught.value) == "54000"
        connection.run(written, words=WORDS, **({"call": call} if ":call" in written else {}))


def test_the_tables_that_the_first_revision_makes_are_those_that_fit(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _upgrade_to("0001", empty_database_url, monkeypatch)
    run(empty_database_url, "DROP TABLE autopulse_calls_version")
    upgrade(empty_database_url)


def test_a_longer_text_is_not_written_anew(application_url: str) -> None:
    """With a million calls nobody could work meanwhile."""
    run(application_url, "ALTER TABLE call ADD COLUMN ended_reason varchar(50), ADD COLUMN vapi_call_id varchar(100)")
    file = "SELECT pg_relation_filenode('call')"
    before = run(application_url, file)
    upgrade(application_url)
    assert run(application_url, file) == before


def test_the_application_goes_on_writing_during_the_migration(application_url: str) -> None:
    with _application_at_work(application_url) as at_work:
        at_work.write(3)
        upgrade(application_url)
        at_work.write(3)
    assert at_work.wrong == []
    assert run(application_url, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [[0]]


def test_a_second_run_changes_nothing(database_url: str) -> None:
    state = [run(database_url, query) for query in (SCHEMA, INDEX_LIST)]
    files = run(database_url, "SELECT relname, relfilenode FROM pg_class WHERE relkind IN ('r', 'i') ORDER BY oid")
    upgrade(database_url)
    assert [run(database_url, query) for query in (SCHEMA, INDEX_LIST)] == state
    assert files == run(
        database_url, "SELECT relname, relfilenode FROM pg_class WHERE relkind IN ('r', 'i') ORDER BY oid"
    )


def _interrupt_index_build(url: str, definition: str, table: str) -> None:
    """Begin to build it while somebody reads the table in an old transaction; break off."""
    with connect(url) as reader, connect(url) as builder:
        reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.run(f"SELECT count(*) FROM {table}")  # noqa: S608 - a constant
        reader.run(f"INSERT INTO {table} SELECT * FROM {table} WHERE false")  # noqa: S608 - a lock that building waits for
        (pid,) = builder.run("SELECT pg_backend_pid()")[0]
        with ThreadPoolExecutor(1) as pool:
            building = pool.submit(builder.run, definition)
            _wait_until_blocked(url, building)
            run(url, f"SELECT pg_cancel_backend({pid})")
            with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
                building.result()
        assert sqlstate(caught.value) == "57014"
        reader.run("ROLLBACK")


def _wait_until_blocked(url: str, running: "Future[Any]") -> None:
    """Until what runs waits for a lock that somebody else has."""
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connect(url) as observer:
        while observer.run(blocked) == [[0]]:
            assert not running.done(), "it did not wait"


@pytest.mark.parametrize("name", ["ix_call_vapi_call_id", "ix_transcript_fragment", "ix_call_campaign_id_listing"])
def test_an_interrupted_index_build_is_done_again(
    name: str, application_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _upgrade_to("0003", application_url, monkeypatch)
    kind, rest = INDEXES[name].split("INDEX {name}")
    table = rest.split()[1]
    _interrupt_index_build(application_url, f"CREATE {kind}INDEX CONCURRENTLY {name}{rest}", table)
    state = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
    assert run(application_url, state, name=name) == [[False]]
    upgrade(application_url)
    assert run(application_url, state, name=name) == [[True]]
    definition = "SELECT indexdef FROM pg_indexes WHERE indexname = :name"
    assert run(application_url, definition, name=name) == run(database_url, definition, name=name)


def test_duplicates_written_between_two_revisions_are_moved_too(
    application_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _upgrade_to("0003", application_url, monkeypatch)
    with connect(application_url) as connection:
        application.make_call(connection)
        connection.run("INSERT INTO call_feedback (call_id, content) VALUES (1, 'Written again.')")
    upgrade(application_url)
    assert run(application_url, "SELECT content FROM call_feedback") == [["Written again."]]
    assert run(application_url, "SELECT content FROM call_feedback_duplicate") == [["Written by hand."]]


def test_an_index_of_the_applications_that_is_not_unique_gives_way(application_url: str) -> None:
    """SQLAlchemy gives an `index=True` column's index the very name that ours has."""
    run(application_url, "CREATE INDEX ix_call_feedback_call_id ON call_feedback (call_id)")
    run(application_url, "CREATE INDEX ix_call_campaign_id ON call (campaign_id)")
    run(application_url, "CREATE INDEX ix_call_service_record_id ON call (service_record_id)")
    others = (
        "SELECT to_regclass(name)::oid FROM unnest(ARRAY['ix_call_campaign_id', 'ix_call_service_record_id']) AS name"
    )
    kept = run(application_url, others)
    upgrade(application_url)
    unique = "SELECT indisunique FROM pg_index WHERE indexrelid = to_regclass('ix_call_feedback_call_id')"
    assert run(application_url, unique) == [[True]]
    assert run(application_url, others) == kept


def test_two_runs_at_once_take_turns(application_url: str) -> None:
    wrong: list[BaseException] = []

    def migrate() -> None:
        try:
            upgrade(application_url)
        except BaseException as error:  # noqa: BLE001 - told to the test
            wrong.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert _version(application_url) == _head()


def test_a_table_that_is_in_use_is_waited_for(application_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "LOCK_TIMEOUT_SECONDS", 60)
    with connect(application_url) as user, ThreadPoolExecutor(1) as pool:
        user.run("BEGIN")
        user.run("LOCK TABLE transcript IN ACCESS SHARE MODE")
        upgrading = pool.submit(upgrade, application_url)
        _wait_until_blocked(application_url, upgrading)
        user.run("COMMIT")
        upgrading.result()
    assert _version(application_url) == _head()


def test_a_table_that_is_in_use_for_longer_is_tried_again(
    application_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody else queues behind a waiting ALTER TABLE, so it gives up soon."""
    monkeypatch.setattr(migration, "LOCK_TIMEOUT_SECONDS", 0.1)
    with connect(application_url) as user:
        user.run("BEGIN")
        user.run("LOCK TABLE transcript IN ACCESS SHARE MODE")
        pauses = _pauses(monkeypatch, lambda: user.run("COMMIT") if len(pauses) == 2 else None)
        upgrade(application_url)
    assert pauses == [1, 2]
    assert _version(application_url) == _head()


def _pauses(monkeypatch: pytest.MonkeyPatch, in_each: Callable[[], object] = lambda: None) -> list[float]:
    """The migration's pauses, none of which takes any time."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        in_each()

    monkeypatch.setattr(migration, "time", SimpleNamespace(sleep=pause))
    return pauses


def test_a_table_that_stays_in_use_fails_the_run_and_leaves_the_last_whole_revision(
    application_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "LOCK_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(migration, "TRIES", 2)
    pauses = _pauses(monkeypatch)
    with connect(application_url) as user:
        user.run("BEGIN")
        user.run("LOCK TABLE transcript IN ACCESS SHARE MODE")
        with pytest.raises(DBAPIError) as caught:
            upgrade(application_url)
        assert sqlstate(caught.value.orig) == "55P03"
        assert pauses == [1]
        assert _version(application_url) == "0001"
        user.run("ROLLBACK")
    upgrade(application_url)
    assert _version(application_url) == _head()


def test_a_deadlock_with_the_application_is_tried_again(application_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = command.upgrade, []

    def deadlock(config: Config, revision: str) -> None:
        tries.append(revision)
        if len(tries) == 1:
            config.attributes["connection"].exec_driver_sql(
                "DO $$ BEGIN RAISE 'invented' USING ERRCODE = '40P01'; END $$"
            )
        real(config, revision)

    monkeypatch.setattr(command, "upgrade", deadlock)
    upgrade(application_url)
    assert len(tries) == 2
    assert _version(application_url) == _head()


def test_a_database_ahead_of_this_code_is_left_as_it_is(database_url: str) -> None:
    run(database_url, "UPDATE autopulse_calls_version SET version_num = '9999'; ALTER TABLE call ADD COLUMN later int")
    before = run(database_url, SCHEMA)
    upgrade(database_url)
    assert run(database_url, SCHEMA) == before
    assert _version(database_url) == "9999"


def test_a_failing_migration_says_so_and_gives_up_its_turn(empty_database_url: str) -> None:
    run(empty_database_url, "CREATE TABLE autopulse_calls_version (version_num text); CREATE TABLE call (id integer)")
    run(empty_database_url, "INSERT INTO autopulse_calls_version VALUES ('0001')")
    with pytest.raises(DBAPIError) as caught:
        upgrade(empty_database_url)
    assert sqlstate(caught.value.orig) == "42703"
    with connect(empty_database_url) as other:
        assert other.run(f"SELECT pg_try_advisory_lock({migration.LOCK_KEY})") == [[True]]


def test_a_killed_migration_says_so_and_the_next_run_goes_on(
    application_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = command.upgrade

    def kill(config: Config, revision: str) -> None:
        run(
            application_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        real(config, revision)

    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", kill)
        with pytest.raises((DBAPIError, OSError)):
            upgrade(application_url)
    upgrade(application_url)
    assert _version(application_url) == _head()


class _Broken(Exception):
    """The run is over, for whatever reason."""


def test_a_run_that_breaks_off_after_any_statement_is_done_again(application_url: str, database_url: str) -> None:
    """Each of them once: what it did is there, and that it was done is perhaps not written down."""
    run(application_url, application.NARROW)
    with connect(application_url) as connection:
        for _ in range(3):
            application.make_call(connection)
        connection.run("INSERT INTO call_feedback (call_id, content) VALUES (1, 'Written again.')")
    executed: list[str] = []

    def break_off(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if _CHANGE.match(statement) and statement not in executed:
            executed.append(statement)
            raise _Broken

    event.listen(Engine, "after_cursor_execute", break_off)
    try:
        while True:
            try:
                upgrade(application_url)
            except _Broken:
                continue
            break
    finally:
        event.remove(Engine, "after_cursor_execute", break_off)
    assert len(executed) > 50
    assert run(application_url, SCHEMA) == run(database_url, SCHEMA)
    ours = [row for row in run(application_url, INDEX_LIST) if not row[0].startswith("alembic_version")]
    kept = [
        "ix_call_vapi_call_id",
        "CREATE UNIQUE INDEX ix_call_vapi_call_id ON public.call USING btree (vapi_call_id)",
    ]
    assert kept in ours, "the application's own, of all rows, does as well"
    assert [row for row in ours if row != kept] == [row for row in run(database_url, INDEX_LIST) if row[0] != kept[0]]
    assert run(application_url, "SELECT count(*), count(outcome) FROM call") == [[3, 3]]
    assert run(application_url, "SELECT count(*) FROM call_feedback") == [[3]]
    assert run(application_url, "SELECT count(*) FROM call_feedback_duplicate") == [[1]]


def test_the_roles_time_outs_are_set_for_whoever_connects_next(empty_database_url: str) -> None:
    def shown(name: str) -> Any:  # noqa: ANN401 - text
        return run(empty_database_url, f"SHOW {name}")[0][0]

    assert all(shown(name) != value for name, value in privileges.TIME_OUTS.items())
    upgrade(empty_database_url)
    assert {name: shown(name) for name in privileges.TIME_OUTS} == privileges.TIME_OUTS
