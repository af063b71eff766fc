"""The templates as CloudFormation gets them after the transform, with conditions resolved for given parameters."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from samcli.lib.translate.sam_template_validator import (  # type: ignore[import-untyped] # SAM CLI has no types
    SamTemplateValidator,
)
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped] # as above

from autopulse.consumers.registry import REGISTRY
from operate import stacks
from operate.stacks import ACCOUNT, APPLICATION, DATABASE, FIREWALL, MONITORING, Part
from operate.templates import expand, read_template

ROOT: Final = Path(__file__).parents[2]
PREFIXES: Final = [kind.prefix for kind in REGISTRY.values()]
"""Prefixes of the logical ids of each kind."""
SECONDS_PER_DAY: Final = 86_400
NO_VALUE: Final = {"Ref": "AWS::NoValue"}

Resource = Mapping[str, Any]


@cache
def source(part: Part = APPLICATION) -> dict[str, Any]:
    """Return a template as written, with loops expanded and intrinsic functions in their long form."""
    return expand(read_template(ROOT / part.template))


@cache
def resources(part: Part = APPLICATION) -> dict[str, Resource]:
    """Return logical id -> resource, after the transform."""
    template = expand(read_template(ROOT / part.template))  # an uncached copy: the transform changes it
    if "Transform" not in template:
        return dict(template["Resources"])
    validator = SamTemplateValidator(template, SimpleNamespace(load=dict), region="us-east-1")
    return dict(yaml_parse(validator.get_translated_template_if_valid())["Resources"])


def properties(logical_id: str, part: Part = APPLICATION) -> Mapping[str, Any]:
    """Return the properties of one resource, after the transform."""
    return dict(resources(part)[logical_id]["Properties"])


def ids_of(resource_type: str, part: Part = APPLICATION) -> list[str]:
    """Return the logical ids of all resources of a type, after the transform."""
    return [name for name, resource in resources(part).items() if resource["Type"] == resource_type]


def environment(function: str) -> Mapping[str, Any]:
    """Return a function's environment variables, after the transform."""
    return dict(properties(function)["Environment"]["Variables"])


def denies_plain_text(document: Mapping[str, Any], action: str) -> bool:
    """Return whether the only denial of a resource's policy is that of all requests without TLS."""
    refused = {"Bool": {"aws:SecureTransport": False}}
    names = ("Effect", "Principal", "Action", "Condition")
    denied = [{name: said[name] for name in names} for said in document["Statement"] if said["Effect"] == "Deny"]
    return denied == [{"Effect": "Deny", "Principal": "*", "Action": action, "Condition": refused}]


