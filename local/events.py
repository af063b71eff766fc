"""Write `events/` from `events/webhooks`: the samples as each function's trigger delivers them.

`make events` runs it, and a test checks that the files are current. The output does not depend on the clock or on
random numbers.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from autopulse.alerts.messages import Alert, Channel, Step
from autopulse.auth.principal import Principal
from autopulse.erasures.messages import Outcome, Told
from autopulse.ingress.request import read_message
from autopulse.reconciliation.requests import CallRequest, Reason
from autopulse.recordings.requests import CopyRequest
from autopulse.vapi.envelope import Envelope, envelope_from
from autopulse.vapi.routes import KINDS, kind_of
from local.console import say
from local.deploy import SAMPLE_SECRET
from local.issuer import SAMPLE_EXPIRES_AT, SAMPLE_TOKEN
from local.live_events import make_live_events
from local.simulator.application_rows import ORGANIZATION_ID
from local.simulator.webhook_client import encode, sign
from local.stack_paths import PROJECT, REGION

EVENTS: Final = PROJECT / "events"
WEBHOOKS: Final = EVENTS / "webhooks"
_RECEIVED_AT: Final = datetime(2026, 11, 2, 17, tzinfo=timezone.utc)
_ACCOUNT: Final = "111122223333"
_VAPI_CALL_ID: Final = "00000000-0000-4000-8000-000000000005"
_PATH: Final = "/v1/webhooks/vapi-webhook"
_SENT_WITH_PLAIN_SECRET: Final = "ping"  # noqa: S105 - a file name
"""The webhook that is sent with the other credential, `X-Vapi-Secret`."""

Event = dict[str, Any]


def read_webhooks() -> dict[str, bytes]:
    """Return the sample webhooks as Vapi would send them, by name."""
    return {file.stem: encode(json.loads(file.read_text())) for file in sorted(WEBHOOKS.glob("*.json"))}


def make_events() -> dict[Path, Event]:
    """Return every file below `events/` except the webhooks, with its content."""
    webhooks = read_webhooks()
    gateway = {f"apigw/{name}.json": _signed(name, content) for name, content in webhooks.items()}
    unsigned = {"apigw/unsigned.json": gateway_event(webhooks["ping"], {})}
    readers = {
        "apigw/authorizer.json": _authorizer_event(),
        "apigw/api.json": _api_event(),
        "apigw/console.json": _console_event(),
    }
    batches = {f"sqs/{kind}.json": _batch(kind, found) for kind, found in _envelopes(webhooks).items()}
    others = {
        "sqs/recordings.json": _copy_request(),
        "sqs/alert_sender.json": {"Records": [_fifo_record("alert-requests", "1", _alert())]},
        "cloudformation/migrate.json": _custom_resource(),
        "schedule/prune.json": _scheduled("prune"),
        "apigw/follow_ups.json": _change_event(),
        "schedule/follow_ups.json": _scheduled("follow-ups"),
        "schedule/sweep.json": {"window": True},
        "operate/unlink.json": {"call_id": 1},
        "apigw/suppressions.json": _check_event(),
        "operate/callers.json": _caller(),
        "sqs/erasures.json": {"Records": [_record("erasures", 0, _told(), {})]},
    }
    batches["sqs/fetcher.json"] = {"Records": [_fifo_record("vapi-requests", "vapi", _request())]}
    live = make_live_events(gateway_event(b"", {}))
    return {EVENTS / name: event for name, event in (gateway | unsigned | readers | batches | live | others).items()}


def render(event: Event) -> str:
    """Return a value as the text of a JSON file."""
    return json.dumps(event, indent=2) + "\n"


def main() -> None:
    """Write all files, and delete those that are no longer generated."""
    events = make_events()
    for folder in {file.parent for file in events}:
        for stale in set(folder.glob("*.json")) - set(events):
            stale.unlink()
    for file, event in events.items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(render(event))
    say(f"{len(events)} sample events written")


def gateway_event(content: bytes, headers: Mapping[str, str]) -> Event:
    """Return a REST API's proxy event; the body is base64, since the API declares JSON a binary type."""
    usual = {"Content-Type": "application/json", "Host": "api.example.com", "User-Agent": "axios/1.0.0"}
    every = usual | dict(headers)
    return {
        "resource": _PATH,
        "path": _PATH,
        "httpMethod": "POST",
        "headers": every,
        "multiValueHeaders": {name: [value] for name, value in every.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": "sampleapi0",
            "domainName": "api.example.com",
            "httpMethod": "POST",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "axios/1.0.0"},
            "path": f"/api{_PATH}",
            "protocol": "HTTP/1.1",
            "requestId": "00000000-0000-4000-8000-000000000001",
            "requestTimeEpoch": _milliseconds(_RECEIVED_AT),
            "resourcePath": _PATH,
            "stage": "api",
        },
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def _authorizer_event() -> Event:
    """Return a REQUEST authorizer's event, with a token that every local stack accepts."""
    event = {name: value for name, value in reading_event("/v1/calls").items() if "ody" not in name}
    return event | {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:{REGION}:{_ACCOUNT}:sampleapi0/api/GET/v1/calls",
    }


