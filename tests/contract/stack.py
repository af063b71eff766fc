"""`template.yaml` as SAM CLI reads it, and as CloudFormation gets it after the transform."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from samcli.lib.translate.sam_template_validator import (  # type: ignore[import-untyped] # SAM CLI has no types
    SamTemplateValidator,
)
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped] # as above

ROOT: Final = Path(__file__).parents[2]
CONSUMERS: Final = {
    "status": ("StatusUpdate", "status_update"),
    "conversation": ("ConversationUpdate", "conversation_update"),
    "report": ("EndOfCallReport", "end_of_call_report"),
    "hang": ("Hang", "hang"),
    "transcript": ("Transcript", "transcript"),
}
"""Kind -> how its logical ids begin, and its function's folder."""
PREFIXES: Final = [prefix for prefix, _ in CONSUMERS.values()]
SECONDS_PER_DAY: Final = 86_400

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