@dataclass(frozen=True)
class Stack:
    """A template as CloudFormation sees it with one set of parameters, without what its conditions exclude."""

    parameters: Mapping[str, str]
    part: Part = APPLICATION

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Logical id -> resource, with every Fn::If resolved."""
        made = {name: one for name, one in resources(self.part).items() if self.holds(one.get("Condition", True))}
        return {name: dict(self.decided(one)) for name, one in made.items()}

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """Name -> value of the outputs whose conditions hold."""
        declared = source(self.part).get("Outputs", {})
        return {
            name: self.decided(one["Value"]) for name, one in declared.items() if self.holds(one.get("Condition", True))
        }

    def but(self, **parameters: str) -> "Stack":
        """Return the same stack with other parameters."""
        return Stack({**self.parameters, **parameters}, self.part)

    def ids_of(self, *types: str) -> list[str]:
        return [name for name, one in self.resources.items() if one["Type"].startswith(types)]

    def properties(self, logical_id: str) -> Mapping[str, Any]:
        return dict(self.resources[logical_id].get("Properties", {}))

    def environment(self, function: str) -> Mapping[str, Any]:
        return dict(self.properties(function).get("Environment", {}).get("Variables", {}))

    @property
    def complaints(self) -> list[str]:
        """Return CloudFormation's reasons to refuse these parameters."""
        return [
            assertion["AssertDescription"]
            for rule in source(self.part).get("Rules", {}).values()
            if self.holds(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self.holds(assertion["Assert"])
        ]

    @cached_property
    def flat(self) -> dict[str, Any]:
        """Return a template of the resources only, with the values of all parameters."""
        made = {name: self._filled(one) for name, one in self.resources.items()}
        for one in made.values():
            one.pop("Condition", None)
        return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": made}

    def _filled(self, value: Any) -> Any:  # noqa: ANN401 - any YAML
        declared = source(self.part)["Parameters"]
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("Ref"), str) and value["Ref"] in declared:
            text = self.value(value)
            return text.split(",") if declared[value["Ref"]]["Type"] == "CommaDelimitedList" else text
        if "Fn::Sub" in value:
            text, names = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
            known = {name: self.value({"Ref": name}) for name in declared}
            filled = re.sub(r"\$\{(\w+)\}", lambda match: known.get(match[1], match[0]), text)
            if names:
                return {"Fn::Sub": [filled, self._filled(names)]}
            return {"Fn::Sub": filled} if "${" in filled else filled
        return {name: self._filled(item) for name, item in value.items()}

    def holds(self, condition: Any) -> bool:  # noqa: ANN401 - a name, an intrinsic function, or a boolean
        if isinstance(condition, bool):
            return condition
        if isinstance(condition, str):
            return self.holds(source(self.part)["Conditions"][condition])
        ((function, arguments),) = condition.items()
        return bool(self._functions[function](arguments))

    @property
    def _functions(self) -> dict[str, Callable[[Any], bool]]:
        return {
            "Condition": self.holds,
            "Fn::Equals": lambda pair: self.value(pair[0]) == self.value(pair[1]),
            "Fn::Not": lambda one: not self.holds(one[0]),
            "Fn::And": lambda several: all(map(self.holds, several)),
            "Fn::Or": lambda several: any(map(self.holds, several)),
            "Fn::Contains": lambda pair: self.value(pair[1]) in self._values(pair[0]),
        }

    def value(self, value: Any) -> str:  # noqa: ANN401 - a text, or a parameter
        """Return a text, or the value of a parameter."""
        if not isinstance(value, dict):
            return str(value)
        declared = source(self.part)["Parameters"][value["Ref"]]
        return str(self.parameters.get(value["Ref"], declared.get("Default")))

    def _values(self, value: Any) -> list[str]:  # noqa: ANN401 - a list, or a parameter that is one
        return list(map(str, value)) if isinstance(value, list) else self.value(value).split(",")

    def decided(self, value: Any) -> Any:  # noqa: ANN401 - any YAML
        """Return the value with every Fn::If resolved."""
        if isinstance(value, list):
            return [item for item in map(self.decided, value) if item != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if "Fn::If" in value:
            condition, when_true, when_false = value["Fn::If"]
            return self.decided(when_true if self.holds(condition) else when_false)
        decided = {name: self.decided(item) for name, item in value.items()}
        return {name: item for name, item in decided.items() if item != NO_VALUE}


PLACEHOLDERS: Final = {
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1,subnet-0123456789abcdef2",
    "FunctionSecurityGroupId": "sg-0123456789abcdef0",
    "MigrateSecurityGroupId": "sg-0123456789abcdef1",
    "DatabaseSecurityGroupId": "sg-0123456789abcdef2",
    "DatabaseHost": "proxy.example.com",
    "MigrationHost": "database.example.com",
    "DatabaseResourceId": "prx-0123456789abcdef0",
    "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds!db-0123-AbCdEf",
    "DatabaseSecretKeyArn": "arn:aws:kms:us-east-1:111122223333:key/01234567-0123-0123-0123-0123456789ab",
    "DatabaseProxyName": "the-proxy",
    "DatabaseInstanceId": "the-instance",
    "DatabaseInsightsId": "db-ABCDEFGH",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:111122223333:the-topic",
    "ApiId": "abcdefghij",
    "ApiStageArn": "arn:aws:apigateway:us-east-1::/restapis/abcdefghij/stages/api",
}
"""Outputs that AWS generates; others are parameters of their stack, or literals in its template."""


def stacks_of(environment: str) -> dict[Part, Stack]:
    """Return the stacks that `make deploy` creates for an environment, in order."""
    made: dict[Part, Stack] = {}
    outputs: dict[str, str] = {}
    for one in stacks.parts_of(environment):
        values = stacks.choose_values(source(one.part)["Parameters"], one.parameters, outputs)
        stack = made[one.part] = Stack(values, one.part)
        outputs |= {name: _output(stack, name, value) for name, value in stack.outputs.items()}
    return made


def _output(stack: Stack, name: str, value: Any) -> str:  # noqa: ANN401 - any YAML
    if name in PLACEHOLDERS:
        return PLACEHOLDERS[name]
    if isinstance(value, str):
        return value
    return stack.parameters.get(value.get("Ref", ""), f"the-{name}")


def stack_of(environment: str, part: Part = APPLICATION) -> Stack:
    """Return one of the stacks of an environment."""
    return stacks_of(environment)[part]


LOCAL: Final = Stack(
    {
        "DatabaseHost": "127.0.0.1",
        "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:owner-AbCdEf",
        "DatabaseUserSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:user-AbCdEf",
        "DatabaseReaderSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:reader-AbCdEf",
        "DatabaseWriterSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:writer-AbCdEf",
        "DatabaseCallerSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:caller-AbCdEf",
        "DatabaseEraserSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:eraser-AbCdEf",
        "ExecuteApiUrl": "http://localhost:4566/_aws/execute-api",
        "RecordingRetentionDays": "30",
        "AlertEmailDetail": "link",
        "AlertWebhookDetail": "full",
    }
)
EXISTING: Final = Stack(
    {
        "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
        "FunctionSecurityGroupId": "sg-0123abcd",
        "MigrateSecurityGroupId": "sg-4567abcd",
        "DatabaseHost": "db.example.com",
        "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:owner-AbCdEf",
        "DatabaseResourceId": "db-EXAMPLE",
    }
)
SHAPES: Final = {
    "local": LOCAL,
    "existing": EXISTING,
    "staging": stack_of("staging"),
    "production": stack_of("production"),
    "with recordings": stack_of("production").but(RecordingRetentionDays="90", CustomerKey="true"),
    "with alerts": stack_of("production").but(
        AlertEmail="manager@example.com", AlertEmailDetail="full", AlertWebhookDetail="link", CustomerKey="true"
    ),
}
"""Every supported configuration of the application's template, by name."""
__all__ = ["ACCOUNT", "APPLICATION", "DATABASE", "FIREWALL", "MONITORING"]