def _api_event() -> Event:
    principal = Principal(ORGANIZATION_ID, "sample-reader", SAMPLE_EXPIRES_AT)
    return reading_event("/v1/calls", principal.to_context(), limit="10")


def _change_event() -> Event:
    """Return a request that takes a follow-up."""
    principal = Principal(ORGANIZATION_ID, "sample-reader", SAMPLE_EXPIRES_AT, "Sample Reader", may_write=True)
    event = reading_event("/v1/follow-ups/1", principal.to_context())
    body = json.dumps({"state": "acknowledged", "note": "I call at noon."})
    route = "/v1/follow-ups/{follow_up_id}"
    gateway = event["requestContext"] | {"httpMethod": "PATCH", "resourcePath": route}
    headers = event["headers"] | {"If-Match": '"1"', "Content-Type": "application/json"}
    named = {"resource": route, "httpMethod": "PATCH", "pathParameters": {"follow_up_id": "1"}}
    return event | named | {"headers": headers, "requestContext": gateway, "body": body}


def _check_event() -> Event:
    """Return a request of a program that asks which numbers may be called."""
    principal = Principal(ORGANIZATION_ID, "sample-reader", SAMPLE_EXPIRES_AT, "Sample Reader", may_write=True)
    route = "/v1/suppressions/check"
    event = reading_event(route, principal.to_context())
    gateway = event["requestContext"] | {"httpMethod": "POST", "resourcePath": route}
    headers = event["headers"] | {"Content-Type": "application/json"}
    named = {"resource": route, "httpMethod": "POST", "pathParameters": None}
    body = json.dumps({"numbers": ["+12025550142"]})
    return event | named | {"headers": headers, "requestContext": gateway, "body": body}


def _caller() -> Event:
    """Return the verifier's question about who calls."""
    question = {"question": "assistant-request", "phone_number_id": "phone-number-1", "number": "+12025550142"}
    return question | {"vapi_call_id": "00000000-0000-4000-8000-0000000000c1"}


def _console_event() -> Event:
    """Return a browser's first request, for the page itself."""
    event = gateway_event(b"", {"Accept": "text/html", "Accept-Encoding": "gzip, br", "X-Forwarded-Proto": "https"})
    gateway = {**event["requestContext"], "httpMethod": "GET", "path": "/api/console/", "resourcePath": "/console"}
    page = {"resource": "/console", "path": "/console/", "httpMethod": "GET", "requestContext": gateway}
    return event | page | {"body": None, "isBase64Encoded": False}


def reading_event(path: str, context: Mapping[str, str] | None = None, **query: str) -> Event:
    """Return a REST API's proxy event for a GET of the read API, after the authorizer has added the principal."""
    event = gateway_event(b"", {"Authorization": f"Bearer {SAMPLE_TOKEN}"})
    gateway = {**event["requestContext"], "httpMethod": "GET", "path": f"/api{path}", "resourcePath": "/v1/{proxy+}"}
    return event | {
        "resource": "/v1/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "pathParameters": {"proxy": path.removeprefix("/v1/")},
        "requestContext": gateway | ({} if context is None else {"authorizer": dict(context)}),
        "body": None,
        "isBase64Encoded": False,
    }


