"""Each kind of message has all that belongs to a kind: model, apply, handler, queues, samples."""

import importlib
import inspect
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from autopulse.consumers import runner
from autopulse.consumers.registry import REGISTRY
from autopulse.consumers.services import Services
from autopulse.vapi import messages, routes
from tests.contract.stack import ROOT, environment, properties, resources

REGISTRY_MODULE = "autopulse.consumers.registry"


def _samples(kind: str) -> list[dict[str, Any]]:
    content = json.loads((ROOT / f"events/sqs/{kind}.json").read_text())
    return [dict(record) for record in content["Records"]]


def test_these_are_all_kinds() -> None:
    files = (ROOT / "shared/autopulse/consumers").glob("*.py")
    modules = {file.stem for file in files if "\nCONSUMER =" in file.read_text()}
    assert set(REGISTRY) == set(routes.KINDS) == modules
    assert sorted(type_name for kind in REGISTRY.values() for type_name in kind.types) == sorted(routes.KIND_BY_TYPE)


def test_the_registry_imports_no_consumer_before_one_is_asked_for() -> None:
    rows = "import __future__, autopulse.vapi.routes, dataclasses, importlib"
    loaded = [
        set(_run(f"import sys; {code}; print(*sys.modules)").split()) for code in (f"{rows}, {REGISTRY_MODULE}", rows)
    ]
    assert loaded[0] - loaded[1] == {"autopulse.consumers", REGISTRY_MODULE}


@pytest.mark.parametrize("kind", routes.KINDS)
def test_a_kind_has_a_model_and_an_apply_of_its_own(kind: str) -> None:
    consumer = REGISTRY[kind].consumer
    assert consumer.kind == kind
    assert consumer.model is getattr(messages, REGISTRY[kind].message)
    assert issubclass(consumer.model, messages.Message)
    assert list(inspect.signature(consumer.apply).parameters) == ["transaction", "attempts"]
    others = [REGISTRY[other].consumer for other in routes.KINDS if other != kind]
    assert consumer.model not in {other.model for other in others}
    assert consumer.apply not in {other.apply for other in others}


@pytest.mark.parametrize("kind", routes.KINDS)
def test_a_kinds_handler_runs_its_consumer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handled: list[tuple[object, ...]] = []
    monkeypatch.setattr(runner, "handle", lambda *arguments: handled.append(arguments))
    event, context = {"Records": _samples(kind)}, object()
    importlib.import_module(f"functions.{kind}.app").handler(event, context)
    consumer, services, *rest = handled[0]
    assert (consumer, rest, len(handled)) == (REGISTRY[kind].consumer, [event, context], 1)
    assert type(services) is Services
    assert vars(services) == {}, "nothing is made before it is needed"


@pytest.mark.parametrize("kind", routes.KINDS)
def test_a_kind_has_a_queue_and_a_dead_letter_queue_that_its_function_knows(kind: str) -> None:
    prefix = REGISTRY[kind].prefix
    function = f"{prefix}Function"
    assert resources()[f"{prefix}Queue"]["Type"] == resources()[f"{prefix}DeadLetterQueue"]["Type"] == "AWS::SQS::Queue"
    assert environment(function)["QUEUE_URL"] == {"Ref": f"{prefix}Queue"}
    assert environment(function)["DEAD_LETTER_QUEUE_URL"] == {"Ref": f"{prefix}DeadLetterQueue"}
    assert environment("VerifierFunction")[f"{kind.upper()}_QUEUE_URL"] == {"Ref": f"{prefix}Queue"}
    mapping = properties(f"{function}Queue")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [f"{prefix}Queue", "Arn"]}
    assert (ROOT / REGISTRY[kind].folder / "app.py").is_file()


@pytest.mark.parametrize("kind", routes.KINDS)
def test_a_kinds_samples_are_read_by_its_model(kind: str) -> None:
    assert _samples(kind)
    for record in _samples(kind):
        envelope = messages.read_envelope(record["body"])
        message = REGISTRY[kind].consumer.read(envelope.message)
        messages.require_identity(envelope, message)
        assert routes.KIND_BY_TYPE[message.type] == envelope.kind == kind
        assert record["messageAttributes"]["kind"]["stringValue"] == kind
        assert record["messageAttributes"]["event_id"]["stringValue"] == envelope.event_id


@pytest.mark.parametrize("kind", routes.KINDS)
def test_a_kinds_handler_reads_no_environment_when_it_is_imported(kind: str) -> None:
    """An import that needs a variable would fail a deploy that has it wrong without saying which."""
    assert _run(f"import functions.{kind}.app as app; print(app.handler.__name__)") == "handler"


def _run(code: str) -> str:
    """Return what Python prints, without any environment of ours."""
    bare = {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'shared'}"}
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], env=bare, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()
