"""The local stack as a whole: start it, stop it, describe it."""

import fcntl
import hashlib
import http.client
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from local import emulator, ports
from local.build import build_for_emulator, build_for_invoke
from local.console import say
from local.database import count_receipts
from local.deploy import Cloud, Deployed
from local.issuer import Issuer
from local.postgres import CALLER, ERASER, FUNCTIONS, OWNER, READER, WRITER, PostgresServer
from local.running import Running, read_running, running_file
from local.simulator import recordings
from local.simulator.application_rows import ORGANIZATION_ID, seed
from local.simulator.webhook_client import encode, post, sign
from local.stack_paths import LOOPBACK, STACK_NAME, LocalStackError, StackPaths
from local.vapi_api.process import StandIn

DATABASE: Final = "autopulse"
FROM_CONTAINERS: Final = "host.docker.internal"
"""This machine's name inside a container that was started with --add-host."""
WARNING: Final = "  BIND={host}: every machine that reaches this one can read the stack's secrets and run code as you"
"""The emulator accepts any credentials. The filter against browsers trusts the request's headers, which any other
client can set.
"""
PING_SECONDS: Final = 60
_URL_KEYS: Final = {
    "webhook_url": "WebhookUrl",
    "api_url": "ApiUrl",
    "console_url": "ConsoleUrl",
    "websocket_url": "WebSocketUrl",
}
"""Key of stack.json -> output of the template."""
_AWS_URL: Final = re.compile(r"(?P<scheme>https|wss)://(?P<api>[a-z0-9]+)\.execute-api\.[^/]+(?P<path>/.*)?")


@dataclass(frozen=True)
class VapiAddress:
    """The address of Vapi's API, and the address for alerts."""

    url: str
    key: str = field(repr=False)
    is_stand_in: bool
    alerts_url: str = ""
    """The stand-in's address for alerts of follow-ups; empty without a stand-in, and then no alerts are sent."""

    @property
    def shown(self) -> dict[str, str]:
        """The fields in stack.json: the key only if it is a stand-in's, which gives access to nothing else."""
        return {"vapi_api_url": self.url} | ({"vapi_api_key": self.key} if self.is_stand_in else {})


def up(paths: StackPaths) -> dict[str, Any]:
    """Start the stack if need be, and check that a ping reaches the database; returns the content of stack.json."""
    with _alone(paths):
        running = read_running(paths)
        host = paths.bind or (running.host if running else LOOPBACK)
        if host != LOOPBACK:
            say(WARNING.format(host=host))
        database_port = _start_database(paths, host)
        stack = _deploy(paths, running, host, _Addresses(database_port, find_vapi(paths)))
        seed(stack["database_url"])
        _say("posting a signed ping and waiting for it in webhook_event")
        check_end_to_end(paths, stack)
        _write(paths.stack_file, stack)
        if host != LOOPBACK:
            _say("building the functions for sam local invoke, if they changed")
            build_for_invoke(paths.invoke_build)
        return stack


def down(paths: StackPaths) -> bool:
    """Stop every process that the stack started, and keep the data; returns whether anything ran."""
    with _alone(paths):
        paths.stack_file.unlink(missing_ok=True)
        server = database_server(paths)
        ran = read_running(paths) is not None or server.find() is not None
        emulator.Emulator(paths).stop()
        StandIn(paths).stop()
        server.stop()
        running_file(paths).unlink(missing_ok=True)
        return ran


def clean(paths: StackPaths) -> None:
    """Stop it, and delete its data and the builds for this machine."""
    down(paths)
    with _alone(paths):
        database_server(paths).remove()
        StandIn(paths).remove()
        for directory in (paths.build, paths.invoke_build, paths.state / "emulator"):
            shutil.rmtree(directory, ignore_errors=True)


def database_server(paths: StackPaths) -> PostgresServer:
    """Return the Postgres server of this stack."""
    return PostgresServer(paths.state / "postgres", own_passwords=True)


def check_end_to_end(paths: StackPaths, stack: Mapping[str, Any]) -> None:
    """Post a signed ping and wait until its receipt is in the database."""
    content = encode({"message": {"type": "autopulse.ping", "id": str(uuid.uuid4()), "timestamp": time.time() * 1000}})
    try:
        answer = post(stack["webhook_url"], content, sign(stack["webhook_secret"], content))
    except (OSError, http.client.HTTPException) as error:
        raise LocalStackError(f"the webhook URL does not answer ({error}); make down, then make up") from error
    if answer.event_id is None:
        raise LocalStackError(f"the webhook URL refused the ping with {answer.status}: {answer.body}{_look_at(paths)}")
    deadline = time.monotonic() + PING_SECONDS
    while not count_receipts(stack["database_url"], [answer.event_id]):
        if time.monotonic() > deadline:
            raise LocalStackError(f"the ping was accepted, but not stored within {PING_SECONDS} s{_look_at(paths)}")
        time.sleep(0.05)


