"""The dashboard shows metrics that exist, with the dimensions that the code or AWS gives them, and all of the stack."""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise

import pytest

from autopulse.observability import METRICS, NAMESPACE
from tests.contract.aws_metrics import is_emitted
from tests.contract.dashboard_body import Expression, Series, Widget, fill_in, read_widgets
from tests.contract.declared_metrics import declared_dimensions
from tests.contract.stack import MONITORING, PREFIXES, ROOT, ids_of, properties, source
from tests.contract.test_alarms import ALARMS, NAMED, said

STACK = "the-stack"
NAMES = {
    "Application": STACK,
    "AWS::Region": "us-east-1",
    "ConnectionsThreshold": "300",
    "MemoryThreshold": "268435456",
}
FUNCTIONS = ids_of("AWS::Lambda::Function")
GRID_COLUMNS = 24
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
MAX_WIDGETS = 500
MAX_METRICS_OF_A_WIDGET = 500
MAX_METRICS = 2500
MAX_SEARCH_CHARACTERS = 1024
MAX_LOG_GROUPS = 50
MAX_ALARMS = 100
FOUND_BY_A_SEARCH = 55
"""At most, in this stack: five kinds times eleven reasons."""


@cache
def _body(*, everything: bool = True) -> str:
    conditions = dict.fromkeys(source(MONITORING)["Conditions"], everything)
    return fill_in(properties("Dashboard", MONITORING)["DashboardBody"], NAMES, conditions)


@cache
def _widgets() -> list[Widget]:
    return read_widgets(_body())


def _series() -> Iterator[tuple[Widget, Series]]:
    for widget in _widgets():
        for line in widget.lines():
            if isinstance(line, Series):
                yield widget, line


def _shown(metric: str) -> list[dict[str, str]]:
    return [dict(line.dimensions) for _, line in _series() if line.metric == metric]


def _log_queries() -> list[str]:
    return [widget.properties["query"] for widget in _widgets() if widget.type == "log"]


def test_every_metric_shown_is_one_that_somebody_emits() -> None:
    for _, line in _series():
        if line.namespace == NAMESPACE:
            assert set(line.dimensions) == {"service"} | declared_dimensions()[line.metric], line.metric
            assert line.dimensions["service"] == STACK
        else:
            assert is_emitted(line.namespace, line.metric, set(line.dimensions)), line


@pytest.mark.parametrize("metric", sorted(metric.name for metric in METRICS))
def test_every_metric_of_ours_is_shown(metric: str) -> None:
    assert _shown(metric) or metric in {"BatchSize", "EventPruned"}, "of use to who tunes, not to who is paged"


def test_its_metrics_are_of_what_the_application_has() -> None:
    for _, line in _series():
        for dimension in NAMED.keys() & {name for name, value in line.dimensions.items() if value}:
            assert line.dimensions[dimension].removeprefix(f"{STACK}-") in NAMED[dimension]


@pytest.mark.parametrize("metric", ["AgeFromSender", "AgeFromReceipt"])
def test_it_shows_ages_by_percentile(metric: str) -> None:
    assert [line.stat for _, line in _series() if line.metric == metric] == ["p50", "p90", "p99"]


def _queue(logical_id: str) -> str:
    return str(properties(logical_id)["QueueName"]["Fn::Sub"]).replace("${AWS::StackName}", STACK)


@pytest.mark.parametrize("prefix", [*PREFIXES, "CallEvent"])
def test_it_shows_what_waits_in_every_queue(prefix: str) -> None:
    assert {"QueueName": _queue(f"{prefix}Queue")} in _shown("ApproximateAgeOfOldestMessage")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_it_shows_every_dead_letter_queue(prefix: str) -> None:
    assert {"QueueName": _queue(f"{prefix}DeadLetterQueue")} in _shown("ApproximateNumberOfMessagesVisible")


@pytest.mark.parametrize("metric", ["Errors", "Throttles", "ConcurrentExecutions", "Duration"])
def test_it_searches_for_every_function(metric: str) -> None:
    assert all(dimensions == {"FunctionName": ""} for dimensions in _shown(metric))
    assert _shown(metric)
    assert all(
        properties(function)["FunctionName"]["Fn::Sub"].startswith("${AWS::StackName}-") for function in FUNCTIONS
    )


def test_it_shows_durations_by_percentile() -> None:
    assert {line.stat for _, line in _series() if line.metric == "Duration"} == {"p50", "p90", "p99"}


def test_it_reads_every_functions_log() -> None:
    named = {properties(function.replace("Function", "LogGroup"))["LogGroupName"]["Fn::Sub"] for function in FUNCTIONS}
    groups = {name.replace("${AWS::StackName}", STACK) for name in named}
    for query in _log_queries():
        assert set(re.findall(r"SOURCE '([\w/-]+)'", query)) == groups
        assert len(groups) <= MAX_LOG_GROUPS


