"""The fetcher: what it makes of Vapi's answers, and what becomes of a request that failed."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from autopulse.domain.answers import answer_names
from autopulse.domain.reconciliation import WINDOW as KEPT
from autopulse.errors import (
    Transient,
    VapiCallUnknown,
    VapiFailed,
    VapiForgot,
    VapiNotConfigured,
    VapiThrottled,
    VapiUnauthorized,
    VapiUnavailable,
    VapiUnreadable,
)
from autopulse.observability import Measurements
from autopulse.reconciliation import fetcher
from autopulse.reconciliation.records import Record, envelope_of, read_record
from autopulse.reconciliation.request_reading import read_answer
from autopulse.reconciliation.requests import (
    CallRequest,
    DeleteRequest,
    ErrorReason,
    FindRequest,
    Found,
    GetQuestion,
    ListQuestion,
    NotFound,
    Page,
    Reason,
    Request,
    WindowRequest,
)
from autopulse.reconciliation.services import Services
from autopulse.vapi.call_ids import NamedCall
from autopulse.vapi.envelope import Envelope
from tests.harness import Context

NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
SINCE = NOW - timedelta(days=13)


def id_of(number: int) -> str:
    return f"019b0000-0000-7000-8000-{number:012d}"


def record_of(number: int, call_id: int | None = None, **fields: object) -> dict[str, Any]:
    """Vapi's record of a call that has ended, made `number` minutes before now."""
    made = NOW - timedelta(minutes=number)
    variables = {} if call_id is None else {"call_id": str(call_id)}
    usual = {
        "id": id_of(number),
        "type": "outboundPhoneCall",
        "status": "ended",
        "createdAt": made.isoformat(),
        "endedAt": (made + timedelta(seconds=50)).isoformat(),
        "updatedAt": (made + timedelta(seconds=55)).isoformat(),
        "endedReason": "customer-ended-call",
        "assistantOverrides": {"variableValues": variables},
        "artifact": {"messages": [{"role": "user", "message": "An eight.", "secondsFromStart": 2}]},
        "analysis": {"structuredData": {"nps_score": 8}},
    }
    return usual | fields


Answer = dict[str, Any] | VapiFailed | Transient


@dataclass
class FakeVapi:
    """Vapi with these calls by id; what is no record is raised. `pages` are given for the asking, if there are any."""

    calls: dict[str, Answer] = field(default_factory=dict)
    pages: list[list[dict[str, Any]] | VapiFailed] = field(default_factory=list)
    limit: int = 2
    asked: list[object] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    requests: int = 0
    on_request: Callable[[], None] = lambda: None

    def get_call(self, vapi_call_id: str) -> Record:
        self.requests += 1
        self.on_request()
        self.asked.append(vapi_call_id)
        answer = self.calls.get(vapi_call_id, VapiCallUnknown("404"))
        if isinstance(answer, Exception):
            raise answer
        return read_record(answer)

    def delete_call(self, vapi_call_id: str) -> None:
        self.get_call(vapi_call_id)
        self.deleted.append(vapi_call_id)

    def list_calls(self, since: datetime, before: datetime | None) -> tuple[list[Record], bool]:
        self.requests += 1
        self.asked.append((since, before))
        page = self.pages.pop(0)
        if isinstance(page, VapiFailed):
            raise page
        return [read_record(one) for one in page], len(page) < self.limit


@dataclass
class Buried:
    body: str
    reason: str
    detail: str


class FakeServices(Services):
    """The fetcher's services, which are lists."""

    def __init__(self, vapi: FakeVapi) -> None:
        self.envelopes: list[Envelope] = []
        self.requests: list[Request] = []
        self.pages: list[Page] = []
        self.buried: list[Buried] = []
        self.told: list[tuple[str, str, str]] = []
        self.held: dict[str, int] = {}
        self.unbelieved: set[int] = set()
        self.broken: set[str] = set()
        vars(self).update(vapi=vapi, settings=FakeSettings())  # as cached properties keep what they made

    def now(self) -> datetime:
        return NOW

    def believe(self, named: NamedCall, measurements: Measurements) -> bool:
        assert isinstance(measurements, Measurements)
        return named.call_id not in self.unbelieved

    def put(self, envelope: Envelope) -> None:
        self._may("put")
        self.envelopes.append(envelope)

    def request(self, request: Request) -> None:
        self._may("request")
        self.requests.append(request)

    def tell(self, page: Page) -> None:
        self._may("tell")
        self.pages.append(page)

    def bury(self, body: str, reason: str, detail: str) -> None:
        self._may("bury")
        self.buried.append(Buried(body, reason, detail))

    def report_deletion(self, vapi_call_id: str, outcome: str, reason: str = "") -> None:
        self._may("report_deletion")
        self.told.append((vapi_call_id, outcome, reason))

    def hold(self, seconds_by_handle: Any) -> None:  # noqa: ANN401 - as it comes
        self.held |= seconds_by_handle

    def _may(self, what: str) -> None:
        if what in self.broken:
            raise Transient("queue-unavailable")


