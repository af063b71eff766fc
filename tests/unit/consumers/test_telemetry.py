"""Check what a batch leaves in the metrics: each line is one set of dimensions."""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest

from autopulse.consumers.consumer import Disposition, Record
from autopulse.consumers.queue import UNKNOWN_CALL_TRIES, ReceivedMessage
from autopulse.consumers.telemetry import account_for
from autopulse.domain.events import CallEvent, CallEventType
from autopulse.errors import AutoPulseError, CallIdentityConflict, Transient, UnknownCall
from autopulse.observability import Measurements, Metric, MetricDefinition
from autopulse.vapi.messages import HangMessage, Message, read_envelope

NOW = datetime(2026, 7, 11, 1, 0, 30, tzinfo=timezone.utc)


def delivery(
    error: AutoPulseError | None, disposition: Disposition = Disposition.RETURNED, tries: int = 1
) -> ReceivedMessage:
    return ReceivedMessage("message", "handle", tries, "{}", error=error, disposition=disposition)


def settled(message: Message, disposition: Disposition = Disposition.APPLIED) -> ReceivedMessage:
    envelope = read_envelope(
        '{"version": 1, "kind": "end_of_call_report", "event_id": "e", "received_at": "2026-07-11T01:00:29Z"}'
    )
    return ReceivedMessage("message", "handle", 1, "{}", envelope, Record(envelope, message), disposition=disposition)


def completed(call_id: int, outcome: str | None) -> CallEvent:
    return call_event(CallEventType.CALL_COMPLETED, call_id, outcome=outcome, duration_sec=60)


def answered(call_id: int, score: int | None) -> CallEvent:
    return call_event(CallEventType.FEEDBACK_RECORDED, call_id, nps_score=score, feedback=True)


def call_event(type_: CallEventType, call_id: int, **changed: object) -> CallEvent:
    return CallEvent(type_, call_id, None, "organization", changed)


def lines(capsys: pytest.CaptureFixture[str], metric: MetricDefinition[Any]) -> list[tuple[Mapping[str, Any], float]]:
    """Every value of a metric in the EMF lines, with its dimensions besides `service`."""
    found: list[tuple[Mapping[str, Any], float]] = []
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        if metric.name in line:
            (declared,) = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
            names = set(declared) - {"service"}
            found.append(({name: line[name] for name in names}, sum(line[metric.name])))
    return found


def measure(deliveries: list[ReceivedMessage], call_events: list[CallEvent]) -> None:
    measurements = Measurements()
    account_for("end_of_call_report", deliveries, call_events, NOW, measurements)
    measurements.flush()


def test_calls_are_counted_by_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    measure([], [completed(1, "reached"), completed(2, "voicemail"), completed(3, "reached"), completed(4, None)])
    assert lines(capsys, Metric.CALL_COMPLETED) == [
        ({"outcome": "reached"}, 2),
        ({"outcome": "voicemail"}, 1),
        ({"outcome": "unknown"}, 1),
    ]


@pytest.mark.parametrize(
    ("score", "group"),
    [(10, "promoter"), (9, "promoter"), (8, "passive"), (7, "passive"), (6, "detractor"), (0, "detractor")],
)
def test_an_answer_is_counted_by_what_it_makes_its_giver(
    capsys: pytest.CaptureFixture[str], score: int, group: str
) -> None:
    measure([], [completed(1, "reached"), answered(1, score)])
    assert lines(capsys, Metric.SCORE_GIVEN) == [({"nps_category": group}, 1)]


def test_a_later_report_of_a_call_is_no_second_answer(capsys: pytest.CaptureFixture[str]) -> None:
    measure([], [completed(1, "reached"), answered(2, 9)])
    assert lines(capsys, Metric.SCORE_GIVEN) == []


def test_a_report_without_an_answer_counts_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    measure([], [completed(1, "voicemail"), answered(1, None)])
    assert lines(capsys, Metric.SCORE_GIVEN) == []


def test_records_with_transient_errors_count_as_postponed(capsys: pytest.CaptureFixture[str]) -> None:
    measure([delivery(Transient("database")), delivery(Transient("unexpected"))], [])
    assert lines(capsys, Metric.RECORD_POSTPONED) == [({"kind": "end_of_call_report"}, 2)]


def test_a_dead_letter_that_its_queue_did_not_take_is_postponed(capsys: pytest.CaptureFixture[str]) -> None:
    permanent = delivery(UnknownCall(), tries=UNKNOWN_CALL_TRIES + 1)
    measure([delivery(CallIdentityConflict()), permanent], [])
    assert lines(capsys, Metric.RECORD_POSTPONED) == [({"kind": "end_of_call_report"}, 2)]


def test_what_waits_for_its_call_or_is_dead_lettered_is_not_postponed(capsys: pytest.CaptureFixture[str]) -> None:
    measure(
        [
            delivery(UnknownCall()),
            delivery(CallIdentityConflict(), Disposition.DEAD_LETTERED),
            delivery(None, Disposition.APPLIED),
        ],
        [],
    )
    assert lines(capsys, Metric.RECORD_POSTPONED) == []


def test_ids_that_others_chose_are_logged_without_what_they_may_hide(capsys: pytest.CaptureFixture[str]) -> None:
    one = settled(HangMessage(type="hang"))
    assert one.envelope
    one.envelope = one.envelope.model_copy(
        update={"vapi_call_id": "Testa +12025550147", "event_id": "Placeholder\u2028"}
    )
    measure([one], [])
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in said if line.get("message") == "record settled"]
    assert (line["vapi_call_id"], line["event_id"]) == ("Testa?###########", "Placeholder?")
