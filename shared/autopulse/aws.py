"""Calls of AWS services with botocore's signing and HTTP, without its clients.

boto3 builds a client from the description of the whole service, which is a third of the verifier's cold start. One call
of a JSON service needs less: keys, an endpoint by botocore's rules, a signature and a request. The operations have the
names and parameters of boto3's clients, and raise the same errors: ClientError with the service's code, or a
BotoCoreError.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from urllib.parse import quote, urlencode

import botocore
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,  # noqa: A004 - botocore's
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.credentials import Credentials, ReadOnlyCredentials

AWS_ERRORS: Final = (BotoCoreError, ClientError)
"""All errors that a call of a client raises: no connection, no answer, or an error answer."""
TRIES: Final = 2
LONGEST_PAUSE_SECONDS: Final = 0.2
CONNECT_SECONDS: Final = 1
READ_SECONDS: Final = 3
"""Timeouts in seconds: two tries of four seconds fit into the functions' 10 s, and those into API Gateway's 29 s."""
FUNCTION_FAILED: Final = "FunctionFailed"
"""Our own error code for an invocation whose function raised an error or timed out."""
UNREADABLE: Final = "UnreadableAnswer"
"""Our own error code for an answer with a success status that is not JSON."""
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_THROTTLED: Final = frozenset(
    {
        "LimitExceededException",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SERVER_ERROR: Final = 500
_TOO_MANY_REQUESTS: Final = 429
_random: Final = SystemRandom()


@dataclass(frozen=True, slots=True)
class Service:
    """The names of a JSON service."""

    name: str
    """The service's name in botocore's endpoint rules and in signatures."""
    target: str
    """The prefix of an operation's name in requests: `target.Operation`."""
    json_version: str
    endpoint_variable: str


SQS: Final = Service("sqs", "AmazonSQS", "1.0", "AWS_ENDPOINT_URL_SQS")
SECRETS_MANAGER: Final = Service("secretsmanager", "secretsmanager", "1.1", "AWS_ENDPOINT_URL_SECRETS_MANAGER")
LAMBDA: Final = Service("lambda", "", "1.1", "AWS_ENDPOINT_URL_LAMBDA")
EVENTBRIDGE: Final = Service("events", "AWSEvents", "1.1", "AWS_ENDPOINT_URL_EVENTBRIDGE")


def name_of(error: Exception) -> str:
    """The error's name at AWS or botocore, without its text, which may contain the request."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    return code or type(error).__name__


class _Keys(NamedTuple):
    """The fields of botocore's ReadOnlyCredentials that a signer reads; importing its module would take 15 ms."""

    access_key: str
    secret_key: str
    token: str | None


def keys() -> "ReadOnlyCredentials":
    """The function's current keys: those in its environment, or those that botocore finds and renews.

    Raises NoCredentialsError, or CredentialRetrievalError.
    """
    access_key, secret_key = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key and "AWS_CREDENTIAL_EXPIRATION" not in os.environ:
        token = os.environ.get("AWS_SESSION_TOKEN") or None
        return cast("ReadOnlyCredentials", _Keys(access_key, secret_key, token))
    return credentials().get_frozen_credentials()


@cache
def credentials() -> "Credentials":
    """Temporary keys, which renew themselves; with SnapStart they are at the URL that the environment has.

    On a developer's machine botocore's usual sources are used. Raises NoCredentialsError.
    """
    from botocore.credentials import ContainerProvider, EnvProvider  # noqa: PLC0415 - takes 15 ms

    for provider in (EnvProvider(), ContainerProvider()):
        found: Credentials | None = provider.load()
        if found is not None:
            return found
    from botocore.session import Session  # noqa: PLC0415 - the import takes 0.1 s, and no function needs it

    found = Session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found


def region() -> str:
    """The region of the function; raises NoRegionError."""
    named = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION")
    if not named:
        raise NoRegionError
    return named