def _signed(name: str, content: bytes) -> Event:
    """Return the sample secret, which every local stack accepts (`local.deploy`) and no other stack."""
    plain = name == _SENT_WITH_PLAIN_SECRET
    return gateway_event(content, {"X-Vapi-Secret": SAMPLE_SECRET} if plain else sign(SAMPLE_SECRET, content))


def _envelopes(webhooks: Mapping[str, bytes]) -> dict[str, list[Envelope]]:
    """Return the messages that the verifier would send to each queue."""
    found: dict[str, list[Envelope]] = {kind: [] for kind in KINDS}
    for content in webhooks.values():
        message = read_message(content)
        kind = kind_of(message)
        if kind is not None:
            found[kind].append(envelope_from(kind, message, _RECEIVED_AT, None))
    return found


def _batch(kind: str, envelopes: Sequence[Envelope]) -> Event:
    return {"Records": list(_records(kind, envelopes))}


def _records(kind: str, envelopes: Sequence[Envelope]) -> Iterator[Event]:
    for place, envelope in enumerate(envelopes):
        attributes = {"kind": _attribute(kind), "event_id": _attribute(envelope.event_id)}
        yield _record(kind.replace("_", "-"), place, envelope.to_json(), attributes)


def _copy_request() -> Event:
    """Return a request for a recording that Vapi does not have; it is retried."""
    request = CopyRequest("00000000-0000-4000-8000-000000000001")
    return {"Records": [_record("recordings", 0, request.to_json(), {})]}


def _record(queue: str, place: int, body: str, attributes: Event) -> Event:
    return {
        "messageId": f"00000000-0000-4000-8000-{place:012}",
        "receiptHandle": f"sample-{queue.replace('-', '_')}-{place}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(_milliseconds(_RECEIVED_AT)),
            "SenderId": _ACCOUNT,
            "ApproximateFirstReceiveTimestamp": str(_milliseconds(_RECEIVED_AT)),
        },
        "messageAttributes": attributes,
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{_ACCOUNT}:autopulse-{queue}",
        "awsRegion": REGION,
    }


def _request() -> str:
    return CallRequest(_VAPI_CALL_ID, None, Reason.NO_REPORT).to_json()


def _told() -> str:
    """Return Vapi's answer about a call that has not been erased, which has no effect."""
    return Told(_VAPI_CALL_ID, Outcome.FAILED, "call.delete.failed").to_json()


def _alert() -> str:
    """Return an alert whose deadline has passed, so that the sample sends nothing."""
    return Alert(1, Step.OPENED, Channel.WEBHOOK, 1, 15, _RECEIVED_AT).to_json()


def _fifo_record(queue: str, group: str, body: str) -> Event:
    return {
        "messageId": "00000000-0000-4000-8000-000000000000",
        "receiptHandle": f"sample-{queue}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(_milliseconds(_RECEIVED_AT)),
            "SequenceNumber": "18849496460467696128",
            "MessageGroupId": group,
            "SenderId": _ACCOUNT,
            "MessageDeduplicationId": "00000000-0000-4000-8000-000000000000",
            "ApproximateFirstReceiveTimestamp": str(_milliseconds(_RECEIVED_AT)),
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{_ACCOUNT}:autopulse-{queue}.fifo",
        "awsRegion": REGION,
    }


def _attribute(value: str) -> Event:
    return {"stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": "String"}


def _custom_resource() -> Event:
    return {
        "RequestType": "Update",
        "ResponseURL": "",
        "StackId": f"arn:aws:cloudformation:{REGION}:{_ACCOUNT}:stack/autopulse/sample",
        "RequestId": "00000000-0000-4000-8000-000000000002",
        "ResourceType": "Custom::Migration",
        "LogicalResourceId": "Migration",
        "PhysicalResourceId": "migration",
        "ResourceProperties": {"Revision": "2"},
        "OldResourceProperties": {"Revision": "1"},
    }


def _scheduled(rule: str) -> Event:
    return {
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000003",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": _ACCOUNT,
        "time": "2026-11-02T08:17:00Z",
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{_ACCOUNT}:rule/autopulse-{rule}"],
        "detail": {},
    }


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


if __name__ == "__main__":
    main()
