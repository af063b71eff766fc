"""The network of the functions of the database: no way out, and no way in it that nobody needs."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.contract.stack import EXISTING, LOCAL, SHAPES, Stack

PRODUCTION = SHAPES["production"]
DIRECT = PRODUCTION.but(DatabaseProxy="false")
"""Without the proxy."""
ADOPTED = PRODUCTION.but(VpcId="vpc-0123abcd", SubnetIds="subnet-1,subnet-2", RouteTableIds="rtb-1")
"""A new database in a VPC that exists and has no endpoint yet."""
IN_VPC = {**{name: stack for name, stack in SHAPES.items() if name != "local"}, "direct": DIRECT, "adopted": ADOPTED}
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


def test_nothing_of_it_is_there_without_a_network() -> None:
    assert LOCAL.ids_of("AWS::EC2::", "AWS::RDS::") == []
    assert "DatabaseKey" not in LOCAL.resources
    assert not any("VpcConfig" in LOCAL.properties(name) for name in LOCAL.ids_of("AWS::Lambda::Function"))


@pytest.mark.parametrize("stack", IN_VPC.values(), ids=IN_VPC)
def test_who_talks_to_the_database_is_inside_and_nobody_else(stack: Stack) -> None:
    functions = stack.ids_of("AWS::Lambda::Function")
    inside = {name for name in functions if "VpcConfig" in stack.properties(name)}
    assert inside == {name for name in functions if "DATABASE_HOST" in stack.environment(name)}
    groups = {name: stack.properties(name)["VpcConfig"]["SecurityGroupIds"] for name in inside}
    assert groups.pop("MigrateFunction") == [{"Ref": "MigrateSecurityGroup"}]
    assert all(group == [{"Ref": "FunctionSecurityGroup"}] for group in groups.values())


@pytest.mark.parametrize("stack", IN_VPC.values(), ids=IN_VPC)
def test_everything_is_in_the_same_private_subnets(stack: Stack) -> None:
    subnets = _subnets(stack)
    named = [
        stack.properties(name)["VpcConfig"]["SubnetIds"]
        for name in stack.ids_of("AWS::Lambda::Function")
        if "VpcConfig" in stack.properties(name)
    ]
    named += [
        stack.properties(name)["SubnetIds"] for name in ENDPOINTS if name != "S3Endpoint" and name in stack.resources
    ]
    named += [stack.properties(name)["SubnetIds"] for name in stack.ids_of("AWS::RDS::DBSubnetGroup")]
    named += [
        stack.properties(name)["VpcSubnetIds"]
        for name in stack.ids_of("AWS::RDS::DBProxy")
        if "TargetGroup" not in name
    ]
    assert len(named) >= 8
    assert all(one == subnets for one in named)


def _subnets(stack: Stack) -> object:
    made = "Vpc" in stack.resources
    return [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}] if made else {"Ref": "SubnetIds"}


def test_a_new_vpc_has_subnets_in_two_zones_and_no_way_out() -> None:
    kinds = {resource["Type"] for resource in PRODUCTION.resources.values()}
    ways = ("InternetGateway", "NatGateway", "Route", "EIP", "TransitGatewayAttachment", "EgressOnlyInternetGateway")
    assert kinds & {f"AWS::EC2::{way}" for way in ways} == set()
    subnets = [PRODUCTION.properties(name) for name in PRODUCTION.ids_of("AWS::EC2::Subnet") if "Routes" not in name]
    assert len({json.dumps(subnet["AvailabilityZone"]) for subnet in subnets}) == 2
    assert len({json.dumps(subnet["CidrBlock"]) for subnet in subnets}) == 2
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    for place in "AB":
        routes = PRODUCTION.properties(f"PrivateSubnet{place}Routes")
        assert routes == {"SubnetId": {"Ref": f"PrivateSubnet{place}"}, "RouteTableId": {"Ref": "PrivateRouteTable"}}


def test_an_existing_vpc_gets_neither_subnets_nor_routes_but_those_of_its_endpoint() -> None:
    for stack in (EXISTING, ADOPTED):
        assert stack.ids_of("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::RouteTable") == stack.ids_of(
            "AWS::EC2::VPCEndpoint"
        )
    assert ADOPTED.properties("S3Endpoint")["RouteTableIds"] == {"Ref": "RouteTableIds"}
    assert PRODUCTION.properties("S3Endpoint")["RouteTableIds"] == [{"Ref": "PrivateRouteTable"}]


@pytest.mark.parametrize(
    ("parameter", "endpoint"),
    [
        ("EndpointForS3", "S3Endpoint"),
        ("EndpointForSqs", "SqsEndpoint"),
        ("EndpointForEvents", "EventsEndpoint"),
        ("EndpointForSecretsManager", "SecretsManagerEndpoint"),
    ],
)
def test_each_endpoint_can_be_one_that_an_existing_vpc_has(parameter: str, endpoint: str) -> None:
    assert set(ADOPTED.ids_of("AWS::EC2::VPCEndpoint")) == set(ENDPOINTS)
    assert set(ADOPTED.but(**{parameter: "false"}).ids_of("AWS::EC2::VPCEndpoint")) == set(ENDPOINTS) - {endpoint}
    assert set(PRODUCTION.but(**{parameter: "false"}).ids_of("AWS::EC2::VPCEndpoint")) == set(ENDPOINTS), (
        "a new one has none"
    )


def test_endpoints_are_of_the_services_and_take_their_names() -> None:
    for name, service in ENDPOINTS.items():
        endpoint = PRODUCTION.properties(name)
        assert endpoint["ServiceName"] == {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"}
        assert endpoint["VpcEndpointType"] == ("Gateway" if service == "s3" else "Interface")
        assert endpoint.get("PrivateDnsEnabled", service == "s3") is True
    assert (
        PRODUCTION.properties("Vpc")["EnableDnsSupport"] is PRODUCTION.properties("Vpc")["EnableDnsHostnames"] is True
    )


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
    ("from ProxySecurityGroup", "DatabaseSecurityGroup", "DatabasePort"),
    ("from ProxySecurityGroup", NOWHERE, None),
    ("into DatabaseSecurityGroup", "ProxySecurityGroup", "DatabasePort"),
}
PAST_IT = {
    ("from MigrateSecurityGroup", "DatabaseSecurityGroup", "DatabasePort"),
    ("into DatabaseSecurityGroup", "MigrateSecurityGroup", "DatabasePort"),
    ("from DatabaseSecurityGroup", NOWHERE, None),
}
WITHOUT_PROXY = {
    ("from FunctionSecurityGroup", "DatabaseSecurityGroup", "DatabasePort"),
    ("into DatabaseSecurityGroup", "FunctionSecurityGroup", "DatabasePort"),
}
APPLICATION = {("into DatabaseSecurityGroup", "ApplicationSecurityGroupId", "DatabasePort")}
ELSEWHERE = {
    ("from FunctionSecurityGroup", "S3PrefixListId", 443),
    ("from MigrateSecurityGroup", "S3PrefixListId", 443),
    ("from FunctionSecurityGroup", "EndpointSecurityGroupId", 443),
    ("from MigrateSecurityGroup", "EndpointSecurityGroupId", 443),
    ("from FunctionSecurityGroup", "DatabaseSecurityGroupId", "DatabasePort"),
    ("from MigrateSecurityGroup", "DatabaseSecurityGroupId", "DatabasePort"),
    ("into DatabaseSecurityGroupId", "FunctionSecurityGroup", "DatabasePort"),
    ("into DatabaseSecurityGroupId", "MigrateSecurityGroup", "DatabasePort"),
}


@pytest.mark.parametrize(
    ("stack", "rules"),
    [
        (PRODUCTION, TO_ENDPOINTS | BY_PROXY | PAST_IT),
        (DIRECT, TO_ENDPOINTS | WITHOUT_PROXY | PAST_IT),
        (PRODUCTION.but(ApplicationSecurityGroupId="sg-0123abcd"), TO_ENDPOINTS | BY_PROXY | PAST_IT | APPLICATION),
        (EXISTING, ELSEWHERE),
    ],
    ids=["proxy", "direct", "application", "existing"],
)
def test_these_are_all_the_ways_there_are(stack: Stack, rules: set[Rule]) -> None:
    found = list(_rules(stack))
    assert len(found) == len(set(found))
    assert set(found) == rules


# What may pass the endpoints


def _allowed(stack: Stack, prefix: str) -> set[tuple[str, str]]:
    """(action, resource) of a service that the functions inside may do."""
    inside = [name for name in stack.ids_of("AWS::Lambda::Function") if "VpcConfig" in stack.properties(name)]
    roles = [stack.properties(name)["Role"]["Fn::GetAtt"][0] for name in inside]
    policies = [policy for role in roles for policy in stack.properties(role)["Policies"]]
    shared = {policy["Ref"] for role in roles for policy in stack.properties(role)["ManagedPolicyArns"]}
    policies += [stack.properties(name) for name in shared]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    return {pair for one in statements for pair in _pairs(one) if pair[0].startswith(prefix)} - _polled(statements)


def _polled(statements: list[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {pair for one in statements for pair in _pairs(one) if pair[0] in POLLING}


def _pairs(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    def listed(value: object) -> list[Any]:
        return value if isinstance(value, list) else [value]

    for action in listed(statement["Action"]):
        yield from ((action, json.dumps(resource)) for resource in listed(statement["Resource"]))


PASSWORDS = EXISTING.but(
    EndpointForSecretsManager="true",
    DatabaseAuth="password",
    DatabaseUserSecretArn="arn:user",
    DatabaseReaderSecretArn="arn:reader",
)
"""An existing database whose functions read a secret, too."""
OPEN = {"production": PRODUCTION, "direct": DIRECT, "adopted": ADOPTED, "passwords": PASSWORDS}


@pytest.mark.parametrize(
    ("shape", "endpoint"),
    [(shape, endpoint) for shape, stack in OPEN.items() for endpoint in stack.ids_of("AWS::EC2::VPCEndpoint")],
)
def test_an_endpoint_lets_pass_what_the_functions_may_do_and_nothing_else(shape: str, endpoint: str) -> None:
    stack = OPEN[shape]
    statements = [
        one
        for one in stack.properties(endpoint)["PolicyDocument"]["Statement"]
        if one["Sid"] != "AnswersToCloudFormation"
    ]
    for statement in statements:
        assert (statement["Effect"], statement["Principal"]) == ("Allow", "*")
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}
    passing = {pair for statement in statements for pair in _pairs(statement)}
    needed = _allowed(stack, f"{ENDPOINTS[endpoint]}:")
    assert needed <= passing
    if endpoint == "S3Endpoint":
        assert passing == needed
    assert {action for action, _ in passing} == {action for action, _ in needed}
    assert {resource for _, resource in passing} == {resource for _, resource in needed}


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


@pytest.mark.parametrize("stack", IN_VPC.values(), ids=IN_VPC)
def test_the_migration_waits_for_all_that_it_and_the_functions_pass(stack: Stack) -> None:
    passed = (
        *("AWS::EC2::VPCEndpoint", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress"),
        *("AWS::EC2::SubnetRouteTableAssociation", "AWS::RDS::DBProxyTargetGroup"),
    )
    after = [one["Ref"] for one in stack.properties("Migration")["After"] if one]
    assert set(after) == set(stack.ids_of(*passed))


def test_without_a_network_it_waits_for_nothing() -> None:
    assert set(LOCAL.properties("Migration")["After"]) == {""}


def test_refused_packets_are_logged() -> None:
    log = PRODUCTION.properties("FlowLog")
    assert (log["ResourceId"], log["TrafficType"]) == ({"Ref": "Vpc"}, "REJECT")
    assert PRODUCTION.properties("FlowLogGroup")["RetentionInDays"] == {"Ref": "LogRetentionDays"}
