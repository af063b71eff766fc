"""The contenders: our consumers, the ORM with one transaction per webhook, and plain drivers with our statements."""

import io
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pg8000.dbapi
import psycopg
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from autopulse.consumers import runner
from autopulse.consumers.consumer import Consumer
from autopulse.db import engine as db_engine
from autopulse.db.models import Call, CallFeedback, Organization, ServiceRecord, Transcript
from autopulse.db.prepared import PreparingConnection
from local.postgres import FUNCTIONS, OWNER
from tests.benchmarks.workloads import SqsEvent
from tests.harness import Context, FakeServices, engine_for

ORGANIZATION: Final = UUID("00000000-0000-4000-8000-000000000001")
_ROLES: Final = {"user": "human", "bot": "assistant", "tool_calls": "tool", "tool_call_result": "tool_result"}
C = TypeVar("C", bound=pg8000.dbapi.Connection)
Statement = tuple[str, tuple[Any, ...]]
"""SQL and its parameters; without SQL, a commit."""


def services_for(database_url: str) -> FakeServices:
    """A consumer's services, of which only the database is real.

    The event bus is left out: in production it is a network request after the commit.
    """
    os.environ["POWERTOOLS_SERVICE_NAME"] = "benchmark"
    return FakeServices(engine=engine_for(database_url))


def fill(database_url: str, calls: int) -> None:
    """Insert what the application would have inserted: calls and their service records, numbered from 1."""
    engine = plain_engine(database_url)
    with engine.begin() as connection:
        connection.execute(insert(Organization).values(id=ORGANIZATION, name="Example Motors"))
        records = [
            {"organization_id": ORGANIZATION, "customer_name": "Someone Invented", "customer_phone": "+12025550100"}
        ] * calls
        connection.execute(insert(ServiceRecord), records)
        connection.execute(
            insert(Call),
            [
                {
                    "organization_id": ORGANIZATION,
                    "service_record_id": number,
                    "customer_number": "+12025550100",
                    "status": "Ready",
                }
                for number in range(1, calls + 1)
            ],
        )
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def plain_engine(database_url: str) -> Engine:
    """Return an unmodified SQLAlchemy engine on pg8000, with the same socket options."""
    return db_engine.engine_to(lambda: plain_connection(database_url))


def plain_connection(database_url: str, user: str = OWNER) -> pg8000.dbapi.Connection:
    """Return an unmodified pg8000 connection, with the same socket options."""
    return _connection_of(pg8000.dbapi.Connection, database_url, user)


def _connection_of(type_: type[C], database_url: str, user: str) -> C:
    parts = urlsplit(database_url)
    connection: C = type_(
        user,
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        sock=db_engine.open_socket(parts.hostname or "", parts.port or 5432),
        ssl_context=False,
    )
    return connection


def consume(consumer: Consumer[Any], services: FakeServices, event: SqsEvent) -> None:
    """Apply a batch with our handler, including logs and metrics; every record has to be applied."""
    with redirect_stdout(io.StringIO()):
        answer = runner.handle(consumer, services, event, Context())
    if answer["batchItemFailures"]:
        raise RuntimeError("the benchmark's records were not applied")


def record_statements(work: Callable[[], None]) -> tuple[float, list[Statement]]:
    """Do `work`; returns its seconds, and every statement that it sends, with its parameters."""
    sent: list[Statement] = []
    execute, commit = PreparingConnection.execute_prepared, PreparingConnection.commit

    def note(self: PreparingConnection, operation: str, args: Any, oids: Any) -> Any:  # noqa: ANN401 - pg8000's types
        sent.append((operation, tuple(args)))
        return execute(self, operation, args, oids)

    def note_commit(self: PreparingConnection) -> None:
        sent.append(("", ()))
        commit(self)

    PreparingConnection.execute_prepared, PreparingConnection.commit = note, note_commit  # type: ignore[method-assign]
    started = time.perf_counter()
    try:
        work()
    finally:
        PreparingConnection.execute_prepared, PreparingConnection.commit = execute, commit  # type: ignore[method-assign]
    return time.perf_counter() - started, sent


def replay(connection: Any, statements: list[Statement]) -> None:  # noqa: ANN401 - of any driver of DB-API
    """Executes the statements with a plain driver."""
    cursor = connection.cursor()
    for operation, parameters in statements:
        if operation:
            cursor.execute(operation, parameters)
        else:
            connection.commit()


def _prepared_connection(database_url: str) -> PreparingConnection:
    return _connection_of(PreparingConnection, database_url, FUNCTIONS)


class _PsycopgCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401 - psycopg's own types
        return super().execute(_doubled(query), params, **options)


@cache
def _doubled(statement: str) -> str:
    return re.sub("%(?!s)", "%%", statement)


def _psycopg_connection(database_url: str) -> Any:  # noqa: ANN401 - has no part in the product
    """psycopg 3 with its C extension; it prepares each statement on first use.

    It reads a percent sign as a placeholder also within quotes, where pg8000 does not.
    """
    parts = urlsplit(database_url)
    connection = psycopg.connect(
        host=parts.hostname,
        port=parts.port,
        dbname=parts.path.lstrip("/"),
        user=FUNCTIONS,
        password=unquote(parts.password or ""),
    )
    connection.prepare_threshold = 0
    connection.cursor_factory = _PsycopgCursor
    return connection


DRIVERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "floor": lambda database_url: plain_connection(database_url, FUNCTIONS),
    "prepared": _prepared_connection,
    "psycopg": _psycopg_connection,
}
"""The drivers that execute the identical statements: unmodified pg8000, pg8000 as the product uses it, psycopg 3."""


def store_status(engine: Engine, body: str) -> None:
    """Apply a status-update with one ORM transaction, as the application planned it: no receipt, facts or order."""
    envelope = json.loads(body)
    with Session(engine) as session:
        call = session.get_one(Call, envelope["call_id"])
        call.status = {"in-progress": "In Progress", "ended": "Completed"}[envelope["message"]["status"]]
        call.start_time = datetime.fromisoformat(envelope["occurred_at"])
        session.commit()


def store_report(engine: Engine, body: str) -> None:
    """Apply a report with one ORM transaction, as the application planned it: call, feedback, transcript, visit."""
    envelope = json.loads(body)
    message, data = envelope["message"], envelope["message"]["analysis"]["structuredData"]
    with Session(engine) as session:
        call = session.get_one(Call, envelope["call_id"])
        call.status, call.nps_score = "Completed", data["nps_score"]
        call.start_time = datetime.fromisoformat(message["startedAt"])
        call.end_time = datetime.fromisoformat(message["endedAt"])
        call.duration_sec = round(message["durationSeconds"])
        call.recording_url, call.feedback_summary = message["recordingUrl"], message["analysis"]["summary"]
        feedback = {name: "\n".join(data.get(name, ())) for name in ("detractors", "positives", "action_items")}
        session.add(CallFeedback(call_id=call.id, content=data["overall_feedback"], **feedback))
        session.add_all(
            Transcript(
                call_id=call.id,
                role=_ROLES[item["role"]],
                content=item["message"],
                timestamp=datetime.fromtimestamp(item["time"] / 1000).astimezone(),
            )
            for item in message["messages"]
        )
        record = session.get_one(ServiceRecord, call.service_record_id)
        record.status, record.feedback, record.rating = "Completed", data["overall_feedback"], data["nps_score"]
        session.commit()
