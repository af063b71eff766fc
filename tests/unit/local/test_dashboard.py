"""Reading the dashboard's body, and making of EMF lines what CloudWatch would."""

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from autopulse.observability import Measurements, Metric
from local.dashboard.body import Expression, Series, Widget, fill_in
from local.dashboard.logs import ask
from local.dashboard.metrics import aggregate, compute, read_emf, statistic
from local.dashboard.picture import Run, draw

NOON = datetime(2026, 11, 19, 12, tzinfo=timezone.utc)
SERVICE = {"service": "stack"}


def emf(metric: str, seconds: float, *values: float, **dimensions: str) -> str:
    directive = {
        "Namespace": "AutoPulse",
        "Dimensions": [sorted({*dimensions, "service"})],
        "Metrics": [{"Name": metric}],
    }
    head = {"Timestamp": (NOON.timestamp() + seconds) * 1000, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": head, metric: list(values), **dimensions, **SERVICE})


def widget(*metrics: object, **properties: object) -> Widget:
    return Widget("metric", 0, 0, 6, 6, {"title": "title", "period": 60, "metrics": list(metrics), **properties})


def search(dimensions: str, metric: str, stat: str = "Sum") -> list[dict[str, str]]:
    expression = f"SEARCH('{{AutoPulse,{dimensions}}} MetricName=\"{metric}\" service=\"stack\"', '{stat}', 60)"
    return [{"id": "found", "label": "", "expression": expression}]


def minute(number: int) -> int:
    return int(NOON.timestamp()) + 60 * number


def test_a_row_names_its_metric_and_what_differs_from_the_widget() -> None:
    row = ["AWS/SQS", "Age", "QueueName", "q", {"label": "status", "stat": "p50", "yAxis": "right", "id": "a"}]
    assert list(widget(row, stat="Maximum").lines()) == [
        Series("AWS/SQS", "Age", {"QueueName": "q"}, "p50", 60, "status", "a", right=True)
    ]


def test_a_search_leaves_dimensions_open() -> None:
    assert list(widget(search("kind,service", "RecordApplied")).lines()) == [
        Series("AutoPulse", "RecordApplied", {"kind": "", "service": "stack"}, "Sum", 60, "", "found")
    ]


def test_a_counter_of_the_database_is_a_series_and_a_sum_is_an_expression() -> None:
    counter = {"expression": "DB_PERF_INSIGHTS('RDS', 'db-X', 'db.Concurrency.deadlocks.avg')", "id": "d"}
    found = list(widget([counter], [{"expression": "a + b", "label": "sum"}]).lines())
    assert found == [
        Series("Database Insights", "db.Concurrency.deadlocks", {"DbiResourceId": "db-X"}, "Average", 60, "", "d"),
        Expression("a + b", "sum"),
    ]


def test_names_conditions_and_texts_within_texts_are_filled_in() -> None:
    inner = {"Fn::If": ["Yes", {"Fn::Sub": "<${Name}>"}, ""]}
    text = {"Fn::Sub": ["${AWS::Region} ${Inner} ${Queue.Arn} ${Given}", {"Inner": inner, "Given": {"Ref": "Name"}}]}
    names = {"AWS::Region": "here", "Name": "n"}
    assert fill_in(text, names, {"Yes": True}) == "here <n> Queue.Arn n"
    assert fill_in(text, names, {"Yes": False}) == "here  Queue.Arn n"


def test_what_the_code_prints_is_read_as_it_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    measurements = Measurements()
    measurements.count(Metric.RECORD_APPLIED, 3, kind="status_update")
    measurements.record(Metric.AGE_FROM_RECEIPT, 10, 20, kind="status_update")
    measurements.flush()
    values = read_emf(capsys.readouterr().out.splitlines()).values
    found = {name: [value for _, value in given] for (_, name, _), given in values.items()}
    assert found == {"RecordApplied": [3], "AgeFromReceipt": [10, 20]}


def test_log_lines_count_for_nothing() -> None:
    assert read_emf(['{"level": "INFO", "message": "record settled"}']).values == {}


def test_a_search_finds_each_set_of_dimensions_and_no_other_service_or_schema() -> None:
    other = emf("RecordApplied", 0, 9, kind="status_update").replace('"stack"', '"other"')
    wider = emf("RecordApplied", 0, 9, kind="status_update", reason="x")
    metrics = read_emf(
        [emf("RecordApplied", 0, 1, kind="status_update"), emf("RecordApplied", 0, 2, kind="hang"), other, wider]
    )
    lines = metrics.lines(widget(search("kind,service", "RecordApplied")))
    assert {line.label: line.points for line in lines} == {"status": {minute(0): 1}, "hang": {minute(0): 2}}


def test_values_are_gathered_by_the_start_of_their_period() -> None:
    values = [(minute(0) + 59.9, 1.0), (minute(1), 2.0), (minute(1) + 30, 4.0)]
    assert aggregate(values, "Sum", 60) == {minute(0): 1, minute(1): 6}
    assert aggregate(values, "Sum", 300) == {minute(0): 7}


@pytest.mark.parametrize(
    ("stat", "value"),
    [("Sum", 10), ("Average", 2.5), ("Minimum", 1), ("Maximum", 4), ("SampleCount", 4), ("p50", 2.5), ("p90", 3.7)],
)
def test_statistics(stat: str, value: float) -> None:
    assert statistic([4, 1, 3, 2], stat) == pytest.approx(value)


def test_the_score_of_a_day_is_computed_where_a_group_is_missing() -> None:
    text = "100 * (FILL(up, 0) - FILL(down, 0)) / (FILL(up, 0) + FILL(down, 0))"
    assert compute(text, {"up": {0: 3.0, 60: 2.0}, "down": {0: 1.0}}) == {0: 50, 60: 100}


def test_nothing_is_divided_by_nothing_and_unknown_functions_are_no_guess() -> None:
    assert compute("a / b", {"a": {0: 1.0}, "b": {0: 0.0}}) == {}
    with pytest.raises(ValueError, match="RATE"):
        compute("RATE(a)", {"a": {0: 1.0}})


def test_a_picture_is_drawn_of_what_there_is_and_what_there_is_not(tmp_path: Path) -> None:
    here = widget(search("kind,service", "RecordApplied"), stacked=True)
    elsewhere = widget(["AWS/SQS", "Age", "QueueName", "q"], stat="Maximum")
    metrics = read_emf(
        [emf("RecordApplied", 0, 1, kind="status_update"), emf("RecordApplied", 900, 1, kind="status_update")]
    )
    file = tmp_path / "dashboard.png"
    draw([here, elsewhere], Run(metrics, [], (NOON, NOON.replace(hour=14))), "caption", file)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_the_table_of_failures_has_the_latest_first_and_nothing_else() -> None:
    query = (
        "SOURCE 'a' | SOURCE 'b' | fields @timestamp, reason, @log"
        " | filter level in ['WARNING', 'ERROR'] or @message like /Task timed out/"
        " | filter not (message = 'Webhook refused' and status = 401) | sort @timestamp desc | limit 2"
    )
    log = [
        '{"level": "WARNING", "timestamp": "1", "reason": "old"}',
        '{"level": "INFO", "timestamp": "2", "reason": "no failure"}',
        '{"level": "ERROR", "timestamp": "3"}',
        '{"level": "INFO", "timestamp": "4", "reason": "Task timed out"}',
        '{"level": "WARNING", "timestamp": "5", "message": "Webhook refused", "status": 401}',
        emf("RecordApplied", 0, 1),
    ]
    table = ask(query, log)
    assert table is not None
    assert table.columns == ["@timestamp", "reason"]
    assert table.rows == [["4", "Task timed out"], ["3", ""]]
    assert ask("fields @log | stats count(*)", log) is None
