"""`docs/events.md` and the schemas beside it say what the code publishes; consumers are held to them by
tests/integration/live/test_published_events.py.
"""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from autopulse.consumers import publisher
from autopulse.db.transcripts import FRAGMENT
from autopulse.domain.events import CallEventType
from autopulse.domain.lists import CONVERSATION, REPORT
from autopulse.domain.outcome import Outcome
from autopulse.domain.status import COMPLETED
from autopulse.live import protocol
from autopulse.live.connections import MAX_TOPICS
from autopulse.vapi.status_words import STATUS_OF_WORD
from local.live_events import make_live_events
from tests.contract.stack import ROOT

PAGE = (ROOT / "docs/events.md").read_text()
TYPES = [call_event_type.value for call_event_type in CallEventType]


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / f"docs/events/{name}.schema.json").read_text()))


def changed(name: str) -> dict[str, Any]:
    return dict(schema(name)["properties"]["changed"]["properties"])


def test_every_event_has_a_schema_and_no_schema_is_left_over() -> None:
    assert {file.name.removesuffix(".schema.json") for file in (ROOT / "docs/events").iterdir()} == set(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_a_schema_is_one_of_this_event_and_version(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["title"] == name
    assert schema(name)["properties"]["version"]["const"] == publisher.VERSION
    assert set(schema(name)["required"]) == set(schema(name)["properties"])


@pytest.mark.parametrize("name", TYPES)
def test_the_page_names_every_field(name: str) -> None:
    assert f"(events/{name}.schema.json)" in PAGE
    fields = {*schema(name)["properties"], *changed(name)}
    assert [field for field in fields if f"`{field}`" not in PAGE] == []


def test_the_schemas_know_every_word_that_we_write() -> None:
    assert set(changed("CallStatusChanged")["status"]["enum"]) == {*STATUS_OF_WORD.values(), COMPLETED}
    assert set(changed("CallCompleted")["outcome"]["enum"]) == {*(outcome.value for outcome in Outcome), None}
    assert set(changed("TranscriptUpdated")["source"]["enum"]) == {REPORT, CONVERSATION, FRAGMENT}


def test_the_page_names_the_source_and_every_word_of_the_protocol() -> None:
    assert f"`{publisher.SOURCE}`" in PAGE
    assert [action for action in protocol.ACTIONS if f'{{"action": "{action}"' not in PAGE] == []
    assert f"{MAX_TOPICS} topics at most" in PAGE
    texts = [
        protocol.subscribed(protocol.Topic()),
        protocol.subscribed(protocol.Topic(15)),
        protocol.pong(),
        protocol.expired(),
    ]
    assert [text for text in texts if json.dumps(json.loads(text)) not in PAGE] == []


def test_the_sample_is_an_event_of_the_schema() -> None:
    (record,) = make_live_events({"requestContext": {}})["sqs/broadcaster.json"]["Records"]
    sample = json.loads(record["body"])
    Draft202012Validator(schema(sample["detail-type"])).validate(sample["detail"])
