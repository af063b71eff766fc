"""What `template.yaml` makes to keep recordings: nothing at all, unless it is told for how long."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from autopulse.recordings import copying
from autopulse.recordings.download import LONGEST_SECONDS
from autopulse.recordings.requests import PREFIX
from tests.contract.stack import (
    LOCAL,
    SECONDS_PER_DAY,
    SHAPES,
    Stack,
    denies_plain_text,
    environment,
    properties,
    source,
)

KEEPING: Final = SHAPES["with recordings"]
OBJECTS: Final = {"Fn::Sub": f"${{RecordingBucket.Arn}}/{PREFIX}*"}
QUEUES: Final = ("RecordingQueue", "RecordingDeadLetterQueue")


def test_nothing_is_made_unless_recordings_are_to_be_kept() -> None:
    without = LOCAL.but(RecordingRetentionDays="0")
    made = {name for name in without.resources if name.startswith("Recording")}
    assert made == {"RecordingsLogGroup"}
    text = json.dumps({name: one for name, one in without.resources.items() if name not in made})
    assert re.findall(r'"(Recording(?!Hosts|RetentionDays)\w+)"', text) == []
    assert source()["Parameters"]["RecordingRetentionDays"]["Default"] == 0


def test_the_bucket_is_encrypted_private_versioned_and_forgets() -> None:
    bucket = KEEPING.properties("RecordingBucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]},
    }
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    expire, markers = bucket["LifecycleConfiguration"]["Rules"]
    assert expire == {
        "Id": "expire",
        "Status": "Enabled",
        "ExpirationInDays": {"Ref": "RecordingRetentionDays"},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    assert markers == {"Id": "markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True}
    assert denies_plain_text(KEEPING.properties("RecordingBucketPolicy")["PolicyDocument"], "s3:*")
    plain = SHAPES["with recordings"].but(CustomerKey="false").properties("RecordingBucket")
    (rule,) = plain["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_of_theirs_is_encrypted_and_takes_tls_only(queue: str) -> None:
    assert KEEPING.properties(queue)["KmsMasterKeyId"] == {"Ref": "DataKey"}
    assert KEEPING.but(CustomerKey="false").properties(queue)["SqsManagedSseEnabled"] is True
    assert {"Ref": queue} in KEEPING.properties("QueueTransportPolicy")["Queues"]
    assert KEEPING.properties(queue)["MessageRetentionPeriod"] == 14 * SECONDS_PER_DAY


def test_a_request_outlives_its_waits_and_what_sqs_makes_of_them() -> None:
    queue = properties("RecordingQueue")
    dead = {"Fn::GetAtt": ["RecordingDeadLetterQueue", "Arn"]}
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == dead
    # It is received once when its longest delay is over, and once for each time that it is hidden after that.
    longest = max(copying.WAITS_SECONDS) - copying.MAX_DELAY_SECONDS
    assert queue["RedrivePolicy"]["maxReceiveCount"] > 1 + -(-longest // copying.MAX_HIDDEN_SECONDS)
    assert queue["MessageRetentionPeriod"] > sum(copying.WAITS_SECONDS) * 2
    assert properties("RecordingDeadLetterQueue")["RedriveAllowPolicy"]["redrivePermission"] == "byQueue"


def test_a_copy_has_its_time() -> None:
    function = properties("RecordingsFunction")
    assert function["Timeout"] > LONGEST_SECONDS + 2 * copying.S3_READ_SECONDS
    assert properties("RecordingQueue")["VisibilityTimeout"] == 6 * function["Timeout"]
    assert "VpcConfig" not in function
    mapping = properties("RecordingsFunctionRequests")
    assert (mapping["BatchSize"], mapping["ScalingConfig"]) == (1, {"MaximumConcurrency": 2})
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def _rights(role: str, stack: Stack) -> Iterator[tuple[str, str]]:
    """(action, resource) of everything that a role may do, but for tracing; policies that name it, too."""
    given = stack.properties(role)
    named = [stack.properties(one["Ref"]) for one in given["ManagedPolicyArns"] if one != {"Ref": "TracingPolicy"}]
    attached = [one for one in map(stack.properties, stack.ids_of("AWS::IAM::ManagedPolicy")) if _names(one, role)]
    for policy in [*given["Policies"], *named, *attached]:
        for statement in policy["PolicyDocument"]["Statement"]:
            for action in _listed(statement["Action"]):
                yield from ((action, json.dumps(resource)) for resource in _listed(statement["Resource"]))


def _names(policy: Mapping[str, Any], role: str) -> bool:
    return {"Ref": role} in policy.get("Roles", [])


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _arn(name: str, attribute: str = "Arn") -> str:
    return json.dumps({"Fn::GetAtt": [name, attribute]})


def test_the_function_writes_objects_and_reads_nothing_but_its_queue_and_the_key() -> None:
    objects = json.dumps(OBJECTS)
    polled = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility")
    assert set(_rights("RecordingsRole", KEEPING)) == {
        ("s3:PutObject", objects),
        ("s3:AbortMultipartUpload", objects),
        ("secretsmanager:GetSecretValue", _arn("VapiApiKey", "Id")),
        *((f"sqs:{action}", _arn("RecordingQueue")) for action in polled),
        *(("sqs:SendMessage", _arn(queue)) for queue in (*QUEUES, "StatusUpdateQueue")),
        ("kms:GenerateDataKey", _arn("DataKey")),
        ("kms:Decrypt", _arn("DataKey")),
        ("logs:CreateLogStream", _arn("RecordingsLogGroup")),
        ("logs:PutLogEvents", _arn("RecordingsLogGroup")),
    }


def test_others_may_do_one_thing_each() -> None:
    bare = KEEPING.but(RecordingRetentionDays="0")
    roles = [role for role in bare.ids_of("AWS::IAM::Role") if "Function" not in bare.properties(role)]
    more = {role: set(_rights(role, KEEPING)) - set(_rights(role, bare)) for role in roles}
    deleting = {("s3:ListBucketVersions", _arn("RecordingBucket")), ("s3:DeleteObjectVersion", json.dumps(OBJECTS))}
    assert {role: rights for role, rights in more.items() if rights} == {
        "EndOfCallReportRole": {("sqs:SendMessage", _arn("RecordingQueue"))},
        "ApiRole": {("s3:GetObject", json.dumps(OBJECTS)), ("kms:Decrypt", _arn("DataKey"))},
        "UnlinkRole": deleting,
        "ErasuresRole": deleting,
    }


def test_the_read_api_and_the_console_know_the_same_bucket() -> None:
    regional = {"Fn::Sub": "https://${RecordingBucket.RegionalDomainName}"}
    for function in ("ApiFunction", "ConsoleFunction"):
        assert KEEPING.environment(function)["RECORDING_BUCKET_URL"] == regional
        assert KEEPING.but(RecordingRetentionDays="0").environment(function)["RECORDING_BUCKET_URL"] == ""
        assert LOCAL.environment(function)["RECORDING_BUCKET_URL"]["Fn::Join"][1][1] == {"Ref": "RecordingBucket"}
    assert environment("ApiFunction")["RECORDING_RETENTION_DAYS"] == {"Ref": "RecordingRetentionDays"}
