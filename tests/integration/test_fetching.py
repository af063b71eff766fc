"""The fetcher from end to end: a server that answers like Vapi's API, the consumers, and a real Postgres."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from autopulse.json_coercion import Json
from autopulse.reconciliation import fetcher
from autopulse.reconciliation.client import ApiKey, VapiClient
from autopulse.reconciliation.requests import CallRequest, FindRequest, Reason, Request, WindowRequest
from tests.faults.test_vapi_client import Clock, Vapi, running, secret, send
from tests.harness import Context
from tests.integration.bodies import outbound, report
from tests.integration.orders import snapshot
from tests.integration.pipeline import RECEIVED_AT, Pipeline, webhook
from tests.integration.test_records import record_of
from tests.unit.reconciliation.test_fetcher import FakeServices

NOW = RECEIVED_AT + timedelta(hours=1)
SINCE = NOW - timedelta(days=13)


def id_of(number: int) -> str:
    return f"0197f9d4-aaaa-4000-8000-{number:012d}"


class Chain(FakeServices):
    """The fetcher with Vapi behind a socket; its queues are lists, which `settle` empties as Lambda would."""

    def __init__(self, vapi: Vapi, pipeline: Pipeline) -> None:
        clock = Clock()
        client = VapiClient(vapi.url, ApiKey(secret, clock), clock, clock.sleep)
        super().__init__(client)  # type: ignore[arg-type] # the real one
        self.pipeline = pipeline
        self.tries: Counter[str] = Counter()

    def now(self) -> datetime:
        return NOW

    def settle(self, *requests: Request) -> list[Request]:
        """Ask, also what follows from it, and let the consumers apply what came of it; what is to come again."""
        returned: list[Request] = []
        waiting = list(requests)
        while waiting:
            returned += self._take(waiting[:10])
            waiting = waiting[10:] + self.requests
            self.requests.clear()
        for envelope in self.envelopes:
            assert self.pipeline.deliver(envelope.kind, [envelope.to_json()], receive_count=11) == []
        self.envelopes.clear()
        assert self.pipeline.queues.dead_letters == []
        return returned

    def _take(self, batch: list[Request]) -> list[Request]:
        bodies = [request.to_json() for request in batch]
        self.tries.update(bodies)
        records = [
            {
                "messageId": str(place),
                "receiptHandle": body,
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(self.tries[body])},
            }
            for place, body in enumerate(bodies)
        ]
        answer = fetcher.handle({"Records": records}, self, Context(120))
        return [batch[int(failure["itemIdentifier"])] for failure in answer["batchItemFailures"]]


@pytest.fixture
def vapi() -> Iterator[Vapi]:
    with running(Vapi()) as server:
        yield server


def serve(vapi: Vapi, calls: dict[str, Json], answers: dict[str, tuple[int, Any, dict[str, str]]]) -> None:
    """Answer with these records, by id and as a list; and with other answers for some ids."""
    listed = sorted(calls.values(), key=lambda record: str(record["createdAt"]), reverse=True)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        id_ = handler.path.rpartition("/")[2]
        if handler.path.startswith("/call?"):
            send(handler, 200, listed)
        elif id_ in answers:
            send(handler, *answers[id_])
        else:
            send(handler, 200 if id_ in calls else 404, calls.get(id_, {}))

    vapi.serve = answer


BAD: dict[str, tuple[int, Any, dict[str, str]]] = {
    id_of(51): (500, {}, {}),
    id_of(52): (200, b'{"id": ', {}),
    id_of(53): (302, b"", {"Location": "http://169.254.169.254/latest/meta-data"}),
    id_of(54): (200, b"{", {"Content-Length": str(2 * 1024**3)}),
    id_of(55): (200, {"id": id_of(99), "status": "ended"}, {}),
}


def test_what_webhooks_lost_comes_back_whatever_else_goes_wrong(vapi: Vapi, pipeline: Pipeline) -> None:
    """One webhook came, reports did not, one call was never announced; and some requests can only fail."""
    ids = [pipeline.make_call() for _ in range(4)]
    calls = {id_of(place): record_of(report(outbound(call_id, id_of(place)))) for place, call_id in enumerate(ids)}
    serve(vapi, calls, BAD)
    started = report(outbound(ids[0], id_of(0)))["message"] | {"type": "status-update", "status": "in-progress"}
    assert pipeline.deliver("status_update", [webhook({"message": started}).to_json()]) == []
    chain = Chain(vapi, pipeline)
    known = [CallRequest(id_of(place), ids[place], Reason.NO_REPORT) for place in range(3)]
    bad = [CallRequest(id_, None, Reason.NO_REPORT) for id_ in BAD]
    good = [CallRequest(id_of(place), ids[place], Reason.ASKED) for place in range(3)]

    left = chain.settle(*bad[:2], *known, FindRequest((ids[3],), SINCE), *bad[2:])
    while left:
        left = chain.settle(*good, *left)

    assert [pipeline.call(call_id)["nps_score"] for call_id in ids] == [9] * 4
    assert [pipeline.call(call_id)["status"] for call_id in ids] == ["Completed"] * 4
    assert pipeline.call(ids[3])["vapi_call_id"] == id_of(3)
    assert {json.loads(buried.body)["vapi_call_id"] for buried in chain.buried} == set(BAD)

    rows = snapshot(pipeline.database)
    chain.settle(*known, FindRequest((ids[3],), SINCE), WindowRequest(SINCE, "walk"))
    assert snapshot(pipeline.database) == rows, "twice over nothing changes"
    (page,) = chain.pages
    assert page.complete
    assert {(one.vapi_call_id, one.call_id, one.nps_score) for one in page.calls} == {
        (id_of(place), call_id, 9) for place, call_id in enumerate(ids)
    }


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_that_vapi_wants_is_kept_and_the_call_comes_all_the_same(
    vapi: Vapi, pipeline: Pipeline, status: int
) -> None:
    call_id = pipeline.make_call()
    serve(vapi, {id_of(1): record_of(report(outbound(call_id, id_of(1))))}, {})
    answer, busy = vapi.serve, [1, 2]

    def busy_at_first(handler: BaseHTTPRequestHandler) -> None:
        if busy:
            busy.pop()
            send(handler, status, b"", {"Retry-After": "7"})
        else:
            answer(handler)

    vapi.serve = busy_at_first
    chain = Chain(vapi, pipeline)
    request = CallRequest(id_of(1), call_id, Reason.NO_REPORT)
    assert [chain.settle(request) for _ in range(3)] == [[request], [request], []]
    assert set(chain.held.values()) == {7}
    assert pipeline.call(call_id)["nps_score"] == 9
