"""Each kind of message has all that belongs to a kind: model, apply, door, queues, samples."""

import importlib
import inspect
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from autopulse import settings
from autopulse.consumers import runner
from autopulse.consumers.news import Consumer
from autopulse.vapi import messages, routes
from tests.contract.stack import CONSUMERS, ROOT, environment, properties, resources


def _consumer(kind: str) -> Consumer[Any]:
    consumer: Consumer[Any] = importlib.import_module(f"autopulse.consumers.{CONSUMERS[kind][1]}").CONSUMER
    return consumer


def _samples(kind: str) -> list[dict[str, Any]]:
    content = json.loads((ROOT / f"events/sqs/{CONSUMERS[kind][1]}.json").read_text())
    return [dict(record) for record in content["Records"]]


def test_these_are_all_kinds() -> None:
    assert set(CONSUMERS) == set(settings.KINDS) == set(routes.KINDS.values())


@pytest.mark.parametrize("kind", settings.KINDS)
def test_a_kind_has_a_model_and_an_apply_of_its_own(kind: str) -> None:
    consumer = _consumer(kind)
    assert consumer.kind == kind
    assert issubclass(consumer.model, messages.Message)
    assert list(inspect.signature(consumer.apply).parameters) == ["session", "attempts"]
    others = [_consumer(other) for other in settings.KINDS if other != kind]
    assert consumer.model not in {other.model for other in others}
    assert consumer.apply not in {other.apply for other in others}


@pytest.mark.parametrize("kind", settings.KINDS)
def test_a_kinds_door_leads_to_its_consumer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handled: list[tuple[object, ...]] = []
    monkeypatch.setattr(runner, "handle", lambda *arguments: handled.append(arguments))
    event, context = {"Records": _samples(kind)}, object()
    importlib.import_module(f"functions.{CONSUMERS[kind][1]}.app").handler(event, context)
    assert handled == [(_consumer(kind), event, context)]


@pytest.mark.parametrize("kind", settings.KINDS)
def test_a_kind_has_a_queue_and_a_dead_letter_queue_that_its_function_knows(kind: str) -> None:
    prefix, folder = CONSUMERS[kind]
    function = f"{prefix}Function"
    assert resources()[f"{prefix}Queue"]["Type"] == resources()[f"{prefix}DeadLetterQueue"]["Type"] == "AWS::SQS::Queue"
    assert environment(function)["QUEUE_URL"] == {"Ref": f"{prefix}Queue"}
    assert environment(function)["DEAD_LETTER_QUEUE_URL"] == {"Ref": f"{prefix}DeadLetterQueue"}
    assert environment("VerifierFunction")[f"{kind.upper()}_QUEUE_URL"] == {"Ref": f"{prefix}Queue"}
    mapping = properties(f"{function}Queue")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [f"{prefix}Queue", "Arn"]}
    assert (ROOT / "functions" / folder / "app.py").is_file()


@pytest.mark.parametrize("kind", settings.KINDS)
def test_a_kinds_samples_are_read_by_its_model(kind: str) -> None:
    assert _samples(kind)
    for record in _samples(kind):
        envelope = messages.read_envelope(record["body"])
        message = _consumer(kind).read(envelope.message)
        messages.require_identity(envelope, message)
        assert routes.KINDS[message.type] == envelope.kind == kind
        assert record["messageAttributes"]["kind"]["stringValue"] == kind
        assert record["messageAttributes"]["event_id"]["stringValue"] == envelope.event_id


@pytest.mark.parametrize("kind", settings.KINDS)
def test_a_kinds_door_reads_no_environment_when_it_is_imported(kind: str) -> None:
    """An import that needs a variable would fail a deploy that has it wrong without saying which."""
    code = f"import functions.{CONSUMERS[kind][1]}.app as door; print(door.handler.__name__)"
    bare = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}"}
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], env=bare, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "handler\n", "")
