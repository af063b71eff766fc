"""The functions' roles may do what their statements need, and nothing else."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import pg8000.exceptions
import pytest

from autopulse.db import privileges
from autopulse.db.engine import sqlstate
from autopulse.db.migration import upgrade
from autopulse.db.prepared import PreparingConnection
from autopulse.db.privileges import (
    CALLER_PRIVILEGES,
    ERASER_PRIVILEGES,
    PRIVILEGES,
    READER_PRIVILEGES,
    WRITER_PRIVILEGES,
    FunctionsRole,
)
from autopulse.db.queries.connection import PlanningConnection
from autopulse.operations import prune, unlink
from local.postgres import CALLER, ERASER, FUNCTIONS, READER, WRITER
from tests.conftest import ROLES
from tests.harness import Context, engine_for
from tests.integration.api.client import Api
from tests.integration.migrations.application import run
from tests.integration.pipeline import ORGANIZATION, Pipeline
from tests.integration.statements import (
    let_alerts_speak,
    let_callers_speak,
    let_consumers_speak,
    let_erasures_speak,
    let_sweeps_speak,
    let_writers_speak,
    noting,
)

DENIED: Final = "42501"
READ_ONLY: Final = "25006"
FORBIDDEN: Final = (
    "TRUNCATE call",
    "TRUNCATE webhook_event",
    "DROP TABLE vapi_call",
    "ALTER TABLE call ADD COLUMN mine text",
    "CREATE TABLE mine (id integer)",
    "CREATE ROLE mine",
    "UPDATE call SET service_record_id = NULL",
    "UPDATE call SET campaign_id = NULL",
    "INSERT INTO call (campaign_id) VALUES (1)",
    "UPDATE call_feedback SET call_id = 1",
    "UPDATE call_incident SET call_id = 1",
    "UPDATE service_record SET customer_phone = ''",
    "INSERT INTO service_record (customer_name) VALUES ('Somebody')",
    "DELETE FROM service_record",
    "UPDATE organization SET name = 'Elsewhere'",
    "INSERT INTO organization VALUES (gen_random_uuid(), 'Mine')",
    'UPDATE "user" SET organization_id = NULL',
    "UPDATE campaign SET status = 'Over'",
    "INSERT INTO vapi_number VALUES ('mine', NULL, true)",
    "UPDATE webhook_event SET outcome = 'lost'",
    "SELECT * FROM call_feedback_duplicate",
    "SELECT * FROM autopulse_calls_version",
    "UPDATE autopulse_calls_version SET version_num = '0001'",
    "SELECT rolpassword FROM pg_authid",
    "COPY call TO PROGRAM 'cat'",
)


WRITES: Final = (
    "INSERT INTO call (organization_id) VALUES (NULL)",
    "UPDATE call SET status = 'Completed'",
    "DELETE FROM call",
    "UPDATE transcript SET content = ''",
    "DELETE FROM webhook_event",
    "INSERT INTO call_incident (call_id, kind, occurred_at) VALUES (1, 'stall', now())",
    "SELECT 1 FROM call FOR UPDATE",
    "SELECT nextval(pg_get_serial_sequence('call', 'id'))",
    "SELECT ignored FROM vapi_number",
    "SELECT * FROM service_record_original",
    "SELECT sha256 FROM call_recording",
)
"""What the read API's role may not do besides: all but one would be the consumers' to do."""


@pytest.mark.parametrize("statement", [*FORBIDDEN, *WRITES])
def test_who_reads_can_do_nothing_but_read(statement: str, module_functions_url: str) -> None:
    """Neither as its sessions begin, nor in one that has been talked into writing."""
    as_reader = module_functions_url.replace(f"//{FUNCTIONS}:", f"//{READER}:")
    for before in ("", "SET TRANSACTION READ WRITE; "):
        with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
            run(as_reader, f"{before}{statement}")
        assert sqlstate(caught.value) in ({DENIED} if before else {DENIED, READ_ONLY})


def test_the_reader_is_an_ordinary_role(module_functions_url: str) -> None:
    as_reader = module_functions_url.replace(f"//{FUNCTIONS}:", f"//{READER}:")
    attributes = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
    assert run(as_reader, f"SELECT {attributes} FROM pg_roles WHERE rolname = current_user") == [[False] * 5]  # noqa: S608 - constants
    assert run(as_reader, "SHOW transaction_read_only") == [["on"]]
    assert run(as_reader, f"SELECT pg_has_role('{READER}', '{FUNCTIONS}', 'MEMBER')") == [[False]]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_it_can_do_nothing_else(statement: str, module_functions_url: str) -> None:
    with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
        run(module_functions_url, statement)
    assert sqlstate(caught.value) == DENIED


def test_it_is_an_ordinary_role(module_functions_url: str) -> None:
    attributes = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
    assert run(module_functions_url, f"SELECT {attributes} FROM pg_roles WHERE rolname = current_user") == [[False] * 5]  # noqa: S608 - constants
    owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
    assert run(module_functions_url, owned) == [[0]]


@pytest.fixture
def statements(pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Everything that the functions have to say to the database, with $1 for its first parameter."""
    said: set[str] = set()
    for connection_type in (PreparingConnection, PlanningConnection):
        monkeypatch.setattr(connection_type, "execute_prepared", noting(connection_type.execute_prepared, said))
    let_consumers_speak(pipeline)
    let_sweeps_speak()
    let_writers_speak(pipeline)
    let_alerts_speak(pipeline)
    let_callers_speak(pipeline)
    assert prune.handler({}, Context(300)) == {"pruned": 11}
    (linked,) = pipeline.rows("SELECT min(call_id) AS call_id, min(vapi_call_id) AS vapi_call_id FROM vapi_call")
    unlink.handler(linked | {"unlink": True})
    api = Api(module_database_url, monkeypatch)
    _let_readers_ask(api)
    api.close()
    return said


