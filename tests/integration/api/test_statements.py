"""Each request asks the database once, whatever it asks for and however much there is."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import event

from tests.integration.api.client import Api

START = datetime(2026, 11, 2, 15, tzinfo=timezone.utc)


@pytest.fixture
def statements(api: Api) -> Iterator[list[str]]:
    asked: list[str] = []
    api.get("/calls")  # connects

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = api.services.engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("calls", [0, 1, 30])
def test_every_route_asks_once(api: Api, statements: list[str], calls: int) -> None:
    for place in range(calls):
        call = api.call(start_time=START + timedelta(minutes=place), recording_url="https://recordings.example.com/1")
        api.feedback(call)
        api.insert("transcript", call_id=call, role="human", content="yes", timestamp=START)
    first = api.database.run("SELECT coalesce(min(id), 1) FROM call")[0][0]
    questions: list[tuple[str, dict[str, object]]] = [
        ("/calls", {}),
        ("/calls", {"customer": "dana", "advisor": "x", "campaign": 1, "status": "Ended", "from_": START.isoformat()}),
        ("/calls", {"limit": 200, "order": "oldest"}),
        ("/calls.csv", {}),
        ("/calls/count", {}),
        ("/calls/count", {"customer": "dana", "to_come": "false"}),
        ("/me", {}),
        (f"/calls/{first}", {}),
        (f"/calls/{first}/transcript", {}),
        (f"/calls/{first}/recording", {}),
        ("/feedback", {"text": "wait", "nps_category": "promoter"}),
        ("/feedback.csv", {}),
        ("/feedback/summary", {}),
        ("/feedback/summary", {"period": "day", "group": "advisor"}),
        (f"/pings/{'a' * 64}", {}),
    ]
    for path, query in questions:
        statements.clear()
        api.get(path, **query)
        assert len(statements) == 1, path


def test_a_refused_request_asks_nothing(api: Api, statements: list[str]) -> None:
    statements.clear()
    for path, query in (("/calls", {"limit": "0"}), ("/calls", {"cursor": "x"}), ("/calls/0", {}), ("/nowhere", {})):
        api.get(path, **query)
    assert statements == []


def test_nothing_stays_prepared_on_the_server(api: Api) -> None:
    for _ in range(10):
        api.get("/calls", status="Ended")
    with api.services.engine.connect() as connected:
        rows = connected.exec_driver_sql("SELECT statement FROM pg_prepared_statements").all()
    assert rows == []


def test_readers_hold_no_transaction_open(api: Api) -> None:
    api.get("/calls")
    states = api.database.run(
        "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert states == [["idle"]]