class FakeSettings:
    answer_names = answer_names("")


@pytest.fixture
def vapi() -> FakeVapi:
    return FakeVapi()


@pytest.fixture
def services(vapi: FakeVapi) -> FakeServices:
    return FakeServices(vapi)


def deliver(
    services: FakeServices, *requests: Request | str, counts: Iterable[int] = (), seconds: float = 120
) -> list[int]:
    """Places of the requests that go back to the queue."""
    received = list(counts) or [1] * len(requests)
    records = [
        {
            "messageId": str(place),
            "receiptHandle": f"handle-{place}",
            "body": request if isinstance(request, str) else request.to_json(),
            "attributes": {"ApproximateReceiveCount": str(received[place])},
        }
        for place, request in enumerate(requests)
    ]
    answer = fetcher.handle({"Records": records}, services, Context(seconds))
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def call(number: int, **values: Any) -> CallRequest:  # noqa: ANN401 - of any field
    return replace(CallRequest(id_of(number), number, Reason.NO_REPORT), **values)


def metrics(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, int]:
    """Reason (or "") -> count."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line.get("reason", ""): line[name][0] for line in lines if name in line and "_aws" in line}


# Calls


def test_a_record_becomes_a_message_in_the_queue_of_its_kind(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {
        id_of(20): record_of(20, 15),
        id_of(21): record_of(21, 16, status="in-progress", endedAt=None, artifact={}, analysis={}),
    }
    assert deliver(services, call(20), call(21)) == []
    report, status = services.envelopes
    assert (report.kind, report.vapi_call_id, report.call_id) == ("end_of_call_report", id_of(20), 15)
    assert (status.kind, status.vapi_call_id, status.call_id) == ("status_update", id_of(21), 16)
    assert {envelope.origin for envelope in services.envelopes} == {"reconciliation"}
    assert {envelope.received_at for envelope in services.envelopes} == {NOW}
    assert report.occurred_at == NOW - timedelta(minutes=20) + timedelta(seconds=55)


def test_an_id_of_ours_that_is_not_proven_does_not_count(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(20): record_of(20, 15)}
    services.unbelieved = {15}
    deliver(services, call(20))
    assert [envelope.call_id for envelope in services.envelopes] == [None]


def test_a_status_that_nobody_knows_is_counted(
    services: FakeServices, vapi: FakeVapi, capsys: pytest.CaptureFixture[str]
) -> None:
    vapi.calls = {id_of(20): record_of(20, status="levitating")}
    assert deliver(services, call(20)) == []
    assert services.envelopes == []
    assert metrics(capsys, "ReconciliationFailed") == {"status-unknown": 1}


ENDS_BY = NOW - timedelta(hours=2)


def results(services: FakeServices) -> list[tuple[str, str | None, int | None]]:
    """What the messages in the status queue say: result or status, Vapi's id, ours."""
    assert {envelope.kind for envelope in services.envelopes} <= {"status_update"}
    return [
        (envelope.message.get("result") or envelope.message["status"], envelope.vapi_call_id, envelope.call_id)
        for envelope in services.envelopes
    ]


def test_what_vapi_has_forgotten_is_unrecoverable(
    services: FakeServices, vapi: FakeVapi, capsys: pytest.CaptureFixture[str]
) -> None:
    vapi.calls = {id_of(1): VapiForgot("400"), id_of(2): VapiForgot("400")}
    assert deliver(services, call(1), call(2, call_id=None, ends_by=ENDS_BY)) == []
    assert results(services) == [
        ("unrecoverable", id_of(1), 1),
        ("unrecoverable", id_of(2), None),
        ("ended", id_of(2), None),
    ]
    assert services.envelopes[0].message["type"] == "autopulse.reconciliation"
    assert services.envelopes[2].occurred_at == ENDS_BY
    assert metrics(capsys, "ReconciliationFailed") == {}


