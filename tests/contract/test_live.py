"""The WebSocket API, its table and the rule of `template.yaml`."""

import json
from typing import Any

import pytest

from autopulse.consumers import publisher
from autopulse.live.services import CONFIG
from tests.contract.stack import denies_plain_text, environment, ids_of, properties, source

BEHIND_THE_SOCKET = ["LiveFunction", "BroadcasterFunction"]


def test_every_route_leads_to_the_function_and_only_connect_opens() -> None:
    routes = {properties(name)["RouteKey"]: properties(name) for name in ids_of("AWS::ApiGatewayV2::Route")}
    assert set(routes) == {"$connect", "$disconnect", "$default"}
    target = {"Fn::Sub": "integrations/${WebSocketIntegration}"}
    assert all(route["Target"] == target for route in routes.values())
    uri, names = properties("WebSocketIntegration")["IntegrationUri"]["Fn::Sub"]
    assert uri.endswith("/functions/${Alias}/invocations")
    assert names == {"Alias": {"Ref": "LiveFunctionAliaslive"}}


def test_the_gateway_alone_calls_it_for_this_api_and_stage() -> None:
    permission = properties("WebSocketPermission")
    assert permission["FunctionName"] == {"Ref": "LiveFunctionAliaslive"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${WebSocketApi}/${WebSocketStage}/*")


def test_the_stage_deploys_every_change_and_slows_floods() -> None:
    stage = properties("WebSocketStage")
    assert stage["AutoDeploy"] is True
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0


def test_the_output_names_the_stage() -> None:
    url = source()["Outputs"]["WebSocketUrl"]["Value"]["Fn::Sub"]
    assert url == "wss://${WebSocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${WebSocketStage}"


@pytest.mark.parametrize("function", BEHIND_THE_SOCKET)
def test_messages_are_posted_to_this_api(function: str) -> None:
    condition, elsewhere, here = environment(function)["CONNECTIONS_URL"]["Fn::If"]
    assert condition == "ExecuteApiElsewhere"
    assert elsewhere == {"Fn::Sub": "${ExecuteApiUrl}/${WebSocketApi}/${WebSocketStage}"}
    url = source()["Outputs"]["WebSocketUrl"]["Value"]["Fn::Sub"]
    assert here == {"Fn::Sub": url.replace("wss", "https")}


@pytest.mark.parametrize("function", BEHIND_THE_SOCKET)
def test_both_share_one_table_outside_any_vpc(function: str) -> None:
    assert environment(function)["CONNECTIONS_TABLE"] == {"Ref": "ConnectionTable"}
    assert "VpcConfig" not in properties(function)


@pytest.mark.parametrize("function", BEHIND_THE_SOCKET)
def test_two_tries_of_a_call_fit_the_functions_time(function: str) -> None:
    options: Any = CONFIG
    seconds = options.retries["total_max_attempts"] * (options.connect_timeout + options.read_timeout)
    assert seconds < properties(function)["Timeout"]


def test_the_table_is_paid_by_use_encrypted_and_forgets() -> None:
    table = properties("ConnectionTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]


def test_the_broadcaster_hears_what_the_consumers_publish() -> None:
    rule = properties("CallEventRule")
    assert rule["EventPattern"] == {"source": [publisher.SOURCE]}
    assert rule["EventBusName"] == {"Ref": "EventBus"}
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": ["CallEventQueue", "Arn"]}]
    policy = properties("CallEventQueuePolicy")
    assert policy["Queues"] == [{"Ref": "CallEventQueue"}]
    assert policy["PolicyDocument"]["Statement"][0]["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["CallEventRule", "Arn"]}}
    }
    assert denies_plain_text(policy["PolicyDocument"], "sqs:*")


def test_a_flood_of_call_events_is_taken_by_few() -> None:
    mapping = properties("BroadcasterFunctionCallEvents")
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["CallEventQueue", "Arn"]}
    bounded = {"Fn::If": ["LeastConcurrency", 2, {"Ref": "MaximumConcurrency"}]}
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": bounded}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_old_call_events_are_given_up() -> None:
    queue = properties("CallEventQueue")
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 120
    assert properties("BroadcasterFunction")["Timeout"] < queue["VisibilityTimeout"] < queue["MessageRetentionPeriod"]


def test_tickets_are_sold_to_who_has_a_token() -> None:
    operation = properties("Api")["Body"]["paths"]["/v1/live/tickets"]["post"]
    assert operation["security"] == [{"Reader": []}]
    assert "LiveFunction" in json.dumps(operation["x-amazon-apigateway-integration"])
