"""The dashboard shows metrics that exist, with the dimensions that the code gives them."""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from autopulse.observability import NAMESPACE, Metric
from tests.contract.declared_metrics import declared_dimensions
from tests.contract.stack import PREFIXES, properties, resources

STACK = "the-stack"
AWS_METRICS = {
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    "AWS/ApiGateway": {"4XXError", "5XXError", "Latency"},
    "AWS/Lambda": {"Errors", "Throttles", "Duration", "ConcurrentExecutions"},
}
GRID_COLUMNS = 24


@cache
def _widgets() -> list[dict[str, Any]]:
    text = properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    names = {"AWS::StackName": STACK, "AWS::Region": "us-east-1"}
    return list(json.loads(re.sub(r"\$\{([^}]+)\}", lambda match: names.get(match[1], match[1]), text))["widgets"])


def _metrics() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every (namespace, metric, dimensions) on the dashboard; in a SEARCH, open dimensions are empty."""
    for widget in _widgets():
        for row in widget["properties"]["metrics"]:
            yield _searched(row[0]["expression"]) if isinstance(row[0], dict) else _named(row)


def _named(row: list[Any]) -> tuple[str, str, dict[str, str]]:
    words = [word for word in row if isinstance(word, str)]
    return words[0], words[1], dict(zip(words[2::2], words[3::2], strict=True))


def _searched(expression: str) -> tuple[str, str, dict[str, str]]:
    match = re.fullmatch(
        r"SEARCH\('\{([\w,]+)\} MetricName=\"(\w+)\" (\w+)=\"([\w-]+)\"', '(Sum|p\d\d)', 60\)", expression
    )
    assert match, expression
    namespace, *dimensions = match[1].split(",")
    return namespace, match[2], {**dict.fromkeys(dimensions, ""), match[3]: match[4]}


def test_the_code_declares_the_dimensions_of_every_metric() -> None:
    assert set(declared_dimensions()) == {metric.value for metric in Metric}


def test_our_metrics_exist_with_these_dimensions() -> None:
    for namespace, metric, dimensions in _metrics():
        if namespace == NAMESPACE:
            assert set(dimensions) == {"service"} | declared_dimensions()[metric], metric
            assert dimensions["service"] == STACK


def test_the_services_metrics_exist() -> None:
    for namespace, metric, _ in _metrics():
        assert namespace == NAMESPACE or metric in AWS_METRICS[namespace]


def test_it_names_queues_of_this_stack() -> None:
    for namespace, _, dimensions in _metrics():
        if namespace == "AWS/SQS":
            queue = dimensions["QueueName"].removesuffix(".QueueName")
            assert resources()[queue]["Type"] == "AWS::SQS::Queue"


@pytest.mark.parametrize(
    "metric",
    ["WebhookAccepted", "WebhookRefused", "RecordApplied", "RecordFailed", "RecordDuplicate", "CallStalled"],
)
def test_it_shows_what_comes_in_and_what_becomes_of_it(metric: str) -> None:
    assert metric in {shown for _, shown, _ in _metrics()}


@pytest.mark.parametrize("metric", ["AgeFromSender", "AgeFromReceipt"])
def test_it_shows_ages_by_percentile(metric: str) -> None:
    text = properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    shown = re.findall(rf'MetricName=\\"{metric}\\" service=\\"\$\{{AWS::StackName\}}\\"\', \'(p\d\d)\'', text)
    assert shown == ["p50", "p90", "p99"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_it_shows_what_waits_and_what_is_dead_for_every_kind(prefix: str) -> None:
    shown = {(metric, dimensions.get("QueueName")) for _, metric, dimensions in _metrics()}
    assert ("ApproximateAgeOfOldestMessage", f"{prefix}Queue.QueueName") in shown
    assert ("ApproximateNumberOfMessagesVisible", f"{prefix}DeadLetterQueue.QueueName") in shown


def test_no_two_widgets_overlap() -> None:
    for one, other in combinations(_widgets(), 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or below
    assert max(widget["x"] + widget["width"] for widget in _widgets()) <= GRID_COLUMNS
