"""Every alarm watches something that exists, says why, tells somebody, and has its section in the runbook."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from autopulse.observability import NAMESPACE
from autopulse.vapi import routes
from tests.contract.aws_metrics import is_emitted
from tests.contract.declared_metrics import declared_dimensions
from tests.contract.stack import (
    APPLICATION,
    LOCAL,
    MONITORING,
    ROOT,
    SHAPES,
    Stack,
    denies_plain_text,
    ids_of,
    properties,
    resources,
    source,
    stack_of,
)

GUARDS = ids_of("AWS::CloudWatch::Alarm")
"""Alarms that take a release back, beside the functions."""
ALARMS = [*GUARDS, *ids_of("AWS::CloudWatch::Alarm", MONITORING)]
FUNCTIONS = ids_of("AWS::Lambda::Function")
DEAD_LETTER_QUEUES = [name for name in ids_of("AWS::SQS::Queue") if name.endswith("DeadLetterQueue")]
QUERY = re.compile(
    r'SELECT SUM\((?P<metric>\w+)\) FROM SCHEMA\("(?P<namespace>[\w/]+)", (?P<names>[\w, ]+)\)'
    r"(?: WHERE (?P<terms>.+))?"
)
LABELS = ["Means", "How bad", "Look here", "Causes", "Do", "Done when"]
MAX_METRICS = 10  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
MAX_WINDOW_SECONDS = 86_400
MAX_DESCRIPTION_CHARACTERS = 1024
MAX_EXPRESSION_CHARACTERS = 2048


ANY = "any"
"""Stands for every value of a dimension."""


@dataclass(frozen=True)
class Watched:
    """One metric of an alarm; values of dimensions as the template has them."""

    namespace: str
    name: str
    dimensions: Mapping[str, Any]
    statistic: str


def said(alarm: str) -> Mapping[str, Any]:
    """The properties of an alarm; of the application's stack, which is another parameter in the other template."""
    return properties(alarm, APPLICATION if alarm in GUARDS else MONITORING)


def _name(alarm: str) -> str:
    """An alarm's name without the stack's."""
    return re.sub(r"^\$\{(AWS::StackName|Application)\}-", "", str(said(alarm)["AlarmName"]["Fn::Sub"]))


def _watched(alarm: str) -> Iterator[Watched]:
    here = said(alarm)
    if "MetricName" in here:
        statistic = here.get("Statistic") or here["ExtendedStatistic"]
        yield Watched(here["Namespace"], here["MetricName"], _named(here["Dimensions"]), statistic)
    for query in here.get("Metrics", []):
        if "MetricStat" in query:
            metric = query["MetricStat"]["Metric"]
            yield Watched(
                metric["Namespace"], metric["MetricName"], _named(metric["Dimensions"]), query["MetricStat"]["Stat"]
            )
        elif match := QUERY.fullmatch(_text(query["Expression"])):
            yield from _asked(match)


def _text(expression: Any) -> str:  # noqa: ANN401 - a text, or an intrinsic function
    return str(expression["Fn::Sub"] if isinstance(expression, dict) else expression).strip()


def _asked(query: re.Match[str]) -> Iterator[Watched]:
    """Return what a query of Metrics Insights adds up: every value of a dimension that it names, or all of them."""
    names = query["names"].split(", ")
    terms = re.findall(r"(\w+) = '([^']+)'", query["terms"] or "")
    fixed = {name: value for name, value in terms if [one for one, _ in terms].count(name) == 1}
    several = [(name, value) for name, value in terms if name not in fixed]
    for name, value in several or [("", "")]:
        known = {**fixed, name: value} if name else fixed
        yield Watched(query["namespace"], query["metric"], {one: known.get(one, ANY) for one in names}, "Sum")


def _named(dimensions: list[dict[str, Any]]) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in dimensions}


def _all_watched(name: str) -> list[Watched]:
    return [watched for alarm in ALARMS for watched in _watched(alarm) if watched.name == name]


