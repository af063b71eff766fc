"""The sweep on a real database, with queues in memory: what it asks for, what it moves back, what it answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import boto3
import pytest

from autopulse.guard import HandlerFailed
from autopulse.reconciliation.request_reading import read_request
from autopulse.reconciliation.requests import (
    CallRequest,
    CallSummary,
    FindRequest,
    Page,
    Reason,
    Request,
    WindowRequest,
)
from autopulse.reconciliation.sweep import NotQueued, Services, handle, handler_of
from autopulse.settings import SweepSettings
from autopulse.vapi.envelope import RECONCILIATION, envelope_from
from autopulse.vapi.routes import KINDS
from tests.integration.bodies import VAPI_ID, iso, outbound, report, status
from tests.integration.pipeline import ORGANIZATION, RECEIVED_AT, Pipeline, after, webhook
from tests.moto_account import moto_account

NOW: Final = after(3600)
DAY: Final = timedelta(days=1)
OTHER_VAPI_ID: Final = "0197f9d4-aaaa-4000-8000-000000000002"


class SweepServices(Services):
    """With a clock and settings of the test's own."""

    def __init__(self, settings: SweepSettings, sqs: Any) -> None:  # noqa: ANN401 - boto3's
        self.at = NOW
        vars(self).update(settings=settings, sqs=sqs)

    def now(self) -> datetime:
        return self.at