def _look_at(paths: StackPaths) -> str:
    return f"\nThe functions' output is in {emulator.Emulator(paths).log}"


def _start_database(paths: StackPaths, host: str) -> int:
    server = database_server(paths)
    address = server.find_address()
    if address and address[0] == host:
        server.start(address[1], host)  # the roles may be older than their passwords
        return address[1]
    server.stop()
    port = ports.choose(address[1] if address else paths.database_port, host, "Postgres")
    _say(f"starting Postgres on {host}:{port}")
    server.start(port, host)
    server.create_database(DATABASE, port)
    return port


def find_vapi(paths: StackPaths) -> VapiAddress:
    """Return the address of Vapi's API: the stand-in's, which is started if need be, or that of the environment."""
    if paths.vapi_api_url:
        if not paths.vapi_api_key:
            raise LocalStackError(f"VAPI_API_URL={paths.vapi_api_url} wants VAPI_API_KEY=…, too")
        StandIn(paths).stop()
        return VapiAddress(paths.vapi_api_url, paths.vapi_api_key, is_stand_in=False)
    stand_in = StandIn(paths)
    running = stand_in.find()
    if running is None:
        _say("starting the stand-in for Vapi's API")
        running = stand_in.start()
    return VapiAddress(running.api_url, stand_in.key, is_stand_in=True, alerts_url=running.alerts_url)


@dataclass(frozen=True)
class _Addresses:
    """The addresses that the functions need."""

    database_port: int
    vapi: VapiAddress


def _deploy(paths: StackPaths, running: Running | None, host: str, addresses: _Addresses) -> dict[str, Any]:
    _say("building the functions for this machine, if they changed")
    built = build_for_emulator(paths.build)
    wanted = _fingerprint(built, host, _parameters(paths, addresses))
    if running and running.deployed == wanted and emulator.answers(running.emulator_port):
        port = running.emulator_port
    else:
        port = _start_emulator(paths, running, host, wanted, addresses)
    deployed = Cloud(port).describe()
    if deployed is None:
        raise LocalStackError("the deployed stack is gone from the emulator; make down, then make up")
    _write(paths.invoke_variables_file, _invoke_variables(deployed, port))
    return _describe(paths, deployed, port, addresses)


def _start_emulator(paths: StackPaths, running: Running | None, host: str, wanted: str, addresses: _Addresses) -> int:
    paths.stack_file.unlink(missing_ok=True)
    process = emulator.Emulator(paths)
    process.stop()
    port = ports.choose(running.emulator_port if running else paths.emulator_port, host, "the AWS emulator")
    _say(f"starting the AWS emulator on {host}:{port}")
    identity = process.start(port, host)
    _write(running_file(paths), asdict(Running(identity, port, host, "")))
    _say("deploying template.yaml to it")
    _deploy_template(paths, Cloud(port), addresses)
    _write(running_file(paths), asdict(Running(identity, port, host, wanted)))
    return port


def _deploy_template(paths: StackPaths, cloud: Cloud, addresses: _Addresses) -> None:
    server = database_server(paths)
    made = {
        "DatabaseSecretArn": cloud.keep_database_secret(OWNER, server.password(OWNER)),
        "DatabaseUserSecretArn": cloud.keep_database_secret(FUNCTIONS, server.password(FUNCTIONS)),
        "DatabaseReaderSecretArn": cloud.keep_database_secret(READER, server.password(READER)),
        "DatabaseWriterSecretArn": cloud.keep_database_secret(WRITER, server.password(WRITER)),
        "DatabaseCallerSecretArn": cloud.keep_database_secret(CALLER, server.password(CALLER)),
        "DatabaseEraserSecretArn": cloud.keep_database_secret(ERASER, server.password(ERASER)),
        "ExecuteApiUrl": cloud.execute_api_url,
    }
    cloud.deploy(paths.build, _parameters(paths, addresses) | made, paths.state / "deploy.log")
    deployed = cloud.describe()
    if deployed is None:
        raise LocalStackError(f"the deploy did not end in a complete stack; see {paths.state / 'deploy.log'}")
    cloud.accept_sample_secret(deployed.outputs["WebhookSecretArn"])


