import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from autopulse.api.resolver import route_of
from autopulse.auth import authorizer
from autopulse.auth.principal import principal_of
from autopulse.auth.services import Services
from autopulse.errors import Refused
from autopulse.ingress.request import read_delivery
from autopulse.reconciliation.request_reading import read_request
from autopulse.reconciliation.requests import CallRequest
from autopulse.reconciliation.services import GROUP
from autopulse.settings import AuthSettings
from autopulse.vapi.routes import KINDS
from autopulse.vapi.signature import verify
from autopulse.vapi.webhook_credentials import read_credentials
from local.deploy import SAMPLE_SECRET
from local.events import EVENTS, WEBHOOKS, make_events, read_webhooks, render
from local.issuer import AUDIENCE, ISSUER, ORGANIZATION_CLAIM, SAMPLE_EXPIRES_AT, Issuer
from local.simulator.application_rows import ORGANIZATION_ID, SAMPLE_CALLS
from local.simulator.webhook_factory import CANARY
from local.stack_paths import StackPaths
from tests.contract.stack import ids_of, source
from tests.harness import start_anew

MADE = make_events()
GATEWAY = [file for file in sorted((EVENTS / "apigw").glob("*.json")) if file.stem in {*read_webhooks(), "unsigned"}]
CREDENTIALS = read_credentials(
    json.dumps({"credentials": [{"kind": kind, "secret": SAMPLE_SECRET} for kind in ("shared-secret", "hmac")]})
).usable


def test_the_events_are_what_their_webhooks_make() -> None:
    written = {file: file.read_text() for file in EVENTS.rglob("*.json") if file.parent != WEBHOOKS}
    assert written == {file: render(event) for file, event in MADE.items()}, "make events writes them anew"


@pytest.mark.parametrize("file", GATEWAY, ids=lambda file: file.stem)
def test_a_gateway_event_carries_its_webhook_and_an_accepted_signature(file: Path) -> None:
    delivery = read_delivery(json.loads(file.read_text()))
    now = datetime.now(timezone.utc)
    if file.stem == "unsigned":
        with pytest.raises(Refused):
            verify(CREDENTIALS, delivery, now)
    else:
        assert delivery.body == read_webhooks()[file.stem]
        verify(CREDENTIALS, delivery, now)


def test_every_function_has_a_sample_event() -> None:
    folders = {
        logical_id: Path(source()["Resources"][logical_id]["Properties"]["CodeUri"]).name
        for logical_id in ids_of("AWS::Lambda::Function")
    }
    samples = {file.stem for file in MADE} | {"verifier"}
    assert set(folders.values()) <= samples


def test_the_fetchers_event_has_a_request_of_the_one_group() -> None:
    (record,) = MADE[EVENTS / "sqs" / "fetcher.json"]["Records"]
    assert isinstance(read_request(record["body"]), CallRequest)
    assert record["attributes"]["MessageGroupId"] == GROUP


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_has_only_records_of_its_queue(kind: str) -> None:
    records = _records(kind)
    assert records
    assert {json.loads(record["body"])["kind"] for record in records} == {kind}
    assert {record["messageAttributes"]["kind"]["stringValue"] for record in records} == {kind}


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_names_only_calls_that_a_local_stack_has(kind: str) -> None:
    bodies = [json.loads(record["body"]) for record in _records(kind)]
    ours = {body["call_id"] for body in bodies} - {None}
    assert ours <= set(SAMPLE_CALLS)
    without = [body for body in bodies if body["call_id"] is None and body["vapi_call_id"] is not None]
    inbound = {body["vapi_call_id"] for body in without if body["message"]["call"].get("type") == "inboundPhoneCall"}
    assert {body["vapi_call_id"] for body in without} - inbound <= set(SAMPLE_CALLS.values())


def test_the_webhooks_have_secrets_and_the_batches_have_none() -> None:
    assert sum(CANARY in content.decode() for content in read_webhooks().values()) > len(KINDS)
    assert all(CANARY not in json.dumps(MADE[_file(kind)]) for kind in KINDS)


def _records(kind: str) -> list[Mapping[str, Any]]:
    return list(MADE[_file(kind)]["Records"])


def _file(kind: str) -> Path:
    return EVENTS / "sqs" / f"{kind}.json"


def test_the_authorizers_event_carries_a_token_that_every_local_stack_accepts(
    tmp_path: Path,
) -> None:
    issuer = Issuer(StackPaths(tmp_path, 0, 0, ""))
    settings = AuthSettings(
        ISSUER, AUDIENCE, "", issuer.jwks, ORGANIZATION_CLAIM, "", frozenset(), "", "", "", frozenset()
    )
    services = start_anew(Services(), settings=settings)
    answer = authorizer.handle(services, MADE[EVENTS / "apigw" / "authorizer.json"])
    assert answer["context"]["organization_id"] == ORGANIZATION_ID
    assert answer["context"]["expires_at"] == str(SAMPLE_EXPIRES_AT)


def test_the_apis_event_is_of_the_reader_that_the_authorizer_finds() -> None:
    event = MADE[EVENTS / "apigw" / "api.json"]
    principal = principal_of(event)
    assert (principal.organization_id, principal.expires_at) == (ORGANIZATION_ID, SAMPLE_EXPIRES_AT)
    assert route_of(event["path"]) == "/v1/calls"
