"""Call events on the bus: complete, in few calls, tried again, and never an error."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from autopulse import aws
from autopulse.consumers import clients
from autopulse.consumers.services import Services
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.observability import Measurements
from tests.harness import FakeServices, consumer_settings

ORGANIZATION = "00000000-0000-4000-8000-0000000000a1"
TAKEN = {"EventId": "1"}
REFUSED = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slowly"}


@pytest.fixture
def bus() -> Iterator[Stubber]:
    with Stubber(boto3.client("events")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def _publish(events: object, call_events: list[CallEvent], measurements: Measurements | None = None) -> None:
    services = FakeServices(events=events, settings=consumer_settings(event_bus_name="autopulse-calls"))
    services.publish(call_events, measurements or Measurements())


def _call_events(count: int) -> list[CallEvent]:
    return [
        CallEvent(
            CallEventType.CALL_STATUS_CHANGED, n, f"vapi-{n}", ORGANIZATION, {"status": "Ended", "previous": "Ready"}
        )
        for n in range(1, count + 1)
    ]


def _expect(bus: Stubber, *results: dict[str, str]) -> None:
    failed = sum("ErrorCode" in result for result in results)
    bus.add_response("put_events", {"FailedEntryCount": failed, "Entries": list(results)}, {"Entries": ANY})


def _counts(events: object, call_events: list[CallEvent], capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    measurements = Measurements()
    _publish(events, call_events, measurements)
    measurements.flush()
    counts: dict[str, float] = {}
    for line in capsys.readouterr().out.splitlines():
        emf = json.loads(line)
        counts |= {name: emf[name][0] for name in ("CallEventPublished", "CallEventLost") if name in emf}
    return counts


def test_an_entry_says_what_changed_of_which_call_and_whose_it_is(bus: Stubber) -> None:
    seen: list[dict[str, Any]] = []
    bus.client.meta.events.register("provide-client-params.events.PutEvents", lambda params, **_: seen.append(params))
    _expect(bus, TAKEN)
    _publish(bus.client, _call_events(1))
    (entry,) = seen[0]["Entries"]
    detail = json.loads(entry.pop("Detail"))
    assert entry == {"Source": "autopulse.calls", "DetailType": "CallStatusChanged", "EventBusName": "autopulse-calls"}
    expected = {
        "version": 1,
        "call_id": 1,
        "vapi_call_id": "vapi-1",
        "organization_id": ORGANIZATION,
        "changed": {"status": "Ended", "previous": "Ready"},
    }
    assert {name: detail[name] for name in expected} == expected


def test_no_call_events_are_no_call_and_no_metric(bus: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    assert _counts(bus.client, [], capsys) == {}


def test_ten_go_in_one_call(bus: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    for size in (10, 10, 3):
        _expect(bus, *[TAKEN] * size)
    assert _counts(bus.client, _call_events(23), capsys) == {"CallEventPublished": 23}


def test_what_is_refused_is_sent_again_alone(bus: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    _expect(bus, TAKEN, REFUSED, TAKEN, REFUSED)
    _expect(bus, REFUSED, TAKEN)
    _expect(bus, TAKEN)
    assert _counts(bus.client, _call_events(4), capsys) == {"CallEventPublished": 4}


def test_what_is_refused_three_times_is_counted_and_the_rest_goes_on(
    bus: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    _expect(bus, *[TAKEN] * 9, REFUSED)
    _expect(bus, REFUSED)
    _expect(bus, REFUSED)
    _expect(bus, TAKEN)
    assert _counts(bus.client, _call_events(11), capsys) == {"CallEventPublished": 10, "CallEventLost": 1}


def test_a_bus_that_fails_is_not_asked_for_the_rest(bus: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    _expect(bus, *[TAKEN] * 10)
    bus.add_client_error("put_events", "AccessDeniedException", http_status_code=400)
    output = _counts(bus.client, _call_events(30), capsys)
    assert output == {"CallEventPublished": 10, "CallEventLost": 20}


@pytest.mark.parametrize("error", [EndpointConnectionError(endpoint_url="https://events.example"), KeyError("Entries")])
def test_no_error_whatever_reaches_the_consumer(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    class Failing:
        def put_events(self, **_request: object) -> None:
            raise error

    assert _counts(Failing(), _call_events(2), capsys) == {"CallEventPublished": 0, "CallEventLost": 2}


def test_the_bus_has_seconds_to_answer_not_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.events.cache_clear()  # as in a new container
    bus = Services().events
    clients.events.cache_clear()
    assert (aws.CONNECT_SECONDS, bus.read_seconds, aws.TRIES) == (1, 1, 2)