def test_a_call_that_vapi_does_not_have_is_not_marked_before_the_last_time(services: FakeServices) -> None:
    assert deliver(services, call(1), call(2, ends_by=ENDS_BY)) == []
    assert results(services) == [("not_found", id_of(1), 1), ("not_found", id_of(2), 2)]


def test_a_status_that_says_that_there_is_no_call_is_as_good_as_404(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(1): record_of(1, status="not-found")}
    assert deliver(services, call(1)) == []
    assert results(services) == [("not_found", id_of(1), 1)]


def test_the_last_time_it_is_missing_if_vapi_had_another_call(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(9): record_of(9)}
    assert deliver(services, call(9), call(1, last=True, ends_by=ENDS_BY)) == []
    services.envelopes.pop(0)
    assert results(services) == [("missing", id_of(1), 1), ("ended", id_of(1), None)]
    assert vapi.asked == [id_of(9), id_of(1)]


def test_without_another_call_a_known_one_is_asked_for(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(9): record_of(9)}
    assert deliver(services, *(call(place, last=True, known_vapi_call_id=id_of(9)) for place in (1, 2))) == []
    assert results(services) == [("missing", id_of(1), 1), ("missing", id_of(2), 2)]
    assert vapi.asked == [id_of(1), id_of(9), id_of(2)], "one proof is enough"


@pytest.mark.parametrize("known", [None, id_of(9), id_of(8), id_of(7)])
def test_a_key_of_another_organization_marks_nothing(
    services: FakeServices, vapi: FakeVapi, capsys: pytest.CaptureFixture[str], known: str | None
) -> None:
    vapi.calls = {id_of(8): VapiForgot("400"), id_of(7): record_of(7, status="not-found")}
    vapi.pages = [[record_of(30)]]
    window = WindowRequest(SINCE, "walk")
    assert deliver(services, window, call(1, last=True, known_vapi_call_id=known, ends_by=ENDS_BY)) == []
    assert results(services) == [("not_found", id_of(1), 1)]
    assert metrics(capsys, "ReconciliationFailed") == {"wrong-organization": 1}


def test_a_proof_that_cannot_be_had_leaves_the_request_for_later(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(9): VapiUnavailable("503")}
    assert deliver(services, call(1, last=True, known_vapi_call_id=id_of(9))) == [0]
    assert services.envelopes == []


# Failures


@pytest.mark.parametrize("error", [VapiUnauthorized("401"), VapiNotConfigured("no key")])
def test_a_key_that_vapi_does_not_take_stops_everything_and_loses_nothing(
    services: FakeServices, vapi: FakeVapi, capsys: pytest.CaptureFixture[str], error: VapiFailed
) -> None:
    vapi.calls = {id_of(1): record_of(1), id_of(2): error, id_of(3): record_of(3)}
    assert deliver(services, call(1), call(2), call(3), counts=[99, 99, 99]) == [1, 2]
    assert services.held == {"handle-1": 60, "handle-2": 60}
    assert vapi.asked == [id_of(1), id_of(2)]
    assert services.buried == []
    assert metrics(capsys, "ReconciliationFailed") == {error.reason: 1}


@pytest.mark.parametrize(("wanted", "seconds"), [(None, 30), (12.4, 12), (0.0, 1), (900.0, 900)])
def test_a_pause_that_vapi_demands_is_kept_by_all(
    services: FakeServices, vapi: FakeVapi, wanted: float | None, seconds: int
) -> None:
    vapi.calls = {id_of(1): record_of(1), id_of(2): VapiThrottled("429", wanted)}
    assert deliver(services, call(1), call(2), call(3), counts=[9, 9, 9]) == [1, 2]
    assert services.held == {"handle-1": seconds, "handle-2": seconds}
    assert vapi.asked == [id_of(1), id_of(2)]
    assert services.buried == []


@pytest.mark.parametrize("error", [VapiUnavailable("500"), VapiUnreadable("no JSON"), Transient("secret-unavailable")])
def test_one_that_failed_comes_again_and_the_others_are_asked_all_the_same(
    services: FakeServices, vapi: FakeVapi, error: Transient | VapiFailed
) -> None:
    vapi.calls = {id_of(1): error, id_of(2): record_of(2), id_of(3): error, id_of(4): record_of(4)}
    assert deliver(services, call(1), call(2), call(3), call(4), counts=[1, 1, 3, 1]) == [0, 2]
    assert services.held == {"handle-0": 5, "handle-2": 20}
    assert [envelope.vapi_call_id for envelope in services.envelopes] == [id_of(2), id_of(4)]


