"""The network of the functions of the database: no way out, and no way in it that nobody needs."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.contract.stack import DATABASE, EXISTING, LOCAL, PREFIXES, Stack, properties, source, stack_of

APPLICATION_STACK = "autopulse-calls-production"
PRODUCTION = stack_of("production", DATABASE)
DIRECT = PRODUCTION.but(DatabaseProxy="false")
"""Without the proxy."""
BUCKETS = ("PayloadBucket", "RecordingBucket")
SIGNING = {"RecordingReadPolicy"}
"""What those may do who have a URL that the read API signed; it asks nobody itself."""
FUNCTIONS = stack_of("production").but(RecordingRetentionDays="90")
SUBNETS = [{"Ref": f"PrivateSubnet{zone}"} for zone in "ABC"]
ENDPOINTS = {
    "S3Endpoint": "s3",
    "SqsEndpoint": "sqs",
    "EventsEndpoint": "events",
    "SecretsManagerEndpoint": "secretsmanager",
}
POLLING = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
"""What Lambda's pollers do with a consumer's role, from outside of the VPC."""

Rule = tuple[str, str, object]
"""From, to, port: from and to are logical ids, parameters, or the address of nowhere."""


def test_nothing_of_it_is_in_the_application() -> None:
    for stack in (LOCAL, EXISTING, FUNCTIONS):
        assert stack.ids_of("AWS::EC2::", "AWS::RDS::DBInstance", "AWS::RDS::DBProxy", "AWS::RDS::DBSubnet") == (
            ["ProxyTargetGroup"] if stack is FUNCTIONS else []
        )
    assert not any("VpcConfig" in LOCAL.properties(name) for name in LOCAL.ids_of("AWS::Lambda::Function"))


@pytest.mark.parametrize("stack", [FUNCTIONS, EXISTING], ids=["production", "existing"])
def test_only_functions_of_the_database_are_in_the_vpc(stack: Stack) -> None:
    functions = stack.ids_of("AWS::Lambda::Function")
    inside = {name for name in functions if "VpcConfig" in stack.properties(name)}
    assert inside == {name for name in functions if "DATABASE_HOST" in stack.environment(name)}
    placed = {name: stack.properties(name)["VpcConfig"] for name in inside}
    assert placed.pop("MigrateFunction")["SecurityGroupIds"] == [{"Ref": "MigrateSecurityGroupId"}]
    assert all(one["SecurityGroupIds"] == [{"Ref": "FunctionSecurityGroupId"}] for one in placed.values())
    assert all(stack.properties(name)["VpcConfig"]["SubnetIds"] == {"Ref": "SubnetIds"} for name in inside)


def test_the_database_stack_says_where_they_belong() -> None:
    outputs = PRODUCTION.outputs
    assert outputs["SubnetIds"] == {"Fn::Join": [",", SUBNETS]}
    assert outputs["FunctionSecurityGroupId"] == {"Ref": "FunctionSecurityGroup"}
    assert outputs["MigrateSecurityGroupId"] == {"Ref": "MigrateSecurityGroup"}


def test_database_and_proxy_are_in_three_zones_and_endpoints_in_two() -> None:
    assert PRODUCTION.properties("DatabaseSubnets")["SubnetIds"] == SUBNETS
    assert PRODUCTION.properties("Proxy")["VpcSubnetIds"] == SUBNETS
    for name in set(ENDPOINTS) - {"S3Endpoint"}:
        assert PRODUCTION.properties(name)["SubnetIds"] == SUBNETS[:2], "each zone of each costs 7.30 dollars a month"


def test_zones_are_chosen_by_id_and_none_is_one_without_a_proxy() -> None:
    """A letter is another zone in each account. RDS Proxy, which use1-az3 lacks, silently leaves a subnet there out."""
    subnets = [PRODUCTION.properties(one["Ref"]) for one in SUBNETS]
    for number, subnet in enumerate(subnets):
        assert subnet["AvailabilityZoneId"] == {"Fn::Select": [number, {"Ref": "AvailabilityZoneIds"}]}
        assert "AvailabilityZone" not in subnet
    for environment in ("staging", "production"):
        zones = stack_of(environment, DATABASE).parameters["AvailabilityZoneIds"].split(",")
        assert len(set(zones)) == 3
        assert "use1-az3" not in zones


def test_the_vpc_has_no_way_out() -> None:
    kinds = {resource["Type"] for resource in PRODUCTION.resources.values()}
    ways = ("InternetGateway", "NatGateway", "Route", "EIP", "TransitGatewayAttachment", "EgressOnlyInternetGateway")
    assert kinds & {f"AWS::EC2::{way}" for way in ways} == set()
    subnets = [PRODUCTION.properties(one["Ref"]) for one in SUBNETS]
    assert len({json.dumps(subnet["CidrBlock"]) for subnet in subnets}) == 3
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    for place in "ABC":
        routes = PRODUCTION.properties(f"PrivateSubnet{place}Routes")
        assert routes == {"SubnetId": {"Ref": f"PrivateSubnet{place}"}, "RouteTableId": {"Ref": "PrivateRouteTable"}}
    assert PRODUCTION.properties("S3Endpoint")["RouteTableIds"] == [{"Ref": "PrivateRouteTable"}]


def test_endpoints_are_of_the_services_and_take_their_names() -> None:
    assert set(PRODUCTION.ids_of("AWS::EC2::VPCEndpoint")) == set(ENDPOINTS)
    for name, service in ENDPOINTS.items():
        endpoint = PRODUCTION.properties(name)
        assert endpoint["ServiceName"] == {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"}
        assert endpoint["VpcEndpointType"] == ("Gateway" if service == "s3" else "Interface")
        assert endpoint.get("PrivateDnsEnabled", service == "s3") is True
    vpc = PRODUCTION.properties("Vpc")
    assert vpc["EnableDnsSupport"] is vpc["EnableDnsHostnames"] is True


# Who may speak to whom


def _rules(stack: Stack) -> Iterator[Rule]:
    for name in stack.ids_of("AWS::EC2::SecurityGroup"):
        rule = stack.properties(name)
        if stack.resources[name]["Type"] == "AWS::EC2::SecurityGroup":
            yield from (_rule(name, outward) for outward in rule["SecurityGroupEgress"])
            yield from (_rule(name, inward) for inward in rule.get("SecurityGroupIngress", []))
        else:
            yield _rule(rule["GroupId"]["Ref"], rule)


def _rule(group: str, rule: Mapping[str, Any]) -> Rule:
    assert rule["Description"]
    if rule["IpProtocol"] == "-1":
        return f"from {group}", rule["CidrIp"], None
    assert rule["IpProtocol"] == "tcp"
    assert rule["FromPort"] == rule["ToPort"]
    port = rule["FromPort"]["Ref"] if isinstance(rule["FromPort"], dict) else rule["FromPort"]
    if source := rule.get("SourceSecurityGroupId"):
        return f"into {group}", source["Ref"], port
    target = rule.get("DestinationSecurityGroupId") or rule["DestinationPrefixListId"]
    return f"from {group}", target["Ref"], port


NOWHERE = "127.0.0.1/32"
"""A rule that leads nowhere takes the place of AWS's own, which lets everything out."""
TO_ENDPOINTS = {
    ("from FunctionSecurityGroup", "S3PrefixListId", 443),
    ("from FunctionSecurityGroup", "EndpointSecurityGroup", 443),
    ("from MigrateSecurityGroup", "S3PrefixListId", 443),
    ("from MigrateSecurityGroup", "EndpointSecurityGroup", 443),
    ("into EndpointSecurityGroup", "FunctionSecurityGroup", 443),
    ("into EndpointSecurityGroup", "MigrateSecurityGroup", 443),
    ("from EndpointSecurityGroup", NOWHERE, None),
}
BY_PROXY = {
    ("from FunctionSecurityGroup", "ProxySecurityGroup", 5432),
    ("into ProxySecurityGroup", "FunctionSecurityGroup", 5432),
    ("from ProxySecurityGroup", "DatabaseSecurityGroup", 5432),
    ("from ProxySecurityGroup", NOWHERE, None),
    ("into DatabaseSecurityGroup", "ProxySecurityGroup", 5432),
}
PAST_IT = {
    ("from MigrateSecurityGroup", "DatabaseSecurityGroup", 5432),
    ("into DatabaseSecurityGroup", "MigrateSecurityGroup", 5432),
    ("from DatabaseSecurityGroup", NOWHERE, None),
}
WITHOUT_PROXY = {
    ("from FunctionSecurityGroup", "DatabaseSecurityGroup", 5432),
    ("into DatabaseSecurityGroup", "FunctionSecurityGroup", 5432),
}
APPLICATION = {("into DatabaseSecurityGroup", "ApplicationSecurityGroupId", 5432)}