@cache
def _sections() -> dict[str, str]:
    """Anchor -> text of the runbook's sections about alarms."""
    alarms = (ROOT / "docs/runbook.md").read_text().split("\n## Alarms\n")[1].split("\n## ")[0]
    headed = [section.split("\n", 1) for section in alarms.split("\n### ")[1:]]
    return {heading.lower().replace(" ", "-"): text for heading, text in headed}


def _anchor(alarm: str) -> str:
    description = said(alarm)["AlarmDescription"]["Fn::Sub"]
    match = re.search(r" - \$\{RunbookUrl\}#([a-z0-9-]+)$", description)
    assert match, description
    return match[1]


STACK_NAMES = ({"Ref": "AWS::StackName"}, {"Ref": "Application"}, "${AWS::StackName}", "${Application}")


@pytest.mark.parametrize("alarm", ALARMS)
def test_it_watches_metrics_that_somebody_emits(alarm: str) -> None:
    for watched in _watched(alarm):
        if watched.namespace == NAMESPACE:
            assert set(watched.dimensions) == {"service"} | declared_dimensions()[watched.name]
            assert watched.dimensions["service"] in STACK_NAMES
        else:
            assert is_emitted(watched.namespace, watched.name, set(watched.dimensions)), watched


def _names(resource_type: str, field: str) -> dict[str, str]:
    """Name without the stack's -> logical id, of the application's resources."""
    named = {name: properties(name)[field]["Fn::Sub"] for name in ids_of(resource_type)}
    return {text.removeprefix("${AWS::StackName}-"): name for name, text in named.items()}


NAMED = {
    "QueueName": _names("AWS::SQS::Queue", "QueueName"),
    "FunctionName": _names("AWS::Lambda::Function", "FunctionName"),
    "TableName": _names("AWS::DynamoDB::Table", "TableName"),
}
"""Dimension -> names without the stack's -> logical ids."""


def _resource(dimension: str, value: Any) -> str:  # noqa: ANN401 - a text, or an intrinsic function
    """The logical id of what a dimension names."""
    text = value["Fn::Sub"] if isinstance(value, dict) else value
    return NAMED[dimension][re.sub(r"^\$\{(AWS::StackName|Application)\}-", "", text)]


@pytest.mark.parametrize("alarm", ALARMS)
def test_it_watches_what_the_application_has_by_that_name(alarm: str) -> None:
    for watched in _watched(alarm):
        for dimension in NAMED.keys() & watched.dimensions.keys():
            assert _resource(dimension, watched.dimensions[dimension])


@pytest.mark.parametrize("alarm", ALARMS)
def test_it_watches_something_and_stays_within_cloudwatchs_limits(alarm: str) -> None:
    here = said(alarm)
    queries = here.get("Metrics", [])
    periods = [query.get("Period") or query.get("MetricStat", {}).get("Period") for query in queries]
    periods = [period for period in periods if period] or [here["Period"]]
    assert list(_watched(alarm))
    assert len([query for query in queries if "MetricStat" in query]) <= MAX_METRICS
    assert len({query["Id"] for query in queries}) == len(queries)
    assert [query.get("ReturnData", True) for query in queries].count(True) == (1 if queries else 0)
    assert all(len(_text(query.get("Expression", ""))) <= MAX_EXPRESSION_CHARACTERS for query in queries)
    assert len(set(periods)) == 1
    assert periods[0] * here["EvaluationPeriods"] <= MAX_WINDOW_SECONDS
    assert here.get("DatapointsToAlarm", 1) <= here["EvaluationPeriods"]
    assert len(here["AlarmDescription"]["Fn::Sub"]) < MAX_DESCRIPTION_CHARACTERS


@pytest.mark.parametrize("alarm", GUARDS)
def test_queries_are_left_out_for_the_emulator_alone(alarm: str) -> None:
    assert source()["Conditions"]["AlarmsOnQueries"] == {"Fn::Equals": [{"Ref": "ExecuteApiUrl"}, ""]}
    assert ("Metrics" in said(alarm)) == (resources()[alarm].get("Condition") == "AlarmsOnQueries")


