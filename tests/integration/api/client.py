"""The read API in process, on a real database: readers of two organizations, and rows for them."""

import csv
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from autopulse import settings
from autopulse.api.resolver import handle
from autopulse.api.services import Services
from autopulse.db.queries.connection import PlanningConnection
from local.database import connect
from local.events import reading_event
from local.postgres import READER
from local.simulator import recordings
from tests.harness import Context, engine_for, start_anew

OURS: Final = "00000000-0000-4000-8000-00000000000a"
THEIRS: Final = "00000000-0000-4000-8000-00000000000b"
_EMPTY: Final = """
    DELETE FROM webhook_event; DELETE FROM call_incident; DELETE FROM call_feedback; DELETE FROM transcript;
    DELETE FROM vapi_call; DELETE FROM call; DELETE FROM service_record_original; DELETE FROM service_record;
    DELETE FROM campaign; DELETE FROM "user"; DELETE FROM organization
"""


@dataclass(frozen=True)
class Answer:
    """An answer of the API."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        return json.loads(self.text)

    @property
    def error(self) -> dict[str, str]:
        """The error, if the answer is nothing else."""
        assert self.headers["content-type"] == "application/json"
        (only,) = self.json.items()
        assert only[0] == "error"
        assert set(only[1]) - {"field"} == {"code", "message"}
        return dict(only[1])

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of a CSV file."""
        assert self.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(self.text.removeprefix("\ufeff"))))


class Api:
    """Sends requests as the gateway does, and inserts rows as the application and the consumers do."""

    def __init__(self, url: str, patch: pytest.MonkeyPatch) -> None:
        self.database = connect(url)
        # The user is neither the owner nor a writer, so that a missing privilege is found.
        self.services = start_anew(Services(), engine=engine_for(url, READER, PlanningConnection))
        patch.setenv("POWERTOOLS_SERVICE_NAME", "autopulse-test")
        patch.setenv("RECORDING_HOSTS", f"{recordings.HOST} *.r2.cloudflarestorage.com")
        settings.recording_hosts.cache_clear()

    def close(self) -> None:
        self.services.engine.dispose()
        settings.recording_hosts.cache_clear()
        self.database.close()

    def clear(self) -> None:
        """Empty all tables and insert two organizations."""
        self.database.run(_EMPTY)
        for organization, name in ((OURS, "Example Motors"), (THEIRS, "Other Motors")):
            self.database.run("INSERT INTO organization VALUES (:id, :name)", id=organization, name=name)

    def get(self, path: str, organization: object = OURS, **query: object) -> Answer:
        """Send a reader's GET; a trailing underscore of a parameter's name is removed, for `from_`."""
        return self.get_as({}, path, organization, **query)

    def get_as(self, who: dict[str, str], path: str, organization: object = OURS, **query: object) -> Answer:
        """Send the same, with more of the authorizer's context."""
        parameters = {name.rstrip("_"): str(value) for name, value in query.items()}
        context = {"organization_id": str(organization), "subject": "reader", "expires_at": str(int(time.time()) + 60)}
        return self.send(reading_event(f"/v1{path}", context | who, **parameters))

    def send(self, event: dict[str, Any]) -> Answer:
        answer = handle(self.services, event, Context(10))
        headers = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
        assert answer["isBase64Encoded"] is False
        return Answer(answer["statusCode"], headers, answer["body"])

    def ids(self, path: str, organization: object = OURS, **query: object) -> list[int]:
        """Return the calls of a list, in its order."""
        answer = self.get(path, organization, **query)
        assert answer.status == 200, answer.text
        return [item.get("id", item.get("call_id")) for item in answer.json["items"]]

    def pages(self, path: str, **query: object) -> list[list[int]]:
        """Return the calls of all pages of a list, page by page."""
        pages: list[list[int]] = []
        cursor: dict[str, object] = {}
        while not pages or cursor:
            answer = self.get(path, **query, **cursor)
            assert answer.status == 200, answer.text
            pages.append([item["id"] for item in answer.json["items"]])
            following = answer.json["next_cursor"]
            cursor = {"cursor": following} if following else {}
        return pages

    def insert(self, table: str, **values: object) -> int:
        """Insert a row; returns its id."""
        return int(self._insert(table, "id", values))

    def _insert(self, table: str, key: str, values: dict[str, object]) -> Any:  # noqa: ANN401 - any type
        names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
        statement = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING {key}"  # noqa: S608 - names of tests
        return self.database.run(statement, **values)[0][0]

    def call(self, organization: object = OURS, **values: object) -> int:
        """Insert a call; `start_time` may be a text."""
        usual: dict[str, object] = {
            "organization_id": organization,
            "customer_number": "+12025550101",
            "status": "Completed",
        }
        return self.insert("call", **(usual | values))

    def service_record(self, organization: object = OURS, **values: object) -> int:
        usual: dict[str, object] = {
            "organization_id": organization,
            "customer_name": "Testa Placeholder",
            "customer_phone": "+12025550101",
        }
        return self.insert("service_record", **(usual | values))

    def feedback(self, call_id: int, **values: object) -> None:
        self.insert("call_feedback", **{"call_id": call_id, "content": "Fine.", **values})

    def attempt(self, call_id: int, vapi_call_id: str, **values: object) -> None:
        """Insert Vapi's data of one attempt."""
        self._insert("vapi_call", "call_id", {"call_id": call_id, "vapi_call_id": vapi_call_id, **values})

    def quality(self, call_id: int, vapi_call_id: str, **values: object) -> None:
        """Insert how an attempt ran, as its report says."""
        usual: dict[str, object] = {"report_event_id": "e", "outputs_expected": 0, "outputs_lost": 0}
        self._insert("call_quality", "call_id", usual | {"call_id": call_id, "vapi_call_id": vapi_call_id, **values})

    def follow_up(self, call_id: int, organization: object = OURS, **values: object) -> int:
        """Insert the follow-up of a call; returns its id."""
        usual: dict[str, object] = {
            "organization_id": organization,
            "trigger": "score",
            "opened_at": "2026-11-02T15:00:00Z",
            "due_at": "2026-11-03T15:00:00Z",
        }
        return self.insert("follow_up", **(usual | {"call_id": call_id, **values}))

    def original(self, call_id: int, **values: object) -> None:
        """Insert what the application had written before the first message."""
        self._insert("call_original", "call_id", {"call_id": call_id, "status": "Completed", **values})

    def turn(self, call_id: int, text: str, **values: object) -> None:
        """Insert a turn, by default at midnight."""
        usual: dict[str, object] = {"role": "human", "timestamp": "2026-11-02T00:00:00Z"}
        self.insert("transcript", **(usual | {"call_id": call_id, "content": text, **values}))

    def receipt(self, event_id: str, **values: object) -> None:
        """Insert the receipt of an applied webhook."""
        usual: dict[str, object] = {"kind": "status_update", "type": "status-update", "outcome": "applied"}
        self._insert("webhook_event", "event_id", usual | {"event_id": event_id, **values})
