"""The stacks of an environment in the order of their deploys, and the sources of their parameters.

An output of one stack is the value of the parameter of the same name in later stacks.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.stack_paths import PROJECT
from operate.target import SAMCONFIG, OperationFailed

INFRASTRUCTURE: Final = PROJECT / "infrastructure" / "samconfig.toml"
EXISTING_DATABASE: Final = "DatabaseHost"
"""The parameter of the application by which samconfig.toml names an existing database."""


@dataclass(frozen=True)
class Part:
    """One of the stacks."""

    name: str
    template: str
    """Path of the template below the project's root, and below a release."""

    def section(self, environment: str) -> tuple[Path, str]:
        """Return the file that configures the stack for an environment, and the section in it."""
        if self is APPLICATION:
            return SAMCONFIG, environment
        return INFRASTRUCTURE, self.name if self is ACCOUNT else f"{environment}-{self.name}"


ACCOUNT: Final = Part("account", "infrastructure/account.yaml")
DATABASE: Final = Part("database", "infrastructure/database.yaml")
APPLICATION: Final = Part("application", "template.yaml")
FIREWALL: Final = Part("firewall", "infrastructure/firewall.yaml")
MONITORING: Final = Part("monitoring", "infrastructure/monitoring.yaml")
PARTS: Final = (ACCOUNT, DATABASE, APPLICATION, FIREWALL, MONITORING)
"""The account's logging role comes before the stages that use it, the database before its functions."""


@dataclass(frozen=True)
class Configured:
    """The configuration of one stack."""

    part: Part
    stack_name: str
    region: str
    parameters: Mapping[str, str]
    tags: Sequence[str]


def read_configured(part: Part, environment: str) -> Configured:
    """Return the stack's section; raises OperationFailed if there is none."""
    file, section = part.section(environment)
    try:
        configured = tomllib.loads(file.read_text())[section]
        general, deploy = configured["global"]["parameters"], configured["deploy"]["parameters"]
    except KeyError:
        raise OperationFailed(
            f"{file.relative_to(PROJECT)} has no section {section} with what a deploy needs"
        ) from None
    pairs = (pair.partition("=") for pair in deploy["parameter_overrides"])
    return Configured(
        part,
        general["stack_name"],
        general["region"],
        {name: value for name, _, value in pairs},
        deploy.get("tags", ()),
    )


def parts_of(environment: str) -> Iterator[Configured]:
    """Yield the stacks of an environment, in order.

    An environment with an existing database has no stack for one, and one without a section for the firewall has none.
    """
    given = read_configured(APPLICATION, environment).parameters
    for part in PARTS:
        if part is DATABASE and EXISTING_DATABASE in given:
            continue
        if part is not FIREWALL or _has_section(part, environment):
            yield read_configured(part, environment)


def _has_section(part: Part, environment: str) -> bool:
    file, section = part.section(environment)
    return section in tomllib.loads(file.read_text())


def asks(environment: str) -> bool:
    """Return whether a person has to confirm each change set of an environment."""
    deploy = tomllib.loads(SAMCONFIG.read_text())[environment]["deploy"]["parameters"]
    return bool(deploy["confirm_changeset"])


def choose_values(
    declared: Mapping[str, Mapping[str, Any]], configured: Mapping[str, str], outputs: Mapping[str, str]
) -> dict[str, str]:
    """Return the value of each declared parameter: as configured, else the output of that name, else its default.

    All parameters are given, because CloudFormation keeps the previous value of one that is not, so that a setting that
    a commit removed would stay. Raises OperationFailed for a parameter without a value, and a value without a
    parameter.
    """
    defaults = {name: str(said["Default"]) for name, said in declared.items() if "Default" in said}
    values = defaults | {name: value for name, value in {**outputs, **configured}.items() if name in declared}
    unknown, missing = sorted(set(configured) - set(declared)), sorted(set(declared) - set(values))
    if unknown:
        raise OperationFailed(f"the template has no parameter {', '.join(unknown)}")
    if missing:
        raise OperationFailed(
            f"no value is configured for the parameter {', '.join(missing)}, nor an output of that name"
        )
    return values


def as_overrides(values: Mapping[str, str]) -> list[str]:
    """Format values as `sam deploy --parameter-overrides` reads them."""
    return [f"ParameterKey={name},ParameterValue={_quoted(value)}" for name, value in sorted(values.items())]


def _quoted(value: str) -> str:
    escaped = value.replace('"', '\\"')
    return f'"{escaped}"'
