"""Deploy the real template to the emulator: create its secrets and artifacts bucket, then run `sam deploy`."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from local.aws_clients import clients_of
from local.build import sam, tool_environment
from local.emulator import client_environment, endpoint
from local.stack_paths import REGION, STACK_NAME
from operate.templates import read_template

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_BUCKET: Final = f"{STACK_NAME}-artifacts"
SAMPLE_SECRET: Final = "sample-secret-of-the-local-stack"  # noqa: S105 - published on purpose, accepted by local stacks only
"""The secret that signs `events/apigw`, so that those files work with `sam local invoke` unchanged."""


@dataclass(frozen=True)
class Deployed:
    """The deployed stack in the emulator."""

    resources: Mapping[str, str]
    """Logical id -> physical id."""
    outputs: Mapping[str, str]
    variables: Mapping[str, Mapping[str, str]]
    """Logical id of each function -> its environment variables."""


class Cloud:
    """AWS clients for the emulator on one port."""

    def __init__(self, port: int) -> None:
        """Keep the port; clients are created on first use."""
        self._port = port
        self._client = clients_of(port)

    @property
    def execute_api_url(self) -> str:
        """Return the endpoint of the emulator's APIs, in the form that needs no name resolution."""
        return f"{endpoint(self._port)}/_aws/execute-api"

    def client(self, service: Any) -> Any:  # noqa: ANN401 - boto3's overloads, one per service, cannot be passed on
        """Return the client of one service. It is created on first use, which takes longer than most requests."""
        return self._client(service)

    def keep_database_secret(self, user: str, password: str) -> str:
        """Create or update the secret of a database role; returns its ARN."""
        name, value = f"{STACK_NAME}/database/{user}", json.dumps({"username": user, "password": password})
        secrets: SecretsManagerClient = self.client("secretsmanager")
        try:
            return secrets.create_secret(Name=name, SecretString=value)["ARN"]
        except secrets.exceptions.ResourceExistsException:
            return secrets.put_secret_value(SecretId=name, SecretString=value)["ARN"]

    def deploy(self, built: Path, parameters: Mapping[str, str], log: Path) -> None:
        """Deploy a build; parameters that its template does not declare are left out."""
        self.client("s3").create_bucket(Bucket=_BUCKET)
        known = read_template(built / "template.yaml")["Parameters"]
        overrides = [
            f"ParameterKey={name},ParameterValue={_quoted(value)}"
            for name, value in parameters.items()
            if name in known
        ]
        # samconfig.toml is for AWS; an empty configuration file replaces it.
        empty = log.with_name("samconfig.toml")
        empty.write_text("version = 0.1\n")
        sam(
            *("deploy", "--template-file", str(built / "template.yaml"), "--stack-name", STACK_NAME),
            *("--config-file", str(empty), "--s3-bucket", _BUCKET, "--region", REGION, "--no-progressbar"),
            *(
                "--capabilities",
                "CAPABILITY_IAM",
                "CAPABILITY_AUTO_EXPAND",
                "--no-confirm-changeset",
                "--no-fail-on-empty-changeset",
            ),
            *("--parameter-overrides", *overrides),
            environment=tool_environment() | client_environment(self._port) | {"PATH": tool_environment()["PATH"]},
            log=log,
        )

    def accept_sample_secret(self, secret_arn: str) -> str:
        """Let the stack accept the sample events' credentials too; returns the stack's own secret."""
        secrets: SecretsManagerClient = self.client("secretsmanager")
        stored = json.loads(secrets.get_secret_value(SecretId=secret_arn)["SecretString"])
        samples = [{"kind": kind, "secret": SAMPLE_SECRET} for kind in ("shared-secret", "hmac")]
        missing = [sample for sample in samples if sample not in stored["credentials"]]
        if missing:
            stored["credentials"].extend(missing)
            secrets.put_secret_value(SecretId=secret_arn, SecretString=json.dumps(stored))
        return str(stored["secret"])

    def keep_vapi_api_key(self, secret_arn: str, key: str) -> None:
        """Store the key of Vapi's API for the fetcher, if it has changed."""
        self._keep_secret(secret_arn, {"api_key": key})

    def keep_alert_webhook(self, secret_arn: str, url: str) -> None:
        """Store the URL to which alerts are sent, if it has changed."""
        self._keep_secret(secret_arn, {"url": url, "format": "json"})

    def _keep_secret(self, secret_arn: str, content: Mapping[str, str]) -> None:
        secrets: SecretsManagerClient = self.client("secretsmanager")
        value = json.dumps(content)
        if secrets.get_secret_value(SecretId=secret_arn)["SecretString"] != value:
            secrets.put_secret_value(SecretId=secret_arn, SecretString=value)

    def describe(self) -> Deployed | None:
        """Return the emulator's description of the stack, or None."""
        formation = self.client("cloudformation")
        try:
            stack = formation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        except formation.exceptions.ClientError:
            return None
        if not stack["StackStatus"].endswith("COMPLETE"):
            return None
        resources = formation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
        return Deployed(
            resources={resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources},
            outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())},
            variables=dict(self._function_variables(resources)),
        )

    def _function_variables(self, resources: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, str]]]:
        functions = self.client("lambda")
        for resource in resources:
            if resource["ResourceType"] == "AWS::Lambda::Function":
                deployed = functions.get_function_configuration(FunctionName=resource["PhysicalResourceId"])
                yield resource["LogicalResourceId"], deployed.get("Environment", {}).get("Variables", {})


def _quoted(value: str) -> str:
    """Return a parameter's value as SAM CLI reads it: JSON values contain quotes and commas."""
    return json.dumps(value) if value else value