class JsonClient:
    """A client of a JSON service; it keeps connections, and retries a call once if that may help."""

    def __init__(self, service: Service, read_seconds: float = READ_SECONDS) -> None:
        """Keep the parameters; `read_seconds` is the timeout of an answer, without the connection."""
        self._service = service
        self.read_seconds = read_seconds

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the service's answer; raises ClientError or BotoCoreError."""
        body = json.dumps(parameters).encode()
        for _ in range(1, TRIES):
            try:
                return self._try(operation, body)
            except (ClientError, ConnectionError, HTTPClientError) as error:
                if not _may_succeed_again(error):
                    raise
            time.sleep(_random.uniform(0, LONGEST_PAUSE_SECONDS))
        return self._try(operation, body)

    def _try(self, operation: str, body: bytes) -> dict[str, Any]:
        response = self._connections.send(self._sign(operation, body).prepare())
        if response.status_code >= 300:  # noqa: PLR2004 - success is 2xx; the services do not redirect
            raise ClientError(_error_of(response), operation)
        if "x-amz-function-error" in response.headers:  # set by Lambda if the answer is the function's traceback
            raise ClientError(_error(FUNCTION_FAILED, response.status_code), operation)
        try:
            answer = json.loads(response.content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ClientError(_error(UNREADABLE, response.status_code), operation)
        return answer

    def _headers(self, operation: str) -> dict[str, str]:
        return {
            "Content-Type": f"application/x-amz-json-{self._service.json_version}",
            "X-Amz-Target": f"{self._service.target}.{operation}",
        }

    def _path(self, _operation: str) -> str:
        return "/"

    def _sign(self, operation: str, body: bytes) -> AWSRequest:
        headers = self._headers(operation) | {"User-Agent": f"Botocore/{botocore.__version__} autopulse"}
        trace_id = os.environ.get("_X_AMZN_TRACE_ID")
        if trace_id:  # lets Lambda detect loops, and X-Ray show a message's whole path
            headers["X-Amzn-Trace-Id"] = trace_id
        request = AWSRequest("POST", f"{self._endpoint.rstrip('/')}{self._path(operation)}", headers, body)
        SigV4Auth(keys(), self._service.name, region()).add_auth(request)
        return request

    @cached_property
    def _endpoint(self) -> str:
        return endpoint_of(self._service)

    @cached_property
    def _connections(self) -> URLLib3Session:
        from botocore.utils import get_environ_proxies  # noqa: PLC0415 - as in botocore's endpoints

        options: Any = {  # as in botocore's clients; its published types differ
            "verify": os.environ.get("AWS_CA_BUNDLE") or True,
            "timeout": (CONNECT_SECONDS, self.read_seconds),
            "socket_options": _keep_alive(),
        }
        return URLLib3Session(proxies=get_environ_proxies(self._endpoint), **options)


def bounded(**options: Any) -> "Config":  # noqa: ANN401 - botocore's options
    """The configuration of our boto3 clients: our timeouts and one retry, instead of five of a minute each."""
    from botocore.config import Config  # noqa: PLC0415 - imported with boto3, for its clients only

    usual: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"mode": "standard", "total_max_attempts": TRIES},
        "tcp_keepalive": True,
    }
    return Config(**usual | options)