@pytest.fixture
def questions(pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Everything that the read API has to say to the database."""
    let_consumers_speak(pipeline)
    said: set[str] = set()
    execute = PlanningConnection.execute_prepared
    monkeypatch.setattr(PlanningConnection, "execute_prepared", noting(execute, said))
    api = Api(module_database_url, monkeypatch)
    _let_readers_ask(api)
    api.close()
    return said


def _let_readers_ask(api: Api) -> None:
    everything = {"customer": "dana", "advisor": "x", "campaign": 1, "from_": "2026-11-02T15:00:00Z"}
    (call,) = api.database.run("SELECT max(id) FROM call")[0]
    (follow_up,) = api.database.run("SELECT max(id) FROM follow_up")[0]
    for path, query in (
        ("/calls", everything),
        ("/calls", {"q": "wait"}),
        ("/me", {}),
        (f"/calls/{call}", {}),
        (f"/calls/{call}/transcript", {}),
        (f"/calls/{call}/recording", {}),
        ("/feedback", {"text": "wait", "nps_category": "promoter"}),
        ("/feedback/summary", {"period": "day", "group": "campaign"}),
        ("/feedback/summary", {"period": "day", "group": "advisor"}),
        ("/quality/summary", {}),
        ("/follow-ups", {"campaign": 1, "advisor": "x"}),
        (f"/follow-ups/{follow_up}", {}),
        ("/follow-ups/summary", {}),
        (f"/pings/{'a' * 64}", {}),
    ):
        api.get(path, ORGANIZATION, **query)


def _each_privilege(privileges: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[tuple[str, str]]:
    """Each privilege, with its table."""
    for table, of_table in privileges.items():
        for right, columns in of_table.items():
            yield from ((f'{right} ("{column}") ON "{table}"', table) for column in columns)
            if not columns:
                yield f'{right} ON "{table}"', table


def _needless(
    pipeline: Pipeline, statements: set[str], role: str, privileges: Mapping[str, Mapping[str, Sequence[str]]]
) -> list[str]:
    """The privileges of a role without which all its statements are accepted still."""
    assert not _is_refused(pipeline, statements, "", role)
    needless = []
    for right, table in _each_privilege(privileges):
        # The first refusal ends the search, so statements that may need the privilege and are short come first.
        likely = sorted((table not in statement, len(statement), statement) for statement in statements)
        if not _is_refused(pipeline, [one[-1] for one in likely], f"REVOKE {right} FROM {role}", role):
            needless.append(right)
    return needless


def test_no_right_is_one_too_many(statements: set[str], pipeline: Pipeline) -> None:
    """Each is taken away for a moment; then one statement at least has to be refused."""
    assert len(statements) > 15
    assert _needless(pipeline, statements, FUNCTIONS, PRIVILEGES) == []


def test_no_right_of_the_reader_is_one_too_many(questions: set[str], pipeline: Pipeline) -> None:
    assert len(questions) >= 8
    assert _needless(pipeline, questions, READER, READER_PRIVILEGES) == []


@pytest.fixture
def changes(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Everything that the follow-ups' function has to say to the database."""
    said: set[str] = set()
    execute = PreparingConnection.execute_prepared
    monkeypatch.setattr(PreparingConnection, "execute_prepared", noting(execute, said))
    let_writers_speak(pipeline)
    return said


def test_no_right_of_who_changes_follow_ups_is_one_too_many(changes: set[str], pipeline: Pipeline) -> None:
    assert len(changes) >= 7
    assert _needless(pipeline, changes, WRITER, WRITER_PRIVILEGES) == []


@pytest.fixture
def erasures(pipeline: Pipeline, module_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Everything that the function of erasures has to say to the database."""
    said: set[str] = set()
    execute = PreparingConnection.execute_prepared
    monkeypatch.setattr(PreparingConnection, "execute_prepared", noting(execute, said))
    database = engine_for(module_database_url, ERASER)
    let_erasures_speak(pipeline, database)
    yield said
    database.dispose()


def test_no_right_of_who_erases_is_one_too_many(erasures: set[str], pipeline: Pipeline) -> None:
    assert len(erasures) >= 20
    assert _needless(pipeline, erasures, ERASER, ERASER_PRIVILEGES) == []


@pytest.mark.parametrize(
    "statement",
    [
        *(one for one in FORBIDDEN if "customer_phone" not in one and "call_feedback_duplicate" not in one),
        "DELETE FROM call",
        "UPDATE call SET nps_score = 10",
        "UPDATE call SET outcome = 'reached'",
        "UPDATE vapi_call SET vapi_call_id = ''",
        "SELECT content FROM transcript",
        "SELECT content FROM call_feedback",
        "SELECT note FROM follow_up",
        "INSERT INTO call_words (call_id) VALUES (1)",
        "SELECT * FROM call_feedback_duplicate",
        "DELETE FROM erased_call",
        "DELETE FROM erasure",
        "UPDATE erasure SET requested_by = 'nobody'",
        "DELETE FROM webhook_event",
    ],
)
def test_who_erases_can_do_nothing_else(statement: str, module_functions_url: str) -> None:
    as_eraser = module_functions_url.replace(f"//{FUNCTIONS}:", f"//{ERASER}:")
    with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
        run(as_eraser, statement)
    assert sqlstate(caught.value) == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        *FORBIDDEN,
        "UPDATE call SET status = 'Completed'",
        "DELETE FROM follow_up",
        "UPDATE follow_up SET opened_at = now()",
        "UPDATE follow_up SET organization_id = NULL",
        "UPDATE follow_up_entry SET note = ''",
        "DELETE FROM follow_up_entry",
        "UPDATE organization_setting SET hours_to_answer = 1",
        "SELECT content FROM transcript",
        "SELECT customer_number FROM call",
        "SELECT customer_name FROM service_record",
        "SELECT 1 FROM call_feedback",
        "UPDATE saved_view SET subject = 'somebody-else'",
        "UPDATE saved_view SET organization_id = NULL",
    ],
)
def test_who_changes_follow_ups_can_do_nothing_else(statement: str, module_functions_url: str) -> None:
    as_writer = module_functions_url.replace(f"//{FUNCTIONS}:", f"//{WRITER}:")
    with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
        run(as_writer, statement)
    assert sqlstate(caught.value) == DENIED


@pytest.fixture
def answers(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Everything that the callers' function has to say to the database."""
    said: set[str] = set()
    execute = PreparingConnection.execute_prepared
    monkeypatch.setattr(PreparingConnection, "execute_prepared", noting(execute, said))
    let_callers_speak(pipeline)
    return said


def test_no_right_of_who_answers_callers_is_one_too_many(answers: set[str], pipeline: Pipeline) -> None:
    assert len(answers) >= 9
    assert _needless(pipeline, answers, CALLER, CALLER_PRIVILEGES) == []


@pytest.mark.parametrize(
    "statement",
    [
        *FORBIDDEN,
        "UPDATE call SET status = 'Completed'",
        "DELETE FROM call",
        "UPDATE suppression SET reason = 'nothing'",
        "INSERT INTO call (nps_score) VALUES (10)",
        "SELECT content FROM transcript",
        "SELECT 1 FROM call_feedback",
        "SELECT feedback FROM service_record",
        "SELECT 1 FROM follow_up",
    ],
)
def test_who_answers_callers_can_do_nothing_else(statement: str, module_functions_url: str) -> None:
    as_caller = module_functions_url.replace(f"//{FUNCTIONS}:", f"//{CALLER}:")
    with pytest.raises(pg8000.exceptions.DatabaseError) as caught:
        run(as_caller, statement)
    assert sqlstate(caught.value) == DENIED


def test_the_reader_reads_what_the_functions_read_and_no_more() -> None:
    """The read API is the functions' role where it has no password of its own."""
    wide = {table: of_table["SELECT"] for table, of_table in PRIVILEGES.items() if "SELECT" in of_table}
    for table, of_table in READER_PRIVILEGES.items():
        assert set(of_table) == {"SELECT"}
        assert not wide[table] or set(of_table["SELECT"]) <= set(wide[table])
        assert not wide[table] or of_table["SELECT"], "not the whole of what they read in part"


def _is_refused(pipeline: Pipeline, statements: Iterable[str], change: str, role: str) -> bool:
    """Return whether the role may not execute one of the statements; planning them looks at its privileges."""
    pipeline.database.run(f"BEGIN; {change}; SET LOCAL ROLE {role}")
    states = (_state_of(pipeline, f"EXPLAIN (GENERIC_PLAN) {statement}") for statement in statements)
    refused = next((state for state in states if state), "")
    pipeline.database.run("ROLLBACK")
    assert refused in {"", DENIED}
    return refused == DENIED


def _state_of(pipeline: Pipeline, statement: str) -> str:
    try:
        pipeline.database.execute_simple(statement)
    except pg8000.exceptions.DatabaseError as error:
        return str(sqlstate(error))
    return ""


def _shown(url: str, role: str) -> dict[str, str]:
    """The settings of a role's sessions in the database."""
    rows = run(
        url,
        "SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = CAST(:role AS regrole) AND setdatabase ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())",
        role=role,
    )
    return dict(row[0].split("=", 1) for row in rows)


def test_their_waits_are_limited_and_the_owners_are_not(empty_database_url: str) -> None:
    upgrade(empty_database_url, *ROLES)
    assert _shown(empty_database_url, FUNCTIONS) == (privileges.TIME_OUTS | privileges.PLANNING | privileges.ONE_PLAN)
    assert _shown(empty_database_url, READER) == privileges.TIME_OUTS | privileges.PLANNING | privileges.READ_ONLY
    assert _shown(empty_database_url, WRITER) == privileges.TIME_OUTS | privileges.PLANNING
    answering = privileges.ANSWER_TIME_OUTS | privileges.PLANNING | privileges.ONE_PLAN
    assert _shown(empty_database_url, CALLER) == answering
    assert _shown(empty_database_url, ERASER) == privileges.TIME_OUTS | privileges.PLANNING
    assert _shown(empty_database_url, "autopulse") == {}


@pytest.fixture
def new_role(empty_database_url: str) -> Iterator[str]:
    """The name of a role that is not there."""
    name = f"functions_{uuid.uuid4().hex}"
    yield name
    run(empty_database_url, f"GRANT {name} TO autopulse; DROP OWNED BY {name}; DROP ROLE {name}")


def test_the_role_is_made_where_there_is_none_and_a_second_run_changes_nothing(
    empty_database_url: str, new_role: str
) -> None:
    acl = "SELECT relname, relacl::text FROM pg_class WHERE relkind IN ('r', 'S') ORDER BY relname"
    upgrade(empty_database_url, FunctionsRole(new_role, by_iam=False))
    made = run(empty_database_url, acl)
    upgrade(empty_database_url, FunctionsRole(new_role, by_iam=False))
    assert run(empty_database_url, acl) == made
    assert run(empty_database_url, "SELECT rolcanlogin FROM pg_roles WHERE rolname = :name", name=new_role) == [[True]]


def _may(url: str, role: str, right: str, table: str) -> bool:
    return bool(
        run(url, "SELECT has_any_column_privilege(:role, :table, :right)", role=role, table=table, right=right)[0][0]
    )


def test_a_right_that_somebody_added_is_taken_back(database_url: str) -> None:
    run(database_url, f"GRANT INSERT ON vapi_number TO {FUNCTIONS}; GRANT UPDATE (name) ON campaign TO {FUNCTIONS}")
    upgrade(database_url, FunctionsRole(FUNCTIONS, by_iam=False))
    assert not _may(database_url, FUNCTIONS, "INSERT", "vapi_number")
    assert not _may(database_url, FUNCTIONS, "UPDATE", "campaign")
    assert _may(database_url, FUNCTIONS, "SELECT", "campaign")


def test_a_right_to_write_that_somebody_gave_the_reader_is_taken_back(database_url: str) -> None:
    run(database_url, f"GRANT ALL ON call, vapi_number TO {READER}")
    upgrade(database_url, *ROLES)
    assert [right for right in ("INSERT", "UPDATE") if _may(database_url, READER, right, "call")] == []
    assert _may(database_url, READER, "SELECT", "call")
    assert not _may(database_url, READER, "SELECT", "vapi_number")


def test_with_iam_it_becomes_one_of_those_who_come_with_tokens(empty_database_url: str, new_role: str) -> None:
    """RDS has the role `rds_iam`, no other server does."""
    member = "SELECT count(*) FROM pg_auth_members WHERE member = CAST(:name AS regrole)::oid AND NOT admin_option"
    for_iam = FunctionsRole(new_role, by_iam=True)
    upgrade(empty_database_url, for_iam)
    assert run(empty_database_url, member, name=new_role) == [[0]]
    run(empty_database_url, "CREATE ROLE rds_iam")
    try:
        upgrade(empty_database_url, FunctionsRole(new_role, by_iam=False))
        assert run(empty_database_url, member, name=new_role) == [[0]]
        for _ in range(2):
            upgrade(empty_database_url, for_iam)
            assert run(empty_database_url, member, name=new_role) == [[1]]
    finally:
        run(empty_database_url, "DROP ROLE rds_iam")


def test_where_nobody_may_enter_unasked_it_is_let_in(empty_database_url: str, new_role: str) -> None:
    name = empty_database_url.rpartition("/")[2]
    run(empty_database_url, f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC')
    upgrade(empty_database_url, FunctionsRole(new_role, by_iam=False))
    into_both = "has_database_privilege(:role, :name, 'CONNECT') AND has_schema_privilege(:role, 'public', 'USAGE')"
    assert run(empty_database_url, f"SELECT {into_both}", role=new_role, name=name) == [[True]]


def test_an_owner_of_the_tables_keeps_all_privileges(database_url: str) -> None:
    upgrade(database_url, FunctionsRole("autopulse", by_iam=False))
    run(database_url, "DELETE FROM call; SELECT * FROM call_feedback_duplicate")


def test_a_database_that_is_ahead_keeps_the_privileges_that_it_has(database_url: str) -> None:
    """The newer code, which still runs, may need more than ours did."""
    run(database_url, "UPDATE autopulse_calls_version SET version_num = '9999'")
    run(database_url, f"GRANT INSERT ON vapi_number TO {FUNCTIONS}")
    upgrade(database_url, FunctionsRole(FUNCTIONS, by_iam=False))
    assert _may(database_url, FUNCTIONS, "INSERT", "vapi_number")
