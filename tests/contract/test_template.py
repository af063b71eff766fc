"""The rest of `template.yaml`: the API, the secret, the payload bucket, names, outputs, and how it is written."""

import json
import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from autopulse import settings
from autopulse.http import CODES
from autopulse.vapi.recordings import is_at
from tests.contract.stack import (
    ROOT,
    SECONDS_PER_DAY,
    denies_plain_text,
    environment,
    ids_of,
    properties,
    resources,
    source,
)


def test_the_webhook_path_is_exactly_what_people_configure() -> None:
    (stage,) = ids_of("AWS::ApiGateway::Stage")
    assert properties(stage)["StageName"] == "api"
    paths = properties("Api")["Body"]["paths"]
    assert list(paths["/v1/webhooks/vapi-webhook"]) == ["post"]
    url = source()["Outputs"]["WebhookUrl"]["Value"]["Fn::Sub"]
    assert url.endswith("/v1/webhooks/vapi-webhook")


OPEN = [
    ("/v1/webhooks/vapi-webhook", "post"),
    ("/console", "get"),
    ("/console", "head"),
    ("/console/{path+}", "get"),
    ("/console/{path+}", "head"),
]


def test_the_webhook_and_the_pages_alone_are_open() -> None:
    open_routes = [
        (path, method) for path, method, operation in _operations() if operation["security"] == [{"NONE": []}]
    ]
    assert sorted(open_routes) == sorted(OPEN)
    closed = [operation["security"] for _, _, operation in _operations() if operation["security"] != [{"NONE": []}]]
    assert all(schemes == [{"Reader": []}] for schemes in closed)
    (principal,) = [
        scheme["x-amazon-apigateway-authorizer"]
        for name, scheme in properties("Api")["Body"]["components"]["securitySchemes"].items()
        if name == "Reader"
    ]
    assert principal["type"] == "request"
    assert principal["identitySource"] == "method.request.header.Authorization"
    assert "AuthorizerFunction" in json.dumps(principal["authorizerUri"])


def _operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in properties("Api")["Body"]["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_api_is_regional_openapi_3_and_hands_bytes_on_as_they_are() -> None:
    api = properties("Api")
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert api["Body"]["openapi"] == "3.0.1"
    assert api["Body"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_the_gateway_refuses_in_the_shape_of_our_errors() -> None:
    answers = properties("Api")["Body"]["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE"} <= set(answers)
    for answer in answers.values():
        text = answer["responseTemplates"]["application/json"].replace("$context.error.messageString", '"words"')
        error = json.loads(text)["error"]
        assert set(error) == {"code", "message"}
        assert error["code"] == CODES.get(int(answer.get("statusCode", 0)), error["code"]), "the verifier's word for it"
        assert re.fullmatch(r"[a-z_]+", error["code"])


def test_what_the_gateway_refuses_is_kept_nowhere() -> None:
    for answer in properties("Api")["Body"]["x-amazon-apigateway-gateway-responses"].values():
        assert answer["responseParameters"]["gatewayresponse.header.Cache-Control"] == "'no-store'"


@pytest.mark.parametrize("function", ["ApiFunction", "ConsoleFunction"])
def test_one_parameter_says_where_recordings_are_played_from(function: str) -> None:
    assert environment(function)["RECORDING_HOSTS"] == {"Ref": "RecordingHosts"}


@pytest.mark.parametrize(
    ("hosts", "taken"),
    [
        *(("", True), ("recordings.example.com", True), ("*.example.com a-b.example.com", True)),
        *(("*", False), ("*.com", False), ("https://example.com", False), ("example.com;", False), ("a.b, c.d", False)),
    ],
)
def test_the_parameter_takes_what_the_functions_take(hosts: str, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (re.fullmatch(source()["Parameters"]["RecordingHosts"]["AllowedPattern"], hosts) is not None) is taken
    monkeypatch.setenv("RECORDING_HOSTS", hosts)
    settings.recording_hosts.cache_clear()
    if taken:
        assert settings.recording_hosts() == tuple(hosts.split())
    else:
        with pytest.raises(settings.SettingInvalid):
            settings.recording_hosts()
    settings.recording_hosts.cache_clear()


def test_recordings_are_played_from_where_vapi_keeps_them_if_nobody_says_otherwise() -> None:
    hosts = source()["Parameters"]["RecordingHosts"]["Default"].split()
    bucket = "https://a-bucket.0123456789abcdef.r2.cloudflarestorage.com/one-mono.wav?X-Amz-Signature=ab"
    assert is_at(bucket, hosts)
    assert not is_at("https://recordings.example.com/1.wav", hosts)


def test_the_generated_secret_survives_headers_and_shells_and_states_its_credentials() -> None:
    generator = properties("WebhookSecret")["GenerateSecretString"]
    assert set(string.punctuation) == set(generator["ExcludeCharacters"])
    assert generator["GenerateStringKey"] == "secret"
    credentials = json.loads(generator["SecretStringTemplate"])["credentials"]
    assert [credential["kind"] for credential in credentials] == ["hmac", "shared-secret", "hmac"]


def test_the_payload_bucket_is_encrypted_private_and_forgets() -> None:
    bucket = properties("PayloadBucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == {"Fn::If": ["MakeDataKey", "aws:kms", "AES256"]}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    (expiry,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (expiry["Status"], expiry["ExpirationInDays"]) == ("Enabled", 35)
    assert denies_plain_text(properties("PayloadBucketPolicy")["PolicyDocument"], "s3:*")


def test_envelopes_outlive_every_queue() -> None:
    seconds = properties("StatusUpdateQueue")["MessageRetentionPeriod"]
    seconds += properties("StatusUpdateDeadLetterQueue")["MessageRetentionPeriod"]
    (expiry,) = properties("PayloadBucket")["LifecycleConfiguration"]["Rules"]
    assert expiry["ExpirationInDays"] * SECONDS_PER_DAY > seconds


def test_two_stacks_fit_one_account() -> None:
    assert properties("EventBus")["Name"] == {"Ref": "AWS::StackName"}
    names = ("FunctionName", "QueueName", "BucketName", "RoleName", "ManagedPolicyName")
    given = {name: _own_names(resource, names) for name, resource in resources().items()}
    assert [name for name, own in given.items() if "${AWS::StackName}" not in own] == []


def _own_names(resource: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Names that a resource gives itself; a version, an alias or a permission has the name of its function."""
    named = {"AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}
    if resource["Type"] not in named:
        return "${AWS::StackName}"
    return " ".join(str(resource["Properties"].get(name, "${AWS::StackName}")) for name in names)


def test_the_outputs_are_those_that_others_rely_on() -> None:
    assert {"WebhookUrl", "ApiUrl", "ConsoleUrl", "WebSocketUrl", "AlarmTopicArn", "WebhookSecretArn"} <= set(
        source()["Outputs"]
    )


def test_a_template_can_be_read_as_a_whole() -> None:
    assert len((ROOT / "template.yaml").read_text().splitlines()) <= 2_000
