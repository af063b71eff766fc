"""Reading the dashboard's body."""

from tests.contract.dashboard_body import Expression, Series, Widget, fill_in


def widget(*metrics: object, **properties: object) -> Widget:
    return Widget("metric", 0, 0, 6, 6, {"title": "title", "period": 60, "metrics": list(metrics), **properties})


def search(dimensions: str, metric: str, stat: str = "Sum") -> list[dict[str, str]]:
    expression = f"SEARCH('{{AutoPulse,{dimensions}}} MetricName=\"{metric}\" service=\"stack\"', '{stat}', 60)"
    return [{"id": "found", "label": "", "expression": expression}]


def test_a_row_names_its_metric_and_what_differs_from_the_widget() -> None:
    row = ["AWS/SQS", "Age", "QueueName", "q", {"label": "status", "stat": "p50", "yAxis": "right", "id": "a"}]
    assert list(widget(row, stat="Maximum").lines()) == [
        Series("AWS/SQS", "Age", {"QueueName": "q"}, "p50", 60, "status", "a")
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
