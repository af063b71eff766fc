"""The stack that a command works on: the local one, or an environment of samconfig.toml on AWS."""

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.aws_clients import clients_of
from local.running import read_stack
from local.stack_paths import PROJECT, STACK_NAME, LocalStackError, StackPaths

LOCAL: Final = "local"
SAMCONFIG: Final = PROJECT / "samconfig.toml"
_CONFIG: Final = Config(read_timeout=150)
"""Seconds. A function may take 120 to answer, and after a timeout boto3 would invoke it again."""


class OperationFailed(LocalStackError):
    """A command cannot continue; the text says what happened and what to do next."""


@dataclass(frozen=True)
class Target:
    """One deployed stack, and the clients to reach it. Requests are sent only when a value is needed."""

    environment: str
    stack_name: str
    client: Callable[[str], Any]
    """Makes the boto3 client of a service. boto3's overloads, one per service, cannot be passed on."""
    known: Mapping[str, str]
    """Outputs that replace those of CloudFormation: the local stack's URLs differ from its template's."""
    api_token: str | None = None

    @property
    def make_suffix(self) -> str:
        """Return the variables that a make command needs to work on this stack."""
        return "" if self.environment == LOCAL else f" ENV={self.environment}"

    def output(self, name: str) -> str:
        """Return an output of the stack."""
        if name in self.known:
            return self.known[name]
        return _asked(self, lambda: self._outputs()[name], f"output {name}")

    def resource(self, logical_id: str) -> str:
        """Return the physical id of a resource; for a queue that is its URL."""
        formation = self.client("cloudformation")
        return _asked(
            self,
            lambda: str(
                formation.describe_stack_resource(StackName=self.stack_name, LogicalResourceId=logical_id)[
                    "StackResourceDetail"
                ]["PhysicalResourceId"]
            ),
            logical_id,
        )

    def _outputs(self) -> dict[str, str]:
        described = self.client("cloudformation").describe_stacks(StackName=self.stack_name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}


def find_target(environment: str, place: StackPaths) -> Target:
    """Return the stack of `local`, or of an environment of samconfig.toml; raises OperationFailed if there is none."""
    return _local(place) if environment == LOCAL else _deployed(environment, SAMCONFIG)


def _local(place: StackPaths) -> Target:
    running = read_stack(place)
    client = clients_of(int(running["aws_endpoint_url"].rpartition(":")[2]))
    outputs = {"WebhookUrl": "webhook_url", "ApiUrl": "api_url", "ConsoleUrl": "console_url"}
    known = {output: running[key] for output, key in outputs.items()}
    return Target(LOCAL, STACK_NAME, client, known, os.environ.get("API_TOKEN") or running.get("api_token"))


def _deployed(environment: str, samconfig: Path) -> Target:
    configured = tomllib.loads(samconfig.read_text())
    try:
        given = configured[environment]["global"]["parameters"]
    except (KeyError, TypeError):
        names = ", ".join([LOCAL, *(name for name in configured if name != "version")])
        raise OperationFailed(f"samconfig.toml has no environment {environment}; ENV may be {names}") from None
    session = boto3.Session(region_name=given["region"])

    @cache
    def client(service: Any) -> Any:  # noqa: ANN401 - as of Target.client
        return session.client(service, config=_CONFIG)

    return Target(environment, given["stack_name"], client, {}, os.environ.get("API_TOKEN"))


def _asked(target: Target, ask: Callable[[], str], what: str) -> str:
    try:
        return ask()
    except (KeyError, IndexError):
        raise OperationFailed(f"the stack {target.stack_name} has no {what}; is it deployed as it is here?") from None
    except (ClientError, BotoCoreError) as error:
        raise OperationFailed(
            f"AWS does not tell the {what} of the stack {target.stack_name} ({error}).\n"
            "Check the credentials (aws sts get-caller-identity), the region in samconfig.toml, and that it is there."
        ) from error


def read_secret(target: Target) -> dict[str, Any]:
    """Return the webhook secret as stored; raises OperationFailed if it cannot be read or is no valid JSON object."""
    arn = target.output("WebhookSecretArn")
    manager = target.client("secretsmanager")
    text = _asked(target, lambda: str(manager.get_secret_value(SecretId=arn)["SecretString"]), "webhook secret")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("secret"), str):
        raise OperationFailed('the webhook secret is no JSON object with a text "secret"; docs/configuration.md')
    return document
