"""Who may do what, read from the transformed template: SAM adds roles and policies of its own where one is not said."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.contract.stack import PREFIXES, ROOT, ids_of, properties, resources, source

Statement = Mapping[str, Any]

ROLES = ids_of("AWS::IAM::Role")
FUNCTIONS = ids_of("AWS::Lambda::Function")
CONNECTIONS = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/${WebSocketStage}"
WILDCARDS = {
    "${PayloadBucket.Arn}/envelopes/*",
    f"{CONNECTIONS}/POST/@connections/*",
    f"{CONNECTIONS}/DELETE/@connections/*",
}
"""Resources that may end in a wildcard, because their names are made at run time."""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements(role: str) -> Iterator[Statement]:
    """Everything a role may do: its own policies and the stack's that it names."""
    for policy in properties(role)["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]
    for policy in properties(role).get("ManagedPolicyArns", []):
        yield from properties(policy["Ref"])["PolicyDocument"]["Statement"]


def _resources_for(role: str, action: str) -> list[Any]:
    allowed = [statement for statement in _statements(role) if action in _listed(statement["Action"])]
    return [resource for statement in allowed for resource in _listed(statement["Resource"])]


def _actions(role: str) -> set[str]:
    return {action for statement in _statements(role) for action in _listed(statement["Action"])}


def test_sam_added_no_role_and_no_policy() -> None:
    written = set(source()["Resources"])
    for resource_type in ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        assert set(ids_of(resource_type)) <= written


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_role_of_its_own(function: str) -> None:
    assert properties(function)["Role"] == {"Fn::GetAtt": [function.replace("Function", "Role"), "Arn"]}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_only_policies_of_this_stack(role: str) -> None:
    for policy in properties(role).get("ManagedPolicyArns", []):
        assert resources()[policy["Ref"]]["Type"] == "AWS::IAM::ManagedPolicy"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_for_lambda_alone(role: str) -> None:
    (statement,) = properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_named_actions_on_named_resources(role: str) -> None:
    for statement in _statements(role):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in _listed(statement["Action"]))
        assert not {"NotAction", "NotResource"} & set(statement)
        for resource in _listed(statement["Resource"]):
            assert "*" not in json.dumps(resource) or resource["Fn::Sub"] in WILDCARDS


def test_every_wildcard_in_the_template_says_why() -> None:
    lines = (ROOT / "template.yaml").read_text().splitlines()
    silent = [line.strip() for line in lines if re.search(r'^\s+(Resource|- ).*(\*$|\*"$)', line)]
    assert silent == ["- !Sub ${PayloadBucket.Arn}/*"], "a refusal of everything but TLS, in which everything is meant"


@pytest.mark.parametrize("resource_type", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"])
def test_a_resource_policy_only_refuses(resource_type: str) -> None:
    """Except that of the notices' queue, which the bus writes to and has no role for."""
    for name in set(ids_of(resource_type)) - {"NoticeQueuePolicy"}:
        assert [statement["Effect"] for statement in properties(name)["PolicyDocument"]["Statement"]] == ["Deny"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_to_its_own_log_group_alone(function: str) -> None:
    role = function.replace("Function", "Role")
    group = [{"Fn::GetAtt": [function.replace("Function", "LogGroup"), "Arn"]}]
    assert _resources_for(role, "logs:PutLogEvents") == group
    assert _resources_for(role, "logs:CreateLogStream") == group
    assert "logs:CreateLogGroup" not in _actions(role)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_consumer_touches_its_own_queues_alone(prefix: str) -> None:
    role = f"{prefix}Role"
    queue = [{"Fn::GetAtt": [f"{prefix}Queue", "Arn"]}]
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility"):
        assert _resources_for(role, f"sqs:{action}") == queue
    assert _resources_for(role, "sqs:SendMessage") == [{"Fn::GetAtt": [f"{prefix}DeadLetterQueue", "Arn"]}]
    assert _resources_for(role, "events:PutEvents") == [{"Fn::GetAtt": ["EventBus", "Arn"]}]
    assert _resources_for(role, "secretsmanager:GetSecretValue") == [{"Ref": "DatabaseSecretArn"}]


def test_the_verifier_may_queue_and_store_but_not_read_back() -> None:
    assert _actions("VerifierRole") == {
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
        "s3:PutObject",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert _resources_for("VerifierRole", "secretsmanager:GetSecretValue") == [{"Fn::GetAtt": ["WebhookSecret", "Id"]}]
    queues = [{"Fn::GetAtt": [f"{prefix}Queue", "Arn"]} for prefix in PREFIXES]
    assert _resources_for("VerifierRole", "sqs:SendMessage") == queues


@pytest.mark.parametrize("role", ["MigrateRole", "PruneRole", "ApiRole"])
def test_keepers_of_the_schema_read_one_secret(role: str) -> None:
    assert _actions(role) == {"secretsmanager:GetSecretValue", "logs:CreateLogStream", "logs:PutLogEvents"}
    assert _resources_for(role, "secretsmanager:GetSecretValue") == [{"Ref": "DatabaseSecretArn"}]


def test_who_serves_browsers_reaches_their_connections_and_nothing_else() -> None:
    shared = {"execute-api:ManageConnections", "dynamodb:DeleteItem", "logs:CreateLogStream", "logs:PutLogEvents"}
    receiving = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    assert _actions("BroadcasterRole") == shared | receiving | {"dynamodb:Query"}
    assert _actions("LiveRole") == shared | {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert _resources_for("BroadcasterRole", "sqs:ReceiveMessage") == [{"Fn::GetAtt": ["NoticeQueue", "Arn"]}]
    for role in ("BroadcasterRole", "LiveRole"):
        assert _resources_for(role, "dynamodb:DeleteItem") == [{"Fn::GetAtt": ["ConnectionTable", "Arn"]}]
        posts, closes = _resources_for(role, "execute-api:ManageConnections")
        assert posts == {"Fn::Sub": f"{CONNECTIONS}/POST/@connections/*"}
        assert closes == {"Fn::Sub": f"{CONNECTIONS}/DELETE/@connections/*"}


@pytest.mark.parametrize("role", ["AuthorizerRole", "ConsoleRole"])
def test_who_needs_nothing_of_aws_may_do_nothing_but_log(role: str) -> None:
    assert _actions(role) == {"logs:CreateLogStream", "logs:PutLogEvents"}


@pytest.mark.parametrize("permission", ids_of("AWS::Lambda::Permission"))
def test_a_service_may_invoke_a_function_only_from_this_stack(permission: str) -> None:
    assert properties(permission)["SourceArn"]
    assert properties(permission)["Principal"] in {"apigateway.amazonaws.com", "events.amazonaws.com"}
