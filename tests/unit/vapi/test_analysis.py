"""Check where a report has its analysis, and in which shapes (docs/call-state.md 7)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.domain.answers import answer_names
from autopulse.domain.feedback import NO_COMMENT, Analysis
from autopulse.vapi.analysis import read_analysis
from autopulse.vapi.messages import ReportMessage
from autopulse.vapi.redaction import apply_allow_list

NAMES = answer_names()
SURVEY = {"nps_score": 8, "overall_feedback": "Friendly.", "positives": ["Coffee"], "call_reason": "Survey"}
ID = "0f0d6c1e-0000-4000-8000-0000000000{}"


def read(more: str = "", **fields: Any) -> Analysis:  # noqa: ANN401 - any JSON value
    """As the consumer reads what the verifier kept of it."""
    kept = apply_allow_list("end_of_call_report", {"type": "end-of-call-report", **fields})
    return read_analysis(ReportMessage.model_validate(kept), answer_names(more))


def outputs(value: Any) -> Analysis:  # noqa: ANN401 - any JSON value
    return read(artifact={"structuredOutputs": value})


def content_of(analysis: Analysis) -> tuple[int | None, str | None, str | None]:
    assert analysis.feedback is not None
    return analysis.nps_score, analysis.feedback.content, analysis.feedback.positives


SHAPES_OF_DATA: dict[str, Any] = {
    "object": SURVEY,
    "list of objects": [{"other": 1}, SURVEY],
    "list of an object for each field": [{name: value} for name, value in SURVEY.items()],
    "list of named values": [{"name": name, "value": value} for name, value in SURVEY.items()],
    "JSON text": json.dumps(SURVEY),
    "JSON text of a list": f" {json.dumps([SURVEY])}\n",
    "sections": {"visit": {"vehicle": "van"}, "survey": SURVEY},
    "titles": {"NPS Score": 8, "Overall Feedback": "Friendly.", "What went well?": "Coffee", "Call Reason": "Survey"},
    "values with an explanation": {
        "nps_score": {"value": 8, "explanation": "said eight"},
        "overall_feedback": {"text": "Friendly."},
        "positives": {"items": ["Coffee"]},
        "call_reason": {"result": "Survey"},
    },
}


@pytest.mark.parametrize("data", SHAPES_OF_DATA.values(), ids=SHAPES_OF_DATA)
@pytest.mark.parametrize("multi", [False, True])
def test_structured_data_in_any_shape(data: Any, multi: bool) -> None:  # noqa: ANN401 - any JSON value
    analysis = read(analysis={"structuredDataMulti" if multi else "structuredData": data})
    assert content_of(analysis) == (8, "Friendly.", "Coffee")
    assert analysis.call_reason == "Survey"
    assert analysis.has_answers


@pytest.mark.parametrize(
    "multi",
    [
        [{"vehicle": "van"}, SURVEY],
        [{"survey": SURVEY}],
        {"survey": SURVEY},
        [{"key": "survey", "structuredData": SURVEY}],
        [{"key": "survey", "plan": {"schema": {"nps_score": "number"}}, "result": SURVEY}],
        [{"assistant": "Piper", "data": SURVEY}],
        {"survey": {"structuredData": SURVEY, "key": "survey"}},
        {"survey": json.dumps(SURVEY)},
        [
            {"key": "nps_score", "result": 8},
            {"key": "feedback", "result": "Friendly."},
            {"key": "pros", "result": "Coffee"},
        ],
        [{"survey": {"structuredData": {"result": SURVEY}}}],
    ],
    ids=json.dumps,
)
def test_structured_data_of_several_plans(multi: Any) -> None:  # noqa: ANN401 - any JSON value
    assert content_of(read(analysis={"structuredDataMulti": multi})) == (8, "Friendly.", "Coffee")


SHAPES_OF_OUTPUTS: dict[str, Any] = {
    "an object result": {ID.format(10): {"name": "Survey", "result": SURVEY}},
    "a result without a name": {ID.format(10): {"result": SURVEY}, ID.format(11): "none", ID.format(12): None},
    "a result that is JSON text": {ID.format(10): {"name": "Survey", "result": json.dumps(SURVEY)}},
    "the object below the id": {ID.format(10): SURVEY},
    "JSON text below the id": {ID.format(10): json.dumps(SURVEY)},
    "flat": SURVEY,
    "flat and with ids": {"nps_score": 8, ID.format(10): {"name": "x", "result": SURVEY | {"nps_score": 3}}},
    "JSON text": json.dumps({ID.format(10): {"name": "Survey", "result": SURVEY}}),
    "a scalar for each question": {
        ID.format(10): {"name": "NPS Score", "result": 8},
        ID.format(11): {"name": "Overall feedback", "result": "Friendly."},
        ID.format(12): {"name": "What went well?", "result": ["Coffee"], "compliancePlan": None},
    },
    "results below their names": {
        "nps_score": {"result": 8},
        "Customer feedback": {"result": "Friendly."},
        "positives": {"result": ["Coffee"]},
    },
    "a list": [
        {"name": "NPS-Score", "result": "8"},
        {"name": "OVERALL_FEEDBACK", "result": "Friendly."},
        {"name": "positives", "result": "Coffee"},
    ],
    "a list of an object": [{"id": ID.format(10), "name": "Survey", "result": SURVEY}],
    "a list without names": [{"result": SURVEY}],
    "objects that answer one question": {
        ID.format(10): {"name": "NPS Score", "result": {"score": 8, "reason": "said eight"}},
        ID.format(11): {"name": "Overall Feedback", "result": {"overall_feedback": "Friendly."}},
        ID.format(12): {"name": "Positives", "result": {"list": ["Coffee"]}},
    },
}


@pytest.mark.parametrize("value", SHAPES_OF_OUTPUTS.values(), ids=SHAPES_OF_OUTPUTS)
def test_structured_outputs_in_any_shape(value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert content_of(outputs(value)) == (8, "Friendly.", "Coffee")
    assert outputs(value).has_answers


@pytest.mark.parametrize("name", ["structuredOutputs", "scorecards"])
@pytest.mark.parametrize("place", ["artifact", "analysis", "message", "call", "call.artifact", "call.analysis"])
def test_outputs_and_scorecards_are_found_in_every_place_that_may_have_them(place: str, name: str) -> None:
    fields: dict[str, Any] = {name: {ID.format(10): {"name": "NPS Score", "result": 8}}}
    for part in reversed(place.removeprefix("message").split(".")):
        fields = {part: fields} if part else fields
    assert read(**fields).nps_score == 8


@pytest.mark.parametrize("name", ["structuredData", "structuredDataMulti"])
@pytest.mark.parametrize("place", ["analysis", "artifact", "message", "call.analysis"])
def test_structured_data_is_found_in_every_place_that_may_have_it(place: str, name: str) -> None:
    fields: dict[str, Any] = {name: [SURVEY]}
    for part in reversed(place.removeprefix("message").split(".")):
        fields = {part: fields} if part else fields
    assert read(**fields).nps_score == 8


def test_an_object_that_is_there_hides_nothing_that_only_another_has() -> None:
    analysis = read(
        analysis={"structuredData": {}, "summary": ""},
        artifact={"structuredOutputs": {}},
        call={
            "analysis": {"structuredData": {"nps_score": 7}, "summary": "Fine."},
            "artifact": {"scorecards": {"a": 1}},
        },
    )
    assert (analysis.nps_score, analysis.summary) == (7, "Fine.")
    assert analysis.feedback is not None
    assert analysis.feedback.structured_data == {"nps_score": 7, "scorecards": {"a": 1}}


SOURCES: list[dict[str, Any]] = [
    {"analysis": {"structuredData": {"NPS": 1}}},
    {"artifact": {"structuredOutputs": {"a": {"name": "NPS Score", "result": 2}}}},
    {"artifact": {"structuredOutputs": {"b": {"name": "Survey", "result": {"nps_score": 3}}}}},
    {"analysis": {"structuredDataMulti": [{"nps_score": 4}]}},
    {"analysis": {"structuredDataMulti": [{}, {"nps_score": 5}]}},
    {"artifact": {"scorecards": {"c": {"name": "NPS", "score": 6, "scoreNormalized": 60}}}},
]
"""One question answered in every part of an analysis, best first."""


def _merged(one: Any, other: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _merged(one.get(key), other.get(key)) for key in one | other}
    if isinstance(one, list) and isinstance(other, list):
        return one + other
    return one if other is None else other


@pytest.mark.parametrize("best", range(len(SOURCES)))
def test_where_a_question_is_answered_twice_the_best_part_wins(best: int) -> None:
    fields: dict[str, Any] = {}
    for source in reversed(SOURCES[best:]):
        fields = _merged(source, fields)
    assert read(**fields).nps_score == best + 1


@pytest.mark.parametrize(
    "value",
    [
        {"b": {"name": "NPS", "result": 3}, "a": {"name": "NPS Score", "result": 8}},
        {"a": {"name": "Survey", "result": {"nps_score": 8}}, "b": {"name": "nps_score", "result": 3}},
        {"a": {"name": "NPS", "result": None}, "b": {"name": "NPS", "result": 8}, "c": {"name": "NPS", "result": 3}},
        [{"id": "b", "name": "NPS", "result": 3}, {"id": "a", "name": "NPS", "result": 8}],
        [{"name": "NPS", "result": 8}, {"id": "a", "name": "NPS", "result": 3}],
    ],
    ids=json.dumps,
)
def test_outputs_count_in_the_order_of_their_ids(value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert outputs(value).nps_score == 8


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"analysis": {"summary": "a"}, "summary": "b"}, "a"),
        ({"analysis": {"summary": " "}, "summary": "b"}, "b"),
        ({"analysis": {"summary": "UNKNOWN"}, "summary": ""}, "c"),
        ({"analysis": {"summary": ["x"]}}, "c"),
        ({"analysis": {"structuredData": {"Call Summary": "d"}}}, "d"),
    ],
)
def test_a_summary_that_is_an_output_is_the_calls_if_there_is_no_other(fields: dict[str, Any], expected: str) -> None:
    analysis = read(**fields, artifact={"structuredOutputs": {"a": {"name": "Call summary", "result": "c"}}})
    assert analysis.summary == expected
    assert analysis.feedback is not None
    assert analysis.feedback.content == expected


def test_an_operators_aliases_count() -> None:
    artifact = {"structuredOutputs": {"a": {"name": "Recommendation (0-10)", "result": 8}}}
    assert read(artifact=artifact).nps_score is None
    assert read("nps_score=recommendation 0 10", artifact=artifact).nps_score == 8


def test_the_customers_own_objects_beside_our_fields_are_not_looked_into() -> None:
    data = {
        "overall_feedback": "Fine.",
        "previous_visit": {"nps_score": 2, "positives": ["Price"]},
        "vehicle": {"summary": "van"},
    }
    analysis = read(analysis={"structuredData": data})
    assert (analysis.nps_score, analysis.summary) == (None, None)
    assert content_of(analysis) == (None, "Fine.", None)


def test_a_customer_called_like_a_result_stays_an_answer() -> None:
    analysis = read(analysis={"structuredData": {"name": "Odette Example", "result": "done", "nps_score": 8}})
    assert analysis.nps_score == 8


def test_all_that_was_given_is_kept() -> None:
    given = {"structuredOutputs": {"a": {"name": "Sentiment", "result": "calm"}}, "scorecards": {"b": {"score": 3}}}
    data = {"nps_score": 2, "own": {"deep": [1]}}
    analysis = read(
        analysis={"structuredData": data, "structuredDataMulti": [{"c": 1}], "successEvaluation": "true"},
        artifact=given,
    )
    assert analysis.feedback is not None
    assert analysis.feedback.structured_data == {
        **data,
        **given,
        "structuredDataMulti": [{"c": 1}],
        "successEvaluation": "true",
    }


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"structuredData": [{"a": 1}]}, {"structuredData": [{"a": 1}]}),
        ({"structuredData": '{"a": 1}'}, {"a": 1}),
        ({"structuredData": "The customer smiled."}, {"structuredData": "The customer smiled."}),
        ({"structuredDataMulti": {"x": {"a": 1}}}, {"structuredDataMulti": {"x": {"a": 1}}}),
    ],
    ids=json.dumps,
)
def test_what_is_no_object_of_answers_is_kept_under_vapis_name(fields: dict[str, Any], kept: dict[str, Any]) -> None:
    feedback = read(analysis=fields).feedback
    assert feedback is not None
    assert (feedback.structured_data, feedback.content) == (kept, NO_COMMENT)


@pytest.mark.parametrize("evaluation", [True, 8.5, "Good", {"criteria": "met"}])
def test_a_success_evaluation_is_kept_beside_other_answers_and_alone_is_no_feedback(evaluation: Any) -> None:  # noqa: ANN401 - any JSON value
    feedback = read(analysis={"successEvaluation": evaluation, "structuredData": SURVEY}).feedback
    assert feedback is not None
    assert feedback.structured_data == {**SURVEY, "successEvaluation": evaluation}
    assert read(analysis={"successEvaluation": evaluation}) == Analysis(None, None, None, None, has_answers=False)


@pytest.mark.parametrize("nothing", [None, {}, [], "", " ", "UNKNOWN", "{}", "[]", 5, True])
@pytest.mark.parametrize("name", ["structuredData", "structuredDataMulti"])
def test_without_anything_there_is_no_feedback(name: str, nothing: Any) -> None:  # noqa: ANN401 - any JSON value
    assert read(analysis={name: nothing}, artifact={"structuredOutputs": nothing}).feedback is None


@pytest.mark.parametrize(
    "fields",
    [
        {"analysis": {"structuredData": {"nps_score": -1, "overall_feedback": "UNKNOWN", "positives": []}}},
        {"artifact": {"structuredOutputs": {"a": {"name": "NPS Score", "result": None}}}},
        {
            "artifact": {
                "structuredOutputs": {"a": {"name": "NPS Score", "result": -1}, "b": {"name": "Mood", "result": ""}}
            }
        },
        {"artifact": {"structuredOutputs": {"a": {"name": "Survey", "result": {"nps_score": -1, "mood": []}}}}},
        {"analysis": {"structuredDataMulti": [{"assistant": "Piper", "data": {"nps_score": "-1"}}]}},
        {"artifact": {"scorecards": {"a": {"name": "Quality", "score": None}}}},
        {"analysis": {"summary": "Nobody answered.", "successEvaluation": "false"}},
    ],
    ids=json.dumps,
)
def test_a_report_whose_analysis_says_nothing_has_no_answers(fields: dict[str, Any]) -> None:
    assert not read(**fields).has_answers


@pytest.mark.parametrize(
    "fields",
    [
        {"analysis": {"structuredData": {"mood": "calm"}}},
        {"artifact": {"structuredOutputs": {"a": {"name": "Mood", "result": True}}}},
        {"artifact": {"scorecards": {"a": {"name": "Quality", "score": 0}}}},
        {"analysis": {"structuredDataMulti": [{"vehicle": {"make": "van"}}]}},
    ],
    ids=json.dumps,
)
def test_any_other_value_is_an_answer(fields: dict[str, Any]) -> None:
    assert read(**fields).has_answers


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["{}", "[1]", "NPS"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "result", "data", "key", "id", "nps_score", "summary", "positives", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON, JSON, JSON)
def test_any_analysis_is_read(data: Any, multi: Any, structured: Any, scorecards: Any) -> None:  # noqa: ANN401 - any JSON value
    analysis = read(
        analysis={"structuredData": data, "structuredDataMulti": multi},
        artifact={"structuredOutputs": structured, "scorecards": scorecards},
    )
    assert analysis.nps_score is None or 0 <= analysis.nps_score <= 10
    assert analysis.feedback is None or analysis.feedback.content.strip()
    if analysis.feedback is not None:
        json.dumps(analysis.feedback.structured_data, allow_nan=False)
