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
    EXISTING,
    LOCAL,
    PREFIXES,
    ROOT,
    SHAPES,
    denies_plain_text,
    ids_of,
    properties,
    resources,
    source,
)

ALARMS = ids_of("AWS::CloudWatch::Alarm")
FUNCTIONS = ids_of("AWS::Lambda::Function")
DEAD_LETTER_QUEUES = [f"{prefix}DeadLetterQueue" for prefix in PREFIXES]
LABELS = ["Means", "How bad", "Look here", "Causes", "Do", "Back to bed when"]
MAX_METRICS = 10  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
MAX_WINDOW_SECONDS = 86_400
MAX_DESCRIPTION_CHARACTERS = 1024


@dataclass(frozen=True)
class Watched:
    """One metric of an alarm; values of dimensions as the template has them."""

    namespace: str
    name: str
    dimensions: Mapping[str, Any]
    statistic: str


def _watched(alarm: str) -> Iterator[Watched]:
    said = properties(alarm)
    if "MetricName" in said:
        statistic = said.get("Statistic") or said["ExtendedStatistic"]
        yield Watched(said["Namespace"], said["MetricName"], _named(said["Dimensions"]), statistic)
    for query in said.get("Metrics", []):
        if "MetricStat" in query:
            metric = query["MetricStat"]["Metric"]
            yield Watched(
                metric["Namespace"], metric["MetricName"], _named(metric["Dimensions"]), query["MetricStat"]["Stat"]
            )


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
    description = properties(alarm)["AlarmDescription"]["Fn::Sub"]
    match = re.search(r" - \$\{RunbookUrl\}#([a-z0-9-]+)$", description)
    assert match, description
    return match[1]


@pytest.mark.parametrize("alarm", ALARMS)
def test_it_watches_metrics_that_somebody_emits(alarm: str) -> None:
    for watched in _watched(alarm):
        if watched.namespace == NAMESPACE:
            assert set(watched.dimensions) == {"service"} | declared_dimensions()[watched.name]
            assert watched.dimensions["service"] == {"Ref": "AWS::StackName"}
        else:
            assert is_emitted(watched.namespace, watched.name, set(watched.dimensions)), watched


@pytest.mark.parametrize("alarm", ALARMS)
def test_it_watches_this_stack(alarm: str) -> None:
    types = {"QueueName": "AWS::SQS::Queue", "FunctionName": "AWS::Lambda::Function"}
    for watched in _watched(alarm):
        for dimension in types.keys() & watched.dimensions.keys():
            ((function, value),) = watched.dimensions[dimension].items()
            name = value[0] if function == "Fn::GetAtt" else value
            assert resources()[name]["Type"] == types[dimension]


@pytest.mark.parametrize("alarm", ALARMS)
def test_it_watches_something_and_stays_within_cloudwatchs_limits(alarm: str) -> None:
    said = properties(alarm)
    queries = said.get("Metrics", [])
    periods = [query["MetricStat"]["Period"] for query in queries if "MetricStat" in query] or [said["Period"]]
    assert 1 <= len(list(_watched(alarm))) <= MAX_METRICS
    assert len({query["Id"] for query in queries}) == len(queries)
    assert [query.get("ReturnData") for query in queries].count(True) == (1 if queries else 0)
    assert "SEARCH" not in str(queries)
    assert len(set(periods)) == 1
    assert periods[0] * said["EvaluationPeriods"] <= MAX_WINDOW_SECONDS
    assert said.get("DatapointsToAlarm", 1) <= said["EvaluationPeriods"]
    assert len(said["AlarmDescription"]["Fn::Sub"]) < MAX_DESCRIPTION_CHARACTERS


@pytest.mark.parametrize("alarm", ALARMS)
def test_sums_of_metrics_are_left_out_for_the_emulator_alone(alarm: str) -> None:
    assert source()["Conditions"]["MetricMath"] == {"Fn::Equals": [{"Ref": "ExecuteApiUrl"}, ""]}
    assert ("Metrics" in properties(alarm)) == (resources()[alarm].get("Condition") == "MetricMath")