def test_after_the_third_failure_vapi_is_left_alone(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(place): VapiUnavailable("500") for place in range(1, 6)}
    assert deliver(services, *(call(place) for place in range(1, 6)), counts=[2] * 5) == [0, 1, 2, 3, 4]
    assert vapi.asked == [id_of(1), id_of(2), id_of(3)]
    assert set(services.held.values()) == {10}


def test_a_pause_has_an_end_and_vapi_s_own_wish_counts(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(1): VapiUnavailable("500"), id_of(2): VapiUnavailable("503", 400.0)}
    deliver(services, call(1), call(2), counts=[90, 90])
    assert services.held == {"handle-0": 120, "handle-1": 400}


def test_one_that_fails_alone_again_and_again_becomes_a_dead_letter(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(1): VapiUnreadable("too long"), id_of(2): record_of(2)}
    assert deliver(services, call(1), call(2), counts=[4, 1]) == [0]
    assert deliver(services, call(1), call(2), counts=[5, 1]) == []
    assert services.buried == [Buried(call(1).to_json(), "vapi-unreadable", "too long")]


def test_an_error_that_nobody_foresaw_holds_up_no_other_request(
    services: FakeServices, vapi: FakeVapi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def envelope_or_error(record: Record, now: datetime, believe: Callable[[NamedCall], bool]) -> Envelope | None:
        if record.vapi_call_id == id_of(1):
            raise ValueError("Odette said so")
        return envelope_of(record, now, believe)

    monkeypatch.setattr(fetcher, "envelope_of", envelope_or_error)
    vapi.calls = {id_of(1): record_of(1), id_of(2): record_of(2)}

    assert deliver(services, call(1), call(2)) == [0]
    assert [envelope.vapi_call_id for envelope in services.envelopes] == [id_of(2)]
    assert deliver(services, call(1), counts=[5]) == []
    ((_, reason, detail),) = [(one.body, one.reason, one.detail) for one in services.buried]
    assert (reason, detail.partition(" at ")[0]) == ("vapi-unreadable", "ValueError")
    assert "Odette" not in detail + capsys.readouterr().out


def test_an_outage_makes_no_dead_letters(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(1): VapiUnavailable("500"), id_of(2): VapiUnavailable("500")}
    assert deliver(services, call(1), call(2), counts=[50, 50]) == [0, 1]
    assert services.buried == []


@pytest.mark.parametrize("body", ["", "{}", '{"ask": "call"}', '{"ask": "everything"}'])
def test_what_is_no_request_becomes_a_dead_letter_at_once(services: FakeServices, vapi: FakeVapi, body: str) -> None:
    vapi.calls = {id_of(1): record_of(1)}
    assert deliver(services, body, call(1)) == []
    assert [(buried.body, buried.reason) for buried in services.buried] == [(body, "InvalidMessage")]
    assert len(services.envelopes) == 1


def test_a_dead_letter_that_cannot_be_written_stays_in_the_queue(services: FakeServices) -> None:
    services.broken = {"bury"}
    assert deliver(services, "{}") == [0]


@pytest.mark.parametrize("broken", ["put", "request", "tell"])
def test_a_message_that_cannot_be_queued_is_asked_for_again(
    services: FakeServices, vapi: FakeVapi, broken: str
) -> None:
    services.broken = {broken}
    vapi.calls = {id_of(1): record_of(1)}
    vapi.pages = [[record_of(2, 2), record_of(3)], [record_of(2), record_of(3)]]
    requests: dict[str, Request] = {
        "put": call(1),
        "request": FindRequest((2,), SINCE),
        "tell": WindowRequest(SINCE, "walk"),
    }
    assert deliver(services, requests[broken], counts=[50]) == [0]
    assert services.buried == []


def test_what_there_is_no_time_for_comes_again_at_once(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(1): record_of(1)}
    assert deliver(services, call(1), call(2), seconds=fetcher.RESERVE_SECONDS - 1) == [0, 1]
    assert vapi.asked == []
    assert services.held == {"handle-0": 0, "handle-1": 0}


def test_requests_to_vapi_are_counted(
    services: FakeServices, vapi: FakeVapi, capsys: pytest.CaptureFixture[str]
) -> None:
    vapi.calls = {id_of(1): record_of(1)}
    deliver(services, call(1), call(2))
    assert metrics(capsys, "VapiAsked") == {"": 2}


# Looking for calls


def test_a_call_that_carries_our_id_is_asked_for(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.pages = [[record_of(1, 7), record_of(2)], [record_of(2), record_of(3, 8)]]
    assert deliver(services, FindRequest((7, 8), SINCE)) == []
    asked, following = services.requests
    assert asked == CallRequest(id_of(1), 7, Reason.NOT_LINKED)
    assert following == FindRequest((8,), SINCE, NOW - timedelta(minutes=2))
    services.requests.clear()
    assert deliver(services, following) == []
    assert services.requests == [CallRequest(id_of(3), 8, Reason.NOT_LINKED)], "all are found"
    assert vapi.asked == [(SINCE, None), (SINCE, NOW - timedelta(minutes=2))]


def test_the_search_ends_with_the_list(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.pages = [[record_of(1)]]
    assert deliver(services, FindRequest((7,), SINCE)) == []
    assert services.requests == []


def test_every_attempt_of_a_call_is_asked_for(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.pages = [[record_of(1, 7), record_of(2, 7)]]
    deliver(services, FindRequest((7,), SINCE))
    assert services.requests == [CallRequest(id_of(place), 7, Reason.NOT_LINKED) for place in (1, 2)]


def test_an_id_that_is_not_proven_is_not_found(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.pages = [[record_of(1, 7)]]
    services.unbelieved = {7}
    deliver(services, FindRequest((7,), SINCE))
    assert services.requests == []


def test_calls_of_one_millisecond_do_not_stop_the_walk(services: FakeServices, vapi: FakeVapi) -> None:
    before = NOW - timedelta(minutes=1)
    vapi.pages = [[record_of(1), record_of(1, id=id_of(99))]]
    deliver(services, FindRequest((7,), SINCE, before))
    assert services.requests == [FindRequest((7,), SINCE, before - timedelta(milliseconds=1))]


@pytest.mark.parametrize(
    "request_", [FindRequest((7,), NOW - timedelta(days=20)), WindowRequest(NOW - timedelta(days=20), "w")]
)
def test_a_list_that_reaches_too_far_back_is_asked_for_again_as_far_as_vapi_remembers(
    services: FakeServices, vapi: FakeVapi, request_: FindRequest | WindowRequest
) -> None:
    vapi.pages = [VapiForgot("400"), VapiForgot("400")]
    assert deliver(services, request_) == []
    (following,) = services.requests
    assert isinstance(following, FindRequest | WindowRequest)
    assert following.since == NOW - KEPT
    assert deliver(services, following) == [0], "what is not forgotten by any plan"


# The window


def test_a_page_is_told_and_the_next_one_asked_for(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.pages = [[record_of(1, 7), record_of(2)], [record_of(2)]]
    assert deliver(services, WindowRequest(SINCE, "walk")) == []
    (first,) = services.pages
    oldest = NOW - timedelta(minutes=2)
    assert (first.walk, first.complete, first.since, first.until) == ("walk", False, oldest, NOW)
    assert [(one.vapi_call_id, one.call_id, one.nps_score) for one in first.calls] == [
        (id_of(1), 7, 8),
        (id_of(2), None, 8),
    ]
    (following,) = services.requests
    assert following == WindowRequest(SINCE, "walk", oldest)
    services.requests.clear()
    assert deliver(services, following) == []
    last = services.pages[1]
    assert (last.complete, last.since, last.until) == (True, SINCE, oldest)
    assert services.requests == []


def test_an_empty_list_is_a_complete_walk(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.pages = [[]]
    assert deliver(services, WindowRequest(SINCE, "walk")) == []
    assert services.pages == [Page("walk", (), complete=True, since=SINCE, until=NOW)]


# Questions of operators


def ask(services: FakeServices, question: ListQuestion | GetQuestion) -> Found | NotFound:
    return read_answer(json.loads(json.dumps(fetcher.handle(question.to_object(), services, Context(120)))))


def test_a_question_for_a_call_is_answered_with_its_summary(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls = {id_of(1): record_of(1, 7)}
    found = ask(services, GetQuestion(id_of(1)))
    assert isinstance(found, Found)
    assert [(one.call_id, one.nps_score) for one in found.calls] == [(7, 8)]
    assert services.envelopes == []


def test_a_question_for_the_list_is_answered_with_a_page(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.pages = [[record_of(1), record_of(2)], [record_of(2)]]
    first = ask(services, ListQuestion(SINCE))
    assert isinstance(first, Found)
    assert first.before == NOW - timedelta(minutes=2)
    last = ask(services, ListQuestion(SINCE, first.before))
    assert isinstance(last, Found)
    assert (len(last.calls), last.before) == (1, None)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (VapiUnauthorized("401"), ErrorReason.UNAUTHORIZED),
        (VapiForgot("400"), ErrorReason.FORGOT),
        (VapiCallUnknown("404"), ErrorReason.UNKNOWN_CALL),
        (VapiThrottled("429", 7), ErrorReason.THROTTLED),
        (VapiUnavailable("500"), ErrorReason.UNAVAILABLE),
        (VapiUnreadable("no JSON"), ErrorReason.UNREADABLE),
        (VapiNotConfigured("no key"), ErrorReason.NOT_CONFIGURED),
        (Transient("secret-unavailable"), ErrorReason.UNAVAILABLE),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_why(
    services: FakeServices, vapi: FakeVapi, error: VapiFailed | Transient, reason: ErrorReason
) -> None:
    vapi.calls = {id_of(1): error}
    answer = ask(services, GetQuestion(id_of(1)))
    assert isinstance(answer, NotFound)
    assert answer.reason is reason
    assert answer.retry_after == getattr(error, "retry_after", None)


def test_every_error_of_vapi_s_has_a_reason_that_an_answer_knows() -> None:
    reasons = {error.reason for error in VapiFailed.__subclasses__()}
    assert reasons == {reason.value for reason in ErrorReason}


# Nothing of a customer


def test_the_log_has_ids_and_words_of_ours_alone(
    services: FakeServices, vapi: FakeVapi, capsys: pytest.CaptureFixture[str]
) -> None:
    vapi.calls = {id_of(1): record_of(1, 7, customer={"number": "+12025550147", "name": "Odette"})}
    vapi.pages = [[record_of(1, 7, customer={"number": "+12025550147", "name": "Odette"})], [record_of(2)]]
    deliver(services, call(1), call(2), FindRequest((7,), SINCE), WindowRequest(SINCE, "walk"))
    printed = capsys.readouterr().out
    assert "An eight" not in printed
    assert "Odette" not in printed
    assert "0147" not in printed
    lines = [json.loads(line) for line in printed.splitlines()]
    asked = [line for line in lines if line.get("message") == "Vapi asked"]
    assert [(line["vapi_call_id"], line["result"]) for line in asked] == [
        (id_of(1), "end_of_call_report"),
        (id_of(2), "not_found"),
    ]


# Deletions


def test_a_call_is_deleted_and_the_erasure_is_told(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls[id_of(1)] = record_of(1)
    assert deliver(services, DeleteRequest(id_of(1)), DeleteRequest(id_of(2))) == []
    assert vapi.deleted == [id_of(1)]
    assert services.told == [(id_of(1), "accepted", ""), (id_of(2), "gone", "")]


def test_a_call_that_vapi_keeps_no_longer_is_gone(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls[id_of(1)] = VapiForgot("400")
    assert deliver(services, DeleteRequest(id_of(1))) == []
    assert services.told == [(id_of(1), "gone", "")]


def test_a_deletion_that_fails_is_tried_again_and_told_once_it_is_given_up(
    services: FakeServices, vapi: FakeVapi
) -> None:
    vapi.calls |= {id_of(1): VapiUnavailable("503"), id_of(2): record_of(2)}
    requests = (DeleteRequest(id_of(1)), call(2))
    assert deliver(services, *requests) == [0]
    assert services.told == []
    assert deliver(services, *requests, counts=[fetcher.BURIED_AFTER, 1]) == []
    assert services.told == [(id_of(1), "failed", "vapi-unavailable")]
    assert [buried.reason for buried in services.buried] == ["vapi-unavailable"]


def test_a_deletion_whose_result_nobody_takes_comes_again(services: FakeServices, vapi: FakeVapi) -> None:
    vapi.calls[id_of(1)] = record_of(1)
    services.broken.add("report_deletion")
    assert deliver(services, DeleteRequest(id_of(1))) == [0]