@pytest.mark.parametrize("alarm", ALARMS)
def test_it_tells_when_it_begins_and_when_it_is_over(alarm: str) -> None:
    topic = {"Ref": "AlarmTopic" if alarm in GUARDS else "AlarmTopicArn"}
    assert said(alarm)["AlarmActions"] == said(alarm)["OKActions"] == [topic]
    assert said(alarm).get("ActionsEnabled", True) is True
    assert source()["Outputs"]["AlarmTopicArn"]["Value"] == {"Ref": "AlarmTopic"}


@pytest.mark.parametrize("alarm", GUARDS)
def test_a_refused_token_takes_no_release_back(alarm: str) -> None:
    """An authorizer refuses by raising, which Lambda counts as an error: three strangers would stop every release."""
    functions = {_resource("FunctionName", w.dimensions["FunctionName"]) for w in _watched(alarm) if w.name == "Errors"}
    assert "AuthorizerFunction" not in functions


def test_names_are_of_the_stack_and_no_two_are_alike() -> None:
    names = [said(alarm)["AlarmName"]["Fn::Sub"] for alarm in ALARMS]
    assert all(name.startswith(("${AWS::StackName}-", "${Application}-")) for name in names), (
        "the topic takes those only"
    )
    assert len({_name(alarm) for alarm in ALARMS}) == len(names)


@pytest.mark.parametrize("alarm", ALARMS)
def test_its_description_ends_with_its_section_of_the_runbook(alarm: str) -> None:
    assert _anchor(alarm) in _sections()
    assert _name(alarm) in _named_in_runbook()


def _named_in_runbook() -> set[str]:
    """Names of alarms in the runbook's list of urgencies; those with an ellipsis stand for all that fit."""
    text = (ROOT / "docs/runbook.md").read_text()
    urgencies = [line for line in text.split("## Alarms")[0].splitlines() if line.startswith(("- ", "  "))]
    named = re.findall(r"`(…?[a-z0-9-]+…?)`", "\n".join(urgencies))
    alarms = [_name(alarm) for alarm in ALARMS]
    fits = [re.compile(re.escape(word).replace("…", ".*")) for word in named]
    return {alarm for alarm in alarms if any(fit.fullmatch(alarm) for fit in fits)}


@pytest.mark.parametrize("section", sorted(_sections()))
def test_a_section_has_its_alarm_and_answers_every_question(section: str) -> None:
    assert section in {_anchor(alarm) for alarm in ALARMS}
    assert re.findall(r"^- \*\*(.+?)\*\*:\s", _sections()[section], re.MULTILINE) == LABELS


def _resources_watched(metric: str, dimension: str) -> set[str]:
    return {_resource(dimension, watched.dimensions[dimension]) for watched in _all_watched(metric)}


def test_every_dead_letter_queue_has_an_alarm_and_every_other_one_on_its_age() -> None:
    assert _resources_watched("ApproximateNumberOfMessagesVisible", "QueueName") == set(DEAD_LETTER_QUEUES)
    # A request for a copy may wait for a day, by itself.
    others = set(ids_of("AWS::SQS::Queue")) - {*DEAD_LETTER_QUEUES, "RecordingQueue"}
    assert _resources_watched("ApproximateAgeOfOldestMessage", "QueueName") == others


def test_every_function_has_alarms_on_errors_and_throttles() -> None:
    assert _resources_watched("Throttles", "FunctionName") == set(FUNCTIONS)
    # A crash of the authorizer is answered 5xx, which has an alarm; what it refuses is none.
    assert _resources_watched("Errors", "FunctionName") == set(FUNCTIONS) - {"AuthorizerFunction"}


def test_records_of_every_kind_are_watched() -> None:
    assert {w.dimensions["kind"] for w in _all_watched("AgeFromReceipt")} == set(routes.KINDS)
    assert {w.dimensions["kind"] for w in _all_watched("RecordPostponed")} == {ANY}