@pytest.mark.parametrize("alarm", ALARMS)
def test_it_tells_when_it_begins_and_when_it_is_over(alarm: str) -> None:
    assert properties(alarm)["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert properties(alarm)["OKActions"] == [{"Ref": "AlarmTopic"}]
    assert properties(alarm).get("ActionsEnabled", True) is True


def test_names_are_of_the_stack_and_no_two_are_alike() -> None:
    names = [properties(alarm)["AlarmName"]["Fn::Sub"] for alarm in ALARMS]
    assert all(name.startswith("${AWS::StackName}-") for name in names), "the topic takes those only"
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("alarm", ALARMS)
def test_threshold_and_silence_are_chosen_and_explained(alarm: str) -> None:
    block = re.search(rf"^  {alarm}:\n((?:    .*\n|\n)+)", (ROOT / "template.yaml").read_text(), re.MULTILINE)
    assert block
    if not isinstance(properties(alarm)["Threshold"], dict):  # a parameter is explained where it is declared
        assert re.search(r"^      Threshold: \d+ # \S.{15,}$", block[1], re.MULTILINE)
    chosen = r"^      TreatMissingData: (breaching|notBreaching|ignore|missing) # \S.{9,}$"
    assert re.search(chosen, block[1], re.MULTILINE)


@pytest.mark.parametrize("alarm", ALARMS)
def test_its_description_ends_with_its_section_of_the_runbook(alarm: str) -> None:
    assert _anchor(alarm) in _sections()
    assert properties(alarm)["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-") in _named_in_runbook()


def _named_in_runbook() -> set[str]:
    """Names of alarms in the runbook's table of urgency; those with an ellipsis stand for all that fit."""
    text = (ROOT / "docs/runbook.md").read_text()
    named = re.findall(
        r"`(…?[a-z0-9-]+…?)`", re.sub(r"(?s)^.*?\n\|---\|---\|\n|\n\n.*$", "", text.split("## Alarms")[0])
    )
    alarms = [properties(alarm)["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-") for alarm in ALARMS]
    fits = [re.compile(re.escape(word).replace("…", ".*")) for word in named]
    return {alarm for alarm in alarms if any(fit.fullmatch(alarm) for fit in fits)}


@pytest.mark.parametrize("section", sorted(_sections()))
def test_a_section_has_its_alarm_and_answers_every_question(section: str) -> None:
    assert section in {_anchor(alarm) for alarm in ALARMS}
    assert re.findall(r"^- \*\*(.+?)\*\*: ", _sections()[section], re.MULTILINE) == LABELS


@pytest.mark.parametrize("queue", DEAD_LETTER_QUEUES)
def test_every_dead_letter_queue_has_an_alarm(queue: str) -> None:
    watched = [w.dimensions for w in _all_watched("ApproximateNumberOfMessagesVisible")]
    assert {"QueueName": {"Fn::GetAtt": [queue, "QueueName"]}} in watched


@pytest.mark.parametrize("queue", sorted(set(ids_of("AWS::SQS::Queue")) - set(DEAD_LETTER_QUEUES)))
def test_every_queue_has_an_alarm_on_its_age(queue: str) -> None:
    watched = [w.dimensions for w in _all_watched("ApproximateAgeOfOldestMessage")]
    assert {"QueueName": {"Fn::GetAtt": [queue, "QueueName"]}} in watched


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_has_alarms_on_errors_and_throttles(function: str, metric: str) -> None:
    assert {"FunctionName": {"Ref": function}} in [w.dimensions for w in _all_watched(metric)]


@pytest.mark.parametrize("metric", ["RecordPostponed", "AgeFromReceipt"])
def test_records_of_every_kind_are_watched(metric: str) -> None:
    assert {w.dimensions["kind"] for w in _all_watched(metric)} == set(routes.KINDS)


def test_every_reason_to_refuse_a_webhook_is_watched_by_one_alarm() -> None:
    row = re.search(r"^\| `WebhookRefused`.*$", (ROOT / "docs/operation.md").read_text(), re.MULTILINE)
    assert row
    documented = re.findall(r"[a-z]+(?:-[a-z0-9]+)*", row[0].split("|")[3])
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
    assert (watched.namespace, dict(watched.dimensions)) == (made["MetricNamespace"], {"ApiId": {"Ref": "Api"}})
    assert watched in _watched("WebhooksTooLargeAlarm")
    assert "RequestTooLargeFilter" in SHAPES["production"].resources
    assert "RequestTooLargeFilter" not in LOCAL.resources


@pytest.mark.parametrize("metric", ["CPUUtilization", "FreeStorageSpace", "DatabaseConnections"])
def test_a_database_of_rds_is_watched(metric: str) -> None:
    (watched,) = _all_watched(metric)
    instance = {"Fn::If": ["WatchElsewhere", {"Ref": "DatabaseInstanceId"}, {"Ref": "DatabaseInstance"}]}
    assert watched.dimensions == {"DBInstanceIdentifier": instance}
    (alarm,) = [alarm for alarm in ALARMS if watched in _watched(alarm)]
    assert resources()[alarm]["Condition"] == "WatchDatabase"
    assert alarm in SHAPES["production"].resources, "the stack's own"
    assert alarm in EXISTING.but(DatabaseInstanceId="database").resources
    assert alarm not in LOCAL.resources


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


def test_a_mail_goes_out_only_if_somebody_is_named() -> None:
    subscription = resources()["AlarmEmailSubscription"]
    assert subscription["Condition"] == "AlarmsByEmail"
    assert subscription["Properties"]["Endpoint"] == {"Ref": "AlarmEmail"}