@pytest.mark.parametrize(
    ("stack", "rules"),
    [
        (PRODUCTION, TO_ENDPOINTS | BY_PROXY | PAST_IT),
        (DIRECT, TO_ENDPOINTS | WITHOUT_PROXY | PAST_IT),
        (PRODUCTION.but(ApplicationSecurityGroupId="sg-0123abcd"), TO_ENDPOINTS | BY_PROXY | PAST_IT | APPLICATION),
    ],
    ids=["proxy", "direct", "application"],
)
def test_the_network_modes_are_all_tested(stack: Stack, rules: set[Rule]) -> None:
    found = list(_rules(stack))
    assert len(found) == len(set(found))
    assert set(found) == rules


# What may pass the endpoints


def _pairs(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(action, resource) that a statement allows, the application's names filled in."""

    def listed(value: object) -> list[Any]:
        return value if isinstance(value, list) else [value]

    for action in listed(statement["Action"]):
        yield from ((action, _name(resource)) for resource in listed(statement["Resource"]))


def _name(resource: Any) -> str:  # noqa: ANN401 - a text, or an intrinsic function
    """The ARN of a resource, as far as it is known before it is made; a wildcard stands for what is not."""
    if resource == {"Ref": "DatabaseSecretArn"}:
        return _name(PRODUCTION.outputs["DatabaseSecretArn"])
    if "Fn::GetAtt" in resource:
        logical_id, attribute = resource["Fn::GetAtt"]
        return _arn(logical_id) if attribute in {"Arn", "Id"} else f"{logical_id}.{attribute}"
    text = str(resource["Fn::Sub"])
    for bucket in BUCKETS:
        text = text.replace(f"${{{bucket}.Arn}}", _arn(bucket))
    return text.replace("${Application}", APPLICATION_STACK)


SECRET = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
"""What the ARN of a secret begins with; its logical id follows, and an end that CloudFormation makes."""


def _arn(logical_id: str) -> str:
    prefix = "arn:${AWS::Partition}:"
    own = f"{APPLICATION_STACK}-{logical_id.lower()}-end"
    if logical_id in BUCKETS:
        return f"{prefix}s3:::{own}"
    if logical_id == "EventBus":
        return f"{prefix}events:${{AWS::Region}}:${{AWS::AccountId}}:event-bus/{APPLICATION_STACK}"
    if logical_id.endswith("Queue"):
        name = properties(logical_id)["QueueName"]["Fn::Sub"].replace("${AWS::StackName}", APPLICATION_STACK)
        return f"{prefix}sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}"
    if FUNCTIONS.resources.get(logical_id, {}).get("Type") == "AWS::SecretsManager::Secret":
        return f"{SECRET}{logical_id}-end"
    return logical_id


def _allowed(prefix: str) -> set[tuple[str, str]]:
    """(action, resource) of a service that the functions inside may do."""
    inside = [name for name in FUNCTIONS.ids_of("AWS::Lambda::Function") if "VpcConfig" in FUNCTIONS.properties(name)]
    roles = [FUNCTIONS.properties(name)["Role"]["Fn::GetAtt"][0] for name in inside]
    policies = [policy for role in roles for policy in FUNCTIONS.properties(role)["Policies"]]
    shared = {policy["Ref"] for role in roles for policy in FUNCTIONS.properties(role)["ManagedPolicyArns"]}
    attached = {one: FUNCTIONS.properties(one).get("Roles", []) for one in FUNCTIONS.ids_of("AWS::IAM::ManagedPolicy")}
    shared |= {one for one, to in attached.items() if any(role["Ref"] in roles for role in to)} - SIGNING
    policies += [FUNCTIONS.properties(name) for name in shared]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    ours = [one for one in statements if any(action.startswith(prefix) for action in one["Action"])]
    ours += [one for one in statements if isinstance(one["Action"], str) and one["Action"].startswith(prefix)]
    # Lambda itself polls the queues that invoke functions; dead letters are taken by a function.
    return {
        (action, arn)
        for one in ours
        for action, arn in _pairs(one)
        if action not in POLLING or arn.endswith("-dead-letters")
    }


def _covers(pattern: str, arn: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), arn) is not None


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_lets_pass_what_the_functions_may_do_and_no_other_action(endpoint: str) -> None:
    statements = [
        one
        for one in PRODUCTION.properties(endpoint)["PolicyDocument"]["Statement"]
        if one["Sid"] != "AnswersToCloudFormation"
    ]
    account = {"Ref": "AWS::AccountId"}
    for statement in statements:
        assert (statement["Effect"], statement["Principal"]) == ("Allow", "*")
        assert statement["Condition"]["StringEquals"]["aws:PrincipalAccount"] == account
    passing = {pair for statement in statements for pair in _pairs(statement)}
    needed = _allowed(f"{ENDPOINTS[endpoint]}:")
    assert {action for action, _ in passing} == {action for action, _ in needed}
    for action, arn in needed:
        assert any(allowed == action and _covers(pattern, arn) for allowed, pattern in passing), (action, arn)
    for _, pattern in passing:
        secrets = {"DatabaseInstance.MasterUserSecret.SecretArn", f"{SECRET}PseudonymKey-*"}
        assert APPLICATION_STACK in pattern or pattern in secrets


