"""`template.yaml` as SAM CLI reads it, as CloudFormation gets it after the transform, as its conditions leave it."""

import tomllib
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

ROOT: Final = Path(__file__).parents[2]
PREFIXES: Final = [kind.prefix for kind in REGISTRY.values()]
"""How the logical ids of each kind begin."""
SECONDS_PER_DAY: Final = 86_400
NO_VALUE: Final = {"Ref": "AWS::NoValue"}

Resource = Mapping[str, Any]


@cache
def source() -> dict[str, Any]:
    """The template as it is written; intrinsic functions in their long form."""
    return _parsed((ROOT / "template.yaml").read_text())


@cache
def resources() -> dict[str, Resource]:
    """Logical id -> resource, after the transform."""
    template = _parsed((ROOT / "template.yaml").read_text())  # a copy of its own: the transform writes into it
    validator = SamTemplateValidator(template, SimpleNamespace(load=dict), region="us-east-1")
    return dict(_parsed(validator.get_translated_template_if_valid())["Resources"])


def properties(logical_id: str) -> Mapping[str, Any]:
    """The properties of one resource, after the transform."""
    return dict(resources()[logical_id]["Properties"])


def ids_of(resource_type: str) -> list[str]:
    """The logical ids of all resources of a type, after the transform."""
    return [name for name, resource in resources().items() if resource["Type"] == resource_type]


def environment(function: str) -> Mapping[str, Any]:
    """A function's environment variables, after the transform."""
    return dict(properties(function)["Environment"]["Variables"])


def denies_plain_text(document: Mapping[str, Any], action: str) -> bool:
    """Whether all that a resource's policy refuses is this: nobody may do anything without TLS."""
    refused = {"Bool": {"aws:SecureTransport": False}}
    names = ("Effect", "Principal", "Action", "Condition")
    denied = [{name: said[name] for name in names} for said in document["Statement"] if said["Effect"] == "Deny"]
    return denied == [{"Effect": "Deny", "Principal": "*", "Action": action, "Condition": refused}]


def _parsed(text: str) -> dict[str, Any]:
    return dict(yaml_parse(text))


@dataclass(frozen=True)
class Stack:
    """The template as CloudFormation makes it of one set of parameters: without what its conditions leave out."""

    parameters: Mapping[str, str]

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Logical id -> resource; every Fn::If is decided."""
        made = {name: one for name, one in resources().items() if self.holds(one.get("Condition", True))}
        return {name: dict(self._decided(one)) for name, one in made.items()}

    def but(self, **parameters: str) -> "Stack":
        """The same with other parameters."""
        return Stack({**self.parameters, **parameters})

    def ids_of(self, *types: str) -> list[str]:
        return [name for name, one in self.resources.items() if one["Type"].startswith(types)]

    def properties(self, logical_id: str) -> Mapping[str, Any]:
        return dict(self.resources[logical_id].get("Properties", {}))

    def environment(self, function: str) -> Mapping[str, Any]:
        return dict(self.properties(function).get("Environment", {}).get("Variables", {}))

    @property
    def complaints(self) -> list[str]:
        """What CloudFormation would refuse these parameters for."""
        return [
            assertion["AssertDescription"]
            for rule in source()["Rules"].values()
            if self.holds(rule["RuleCondition"])
            for assertion in rule["Assertions"]
            if not self.holds(assertion["Assert"])
        ]

    def holds(self, condition: Any) -> bool:  # noqa: ANN401 - a name, an intrinsic function, or a boolean
        if isinstance(condition, bool):
            return condition
        if isinstance(condition, str):
            return self.holds(source()["Conditions"][condition])
        ((function, arguments),) = condition.items()
        return bool(self._functions[function](arguments))

    @property
    def _functions(self) -> dict[str, Callable[[Any], bool]]:
        return {
            "Condition": self.holds,
            "Fn::Equals": lambda pair: self._value(pair[0]) == self._value(pair[1]),
            "Fn::Not": lambda one: not self.holds(one[0]),
            "Fn::And": lambda several: all(map(self.holds, several)),
            "Fn::Or": lambda several: any(map(self.holds, several)),
            "Fn::Contains": lambda pair: pair[1] in self._value(pair[0]).split(","),
        }

    def _value(self, value: Any) -> str:  # noqa: ANN401 - a text, or a parameter
        if not isinstance(value, dict):
            return str(value)
        declared = source()["Parameters"][value["Ref"]]
        return str(self.parameters.get(value["Ref"], declared.get("Default")))

    def _decided(self, value: Any) -> Any:  # noqa: ANN401 - any YAML
        if isinstance(value, list):
            return [item for item in map(self._decided, value) if item != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if "Fn::If" in value:
            condition, when_true, when_false = value["Fn::If"]
            return self._decided(when_true if self.holds(condition) else when_false)
        decided = {name: self._decided(item) for name, item in value.items()}
        return {name: item for name, item in decided.items() if item != NO_VALUE}


def stack_of(environment: str) -> Stack:
    """The stack that an environment of samconfig.toml deploys."""
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text())[environment]
    pairs = (pair.partition("=") for pair in configured["deploy"]["parameters"]["parameter_overrides"])
    return Stack({name: value for name, _, value in pairs})


LOCAL: Final = Stack(
    {
        "DatabaseHost": "127.0.0.1",
        "DatabaseSecretArn": "arn:local",
        "DatabaseUserSecretArn": "arn:user",
        "DatabaseReaderSecretArn": "arn:reader",
    }
)
EXISTING: Final = Stack(
    {
        "Network": "vpc",
        "VpcId": "vpc-0123abcd",
        "SubnetIds": "subnet-1,subnet-2",
        "S3PrefixListId": "pl-0123abcd",
        "EndpointForS3": "false",
        "EndpointForSqs": "false",
        "EndpointForEvents": "false",
        "EndpointForSecretsManager": "false",
        "EndpointSecurityGroupId": "sg-0123abcd",
        "DatabaseHost": "db.example.com",
        "DatabaseSecretArn": "arn:owner",
        "DatabaseAuth": "iam",
        "DatabaseResourceId": "db-EXAMPLE",
        "DatabaseSecurityGroupId": "sg-4567abcd",
    }
)
SHAPES: Final = {
    "local": LOCAL,
    "existing": EXISTING,
    "staging": stack_of("staging"),
    "production": stack_of("production"),
}
"""Every way in which the template is meant to be deployed, by name."""