def test_it_shows_the_last_failures_and_the_cold_starts() -> None:
    failures, starts = _log_queries()
    assert "filter level in ['WARNING', 'ERROR', 'CRITICAL']" in failures
    assert "filter not (message = 'Webhook refused' and status = 401)" in failures, "a stranger who knocks hides them"
    assert "sort @timestamp desc | limit" in failures
    assert "(?:Init|Restore) Duration" in starts


def test_a_computed_line_names_lines_of_its_widget() -> None:
    for widget in _widgets():
        lines = list(widget.lines())
        known = {line.id for line in lines}
        for line in lines:
            if isinstance(line, Expression):
                assert set(re.findall(r"\b[a-z]\w*", line.text)) <= known, line.text


def test_ids_are_unique_within_a_widget() -> None:
    for widget in _widgets():
        ids = [line.id for line in widget.lines() if line.id]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[a-z][a-zA-Z0-9_]*", id_) for id_ in ids)


def test_every_alarm_is_on_it() -> None:
    names = [said(alarm)["AlarmName"]["Fn::Sub"].replace("AWS::StackName", "Application") for alarm in ALARMS]
    (widget,) = [widget for widget in _widgets() if widget.type == "alarm"]
    shown = [arn.rpartition(":alarm:")[2] for arn in widget.properties["alarms"]]
    assert sorted(shown) == sorted(name.replace("${Application}", STACK) for name in names)
    assert len(shown) <= MAX_ALARMS


def test_a_line_called_alarm_is_where_an_alarm_on_that_metric_rings() -> None:
    drawn = 0
    for widget in _widgets():
        shown = {line.metric for line in widget.lines() if isinstance(line, Series)}
        for line in widget.properties.get("annotations", {}).get("horizontal", []):
            assert line["label"].split(",")[0] == "alarm"
            assert line["value"] in {value for metric in shown for value in _thresholds(metric)}
            drawn += 1
    assert drawn


def _thresholds(metric: str) -> set[int]:
    found = [said(alarm) for alarm in ALARMS if f"'{metric}'" in str(said(alarm))]
    given = [alarm["Threshold"] for alarm in found]
    return {int(NAMES[value["Ref"]]) if isinstance(value, dict) else value for value in given}


def test_every_link_leads_to_a_section_of_the_runbook() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text()
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)}
    links = re.findall(r"\]\(RunbookUrl#([a-z0-9-]+)\)", _body())
    assert links
    assert set(links) <= anchors


def test_its_rows_are_numbered_and_the_runbook_names_no_others() -> None:
    titles = [widget.properties["markdown"] for widget in _widgets() if widget.type == "text"]
    rows = [int(number) for title in titles for number in re.findall(r"^## (\d+)\. ", title)]
    assert rows == list(range(1, len(rows) + 1))
    named = re.findall(r"\brows? (\d+)(?: and (\d+))?", (ROOT / "docs/runbook.md").read_text())
    assert {int(number) for pair in named for number in pair if number} <= set(rows)


@pytest.mark.parametrize("everything", [True, False])
def test_it_is_json_within_cloudwatchs_limits(*, everything: bool) -> None:
    widgets = read_widgets(_body(everything=everything))
    assert len(widgets) <= MAX_WIDGETS
    found = [sum(FOUND_BY_A_SEARCH if _is_open(line) else 1 for line in widget.lines()) for widget in widgets]
    assert max(found) <= MAX_METRICS_OF_A_WIDGET
    assert sum(found) <= MAX_METRICS
    for expression in re.findall(r"SEARCH\([^)]*\)", _body(everything=everything)):
        assert len(expression) <= MAX_SEARCH_CHARACTERS


def _is_open(line: Series | Expression) -> bool:
    return isinstance(line, Series) and "" in line.dimensions.values()


def test_without_a_database_of_rds_nothing_asks_for_one() -> None:
    assert "AWS/RDS" in _body()
    assert "AWS/RDS" not in _body(everything=False)


def test_no_two_widgets_overlap() -> None:
    for one, other in combinations(_widgets(), 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        below = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert beside or below
    assert max(widget.x + widget.width for widget in _widgets()) <= GRID_COLUMNS


def test_no_row_of_the_grid_is_empty() -> None:
    covered = sorted({y for widget in _widgets() for y in range(widget.y, widget.y + widget.height)})
    assert all(after - before == 1 for before, after in pairwise(covered))


def test_periods_are_those_that_cloudwatch_knows() -> None:
    for _, line in _series():
        assert line.period % 60 == 0
        assert line.period <= 86_400


def test_it_says_when_it_begins() -> None:
    assert json.loads(_body())["start"] == "-PT3H"


@pytest.mark.parametrize(
    "metric",
    [
        "CPUUtilization",
        "DatabaseConnections",
        "FreeStorageSpace",
        "ReadLatency",
        "WriteLatency",
        "db.Concurrency.deadlocks",
    ],
)
def test_it_shows_how_the_database_is(metric: str) -> None:
    assert _shown(metric)
