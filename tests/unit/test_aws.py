"""Calls of AWS services without a client: asked as boto3's clients ask, and failing as they fail."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.credentials import EnvProvider
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session

from autopulse import aws
from autopulse.aws import (
    EVENTBRIDGE,
    LAMBDA,
    SECRETS_MANAGER,
    SQS,
    EventBridge,
    Lambda,
    SecretsManager,
    Service,
    Sqs,
    name_of,
)

SENT = {
    "QueueUrl": "https://sqs.us-west-2.amazonaws.com/123456789012/letters",
    "MessageBody": '{"text": "Straße, \\u0001 and 日本"}',
    "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "hang"}},
}
Reply = AWSResponse | Exception
Name = Literal["sqs", "secretsmanager", "events"]


class Network:
    """Records what is sent and gives the replies in turn; the last of them for ever."""

    def __init__(self) -> None:
        self.sent: list[AWSPreparedRequest] = []
        self.replies: list[Reply] = [reply({})]

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        self.sent.append(request)
        said = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(said, Exception):
            raise said
        return said


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def reply(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> AWSResponse:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    told: Any = HeadersDict(headers or {})
    return AWSResponse("https://aws.example.com", status, told, _Body(body))


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    network = Network()
    monkeypatch.setattr(URLLib3Session, "send", lambda _, request: network.send(request))
    monkeypatch.setattr(aws, "LONGEST_PAUSE_SECONDS", 0)
    aws.credentials.cache_clear()
    yield network
    aws.credentials.cache_clear()


def header(request: AWSPreparedRequest, name: str) -> str:
    value = request.headers[name]
    return value.decode() if isinstance(value, bytes) else str(value)


def key_of(request: AWSPreparedRequest) -> str:
    return header(request, "Authorization").partition("Credential=")[2].partition("/")[0]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "ours"),
    [
        ("sqs", "send_message", SENT, lambda **sent: Sqs(SQS).send_message(**sent)),
        (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": "arn:aws:secretsmanager:us-west-2:123456789012:secret:webhook-AbCdEf"},
            lambda **asked: SecretsManager(SECRETS_MANAGER).get_secret_value(**asked),
        ),
        (
            "events",
            "put_events",
            {"Entries": [{"Source": "autopulse.calls", "DetailType": "CallCompleted", "Detail": "{}"}]},
            lambda **put: EventBridge(EVENTBRIDGE).put_events(**put),
        ),
    ],
)
def test_a_call_is_sent_as_boto3_sends_it(
    network: Network, service: Name, operation: str, parameters: dict[str, Any], ours: Callable[..., object]
) -> None:
    client = boto3.client(service)
    getattr(client, operation)(**parameters)
    ours(**parameters)
    theirs, mine = network.sent
    assert (mine.method, mine.url) == (theirs.method, theirs.url)
    bodies: list[Any] = [request.body for request in network.sent]
    assert list(map(json.loads, bodies)) == [parameters, parameters]
    for name in ("Content-Type", "X-Amz-Target"):
        assert header(mine, name) == header(theirs, name)
    scopes = [header(request, "Authorization").partition("/")[2].partition(",")[0] for request in network.sent]
    assert scopes[0] == scopes[1]


def test_keys_of_a_session_are_signed_with_their_token(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-a-role")
    Sqs(SQS).send_message(**SENT)
    (sent,) = network.sent
    assert header(sent, "X-Amz-Security-Token") == "token-of-a-role"
    assert "x-amz-security-token" in header(sent, "Authorization")


def test_the_trace_of_the_invocation_goes_on(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Sqs(SQS)
    for trace_id in ("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", "Root=1-5759e988-000000000000000000000001"):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", trace_id)
        client.send_message(**SENT)
        assert header(network.sent[-1], "X-Amzn-Trace-Id") == trace_id


# Endpoints

ENVIRONMENTS: list[dict[str, str]] = [
    {"AWS_DEFAULT_REGION": "eu-central-1"},
    {"AWS_DEFAULT_REGION": "cn-north-1"},
    {"AWS_DEFAULT_REGION": "us-gov-west-1"},
    {"AWS_DEFAULT_REGION": "us-iso-east-1"},
    {"AWS_DEFAULT_REGION": "us-east-2", "AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_DEFAULT_REGION": "us-east-2", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
    {"AWS_DEFAULT_REGION": "us-east-2", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_DEFAULT_REGION": "us-gov-east-1", "AWS_USE_FIPS_ENDPOINT": "true"},
    {"AWS_DEFAULT_REGION": "us-west-2", "AWS_ENDPOINT_URL": "http://localhost:4571"},
    {
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ENDPOINT_URL": "http://localhost:4571",
        "AWS_ENDPOINT_URL_SQS": "https://vpce-1.sqs.us-west-2.vpce.amazonaws.com",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://vpce-2.secretsmanager.us-west-2.vpce.amazonaws.com",
        "AWS_ENDPOINT_URL_EVENTBRIDGE": "https://vpce-3.events.us-west-2.vpce.amazonaws.com",
    },
    {
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ENDPOINT_URL": "http://localhost:4571",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    },
]


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    """One for all: it keeps the models of the services, and reads the environment for each client."""
    return boto3.Session()


@pytest.mark.parametrize("service", [SQS, SECRETS_MANAGER, EVENTBRIDGE], ids=lambda service: service.name)
@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: " ".join(environment.values()))
def test_an_endpoint_is_the_one_that_boto3s_client_asks(
    network: Network,
    session: boto3.Session,
    service: Service,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    listing: dict[Name, str] = {"sqs": "list_queues", "secretsmanager": "list_secrets", "events": "list_rules"}
    (name,) = (name for name in listing if name == service.name)
    getattr(session.client(name), listing[name])()
    assert f"{aws.endpoint_of(service).rstrip('/')}/" == network.sent[0].url


def test_without_a_region_nothing_is_asked(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(NoRegionError):
        Sqs(SQS).send_message(**SENT)
    assert network.sent == []


# Tries

PASSING: list[Reply] = [
    EndpointConnectionError(endpoint_url="https://sqs.example.com"),
    ConnectTimeoutError(endpoint_url="https://sqs.example.com"),
    ReadTimeoutError(endpoint_url="https://sqs.example.com"),
    reply({"__type": "com.amazonaws.sqs#RequestThrottled"}, 400),
    reply({"__type": "ThrottlingException"}, 400),
    reply(b"Too many requests.", 429),
    reply(b"<html>Bad gateway</html>", 502),
    reply({"__type": "InternalFailure"}, 500),
    reply(b"", 503),
    reply(b"<html>A captive portal</html>"),
]
LASTING = {
    "AWS.SimpleQueueService.NonExistentQueue": reply(
        {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "of +12025550123"},
        400,
        {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"},
    ),
    "AccessDeniedException": reply({"__type": "AccessDeniedException", "Message": "is not authorized"}, 400),
    "InvalidMessageContents": reply({"__type": "com.amazonaws.sqs#InvalidMessageContents"}, 400),
    "UnrecognizedClientException": reply(
        b"not JSON", 403, {"x-amzn-errortype": "UnrecognizedClientException:http://internal.amazon.com/doc/"}
    ),
    "HTTP413": reply(b"<html>Request entity too large</html>", 413),
}


def name_of_reply(one: Reply) -> str:
    return type(one).__name__ if isinstance(one, Exception) else f"{one.status_code} {one.content[:60]!r}"


@pytest.mark.parametrize("first", PASSING, ids=name_of_reply)
def test_what_may_pass_is_tried_once_more(network: Network, first: Reply) -> None:
    network.replies = [first, reply({"MessageId": "1"})]
    assert Sqs(SQS).send_message(**SENT) == {"MessageId": "1"}
    assert len(network.sent) == 2


@pytest.mark.parametrize("lasting", PASSING, ids=name_of_reply)
def test_what_does_not_pass_is_raised_after_the_second_try(network: Network, lasting: Reply) -> None:
    network.replies = [lasting]
    with pytest.raises((ClientError, BotoCoreError)):
        Sqs(SQS).send_message(**SENT)
    assert len(network.sent) == 2


@pytest.mark.parametrize("code", LASTING)
def test_what_another_try_cannot_change_is_raised_at_once(network: Network, code: str) -> None:
    network.replies = [LASTING[code]]
    with pytest.raises(ClientError) as raised:
        Sqs(SQS).send_message(**SENT)
    assert name_of(raised.value) == code
    assert len(network.sent) == 1
    assert "+12025550123" not in str(raised.value)


# Keys


def test_keys_that_aws_calls_expired_are_looked_for_again(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", _in(minutes=60))
    client = Sqs(SQS)
    client.send_message(**SENT)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "renewed")
    network.replies = [reply({"__type": "ExpiredTokenException"}, 400), reply({})]
    client.send_message(**SENT)
    assert [key_of(request) for request in network.sent] == ["testing", "testing", "renewed"]


def test_keys_of_the_environment_are_those_of_the_moment(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Sqs(SQS)
    for key in ("testing", "another"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        client.send_message(**SENT)
        assert key_of(network.sent[-1]) == key


def test_keys_that_end_are_renewed_before_they_do(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restore from a snapshot, whose keys are of then: botocore renews those that end in ten minutes."""
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", _in(minutes=5))
    client = Sqs(SQS)
    client.send_message(**SENT)
    kept = aws.credentials()
    assert key_of(network.sent[-1]) == "testing"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "renewed")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", _in(minutes=60))
    client.send_message(**SENT)
    assert key_of(network.sent[-1]) == "renewed"
    assert aws.credentials() is kept