class Sweep:
    """The function, its queues, and what is in them."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs")
        fifo = self.sqs.create_queue(QueueName="requests.fifo", Attributes={"FifoQueue": "true"})
        self.requests_url = fifo["QueueUrl"]
        self.urls = {kind: self.sqs.create_queue(QueueName=kind.replace("_", "-"))["QueueUrl"] for kind in KINDS}
        for url in self.urls.values():
            self.sqs.create_queue(QueueName=f"{url.rpartition('/')[2]}-dead-letters")
        self.services = SweepServices(
            SweepSettings(
                is_on=True,
                request_queue_url=self.requests_url,
                queue_urls=self.urls,
                longest_call_seconds=600,
                default_organization_id="",
            ),
            self.sqs,
        )

    def configure(self, **settings: Any) -> None:  # noqa: ANN401 - of any field
        vars(self.services)["settings"] = self.services.settings._replace(**settings)

    def run(self, event: Mapping[str, Any] | None = None, at: datetime = NOW) -> dict[str, Any]:
        self.services.at = at
        return handle(event or {}, self.services)

    def requests(self) -> list[Request]:
        """What has been asked for since this was asked last."""
        taken: list[Request] = []
        while messages := self._take(self.requests_url):
            taken += [read_request(message["Body"]) for message in messages]
        return taken

    def bury(self, kind: str, body: str, reason: str = "UnknownCall") -> None:
        """Put a message into its dead letters, as a consumer does."""
        attributes = {"reason": reason, "kind": kind, "detail": ""}
        self.sqs.send_message(
            QueueUrl=self.urls[kind] + "-dead-letters",
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value or "-"} for name, value in attributes.items()
            },
        )

    def dead(self, kind: str) -> int:
        """How many dead letters can be seen."""
        queue = self.sqs.get_queue_attributes(QueueUrl=self.urls[kind] + "-dead-letters", AttributeNames=["All"])
        assert queue["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"
        return int(queue["Attributes"]["ApproximateNumberOfMessages"])

    def queued(self, kind: str) -> list[dict[str, Any]]:
        return self._take(self.urls[kind])

    def _take(self, url: str) -> list[Any]:
        messages = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        taken = messages.get("Messages", [])
        for message in taken:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return list(taken)


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sweep]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with moto_account():
        yield Sweep()


def ended(pipeline: Pipeline, **call: Any) -> int:  # noqa: ANN401 - any SQL value
    """A call whose report is lost."""
    call_id = pipeline.make_call(updated_at=NOW - 20 * DAY, **call)
    pipeline.send_each(status("in-progress", outbound(call_id), 1), status("ended", outbound(call_id), 60))
    return call_id


def metrics(out: str, name: str) -> dict[str, float]:
    lines = [json.loads(line) for line in out.splitlines()]
    return {line["reason"]: sum(line[name]) for line in lines if name in line}


# By the schedule


def test_a_suspicious_call_is_asked_for_and_counted(
    pipeline: Pipeline, sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    call_id = ended(pipeline)
    capsys.readouterr()
    assert sweep.run()["no_report"] == 1
    assert sweep.requests() == [CallRequest(VAPI_ID, call_id, Reason.NO_REPORT)]
    assert metrics(capsys.readouterr().out, "CallSuspected") == {"no_report": 1}
    assert sweep.run()["no_report"] == 0
    assert sweep.requests() == []


def test_the_last_try_may_mark_a_call_and_brings_one_that_vapi_has(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call(updated_at=NOW - 20 * DAY)
    pipeline.send_each(status("in-progress", outbound(call_id), 1))
    other = outbound(pipeline.make_call(updated_at=NOW - 20 * DAY), OTHER_VAPI_ID)
    pipeline.send_each(report(other, 60))
    received = NOW - timedelta(minutes=1)
    pipeline.database.run("UPDATE webhook_event SET received_at = :at", at=received)
    asked = []
    for delay in (timedelta(0), timedelta(hours=1), DAY):
        sweep.run(at=NOW + delay)
        asked += [one for one in sweep.requests() if isinstance(one, CallRequest) and one.call_id == call_id]
    ends_by = after(1 + 600)
    request = CallRequest(VAPI_ID, call_id, Reason.NO_NEWS, ends_by=ends_by)
    assert asked == [
        request,
        replace(request, tries=1),
        replace(request, tries=2, last=True, known_vapi_call_id=OTHER_VAPI_ID),
    ]


def test_a_report_without_its_answers_never_marks_the_call(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call(updated_at=NOW - 20 * DAY)
    turns = [{"role": "user", "message": "Fine.", "time": after(10).timestamp() * 1000}]
    pipeline.send_each(report(outbound(call_id), 60, messages=turns, analysis={}))
    asked: list[Request] = []
    for delay in (timedelta(0), timedelta(minutes=13), timedelta(hours=23, minutes=58)):
        sweep.run(at=after(180) + delay)
        asked += sweep.requests()
    assert [(one.reason, one.tries, one.last) for one in asked if isinstance(one, CallRequest)] == [
        (Reason.NO_ANALYSIS, 0, False),
        (Reason.NO_ANALYSIS, 1, False),
        (Reason.NO_ANALYSIS, 2, False),
    ]


def test_calls_without_an_id_are_looked_for_in_the_list_by_one_request(pipeline: Pipeline, sweep: Sweep) -> None:
    made = NOW - timedelta(minutes=20)
    ids = tuple(pipeline.make_call(updated_at=made) for _ in range(3))
    assert sweep.run()["not_linked"] == 3
    assert sweep.requests() == [FindRequest(ids, made - timedelta(hours=1))]


def test_what_is_no_id_of_vapis_gets_into_no_request(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status("ended", outbound(call_id, "../secret"), 60))
    sweep.run()
    assert sweep.requests() == []


def test_nothing_is_claimed_that_could_not_be_queued(
    pipeline: Pipeline, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = ended(pipeline)
    with monkeypatch.context() as patch:
        patch.setattr(sweep.sqs, "send_message_batch", lambda **_: {"Failed": [{"Id": "0"}]})
        with pytest.raises(NotQueued):
            sweep.run()
    assert pipeline.count("reconciliation_request") == 0
    sweep.run()
    assert sweep.requests() == [CallRequest(VAPI_ID, call_id, Reason.NO_REPORT)]


def test_more_calls_than_a_batch_are_all_asked_for(pipeline: Pipeline, sweep: Sweep) -> None:
    ids = [f"0197f9d4-aaaa-4000-8000-{number:012d}" for number in range(25)]
    for id_ in ids:
        pipeline.send_each(status("ended", outbound(pipeline.make_call(updated_at=NOW - 20 * DAY), id_), 60))
    assert sweep.run()["no_report"] == 25
    assert sorted(one.vapi_call_id for one in sweep.requests() if isinstance(one, CallRequest)) == ids


def test_switched_off_it_does_nothing_at_all(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = ended(pipeline)
    sweep.configure(is_on=False)
    assert sweep.run() == sweep.run({"window": True}) == {"reconcile": "off"}
    assert sweep.run({"Records": [{"messageId": "1", "body": "{}"}]}) == {"batchItemFailures": []}
    answer = sweep.run({"ask": {"call_ids": [call_id], "vapi_call_ids": []}})
    assert answer["error"]["reason"] == "not-configured"
    assert (sweep.requests(), pipeline.count("reconciliation_request")) == ([], 0)


def test_at_night_the_window_is_walked_through_and_old_claims_go(pipeline: Pipeline, sweep: Sweep) -> None:
    pipeline.database.run(
        "INSERT INTO reconciliation_request VALUES (1, 'x', 'no_report', 3, :at, NULL)", at=NOW - 31 * DAY
    )
    sweep.run({"window": True})
    assert sweep.requests() == [WindowRequest(NOW - timedelta(days=13, hours=12), "2026-07-11T02:00")]
    assert pipeline.rows("SELECT reason FROM reconciliation_request") == [{"reason": "not_linked"}]


def test_no_error_tells_anything_of_a_call(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ValueError("+12025550101")

    monkeypatch.setattr(sweep.services, "transaction", fail)
    with pytest.raises(HandlerFailed) as caught:
        handler_of(sweep.services)({}, None)
    assert "2025550101" not in str(caught.value)
    assert caught.value.__cause__ is None


# Dead letters


def test_letters_are_asked_for_at_night_and_moved_back_when_their_call_is_known(
    pipeline: Pipeline, sweep: Sweep
) -> None:
    body = webhook(status("in-progress", outbound(None), 1)).to_json()
    sweep.bury("status_update", body)
    assert sweep.run()["moved_back"] == 0
    assert (sweep.requests(), sweep.dead("status_update")) == ([], 1)
    assert sweep.run({"window": True})["dead_letter"] == 1
    assert sweep.requests()[0] == CallRequest(VAPI_ID, None, Reason.DEAD_LETTER)
    assert sweep.run({"window": True}, NOW + timedelta(hours=1))["dead_letter"] == 0
    pipeline.send_each(report(outbound(pipeline.make_call()), 60))
    assert sweep.run(at=NOW + timedelta(hours=2))["moved_back"] == 1
    (message,) = sweep.queued("status_update")
    assert (message["Body"], sweep.dead("status_update")) == (body, 0)
    assert {name: value["StringValue"] for name, value in message["MessageAttributes"].items()} == {
        "kind": "status_update",
        "event_id": json.loads(body)["event_id"],
    }


@pytest.mark.parametrize("reason", ["InvalidMessage", "CallIdentityConflict", ""])
def test_other_dead_letters_stay_and_can_be_seen(pipeline: Pipeline, sweep: Sweep, reason: str) -> None:
    call_id = pipeline.make_call()
    sweep.bury("hang", webhook(status("ended", outbound(call_id), 1)).to_json(), reason)
    sweep.bury("hang", "no JSON", "UnknownCall")
    sweep.bury("hang", "[]", "UnknownCall")
    sweep.bury("hang", '{"event_id": "x", "kind": "hang"}', "UnknownCall")
    assert sweep.run({"window": True})["dead_letter"] == 0
    assert (sweep.queued("hang"), sweep.dead("hang")) == ([], 4)


def test_a_dead_letter_that_comes_back_each_time_is_moved_three_times(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call()
    body = webhook(status("in-progress", outbound(call_id), 1)).to_json()
    moved = []
    for hour in (*range(30), *range(30, 14 * 24, 7)):
        if not sweep.dead("status_update"):
            sweep.bury("status_update", body)
        moved += [hour] * sweep.run(at=NOW + timedelta(hours=hour))["moved_back"]
        sweep.queued("status_update")
    assert moved == [0, 1, 25]


def test_a_dead_letter_that_names_a_row_which_is_not_there_stays(pipeline: Pipeline, sweep: Sweep) -> None:
    """It would come back, whatever Vapi's call is linked to."""
    pipeline.send_each(report(outbound(pipeline.make_call()), 60))
    sweep.bury("status_update", webhook(status("ended", outbound(999_999), 1)).to_json())
    assert sweep.run()["moved_back"] == 0
    assert sweep.dead("status_update") == 1


