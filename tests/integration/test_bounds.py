"""No text can make a record undeliverable: whatever is how long, it is committed, and what is stored is bounded."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from autopulse.consumers.publisher import detail_of
from autopulse.consumers.registry import REGISTRY
from autopulse.domain import bounds
from autopulse.domain.bounds import ELLIPSIS, MAX_LISTS, MAX_SPEECH_CHARACTERS, MAX_TEXT_CHARACTERS, MAX_TURNS
from autopulse.vapi.field_rules import Each, Fields, Rule, UrlOr
from autopulse.vapi.redaction import KEPT
from tests.integration.bodies import VAPI_ID, outbound
from tests.integration.pipeline import Pipeline, envelope

LONG: Final = 3_000_000
OFTEN: Final = 200_000
"""The length of a text that all fields of a message have: together a few megabytes, more than API Gateway takes."""
TYPES: Final = {kind.name: kind.types[0] for kind in REGISTRY.values()}
"""Kind -> the type that Vapi itself sends."""
WORKING: Final = {"type", "id", "role", "speaker", "status", "createdAt"}
"""Fields that a message needs to say anything; each is long in a test of its own."""
Path = tuple[str | int, ...]


def _texts(rule: Rule, path: Path = ()) -> Iterator[Path]:
    """Return where a message that this rule keeps has texts."""
    if isinstance(rule, Fields):
        for name, inner in rule.allowed.items():
            yield from _texts(inner, (*path, name))
    elif isinstance(rule, Each):
        yield from _texts(rule.rule, (*path, 0))
    elif isinstance(rule, UrlOr):
        yield path
        yield from _texts(rule.rule, path)
    else:
        yield path


PATHS: Final = [(kind, path) for kind, rule in KEPT.items() for path in dict.fromkeys(_texts(rule))]


def _put(holder: Any, path: Path, value: object) -> None:  # noqa: ANN401 - JSON
    """Put a value at a path, with the objects and lists that lead there."""
    name, *rest = path
    if isinstance(name, int) and not holder:
        holder.append({})
    if not rest:
        holder[name] = value
        return
    if isinstance(holder, dict) and not isinstance(holder.get(name), dict | list):
        holder[name] = [] if isinstance(rest[0], int) else {}
    _put(holder[name], tuple(rest), value)


def _usual(kind: str) -> dict[str, Any]:
    message: dict[str, Any] = {"type": TYPES[kind], "call": outbound(None), "role": "user", "status": "ended"}
    message["messages"] = [{"role": "user", "message": "Hello"}]
    message["transcript"] = {"speaker": "user", "text": "Hello"} if kind == "conversation_update" else "Hello"
    return message


def _deliver(pipeline: Pipeline, kind: str, message: Mapping[str, Any], **values: object) -> None:
    assert pipeline.deliver(kind, [envelope(kind, message, vapi_call_id=VAPI_ID, **values)]) == []
    assert pipeline.queues.dead_letters == []


def _check_what_is_stored(pipeline: Pipeline) -> None:
    """No text is longer than a turn, no JSON than an analysis with its texts."""
    for table in ("call", "call_feedback", "service_record", "transcript", "vapi_call", "webhook_event"):
        for row in pipeline.rows(f"SELECT * FROM {table}"):  # noqa: S608 - constants
            for name, value in row.items():
                most = MAX_TEXT_CHARACTERS if isinstance(value, str) else 5 * bounds.MAX_DATA_BYTES
                text = value if isinstance(value, str) else json.dumps(value, default=str)
                assert len(text) <= most, f"{table}.{name}"
    for call_event in pipeline.call_events:
        assert len(json.dumps(detail_of(call_event))) < 2_000, "EventBridge takes 256 KB"


@pytest.fixture
def call_id(pipeline: Pipeline) -> int:
    service_record = pipeline.make_service_record()
    return pipeline.make_call(service_record_id=service_record, vapi_call_id=VAPI_ID)


@pytest.mark.parametrize(("kind", "path"), PATHS, ids=lambda value: value if isinstance(value, str) else None)
@pytest.mark.usefixtures("call_id")
def test_one_long_text_is_stored_as_far_as_it_goes(pipeline: Pipeline, kind: str, path: Path) -> None:
    message = _usual(kind)
    _put(message, path, "w\u00f6rd " * (LONG // 5) if path != ("type",) else TYPES[kind] + "x" * LONG)
    _deliver(pipeline, kind, message)
    assert pipeline.count("webhook_event") == 1
    _check_what_is_stored(pipeline)


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize(
    "text",
    [
        "x" * OFTEN,
        "\U0001f600" * (OFTEN // 4),
        "\x00\ud800" * 1000 + "x" * OFTEN,
        " ".join(f"w{number}" for number in range(OFTEN // 8)),
        '{"a": "' + '\\"' * (OFTEN // 2) + '"}',
        "[" * 60 + '"' + "x" * OFTEN + '"' + "]" * 60,
    ],
    ids=["one-word", "emoji", "unstorable", "many-words", "json-object", "json-lists"],
)
@pytest.mark.usefixtures("call_id")
def test_long_texts_everywhere_are_stored_as_far_as_they_go(pipeline: Pipeline, kind: str, text: str) -> None:
    message = _usual(kind)
    for path in dict.fromkeys(_texts(KEPT[kind])):
        if path[-1] not in WORKING:
            _put(message, path, text)
    _deliver(pipeline, kind, message)
    _check_what_is_stored(pipeline)


def test_a_report_of_several_mb_keeps_all_else_that_it_says(pipeline: Pipeline, call_id: int) -> None:
    complaint = " ".join(f"word{number}" for number in range(300_000))
    data = {"nps_score": 2, "detractors": complaint, "overall_feedback": "Slow."}
    message = _usual("end_of_call_report") | {
        "analysis": {"summary": "A call.", "structuredData": data},
        "endedReason": "x-y",
    }
    _deliver(pipeline, "end_of_call_report", message)
    (feedback,) = pipeline.feedback(call_id)
    assert feedback["detractors"] == complaint[: MAX_TEXT_CHARACTERS - 1] + ELLIPSIS
    assert feedback["content"] == "Slow."
    assert feedback["structured_data"][bounds.CUT] is True
    assert pipeline.call(call_id)["nps_score"] == 2
    assert pipeline.turns(call_id)[0][3] == "Hello"
    assert pipeline.rows(
        "SELECT 1 FROM call_feedback WHERE to_tsvector('simple'::regconfig, detractors) @@ to_tsquery('word7')"
    )


@pytest.mark.parametrize(("number", "length"), [(MAX_TURNS + 10, 5), (200, MAX_TEXT_CHARACTERS)])
def test_of_too_many_turns_the_first_are_kept(pipeline: Pipeline, call_id: int, number: int, length: int) -> None:
    turns = [{"role": "user", "message": str(n).rjust(length, "x")} for n in range(number)]
    _deliver(pipeline, "end_of_call_report", _usual("end_of_call_report") | {"messages": turns})
    stored = pipeline.turns(call_id)
    assert [turn[3] for turn in stored] == [turn["message"] for turn in turns[: len(stored)]]
    assert len(stored) == min(MAX_TURNS, MAX_SPEECH_CHARACTERS // length)


def test_lists_together_keep_what_one_may_and_the_report_goes_first(pipeline: Pipeline, call_id: int) -> None:
    for place in range(MAX_LISTS + 3):
        turns = [
            {"role": "user", "message": f"{place} {n}", "time": 1783731600000 + 60_000 * place + n} for n in range(20)
        ]
        _deliver(
            pipeline, "conversation_update", _usual("conversation_update") | {"messages": turns, "transcript": None}
        )
    assert len(pipeline.facts(call_id)["segments"]) == MAX_LISTS
    said = [{"role": "user", "message": f"report {n}", "time": 1783731600000 + 600_000 + n} for n in range(MAX_TURNS)]
    _deliver(pipeline, "end_of_call_report", _usual("end_of_call_report") | {"messages": said})
    stored = pipeline.turns(call_id)
    assert sum(turn[0] == "report" for turn in stored) == MAX_TURNS
    hidden = [len(list_[-1]) for list_ in pipeline.facts(call_id)["segments"]]
    assert len(stored) + sum(hidden) == MAX_TURNS
    _check_what_is_stored(pipeline)