def _in(minutes: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(minutes=minutes)).isoformat()


def test_keys_of_a_container_are_read_where_its_environment_says(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SnapStart has it: no keys in the environment, but an address on this machine."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9001/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-of-the-sandbox")
    keys = {"AccessKeyId": "restored", "SecretAccessKey": "s", "Token": "t", "Expiration": _in(minutes=60)}
    network.replies = [reply(keys), reply({"MessageId": "1"})]
    assert Sqs(SQS).send_message(**SENT) == {"MessageId": "1"}
    asked, sent = network.sent
    assert asked.url == "http://127.0.0.1:9001/credentials"
    assert header(asked, "Authorization") == "token-of-the-sandbox"
    assert key_of(sent) == "restored"


def test_without_keys_nothing_is_asked(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    assert EnvProvider().load() is None
    with pytest.raises(NoCredentialsError):
        Sqs(SQS).send_message(**SENT)
    assert network.sent == []


@pytest.mark.parametrize("token", [None, "a/session+token="])
def test_a_signed_url_is_the_one_that_boto3_would_make(monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SESSION_TOKEN", token or "")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    query = {"response-content-disposition": 'inline; filename="call-7.wav"', "response-content-type": "audio/wav"}
    client = boto3.Session().client(
        "s3", config=aws.bounded(signature_version="s3v4", s3={"addressing_style": "virtual"})
    )
    asked = {
        "Bucket": "a-bucket",
        "Key": "recordings/one",
        "ResponseContentDisposition": query["response-content-disposition"],
        "ResponseContentType": "audio/wav",
    }
    theirs = client.generate_presigned_url("get_object", Params=asked, ExpiresIn=900)
    (signed_at,) = parse_qs(urlsplit(theirs).query)["X-Amz-Date"]
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ"))  # noqa: DTZ007 - theirs
    ours = aws.sign_url("https://a-bucket.s3.us-west-2.amazonaws.com/recordings/one", query, 900)
    assert urlsplit(ours)[:3] == urlsplit(theirs)[:3]
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs).query)


FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:autopulse-callers:live"


def test_a_function_is_invoked_as_boto3_invokes_it(network: Network) -> None:
    boto3.client("lambda").invoke(FunctionName=FUNCTION, Payload=b'{"question": "who"}')
    network.replies = [reply({"caller": "known"})]
    assert Lambda(LAMBDA).invoke(FUNCTION, {"question": "who"}) == {"caller": "known"}
    theirs, mine = network.sent
    assert (mine.method, mine.url, mine.body) == (theirs.method, theirs.url, theirs.body)
    scopes = [header(request, "Authorization").partition("/")[2].partition(",")[0] for request in network.sent]
    assert scopes[0] == scopes[1]


def test_a_function_that_failed_says_nothing(network: Network) -> None:
    network.replies = [reply({"errorMessage": "a text"}, headers={"X-Amz-Function-Error": "Unhandled"})]
    with pytest.raises(ClientError) as caught:
        Lambda(LAMBDA).invoke(FUNCTION, {})
    assert (name_of(caught.value), "a text" in str(caught.value)) == (aws.FUNCTION_FAILED, False)
    assert len(network.sent) == 1


def _failed(code: str, status: int) -> AWSResponse:
    return reply({"Message": "a text"}, status, {"x-amzn-ErrorType": code})


@pytest.mark.parametrize(
    "failure",
    [
        ReadTimeoutError(endpoint_url="https://lambda.example.com"),
        ConnectTimeoutError(endpoint_url="https://lambda.example.com"),
        _failed("TooManyRequestsException", 429),
        _failed("ServiceException", 500),
        reply(b"no JSON"),
        reply(["no object"]),
    ],
    ids=["read", "connect", "throttled", "500", "no JSON", "no object"],
)
def test_nobody_waits_for_a_second_try_at_a_function(network: Network, failure: Reply) -> None:
    network.replies = [failure, reply({"caller": "known"})]
    with pytest.raises((BotoCoreError, ClientError)):
        Lambda(LAMBDA).invoke(FUNCTION, {})
    assert len(network.sent) == 1


def test_a_connection_that_was_closed_meanwhile_is_made_again(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = ConnectionClosedError(endpoint_url="https://lambda.example.com")
    network.replies = [closed, reply({"caller": "known"})]
    assert Lambda(LAMBDA).invoke(FUNCTION, {}) == {"caller": "known"}
    monkeypatch.setattr(Lambda, "CLOSED_SECONDS", -1)  # it has lasted longer than that
    network.replies = [closed, reply({"caller": "known"})]
    with pytest.raises(ConnectionClosedError):
        Lambda(LAMBDA).invoke(FUNCTION, {})
