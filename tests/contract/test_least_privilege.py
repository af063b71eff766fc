"""The rights of every role, read from the transformed template: SAM adds roles and policies of its own.

In every shape that the conditions give the stack.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.contract.stack import (
    ACCOUNT,
    DATABASE,
    EXISTING,
    LOCAL,
    PREFIXES,
    SHAPES,
    Stack,
    ids_of,
    properties,
    source,
    stack_of,
)

Statement = Mapping[str, Any]

SHAPES_WITH_DATABASE = {**SHAPES, "database": stack_of("production", DATABASE)}
ROLES = [(shape, role) for shape, stack in SHAPES_WITH_DATABASE.items() for role in stack.ids_of("AWS::IAM::Role")]
OF_SERVICES = {
    "FlowLogRole": "vpc-flow-logs.amazonaws.com",
    "MonitoringRole": "monitoring.rds.amazonaws.com",
    "ProxyRole": "rds.amazonaws.com",
}
"""Roles that no function has."""
DOCUMENTED = {"FlowLogRole", "MonitoringRole"}
"""Of services that are documented to say for which account they act. A condition on another would keep it out."""
LOGS_WITHOUT_AN_END = {"logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource"}
"""Actions that CloudWatch Logs checks on a group's name; all others on the name and ":*"."""
FUNCTIONS = ids_of("AWS::Lambda::Function")
CONNECTIONS = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/${WebSocketStage}"
WILDCARDS = {
    "${PayloadBucket.Arn}/envelopes/*",
    "${RecordingBucket.Arn}/recordings/*",
    f"{CONNECTIONS}/POST/@connections/*",
    f"{CONNECTIONS}/DELETE/@connections/*",
    "arn:${AWS::Partition}:ec2:${AWS::Region}:*:*/*",
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:RDSOSMetrics:*",
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:RDSOSMetrics:log-stream:*",
}
"""Resources that may end in a wildcard, because their names are made at run time, by AWS in the last three."""
DESCRIBING = {"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}
"""Actions that EC2 allows on everything or not at all."""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements(role: str, stack: Stack = LOCAL, effect: str = "Allow") -> Iterator[Statement]:
    """Everything a role may do, but for tracing: its own policies and the stack's that it names."""
    named = [policy["Ref"] for policy in stack.properties(role).get("ManagedPolicyArns", [])]
    shared = [stack.properties(policy) for policy in named if policy != "TracingPolicy"]
    for policy in [*stack.properties(role)["Policies"], *shared]:
        yield from (one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == effect)


def _resources_for(role: str, action: str, stack: Stack = LOCAL) -> list[Any]:
    allowed = [statement for statement in _statements(role, stack) if action in _listed(statement["Action"])]
    return [resource for statement in allowed for resource in _listed(statement["Resource"])]


def _actions(role: str, stack: Stack = LOCAL, effect: str = "Allow") -> set[str]:
    return {action for one in _statements(role, stack, effect) for action in _listed(one["Action"])}


def test_sam_added_no_role_and_no_policy() -> None:
    written = set(source()["Resources"])
    for resource_type in ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        assert set(ids_of(resource_type)) <= written


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_role_of_its_own(function: str) -> None:
    assert properties(function)["Role"] == {"Fn::GetAtt": [function.replace("Function", "Role"), "Arn"]}


@pytest.mark.parametrize(("shape", "role"), ROLES)
def test_a_role_has_only_policies_of_this_stack(shape: str, role: str) -> None:
    stack = SHAPES_WITH_DATABASE[shape]
    for policy in stack.properties(role).get("ManagedPolicyArns", []):
        assert stack.resources[policy["Ref"]]["Type"] == "AWS::IAM::ManagedPolicy"


def test_traces_are_all_that_the_policy_for_tracing_allows() -> None:
    (statement,) = properties("TracingPolicy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    assert statement["Resource"] == "*", "X-Ray has no resources to name"


def test_the_key_of_envelopes_is_for_who_writes_and_reads_them() -> None:
    (statement,) = properties("DataKeyPolicy")["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]
    assert statement["Resource"] == {"Fn::GetAtt": ["DataKey", "Arn"]}
    production = SHAPES["production"]
    roles = production.ids_of("AWS::IAM::Role")
    named = {role: production.properties(role).get("ManagedPolicyArns", []) for role in roles}
    holders = {role for role, policies in named.items() if {"Ref": "DataKeyPolicy"} in policies}
    assert holders == {
        "VerifierRole",
        "FetcherRole",
        "SweepRole",
        "ErasuresRole",
        *(f"{prefix}Role" for prefix in PREFIXES),
    }


@pytest.mark.parametrize(("shape", "role"), ROLES)
def test_a_role_is_for_one_service_and_another_says_for_which_account_it_acts(shape: str, role: str) -> None:
    (statement,) = SHAPES_WITH_DATABASE[shape].properties(role)["AssumeRolePolicyDocument"]["Statement"]
    service = OF_SERVICES.get(role, "lambda.amazonaws.com")
    expected = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if role in DOCUMENTED:
        expected["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert statement == expected


@pytest.mark.parametrize(("shape", "role"), ROLES)
def test_a_role_allows_named_actions_on_named_resources(shape: str, role: str) -> None:
    for statement in _statements(role, SHAPES_WITH_DATABASE[shape]):
        assert not any("*" in action for action in _listed(statement["Action"]))
        assert not {"NotAction", "NotResource"} & set(statement)
        for resource in _listed(statement["Resource"]):
            on_all = resource == "*" and set(_listed(statement["Action"])) <= DESCRIBING
            assert on_all or "*" not in json.dumps(resource) or resource["Fn::Sub"] in WILDCARDS


@pytest.mark.parametrize("shape", [name for name, stack in SHAPES.items() if "NetworkPolicy" in stack.resources])
def test_what_lambda_may_do_in_the_vpc_the_code_may_not(shape: str) -> None:
    *allowed, refused = SHAPES_WITH_DATABASE[shape].properties("NetworkPolicy")["PolicyDocument"]["Statement"]
    assert set(refused["Action"]) == {action for statement in allowed for action in statement["Action"]}
    assert (refused["Effect"], refused["Resource"]) == ("Deny", "*")
    ((operator, (key, pattern)),) = ((name, *of.items()) for name, of in refused["Condition"].items())
    assert (operator, key) == ("ArnLike", "lambda:SourceFunctionArn")
    assert pattern["Fn::Sub"].endswith(":function:*")


@pytest.mark.parametrize(("shape", "role"), ROLES)
def test_rights_to_a_log_group_name_it_with_the_end_that_logs_checks(shape: str, role: str) -> None:
    for statement in _statements(role, SHAPES_WITH_DATABASE[shape]):
        actions = {action for action in _listed(statement["Action"]) if action.startswith("logs:")}
        for resource in _listed(statement["Resource"]) if actions - LOGS_WITHOUT_AN_END else []:
            assert resource.get("Fn::Sub", "").endswith(":*") or resource["Fn::GetAtt"][1] == "Arn", resource


@pytest.mark.parametrize("resource_type", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"])
def test_a_resource_policy_only_refuses(resource_type: str) -> None:
    """Except those of the queues that the bus writes to, which has no role for it."""
    for name in set(ids_of(resource_type)) - {"CallEventQueuePolicy", "AlertQueuePolicy"}:
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
    assert _resources_for(role, "secretsmanager:GetSecretValue") == [{"Ref": "DatabaseUserSecretArn"}, PSEUDONYM_KEY]


PSEUDONYM_KEY = {"Fn::GetAtt": ["PseudonymKey", "Id"]}
"""What consumers recognise erased calls by."""
OF_RECORDINGS = {"RecordingsRole": {"s3:PutObject", "s3:AbortMultipartUpload"}}
"""Role -> what it may do to the other bucket (`test_recordings.py`)."""
PAYLOADS = {"Fn::Sub": "${PayloadBucket.Arn}/envelopes/*"}


@pytest.mark.parametrize("shape", SHAPES)
def test_envelopes_in_the_bucket_are_written_by_who_queues_them_and_read_by_consumers_alone(shape: str) -> None:
    stack = SHAPES[shape]
    consumers = {f"{prefix}Role" for prefix in PREFIXES}
    for role in stack.ids_of("AWS::IAM::Role"):
        allowed = {action for action in _actions(role, stack) if action.startswith("s3:")}
        if role in consumers:
            assert allowed == {"s3:GetObject", "s3:DeleteObject", "s3:ListBucket"}
            assert _resources_for(role, "s3:GetObject", stack) == [PAYLOADS]
            assert _resources_for(role, "s3:DeleteObject", stack) == [PAYLOADS]
            assert _resources_for(role, "s3:ListBucket", stack) == [{"Fn::GetAtt": ["PayloadBucket", "Arn"]}]
        else:
            others = {name: {"s3:PutObject"} for name in ("VerifierRole", "FetcherRole")}
            others["ErasuresRole"] = {"s3:DeleteObject", "s3:ListBucket"}
            assert allowed - OF_RECORDINGS.get(role, set()) == others.get(role, set())
    assert _resources_for("ErasuresRole", "s3:DeleteObject", stack) == [PAYLOADS]
    assert _resources_for("ErasuresRole", "s3:ListBucket", stack) == [{"Fn::GetAtt": ["PayloadBucket", "Arn"]}]
    for role in ("VerifierRole", "FetcherRole"):
        assert _resources_for(role, "s3:PutObject", stack) == [PAYLOADS]


def test_the_verifier_may_queue_and_store_but_not_read_back() -> None:
    assert _actions("VerifierRole") == {
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
        "s3:PutObject",
        "lambda:InvokeFunction",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert _resources_for("VerifierRole", "secretsmanager:GetSecretValue") == [{"Fn::GetAtt": ["WebhookSecret", "Id"]}]
    queues = [{"Fn::GetAtt": [f"{prefix}Queue", "Arn"]} for prefix in (*PREFIXES, "Erasure")]
    assert _resources_for("VerifierRole", "sqs:SendMessage") == queues


def test_the_fetcher_touches_its_queues_and_the_key_alone() -> None:
    assert _actions("FetcherRole") == {
        "secretsmanager:GetSecretValue",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
        "s3:PutObject",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert _resources_for("FetcherRole", "sqs:ReceiveMessage") == [{"Fn::GetAtt": ["VapiRequestQueue", "Arn"]}]
    sent_to = ["VapiRequest", "VapiRequestDeadLetter", "VapiPage", "StatusUpdate", "EndOfCallReport", "Erasure"]
    queues = [{"Fn::GetAtt": [f"{name}Queue", "Arn"]} for name in sent_to]
    assert _resources_for("FetcherRole", "sqs:SendMessage") == queues


@pytest.mark.parametrize(
    ("demanded", "secrets"), [("false", ["VapiApiKey"]), ("true", ["VapiApiKey", "WebhookSecret"])]
)
def test_the_fetcher_reads_the_webhook_secret_only_where_call_tokens_are_demanded(
    demanded: str, secrets: list[str]
) -> None:
    stack = LOCAL.but(RequireCallToken=demanded)
    readable = [{"Fn::GetAtt": [secret, "Id"]} for secret in secrets]
    assert _resources_for("FetcherRole", "secretsmanager:GetSecretValue", stack) == readable
    assert bool(stack.environment("FetcherFunction")["WEBHOOK_SECRET_ARN"]) == (demanded == "true")


def test_the_sweep_asks_by_a_queue_and_moves_dead_letters_back_alone() -> None:
    """What it may do to the database is what the consumers may: `db.privileges`."""
    kinds = [*PREFIXES]
    dead = [{"Fn::GetAtt": [f"{prefix}DeadLetterQueue", "Arn"]} for prefix in kinds]
    pages = {"Fn::GetAtt": ["VapiPageQueue", "Arn"]}
    assert _resources_for("SweepRole", "sqs:ReceiveMessage") == [pages, *dead]
    assert _resources_for("SweepRole", "sqs:DeleteMessage") == [pages, *dead]
    assert _resources_for("SweepRole", "sqs:ChangeMessageVisibility") == dead
    queues = [{"Fn::GetAtt": [f"{name}Queue", "Arn"]} for name in ("VapiRequest", *kinds)]
    assert _resources_for("SweepRole", "sqs:SendMessage") == queues
    secrets = _resources_for("SweepRole", "secretsmanager:GetSecretValue")
    assert {"Fn::GetAtt": ["VapiApiKey", "Id"]} not in secrets


@pytest.mark.parametrize("shape", SHAPES)
def test_vapi_s_key_is_read_by_the_fetcher_and_the_copying_of_recordings_alone(shape: str) -> None:
    stack = SHAPES[shape]
    key = {"Fn::GetAtt": ["VapiApiKey", "Id"]}
    roles = stack.ids_of("AWS::IAM::Role")
    readers = {role for role in roles if key in _resources_for(role, "secretsmanager:GetSecretValue", stack)}
    assert readers == {"FetcherRole", "RecordingsRole"} & set(roles)


LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}
TOKEN = "arn:${AWS::Partition}:rds-db:${AWS::Region}:${AWS::AccountId}:dbuser:${DatabaseResourceId}/${DatabaseUser}"


@pytest.mark.parametrize("role", ["PruneRole", "ApiRole", "UnlinkRole"])
def test_with_a_password_a_function_of_the_database_reads_its_own(role: str) -> None:
    assert _actions(role) == LOGGING | {"secretsmanager:GetSecretValue"}
    secret = "DatabaseReaderSecretArn" if role == "ApiRole" else "DatabaseUserSecretArn"
    assert _resources_for(role, "secretsmanager:GetSecretValue") == [{"Ref": secret}]
    as_owner = LOCAL.but(DatabaseUserSecretArn="", DatabaseReaderSecretArn="")
    assert _resources_for(role, "secretsmanager:GetSecretValue", as_owner) == [{"Ref": "DatabaseSecretArn"}]


@pytest.mark.parametrize("stack", [SHAPES["production"], EXISTING], ids=["production", "existing"])
@pytest.mark.parametrize("role", ["PruneRole", "ApiRole", "UnlinkRole", *(f"{prefix}Role" for prefix in PREFIXES)])
def test_with_iam_it_connects_as_one_role_to_one_database_by_no_password(role: str, stack: Stack) -> None:
    token = TOKEN.replace("DatabaseUser", "DatabaseReader") if role == "ApiRole" else TOKEN
    assert _resources_for(role, "rds-db:connect", stack) == [{"Fn::Sub": token}]
    secrets = [PSEUDONYM_KEY] if role.removesuffix("Role") in PREFIXES else []
    assert _resources_for(role, "secretsmanager:GetSecretValue", stack) == secrets
    assert not any(action.startswith("rds:") for action in _actions(role, stack))
    assert _resources_for(role, "kms:Decrypt", stack) in ([], [{"Fn::GetAtt": ["DataKey", "Arn"]}])


def test_who_changes_follow_ups_connects_as_a_role_of_its_own_and_tells_the_bus() -> None:
    assert _actions("FollowUpsRole") == LOGGING | {"secretsmanager:GetSecretValue", "events:PutEvents"}
    assert _resources_for("FollowUpsRole", "secretsmanager:GetSecretValue") == [{"Ref": "DatabaseWriterSecretArn"}]
    token = TOKEN.replace("DatabaseUser", "DatabaseWriter")
    for stack in (SHAPES["production"], EXISTING):
        assert _resources_for("FollowUpsRole", "rds-db:connect", stack) == [{"Fn::Sub": token}]
    assert _resources_for("FollowUpsRole", "events:PutEvents") == [{"Fn::GetAtt": ["EventBus", "Arn"]}]


def test_who_answers_callers_connects_as_a_role_of_its_own_and_reads_the_key_of_pseudonyms() -> None:
    assert _actions("CallersRole") == LOGGING | {"secretsmanager:GetSecretValue"}
    secrets = [PSEUDONYM_KEY, {"Ref": "DatabaseCallerSecretArn"}]
    assert _resources_for("CallersRole", "secretsmanager:GetSecretValue") == secrets
    token = TOKEN.replace("DatabaseUser", "DatabaseCaller")
    for stack in (SHAPES["production"], EXISTING):
        assert _resources_for("CallersRole", "rds-db:connect", stack) == [{"Fn::Sub": token}]
        assert _resources_for("CallersRole", "secretsmanager:GetSecretValue", stack) == [PSEUDONYM_KEY]


def test_the_verifier_invokes_the_function_of_callers_and_no_other() -> None:
    assert _resources_for("VerifierRole", "lambda:InvokeFunction") == [{"Ref": "CallersFunctionAliaslive"}]


def test_who_erases_connects_as_a_role_of_its_own_and_has_vapi_asked() -> None:
    own = {"secretsmanager:GetSecretValue", "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"}
    objects = {"s3:DeleteObject", "s3:ListBucket"}
    assert _actions("ErasuresRole") == LOGGING | own | objects | {"sqs:GetQueueAttributes"}
    secrets = [PSEUDONYM_KEY, {"Ref": "DatabaseEraserSecretArn"}]
    assert _resources_for("ErasuresRole", "secretsmanager:GetSecretValue") == secrets
    sent_to = [{"Fn::GetAtt": [name, "Arn"]} for name in ("ErasureQueue", "VapiRequestQueue")]
    assert _resources_for("ErasuresRole", "sqs:SendMessage") == sent_to
    token = TOKEN.replace("DatabaseUser", "DatabaseEraser")
    for stack in (SHAPES["production"], EXISTING):
        assert _resources_for("ErasuresRole", "rds-db:connect", stack) == [{"Fn::Sub": token}]
        assert _resources_for("ErasuresRole", "secretsmanager:GetSecretValue", stack) == [PSEUDONYM_KEY]


def test_functions_with_a_role_of_their_own_need_one_that_erases() -> None:
    (refusal,) = LOCAL.but(DatabaseEraserSecretArn="").complaints
    assert "DatabaseEraserSecretArn" in refusal


@pytest.mark.parametrize("role", ["PruneRole", "ApiRole", "UnlinkRole", "MigrateRole"])
def test_a_secret_with_a_key_of_its_own_is_decrypted_by_who_reads_it(role: str) -> None:
    key = {"Ref": "DatabaseSecretKeyArn"}
    assert _resources_for(role, "kms:Decrypt", LOCAL.but(DatabaseSecretKeyArn="arn:aws:kms:one:key/one")) == [key]
    assert _resources_for(role, "kms:Decrypt", LOCAL) == []


def test_the_migration_alone_reads_the_owners_password() -> None:
    assert _actions("MigrateRole") == LOGGING | {"secretsmanager:GetSecretValue"}
    assert _resources_for("MigrateRole", "secretsmanager:GetSecretValue") == [{"Ref": "DatabaseSecretArn"}]
    production = SHAPES["production"]
    assert _resources_for("MigrateRole", "kms:Decrypt", production) == [{"Ref": "DatabaseSecretKeyArn"}]
    assert "rds-db:connect" not in _actions("MigrateRole", production)


def test_the_proxy_connects_as_the_functions_roles_and_as_nobody_else() -> None:
    (statement,) = _statements("ProxyRole", stack_of("production", DATABASE))
    assert statement["Action"] == "rds-db:connect"
    ends = [resource["Fn::Sub"].rpartition(":")[2] for resource in statement["Resource"]]
    assert ends == [
        f"${{DatabaseInstance.DbiResourceId}}/${{{name}}}"
        for name in ("DatabaseUser", "DatabaseReader", "DatabaseWriter", "DatabaseCaller", "DatabaseEraser")
    ]


def test_who_serves_browsers_reaches_their_connections_and_nothing_else() -> None:
    shared = {"execute-api:ManageConnections", "dynamodb:DeleteItem", "logs:CreateLogStream", "logs:PutLogEvents"}
    receiving = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    assert _actions("BroadcasterRole") == shared | receiving | {"dynamodb:Query"}
    assert _actions("LiveRole") == shared | {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert _resources_for("BroadcasterRole", "sqs:ReceiveMessage") == [{"Fn::GetAtt": ["CallEventQueue", "Arn"]}]
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


SECRETS = ("AlertWebhook-*", "PseudonymKey-*", "VapiApiKey-*", "WebhookSecret-*", "secret:rds!*")
INLINE_POLICIES_CHARACTERS = 10_240
"""The most that all policies of a role may have together, without spaces."""
FROM_GITHUB = Stack({"GitHubRepository": "owner/name"}, ACCOUNT)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_github_deploys_to_an_environment_what_belongs_to_it(environment: str) -> None:
    deploys, makes = (FROM_GITHUB.properties(f"{environment}{name}Role") for name in ("Deploy", "Stack"))
    (trust,) = deploys["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": {
            "Fn::Sub": f"repo:${{GitHubRepository}}:environment:{environment}",
        },
    }
    other = {"staging": "production", "production": "staging"}[environment]
    text = json.dumps([deploys, makes], separators=(",", ":"))
    assert f"autopulse-calls-{environment}" in text
    assert other not in text
    for role in (deploys, makes):
        assert len(json.dumps(role["Policies"], separators=(",", ":"))) < INLINE_POLICIES_CHARACTERS
    passed = [one for one in deploys["Policies"][0]["PolicyDocument"]["Statement"] if one["Action"] == ["iam:PassRole"]]
    assert [one["Resource"] for one in passed] == [[{"Fn::GetAtt": [f"{environment}StackRole", "Arn"]}]]


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_what_has_a_name_is_made_for_an_environment_by_that_name_alone(environment: str) -> None:
    (policy,) = FROM_GITHUB.properties(f"{environment}StackRole")["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        for resource in statement["Resource"]:
            if resource != "*" and any(action.endswith(":*") for action in statement["Action"]):
                named = resource["Fn::Sub"]
                elsewhere = ("regional/*", *SECRETS, "CodeDeployDefault.*", "db-proxy:*")
                assert f"autopulse-calls-{environment}" in named or named.endswith((*elsewhere, "target-group:*")), (
                    named
                )
