"""Metrics have the dimensions and units that they declare; ids in the log are nobody's number."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from autopulse.observability import METRICS, Measurements, Metric, loggable_id


def test_every_metric_has_a_name_of_its_own() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS) > 30


def test_a_metric_declares_its_dimensions() -> None:
    assert Metric.RECORD_FAILED.dimension_names == ("kind", "reason")
    assert Metric.CALL_EVENT_LOST.dimension_names == ()


def test_measurements_have_the_dimensions_and_the_unit_of_their_metric(capsys: pytest.CaptureFixture[str]) -> None:
    measurements = Measurements()
    measurements.count(Metric.RECORD_FAILED, 2, kind="hang", reason="UnknownCall")
    measurements.count(Metric.RECORD_FAILED, kind="hang", reason="UnknownCall")
    measurements.record(Metric.API_DURATION, [1.5, 2.5], route="/v1/me")
    measurements.flush()
    counted, timed = map(json.loads, capsys.readouterr().out.splitlines())
    assert (counted["RecordFailed"], counted["kind"], counted["reason"]) == ([3], "hang", "UnknownCall")
    assert (timed["ApiDuration"], timed["route"]) == ([1.5, 2.5], "/v1/me")
    (definition,) = timed["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert definition["Unit"] == "Milliseconds"


def test_equal_values_of_different_dimensions_are_different_series(capsys: pytest.CaptureFixture[str]) -> None:
    measurements = Measurements()
    measurements.count(Metric.WEBHOOK_ACCEPTED, kind="x")
    measurements.count(Metric.WEBHOOK_REFUSED, reason="x")
    measurements.flush()
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    "measure",
    [
        lambda m: m.count(Metric.WEBHOOK_ACCEPTED),
        lambda m: m.count(Metric.WEBHOOK_ACCEPTED, type="hang"),
        lambda m: m.count(Metric.RECORD_FAILED, 2, kind="hang"),
        lambda m: m.count(Metric.CALL_EVENT_LOST, kind="hang"),
        lambda m: m.record(Metric.BATCH_SIZE, [1], reason="hang"),
    ],
)
def test_a_measurement_with_other_dimensions_than_its_metric_declares_is_refused(
    measure: Callable[[Any], None],
) -> None:
    with pytest.raises(TypeError):
        measure(Measurements())


def test_mypy_refuses_other_dimensions_too() -> None:
    """mypy complains about an ignored error that it does not find, so each of these lines is a test of its own."""
    measurements = Measurements()
    with pytest.raises(TypeError):
        measurements.count(Metric.CALL_EVENT_LOST, kind="hang")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        measurements.count(Metric.RECORD_FAILED, kind="hang")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "id_",
    [
        None,
        "0197f9d4-0000-4000-8000-000000000001",
        str(uuid.UUID(int=0)).upper(),
        "0123456789" * 6 + "abcd",
        "call_1",
        "a.b:c-D",
    ],
)
def test_an_id_that_says_nothing_of_anybody_is_logged_as_it_is(id_: str | None) -> None:
    assert loggable_id(id_) == id_


@pytest.mark.parametrize(
    ("id_", "logged"),
    [
        ("+12025550147", "?###########"),
        ("call-202-555-0147", "call-###-###-####"),
        ("Canaria Fictiva", "Canaria?Fictiva"),
        ("a\u2028b\x9bc\x1b[31m\x00\u202e", "a?b?c?31m?"),
        ("\u0661\u0662", "?"),
        ("x" * 1000, "x" * 100),
        ("0197f9d4-0000-4000-8000-000000000001 and more", "####f#d#-####-####-####-############?and?more"),
    ],
)
def test_an_id_that_a_sender_chose_has_no_number_and_nothing_unprintable(id_: str, logged: str) -> None:
    assert loggable_id(id_) == logged