def test_every_reason_to_refuse_a_webhook_is_watched_by_one_alarm() -> None:
    item = re.search(r"(?s)\n- `WebhookRefused`[^\n]*?\): (.*?)\n- ", (ROOT / "docs/operation.md").read_text())
    assert item
    documented = re.findall(r"[a-z]+(?:-[a-z0-9]+)*", item[1])
    watched = [w.dimensions["reason"] for w in _all_watched("WebhookRefused")]
    assert sorted(watched) == sorted(documented)
    code = "\n".join(file.read_text() for file in (ROOT / "shared/autopulse").rglob("*.py"))
    assert [reason for reason in watched if f'"{reason}"' not in code] == []


def test_what_the_gateway_refuses_for_its_size_is_counted_in_the_access_log_and_watched() -> None:
    refused = properties("RequestTooLargeFilter")
    assert refused["LogGroupName"] == {"Ref": "AccessLogGroup"}
    assert refused["FilterPattern"] == '{ $.status = "413" }'
    (made,) = refused["MetricTransformations"]
    assert made["Dimensions"] == [{"Key": "ApiId", "Value": "$.api"}]
    written = json.loads(properties("ApiapiStage")["AccessLogSetting"]["Fn::If"][1]["Format"])
    assert (written["api"], written["status"]) == ("$context.apiId", "$context.status")
    (watched,) = _all_watched(made["MetricName"])
    assert (watched.namespace, dict(watched.dimensions)) == (made["MetricNamespace"], {"ApiId": {"Ref": "ApiId"}})
    assert source()["Outputs"]["ApiId"]["Value"] == {"Ref": "Api"}
    assert watched in _watched("WebhooksTooLargeAlarm")
    assert "RequestTooLargeFilter" in SHAPES["production"].resources
    assert "RequestTooLargeFilter" not in LOCAL.resources


OF_A_DATABASE = [
    *("CPUUtilization", "FreeStorageSpace", "DatabaseConnections"),
    *("FreeableMemory", "MaximumUsedTransactionIDs", "CPUCreditBalance"),
]


@pytest.mark.parametrize("metric", OF_A_DATABASE)
def test_a_database_of_rds_is_watched(metric: str) -> None:
    (watched,) = _all_watched(metric)
    assert watched.dimensions == {"DBInstanceIdentifier": {"Ref": "DatabaseInstanceId"}}
    (alarm,) = [alarm for alarm in ALARMS if watched in _watched(alarm)]
    assert alarm in stack_of("production", MONITORING).resources, "the environment's own"
    assert alarm not in Stack({"Application": "one"}, MONITORING).resources


def test_thresholds_of_production_are_of_its_instance() -> None:
    connections = 8 * 2**30 / 9_531_392
    production = stack_of("production", MONITORING).parameters
    assert connections * 0.7 < int(production["ConnectionsThreshold"]) < connections, "the proxy may use 70 percent"
    assert int(production["MemoryThreshold"]) == 2**33 / 16


def test_the_topic_is_encrypted_by_a_key_that_alarms_may_use() -> None:
    assert properties("AlarmTopic")["KmsMasterKeyId"] == {"Ref": "AlarmKey"}
    key = properties("AlarmKey")
    assert key["EnableKeyRotation"] is True
    keeper, alarms = key["KeyPolicy"]["Statement"]
    assert keeper["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_topic_takes_this_stacks_alarms_only() -> None:
    policy = properties("AlarmTopicPolicy")
    assert policy["Topics"] == [{"Ref": "AlarmTopic"}]
    allowed = [said for said in policy["PolicyDocument"]["Statement"] if said["Effect"] == "Allow"]
    assert [said["Principal"] for said in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    source_arn = allowed[0]["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
    assert source_arn.endswith(":${AWS::AccountId}:alarm:${AWS::StackName}-*")
    assert denies_plain_text(policy["PolicyDocument"], "sns:Publish")


def test_alarms_send_mail_only_to_a_given_address() -> None:
    subscription = resources()["AlarmEmailSubscription"]
    assert subscription["Condition"] == "AlarmsByEmail"
    assert subscription["Properties"]["Endpoint"] == {"Ref": "AlarmEmail"}
