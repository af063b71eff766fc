"""Every text of a message has a bound where it is read, and docs say the bounds."""

import bisect
import types
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, Union, get_args, get_origin

import annotated_types
import pytest
from pydantic import AfterValidator, BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from autopulse.api.sizes import MAX_BYTES
from autopulse.db.queries.bounds import MAX_LISTED_CHARACTERS, MAX_SHOWN_CHARACTERS
from autopulse.domain import bounds
from autopulse.vapi import messages, quality
from tests.contract.stack import ROOT

ANALYSED: Final = {
    ("Artifact", "structured_outputs"),
    ("Artifact", "scorecards"),
    ("ReportAnalysis", "structured_data"),
    ("ReportAnalysis", "structured_data_multi"),
    ("ReportAnalysis", "success_evaluation"),
}
"""JSON of any shape: `domain.feedback` bounds what it reads of it, and `cut_data` all of it together."""
LISTS: Final = {
    *((name, "messages") for name in ("ConversationMessage", "ReportMessage")),
    *(("TranscriptNames", name) for name in ("assistant", "customer")),
    ("ReceivedEnvelope", "message"),
    *(("QualityArtifact", name) for name in ("transfers", "skipped", "activations")),
    *(("QualityMessage", name) for name in ("costs", "cost_breakdown")),
    ("PerformanceMetrics", "turn_latencies"),
    ("SkippedOutput", "unmet_condition"),
}
"""Read one by one: turns by `domain.turns`, names to tell speakers apart, the message by its model.

Those of how a call ran are cut to `MAX_PARTS` and `MAX_TURN_LATENCIES`, and each item read by a model.
"""
MODELS: Final = sorted(
    {
        model
        for module in (messages, quality)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
    },
    key=lambda model: model.__name__,
)


def _types_of(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 - any annotation
    if get_origin(annotation) in {Union, types.UnionType}:
        for part in get_args(annotation):
            yield from _types_of(part)
    else:
        yield annotation


LONGEST: Final = 8_000_000
"""Characters; no bound is greater."""


def _most_taken(read: Callable[..., Any]) -> int | None:
    """The most characters that `read` leaves of a text, or takes of one; None if it reads no text or bounds none."""
    if read("x") != "x" or read("x" * LONGEST) == "x" * LONGEST:
        return None
    if cut := read("x" * LONGEST):
        return len(cut)
    return bisect.bisect(range(LONGEST), 0, key=lambda length: int(length > 0 and read("x" * length) is None)) - 1


def _bound(field: FieldInfo) -> int | None:
    """The most characters that a text of the field has."""
    for part in field.metadata:
        if isinstance(part, BeforeValidator | AfterValidator) and (most := _most_taken(part.func)) is not None:
            return most
        if isinstance(part, annotated_types.MaxLen):
            return part.max_length
    return None


@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model in MODELS for name in model.model_fields if model is not BaseModel]
)
def test_every_text_of_a_message_has_a_bound(model: type[BaseModel], name: str) -> None:
    field = model.model_fields[name]
    kinds = list(_types_of(field.annotation))
    if str in kinds:
        most = _bound(field)
        assert most is not None, "a text without a bound may be as long as a webhook"
        assert most <= bounds.MAX_TEXT_CHARACTERS or (model.__name__, name) == ("ReportMessage", "transcript")
    elif any(kind is Any or get_origin(kind) not in {None, Literal} for kind in kinds):
        assert (model.__name__, name) in ANALYSED | LISTS, "JSON without a bound may be as long as a webhook"


@pytest.mark.parametrize(
    "bound",
    [
        *(value for name, value in vars(bounds).items() if name.startswith("MAX_")),
        *(MAX_LISTED_CHARACTERS, MAX_SHOWN_CHARACTERS, MAX_BYTES),
    ],
)
def test_every_bound_is_documented(bound: int) -> None:
    assert f"{bound:,}" in (ROOT / "docs/api.md").read_text()
