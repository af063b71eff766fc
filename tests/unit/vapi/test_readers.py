"""Everything that is kept of a message is read by somebody: nothing is carried to the consumers for nobody."""

import inspect
import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from autopulse.consumers.registry import REGISTRY
from autopulse.vapi import turns
from autopulse.vapi.field_rules import Each, Fields, Rule, UrlOr
from autopulse.vapi.quality import QualityMessage
from autopulse.vapi.redaction import KEPT

MODELS: dict[str, type[BaseModel]] = {kind.name: kind.consumer.model for kind in REGISTRY.values()}
READ_BY_THE_VERIFIER = {"call.id"}
"""Into the envelope."""
READ_AS_A_WHOLE = {"analysis", "costBreakdown"}
"""By `domain.feedback` and `vapi.quality`, which know their fields."""


def unread(fields: Fields, model: type[BaseModel], above: str = "") -> Iterator[str]:
    aliases = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    for name, rule in fields.allowed.items():
        path = above + name
        inner = rule.rule if isinstance(rule, UrlOr) else rule
        if name not in aliases:
            yield path
        elif isinstance(inner, Fields) and path not in READ_AS_A_WHOLE:
            annotation = aliases[name]
            assert inspect.isclass(annotation)
            assert issubclass(annotation, BaseModel)
            yield from unread(inner, annotation, f"{path}.")


@pytest.mark.parametrize("kind", KEPT)
def test_every_field_that_is_kept_has_a_reader(kind: str) -> None:
    left = set(unread(KEPT[kind], MODELS[kind]))
    if kind == "end_of_call_report":
        left &= set(unread(KEPT[kind], QualityMessage))
    assert left - READ_BY_THE_VERIFIER == set()


@pytest.mark.parametrize("kind", ["conversation_update", "end_of_call_report"])
def test_every_field_of_a_turn_that_is_kept_has_a_reader(kind: str) -> None:
    named = set(re.findall(r'"(\w+)"', inspect.getsource(turns)))
    assert set(names_in(KEPT[kind].allowed["messages"])) - named == set()


def names_in(rule: Rule) -> Iterator[str]:
    if isinstance(rule, Each):
        yield from names_in(rule.rule)
    elif isinstance(rule, Fields):
        for name, inner in rule.allowed.items():
            yield name
            yield from names_in(inner)