def _parameters(paths: StackPaths, addresses: _Addresses) -> dict[str, str]:
    return Issuer(paths).parameters | {
        "DatabaseHost": LOOPBACK,
        "DatabasePort": str(addresses.database_port),
        "DatabaseName": DATABASE,
        "DatabaseUser": FUNCTIONS,
        "DatabaseReader": READER,
        "DatabaseWriter": WRITER,
        "DatabaseCaller": CALLER,
        "DatabaseEraser": ERASER,
        "DefaultOrganizationId": ORGANIZATION_ID,
        "RecordingHosts": recordings.HOST,
        "RecordingRetentionDays": "30",  # the stand-in's recordings are copied into a bucket of the emulator
        "VapiApiUrl": addresses.vapi.url,
        "Reconciliation": "on",
        "AlertWebhookDetail": "full" if addresses.vapi.alerts_url else "off",
        "AlertAtNight": "on",
        "MaximumConcurrency": "2",  # the minimum; each concurrent invocation is a process here
        "LogLevel": "INFO",
    }


def _fingerprint(built: str, host: str, parameters: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps([built, host, parameters]).encode()).hexdigest()


def _describe(paths: StackPaths, deployed: Deployed, port: int, addresses: _Addresses) -> dict[str, Any]:
    urls = {
        key: _local_url(deployed.outputs[output], port)
        for key, output in _URL_KEYS.items()
        if output in deployed.outputs
    }
    token = Issuer(paths).mint(ORGANIZATION_ID)
    Cloud(port).keep_vapi_api_key(deployed.outputs["VapiApiKeySecretArn"], addresses.vapi.key)
    if addresses.vapi.alerts_url:
        Cloud(port).keep_alert_webhook(deployed.outputs["AlertWebhookSecretArn"], addresses.vapi.alerts_url)
    return (
        urls
        | addresses.vapi.shown
        | {
            "console_url": console_link(urls["console_url"], token),
            "webhook_secret": Cloud(port).accept_sample_secret(deployed.outputs["WebhookSecretArn"]),
            "api_token": token,
            "database_url": database_server(paths).database_url(DATABASE, addresses.database_port),
            "aws_endpoint_url": emulator.endpoint(port),
            "stack_name": STACK_NAME,
            "queues": _queues(deployed),
            "functions": {logical_id: deployed.resources[logical_id] for logical_id in deployed.variables},
        }
    )


def console_link(console_url: str, token: str, path: str = "") -> str:
    """Return the console's URL with a token in the fragment, which browsers do not send to servers.

    `path` precedes the fragment, as `"?view=feedback"`. A token that the URL already has is replaced.
    """
    return f"{console_url.partition('#')[0]}{path}#token={token}"


def _local_url(url: str, port: int) -> str:
    """Return the emulator's URL of an API, in the form that needs no name resolution."""
    match = _AWS_URL.fullmatch(url)
    if match is None:
        raise LocalStackError(f"an output of the template is no URL of an API: {url}")
    scheme = {"https": "http", "wss": "ws"}[match["scheme"]]
    base = Cloud(port).execute_api_url.replace("http", scheme, 1)
    return f"{base}/{match['api']}{match['path'] or ''}"


def _queues(deployed: Deployed) -> dict[str, dict[str, str]]:
    suffix = "_QUEUE_URL"
    named = {
        name: url
        for variables in deployed.variables.values()
        for name, url in variables.items()
        if name.endswith(suffix)
    }
    dead_letters = {
        variables["QUEUE_URL"]: variables["DEAD_LETTER_QUEUE_URL"]
        for variables in deployed.variables.values()
        if "QUEUE_URL" in variables
    }
    return {
        name.removesuffix(suffix).lower(): {"url": url, "dead_letter_url": dead_letters[url]}
        for name, url in named.items()
        if url in dead_letters
    }


def _invoke_variables(deployed: Deployed, port: int) -> dict[str, dict[str, str]]:
    """Return the deployed functions' variables, with addresses that a function in a container can reach."""

    def from_container(value: str) -> str:
        return value.replace(f"localhost:{port}", f"{FROM_CONTAINERS}:{port}")

    own = {"AWS_ENDPOINT_URL": f"http://{FROM_CONTAINERS}:{port}"}
    return {
        function: {
            name: FROM_CONTAINERS if name == "DATABASE_HOST" else from_container(value)
            for name, value in variables.items()
        }
        | own
        for function, variables in deployed.variables.items()
    }


def _write(file: Path, content: Mapping[str, Any]) -> None:
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.write_text(json.dumps(content, indent=2) + "\n")
    unfinished.chmod(0o600)
    unfinished.replace(file)


def _say(progress: str) -> None:
    say(f"  {progress} …")


@contextmanager
def _alone(paths: StackPaths) -> Iterator[None]:
    """Lock the stack, so that one `up` or `down` runs at a time; the lock ends with its process in any case."""
    paths.state.mkdir(parents=True, exist_ok=True)
    with (paths.state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another make up or make down to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