class Sqs(JsonClient):
    """SQS, with the method names of boto3's client."""

    def send_message(self, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - the service's own
        """Put a message into a queue."""
        return self.call("SendMessage", parameters)

    def send_message_batch(self, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - the service's own
        """Put up to ten messages into a queue; the answer lists those that were not accepted."""
        return self.call("SendMessageBatch", parameters)

    def change_message_visibility_batch(self, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - the service's own
        """Set when received messages become visible again."""
        return self.call("ChangeMessageVisibilityBatch", parameters)


class SecretsManager(JsonClient):
    """Secrets Manager, with the method names of boto3's client."""

    def get_secret_value(self, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - the service's own
        """Read a secret."""
        return self.call("GetSecretValue", parameters)


class Clients:
    """The clients of most functions, which are created on first use and kept as long as the container."""

    @cached_property
    def sqs(self) -> Sqs:
        """The client of the queues."""
        return Sqs(SQS)

    @cached_property
    def secretsmanager(self) -> SecretsManager:
        """The client of Secrets Manager."""
        return SecretsManager(SECRETS_MANAGER)


class Lambda(JsonClient):
    """Lambda, in whose requests the operation is a path; calls are not retried: the caller is waiting.

    The exception is a kept connection that the service has closed: its request has not been processed.
    """

    CLOSED_SECONDS: Final = 0.5
    """If a connection ends later than this, in seconds after the request, the function itself may have ended."""

    def invoke(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the function's answer to the event; `function` is its ARN. Raises ClientError or BotoCoreError."""
        body, begun = json.dumps(event).encode(), time.monotonic()
        try:
            return self._try(function, body)
        except ConnectionClosedError:
            if time.monotonic() - begun > self.CLOSED_SECONDS:
                raise
        return self._try(function, body)

    def _headers(self, operation: str) -> dict[str, str]:  # noqa: ARG002 - the same for all operations
        return {"Content-Type": "application/json", "X-Amz-Invocation-Type": "RequestResponse"}

    def _path(self, operation: str) -> str:
        return f"/2015-03-31/functions/{quote(operation, safe='')}/invocations"


class EventBridge(JsonClient):
    """EventBridge, with the method names of boto3's client."""

    def put_events(self, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - the service's own
        """Put entries on buses; the answer lists those that were not accepted."""
        return self.call("PutEvents", parameters)


def sign_url(url: str, query: Mapping[str, str], seconds: int) -> str:
    """Sign a URL to read an object of S3 for some seconds, as boto3's `generate_presigned_url` does.

    The URL's path has to be quoted; the query sets headers of the answer (`response-content-type` and others). The URL
    expires earlier if the keys do. Raises NoCredentialsError or NoRegionError.
    """
    from botocore.auth import S3SigV4QueryAuth  # noqa: PLC0415 - only the read API needs it

    request = AWSRequest("GET", f"{url}?{urlencode(query, quote_via=quote)}")
    S3SigV4QueryAuth(keys(), "s3", region(), expires=seconds).add_auth(request)
    return str(request.url)


def endpoint_of(service: Service) -> str:
    """The URL of a service, found as botocore's clients do: from the environment, else by its partition's rules."""
    from botocore.endpoint_provider import EndpointProvider  # noqa: PLC0415 - needed for the first call
    from botocore.loaders import Loader  # noqa: PLC0415

    loader = Loader()
    version = loader.determine_latest_version(service.name, "endpoint-rule-set-1")
    rules = loader.load_data(f"{service.name}/{version}/endpoint-rule-set-1")
    known = {
        "Region": region(),
        "UseFIPS": _is_on("AWS_USE_FIPS_ENDPOINT"),
        "UseDualStack": _is_on("AWS_USE_DUALSTACK_ENDPOINT"),
        "Endpoint": _configured_endpoint(service),
    }
    given = {name: value for name, value in known.items() if value is not None}
    return EndpointProvider(rules, loader.load_data("partitions")).resolve_endpoint(**given).url


def _configured_endpoint(service: Service) -> str | None:
    if _is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        return None
    return os.environ.get(service.endpoint_variable) or os.environ.get("AWS_ENDPOINT_URL") or None


def _is_on(variable: str) -> bool:
    return os.environ.get(variable, "").lower() == "true"


def _keep_alive() -> list[tuple[int, int, int]]:
    import socket  # noqa: PLC0415 - needed once, and urllib3 has imported it

    return [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]


def _error_of(response: AWSResponse) -> Any:  # noqa: ANN401 - as ClientError takes it
    """The code of an error answer; its text is left out, because it may contain the request.

    Some codes of SQS are older than its JSON protocol; its clients still use them.
    """
    try:
        told = json.loads(response.content)
    except ValueError:
        told = None
    code = told.get("__type") if isinstance(told, dict) else None
    code = response.headers.get("x-amzn-query-error") or code or response.headers.get("x-amzn-errortype")
    name = str(code or f"HTTP{response.status_code}").rpartition("#")[2]
    return _error(name.partition(";")[0].partition(":")[0], response.status_code)


def _error(code: str, status: int) -> Any:  # noqa: ANN401 - as ClientError takes it
    return {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}


def _may_succeed_again(error: ClientError | ConnectionError | HTTPClientError) -> bool:
    """Whether a retry may succeed, with new keys if these have expired."""
    if not isinstance(error, ClientError):
        return True  # no connection, or no answer in time
    code, status = name_of(error), error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in _EXPIRED:
        credentials.cache_clear()
        return True
    return code in _THROTTLED or code == UNREADABLE or status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS
