"""Every kind has its block in `template.yaml`, and its queue loses nothing."""

import pytest

from autopulse.consumers.registry import REGISTRY
from autopulse.reconciliation import client, fetcher
from autopulse.vapi import routes
from operate.templates import read_template
from tests.contract.stack import (
    PREFIXES,
    ROOT,
    SECONDS_PER_DAY,
    denies_plain_text,
    environment,
    ids_of,
    properties,
    resources,
    source,
)

RECONCILIATION = ["VapiRequest", "VapiPage"]
OWNERS = [*PREFIXES, *RECONCILIATION, "Erasure"]
"""How the logical ids begin of queues that have dead letters."""
QUEUES = [f"{owner}Queue" for owner in OWNERS]
DEAD_LETTER_QUEUES = [f"{owner}DeadLetterQueue" for owner in OWNERS]


def test_the_kinds_are_those_of_the_code() -> None:
    assert tuple(REGISTRY) == routes.KINDS


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_kind_has_queues_a_function_a_log_and_a_role_of_its_own(prefix: str) -> None:
    own = ("Queue", "DeadLetterQueue", "Function", "FunctionAliaslive", "FunctionQueue", "LogGroup", "Role")
    assert {f"{prefix}{name}" for name in own} <= set(resources())


def test_there_are_no_other_queues_of_records() -> None:
    assert sorted(ids_of("AWS::SQS::Queue")) == sorted(
        [
            *(*QUEUES, *DEAD_LETTER_QUEUES, "CallEventQueue", "RecordingQueue", "RecordingDeadLetterQueue"),
            *("AlertQueue", "AlertDeadLetterQueue", "AlertSenderQueue"),
        ]
    )


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_record_stays_invisible_for_six_times_the_functions_timeout(prefix: str) -> None:
    assert properties(f"{prefix}Queue")["VisibilityTimeout"] == 6 * properties(f"{prefix}Function")["Timeout"]


@pytest.mark.parametrize("prefix", OWNERS)
def test_records_and_dead_letters_are_kept_long_enough(prefix: str) -> None:
    queue = properties(f"{prefix}Queue")
    assert queue["MessageRetentionPeriod"] == 7 * SECONDS_PER_DAY
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": [f"{prefix}DeadLetterQueue", "Arn"]},
        "maxReceiveCount": 1000 if prefix == "VapiRequest" else 100,
    }
    assert properties(f"{prefix}DeadLetterQueue")["MessageRetentionPeriod"] == 14 * SECONDS_PER_DAY


@pytest.mark.parametrize("queue", QUEUES + DEAD_LETTER_QUEUES)
def test_a_queue_is_encrypted_and_takes_tls_only(queue: str) -> None:
    ours = {"Fn::If": ["MakeDataKey", {"Ref": "DataKey"}, {"Ref": "AWS::NoValue"}]}
    assert properties(queue)["KmsMasterKeyId"] == ours
    assert properties(queue)["SqsManagedSseEnabled"] == {"Fn::If": ["MakeDataKey", {"Ref": "AWS::NoValue"}, True]}
    policy = properties("QueueTransportPolicy")
    assert {"Ref": queue} in policy["Queues"]
    assert denies_plain_text(policy["PolicyDocument"], "sqs:*")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_consumer_returns_single_records_and_never_stampedes_the_database(prefix: str) -> None:
    mapping = properties(f"{prefix}FunctionQueue")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [f"{prefix}Queue", "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # The number 2 and the parameter's value 2 are the same; only the emulator sees a difference.
    assert mapping["ScalingConfig"] == {
        "MaximumConcurrency": {"Fn::If": ["LeastConcurrency", 2, {"Ref": "MaximumConcurrency"}]},
    }
    assert source()["Conditions"]["LeastConcurrency"] == {"Fn::Equals": [{"Ref": "MaximumConcurrency"}, "2"]}
    assert mapping["BatchSize"] == {"Ref": "BatchSize"}
    assert mapping["MaximumBatchingWindowInSeconds"] == {"Ref": "BatchingWindow"}
    assert "FilterCriteria" not in mapping, "a filter deletes what it does not match"


def test_defaults_favour_watchers_over_batches() -> None:
    parameters = source()["Parameters"]
    assert parameters["BatchSize"]["Default"] == 10
    assert parameters["BatchingWindow"]["Default"] == 0


def test_the_verifier_reaches_every_queue() -> None:
    variables = environment("VerifierFunction")
    for kind in REGISTRY.values():
        assert variables[f"{kind.name.upper()}_QUEUE_URL"] == {"Ref": f"{kind.prefix}Queue"}


def test_vapi_is_asked_one_question_at_a_time() -> None:
    """A FIFO queue hands out the messages of a group only when those before are done; the code has one group."""
    for name in ("VapiRequestQueue", "VapiRequestDeadLetterQueue"):
        assert properties(name)["FifoQueue"] is True
        assert properties(name)["QueueName"]["Fn::Sub"].endswith(".fifo")
    mapping = properties("FetcherFunctionRequests")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["VapiRequestQueue", "Arn"]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BatchSize"] == 10
    assert mapping["Enabled"] == {"Fn::If": ["Reconcile", True, False]}
    timeout = properties("FetcherFunction")["Timeout"]
    assert properties("VapiRequestQueue")["VisibilityTimeout"] >= timeout
    assert client.CONNECT_SECONDS + client.READ_SECONDS + client.TOTAL_SECONDS < fetcher.RESERVE_SECONDS < timeout


def test_the_sweep_s_pages_do_not_come_twice_while_they_are_read() -> None:
    assert properties("VapiPageQueue")["VisibilityTimeout"] == 360


@pytest.mark.parametrize("prefix", OWNERS)
def test_dead_letters_are_of_their_own_queue_alone(prefix: str) -> None:
    allowed = properties(f"{prefix}DeadLetterQueue")["RedriveAllowPolicy"]
    assert allowed["redrivePermission"] == "byQueue"
    ((source_arn,),) = [allowed["sourceQueueArns"]]
    name = properties(f"{prefix}Queue")["QueueName"]["Fn::Sub"]
    arn = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:"
    assert source_arn == {"Fn::Sub": arn + name}
    redrive = properties(f"{prefix}Queue")["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": [f"{prefix}DeadLetterQueue", "Arn"]}


def test_no_queue_takes_the_dead_letters_of_queues_that_are_not_named() -> None:
    targets = [
        properties(name).get("RedrivePolicy", {}).get("deadLetterTargetArn", {}).get("Fn::GetAtt", [None])[0]
        for name in ids_of("AWS::SQS::Queue")
    ]
    assert [name for name in filter(None, targets) if "RedriveAllowPolicy" not in properties(name)] == []


@pytest.mark.parametrize("template", ["template.yaml", "infrastructure/monitoring.yaml"])
def test_a_template_calls_the_kinds_what_the_registry_calls_them(template: str) -> None:
    """The maps of the loops: CloudFormation cannot make a name of another one."""
    told = dict(read_template(ROOT / template)["Mappings"]["Kinds"])
    folders = {prefix: row.pop("Folder") for prefix, row in told.items() if "Folder" in row}
    kinds = REGISTRY.values()
    assert told == {one.prefix: {"Kind": one.name, "Name": one.name.replace("_", "-")} for one in kinds}
    assert folders in ({}, {one.prefix: f"{one.folder}/" for one in kinds})