def test_buckets_of_other_accounts_are_out_of_reach() -> None:
    """A bucket's ARN names no account, so a name alone could be anybody's."""
    *statements, _ = PRODUCTION.properties("S3Endpoint")["PolicyDocument"]["Statement"]
    for statement in statements:
        assert statement["Condition"]["StringEquals"]["aws:ResourceAccount"] == {"Ref": "AWS::AccountId"}


def test_dead_letter_queues_are_named_as_the_endpoint_lets_them_pass() -> None:
    for prefix in PREFIXES:
        assert properties(f"{prefix}DeadLetterQueue")["QueueName"]["Fn::Sub"].endswith("-dead-letters")
    assert source(DATABASE)["Parameters"]["Application"]["Type"] == "String"


def test_the_migration_can_answer_cloudformation() -> None:
    (answers,) = [
        one
        for one in PRODUCTION.properties("S3Endpoint")["PolicyDocument"]["Statement"]
        if one["Sid"] == "AnswersToCloudFormation"
    ]
    bucket, values = answers["Resource"]["Fn::Sub"]
    assert answers["Action"] == "s3:PutObject"
    assert "Condition" not in answers, "CloudFormation signs the URL, with an account of its own"
    assert bucket == "arn:${AWS::Partition}:s3:::cloudformation-custom-resource-response-${Region}/*"
    assert values["Region"] == {"Fn::Join": ["", {"Fn::Split": ["-", {"Ref": "AWS::Region"}]}]}, "useast1"


def test_refused_packets_are_logged() -> None:
    log = PRODUCTION.properties("FlowLog")
    assert (log["ResourceId"], log["TrafficType"]) == ({"Ref": "Vpc"}, "REJECT")
    assert PRODUCTION.properties("FlowLogGroup")["RetentionInDays"] == {"Ref": "LogRetentionDays"}