# Pages


def summary(**values: Any) -> CallSummary:  # noqa: ANN401 - of any field
    """What Vapi's list says of a call whose report is `report(outbound(…), 60)`."""
    usual: dict[str, Any] = {
        "vapi_call_id": VAPI_ID,
        "call_id": None,
        "type": "outboundPhoneCall",
        "status": "Ended",
        "ended_reason": "assistant-ended-call",
        "nps_score": 9,
        "has_turns": False,
        "has_answers": True,
        "created_at": after(-20),
        "ended_at": after(60),
        "updated_at": after(60),
        "owner_ids": ("phone-number-1",),
    }
    return CallSummary(**usual | values)


def page(*calls: CallSummary) -> dict[str, Any]:
    """The event of a page's message."""
    body = Page("walk", calls, complete=False, since=after(-DAY.total_seconds()), until=NOW).to_json()
    return {"Records": [{"messageId": "1", "body": body}]}


def test_what_is_different_is_asked_for_and_no_more_after_three_nights(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = ended(pipeline)
    nights = []
    for night in range(14):
        sweep.run(page(summary()), NOW + night * DAY)
        sweep.run(page(summary()), NOW + night * DAY)
        nights += [night for _ in sweep.requests()]
    assert nights == [0, 1, 2]
    sweep.run(page(summary(vapi_call_id=OTHER_VAPI_ID, call_id=call_id)))
    assert sweep.requests() == [CallRequest(OTHER_VAPI_ID, call_id, Reason.DIFFERENT)]


def test_a_page_that_cannot_be_read_raises_and_comes_again(sweep: Sweep) -> None:
    with pytest.raises(Exception, match="page"):
        sweep.run({"Records": [{"messageId": "1", "body": "{}"}]})


# Operators


def differences(sweep: Sweep, *calls: CallSummary, **window: str) -> list[tuple[int | None, str, Any, Any]]:
    event = {"calls": [call.to_object() for call in calls], **window}
    answer = sweep.run({"compare": event})
    return [(one["call_id"], one["field"], one["here"], one["there"]) for one in answer["differences"]]


def test_a_repaired_call_is_not_different(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = ended(pipeline)
    turns = [{"role": "user", "message": "Nine.", "time": after(10).timestamp() * 1000}]
    full = report(outbound(call_id), 60, messages=turns)
    there = summary(call_id=call_id, has_turns=True)
    assert differences(sweep, there) == [
        (call_id, "ended_reason", None, "assistant-ended-call"),
        (call_id, "nps_score", None, 9),
        (call_id, "report", None, "Completed"),
    ]
    envelope = envelope_from("end_of_call_report", full["message"], RECEIVED_AT, origin=RECONCILIATION)
    assert pipeline.deliver("end_of_call_report", [envelope.to_json()]) == []
    assert differences(sweep, there) == []


def test_a_report_that_says_less_is_different(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(report(outbound(call_id), 60, analysis={}, messages=[], transcript="", artifact={}))
    there = summary(nps_score=None, has_turns=True)
    assert differences(sweep, there) == [
        (call_id, "report", "without answers", "with answers"),
        (call_id, "turns", False, True),
    ]
    assert differences(sweep, summary(ended_reason=None, nps_score=None, has_answers=False)) == []


@pytest.mark.parametrize(
    ("here", "there", "is_different"),
    [
        ("queued", "In Progress", True),
        ("in-progress", "In Progress", False),
        ("in-progress", "Ringing", False),
        ("in-progress", "Ended", True),
        ("ended", "In Progress", False),
        ("ended", "unknown", False),
        ("in-progress", "not-found", False),
        ("in-progress", "deletion-failed", False),
    ],
)
def test_a_status_is_different_if_the_call_is_further_there(
    pipeline: Pipeline, sweep: Sweep, here: str, there: str, is_different: bool
) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status(here, outbound(call_id), 1))
    found = differences(sweep, summary(status=there, ended_at=None, ended_reason=None, nps_score=None))
    assert ("status" in [field for _, field, _, _ in found]) is is_different


def test_a_call_of_a_moment_ago_may_be_on_its_way(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = ended(pipeline)
    late = summary(call_id=call_id, ended_at=NOW - timedelta(seconds=59))
    assert differences(sweep, late) == []
    assert differences(sweep, replace(late, ended_at=NOW - timedelta(seconds=60))) != []


def test_a_call_that_was_never_announced_is_missing_here(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call()
    assert differences(sweep, summary(call_id=call_id)) == [(call_id, "call", None, "Ended")]


STRANGERS: Final[list[dict[str, Any]]] = [
    {},
    {"type": "inboundPhoneCall"},
    {"type": "inboundPhoneCall", "owner_ids": ()},
    {"type": "webCall"},
]


@pytest.mark.parametrize("call", STRANGERS)
def test_a_call_of_nobodys_is_not_different(pipeline: Pipeline, sweep: Sweep, call: dict[str, Any]) -> None:
    assert pipeline.count("call") == 0
    assert differences(sweep, summary(**call)) == []


@pytest.mark.parametrize("call", STRANGERS)
@pytest.mark.parametrize("by", ["default", "owner", "ignored"])
def test_a_call_of_an_organization_that_is_known_is_missing_here(
    pipeline: Pipeline, sweep: Sweep, call: dict[str, Any], by: str
) -> None:
    if by != "owner":
        sweep.configure(default_organization_id=ORGANIZATION)
    if by != "default":
        pipeline.own("phone-number-1", None if by == "ignored" else ORGANIZATION, ignored=by == "ignored")
    ours = by == "default" or bool(summary(**call).owner_ids) is (by == "owner")
    assert differences(sweep, summary(**call)) == ([(None, "call", None, "Ended")] if ours else [])


def test_a_call_that_names_a_row_which_is_not_there_is_another_stacks(pipeline: Pipeline, sweep: Sweep) -> None:
    pipeline.own("phone-number-1")
    assert differences(sweep, summary(call_id=999_999)) == []


def test_a_link_that_was_taken_back_is_not_missing(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call()
    pipeline.database.run(
        "INSERT INTO refused_link (vapi_call_id, call_id) VALUES (:id, :call)", id=VAPI_ID, call=call_id
    )
    assert differences(sweep, summary(call_id=call_id)) == []


def test_our_id_on_an_inbound_call_counts_if_the_row_expects_one(pipeline: Pipeline, sweep: Sweep) -> None:
    outbound_id, inbound_id = pipeline.make_call(), pipeline.make_call(direction="inbound")
    assert differences(sweep, summary(type="inboundPhoneCall", call_id=outbound_id)) == []
    assert differences(sweep, summary(type="inboundPhoneCall", call_id=inbound_id)) == [
        (inbound_id, "call", None, "Ended")
    ]


def test_calls_that_the_list_lacks_are_told_if_its_time_is_given(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = ended(pipeline)
    reported = pipeline.make_call()
    pipeline.send_each(report(outbound(reported, OTHER_VAPI_ID), 60))
    window = {"since": iso(-21), "until": iso(-20)}
    assert differences(sweep) == []
    assert differences(sweep, **window) == [(call_id, "call", "Ended", None), (reported, "call", "Completed", None)]
    assert differences(sweep, summary(vapi_call_id=OTHER_VAPI_ID), **window) == [(call_id, "call", "Ended", None)]
    assert differences(sweep, since=iso(-20), until=iso(0)) == []
    assert differences(sweep, since=iso(-60), until=iso(-21)) == []


def test_operators_ask_for_calls_by_either_id_as_often_as_they_like(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call()
    pipeline.send_each(status("in-progress", outbound(call_id), 1))
    unlinked = pipeline.make_call()
    unknown = "0197f9d4-aaaa-4000-8000-00000000000f"
    for _ in range(2):
        event = {"call_ids": [call_id, unlinked, 999_999], "vapi_call_ids": [VAPI_ID, unknown, "no id of Vapi's"]}
        assert sweep.run({"ask": event}) == {"queued": 3}
        assert sweep.requests() == [
            CallRequest(VAPI_ID, call_id, Reason.ASKED, ends_by=after(601)),
            CallRequest(unknown, None, Reason.ASKED),
            FindRequest((unlinked,), NOW - timedelta(days=13, hours=12)),
        ]


@pytest.mark.parametrize(
    "event",
    [
        {"ask": {"call_ids": ["x"], "vapi_call_ids": []}},
        {"ask": {"call_ids": 7}},
        {"ask": {"vapi_call_ids": [""]}},
        {"compare": {}},
        {"compare": {"calls": [{}]}},
        {"find_vapi_ids": {}},
    ],
)
def test_a_question_that_cannot_be_read_is_answered_with_an_error(sweep: Sweep, event: dict[str, Any]) -> None:
    assert sweep.run(event)["error"]["reason"] == "vapi-unreadable"
    assert sweep.requests() == []


def test_the_ids_of_a_call_at_vapi_are_found(pipeline: Pipeline, sweep: Sweep) -> None:
    call_id = pipeline.make_call(vapi_call_id=OTHER_VAPI_ID)
    pipeline.send_each(status("in-progress", outbound(call_id), 1))
    assert sweep.run({"find_vapi_ids": {"call_id": call_id}}) == {"vapi_call_ids": [VAPI_ID, OTHER_VAPI_ID]}
    assert sweep.run({"find_vapi_ids": {"call_id": 999_999}}) == {"vapi_call_ids": []}
