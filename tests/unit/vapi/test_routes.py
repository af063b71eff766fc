import pytest

from autopulse.vapi import routes
from autopulse.vapi.routes import KINDS


def test_every_kind_has_a_type_and_every_type_a_known_kind() -> None:
    assert set(routes.KIND_BY_TYPE.values()) == set(KINDS)


def test_one_type_of_each_kind_is_subscribed_to() -> None:
    assert sorted(routes.KIND_BY_TYPE[type_name] for type_name in routes.SUBSCRIPTION) == sorted(KINDS)


def test_each_type_is_queued_or_ignored_or_answered() -> None:
    dispositions = [set(routes.KIND_BY_TYPE), set(routes.INTERNAL), set(routes.IGNORED), set(routes.ANSWERS)]
    assert sum(map(len, dispositions)) == len(set().union(*dispositions))


@pytest.mark.parametrize(
    ("type_name", "kind"),
    [
        ("status-update", "status_update"),
        ("call.started", "status_update"),
        ("call.ended", "status_update"),
        ("call.failed", "status_update"),
        ("autopulse.ping", "status_update"),
        ("conversation-update", "conversation_update"),
        ("end-of-call-report", "end_of_call_report"),
        ("hang", "hang"),
        ('transcript[transcriptType="final"]', "transcript"),
        ("speech-update", None),
        ("assistant-request", None),
        ("surprise", None),
        ("Hang", None),
        ("autopulse.reconciliation", None),
        ("autopulse.recording", None),
    ],
)
def test_kind_by_type(type_name: str, kind: str | None) -> None:
    assert routes.kind_of({"type": type_name}) == kind


@pytest.mark.parametrize("type_name", [routes.TRANSCRIPT, routes.FINAL_TRANSCRIPT])
@pytest.mark.parametrize(("transcript_type", "kind"), [("final", "transcript"), ("partial", None), ({}, None)])
def test_only_final_transcripts_are_queued(type_name: str, transcript_type: object, kind: str | None) -> None:
    if transcript_type == {} and type_name == routes.FINAL_TRANSCRIPT:
        kind = "transcript"  # an unreadable field is absent; the type itself says final
    assert routes.kind_of({"type": type_name, "transcriptType": transcript_type}) == kind


def test_a_plain_transcript_that_does_not_say_final_is_not() -> None:
    assert routes.kind_of({"type": "transcript"}) is None


def test_dimensions_are_bounded() -> None:
    assert routes.dimension_of("speech-update") == "speech-update"
    assert routes.dimension_of("tool-calls") == "tool-calls"
    assert routes.dimension_of("hang") == "hang"
    assert routes.dimension_of("autopulse.recording") == "autopulse.recording"
    assert routes.dimension_of("invented-" * 20) == "other"


@pytest.mark.parametrize(
    ("type_name", "names"),
    [
        ("assistant-request", {"error"}),
        ("function-call", {"result"}),
        ("transfer-destination-request", {"error"}),
        ("handoff-destination-request", {"error"}),
        ("knowledge-base-request", {"documents"}),
        ("campaign.predial", {"eligible"}),
        ("call.endpointing.request", {"timeoutSeconds"}),
        ("voice-request", {"error"}),
        ("tool-calls", {"results"}),
    ],
)
def test_answers_have_the_documented_shape(type_name: str, names: set[str]) -> None:
    assert set(routes.ANSWERS[type_name]({"type": type_name})) == names


def test_nobody_is_called_on_a_check_that_was_not_made() -> None:
    assert routes.ANSWERS["campaign.predial"]({}) == {"eligible": False}


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        ({"toolCallList": [{"id": "a", "name": "book"}]}, ["a"]),
        ({"toolCalls": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
        ({"toolWithToolCallList": [{"toolCall": {"id": "c"}}]}, ["c"]),
        ({"toolCallList": [{"id": "a"}], "toolCalls": [{"id": "a"}]}, ["a"]),
        ({"toolCallList": [{"id": "x" * 201}, {"id": "x" * 200}]}, ["x" * 200]),
        ({"toolCallList": [{"id": str(place)} for place in range(500)]}, [str(place) for place in range(100)]),
        ({"toolCallList": [{"id": 7}, None, "x"], "toolCalls": {"id": "a"}, "toolWithToolCallList": [[]]}, []),
    ],
)
def test_every_tool_call_gets_its_error(message: dict[str, object], ids: list[str]) -> None:
    results = routes.ANSWERS["tool-calls"](message)["results"]
    assert [result["toolCallId"] for result in results] == ids
    assert all(result["error"] and "\n" not in result["error"] for result in results)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"toolCallList": [{"id": "a", "function": {"name": "book"}}]}, "book"),
        ({"toolCalls": [{"id": "a", "function": {"name": "book"}}]}, "book"),
        ({"toolWithToolCallList": [{"toolCall": {"id": "a", "function": {"name": "book"}}}]}, "book"),
        ({"toolWithToolCallList": [{"function": {"name": "book"}, "toolCall": {"id": "a"}}]}, "book"),
        ({"toolWithToolCallList": [{"name": "book", "toolCall": {"id": "a"}}]}, "book"),
        ({"toolCallList": [{"id": "a", "name": "book"}]}, "book"),
        ({"toolCallList": [{"id": "a"}], "toolCalls": [{"id": "a", "function": {"name": "book"}}]}, "book"),
        ({"toolCallList": [{"id": "a", "function": {"name": "book"}, "name": "other"}]}, "book"),
        ({"toolCallList": [{"id": "a", "function": {"name": 7}}]}, routes.UNNAMED_TOOL),
        ({"toolCallList": [{"id": "a", "function": "book"}]}, routes.UNNAMED_TOOL),
        ({"toolCallList": [{"id": "a", "function": {"name": "x" * 201}}]}, routes.UNNAMED_TOOL),
        ({"toolCallList": [{"id": "a", "function": {"name": "two\nlines"}}]}, routes.UNNAMED_TOOL),
        ({"toolCallList": [{"id": "a"}]}, routes.UNNAMED_TOOL),
    ],
)
def test_the_error_of_a_tool_call_names_its_function(message: dict[str, object], name: str) -> None:
    assert [result["name"] for result in routes.ANSWERS["tool-calls"](message)["results"]] == [name]
