"""What the analysis says (docs/call-state.md 7)."""

from typing import Any

import pytest

from autopulse.domain.feedback import NO_COMMENT, Analysis, Feedback, given_text, read_analysis


def feedback_of(data: Any, outputs: Any = None, summary: str | None = None) -> Feedback:  # noqa: ANN401 - any JSON value
    feedback = read_analysis(data, outputs, summary).feedback
    assert feedback is not None
    return feedback


@pytest.mark.parametrize("data", [None, {}, [], "text", 5])
@pytest.mark.parametrize("outputs", [None, {}, [], "text"])
def test_without_any_data_there_is_no_feedback(data: Any, outputs: Any) -> None:  # noqa: ANN401 - any JSON value
    assert read_analysis(data, outputs, "A summary alone is none.") == Analysis(None, None, None)


def test_the_real_shape() -> None:
    data = {
        "nps_score": 10,
        "nps_validated": True,
        "overall_feedback": "I'll give it a ten.",
        "positives": ["Quick", "Clean"],
        "detractors": [],
        "action_items": ["Call back"],
    }
    assert read_analysis(data, None, "All well.") == Analysis(
        10, None, Feedback("I'll give it a ten.", None, "Quick\nClean", "Call back", data)
    )


def test_the_simple_shape() -> None:
    data = {
        "nps_score": "8",
        "overall_feedback": "Fine",
        "detractors": "Waiting",
        "positives": "Price",
        "action_items": "",
    }
    assert read_analysis(data, None, None) == Analysis(8, None, Feedback("Fine", "Waiting", "Price", None, data))


@pytest.mark.parametrize("absent", [None, "", "  ", "UNKNOWN", "unknown", " Unknown ", [], ["UNKNOWN", ""], 5, {}])
@pytest.mark.parametrize(
    ("summary", "expected"),
    [("It went well.", "It went well."), (None, NO_COMMENT), ("UNKNOWN", NO_COMMENT), (" ", NO_COMMENT)],
)
def test_without_words_the_content_is_the_summary(absent: Any, summary: str | None, expected: str) -> None:  # noqa: ANN401 - any JSON value
    assert feedback_of({"overall_feedback": absent, "nps_score": -1}, None, summary).content == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", "b"], "a\nb"),
        (["a", "", "UNKNOWN", None, "b"], "a\nb"),
        ([1, {"x": "y"}], '1\n{"x":"y"}'),
        ("  as it is ", "  as it is "),
        ([], None),
        (7, None),
        (True, None),
    ],
)
def test_lists_become_lines(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    feedback = feedback_of({"positives": value, "detractors": value, "action_items": value})
    assert (feedback.positives, feedback.detractors, feedback.action_items) == (expected,) * 3


def test_outputs_alone() -> None:
    outputs = {
        "id-2": {"name": "positives", "result": ["Quick"]},
        "id-1": {"name": "Any Object", "result": {"overall_feedback": "Good", "nps_score": 3}},
        "id-3": {"name": "nps_score", "result": 9},
        "id-4": {"name": "Something Else", "result": "ignored"},
        "id-5": {"name": "detractors", "result": None},
        "id-6": "broken",
    }
    analysis = read_analysis(None, outputs, None)
    assert analysis.nps_score == 9
    assert analysis.feedback == Feedback("Good", None, "Quick", None, {"structuredOutputs": outputs})


@pytest.mark.parametrize(
    ("said", "expected"),
    [({"nps_score": 2}, 2), ({"nps_score": 0}, 0), ({"nps_score": None}, 9), ({"nps_score": "?"}, 9), ({"x": 1}, 9)],
)
def test_structured_data_wins_where_it_says_something(said: dict[str, Any], expected: int) -> None:
    outputs = {"id": {"name": "nps_score", "result": 9}}
    assert read_analysis(said, outputs, None).nps_score == expected


@pytest.mark.parametrize("absent", ["UNKNOWN", "", None, []])
def test_an_output_speaks_where_structured_data_does_not(absent: Any) -> None:  # noqa: ANN401 - any JSON value
    outputs = {"id": {"name": "Survey", "result": {"overall_feedback": "Good", "positives": "Quick"}}}
    feedback = feedback_of({"overall_feedback": absent, "positives": absent}, outputs)
    assert (feedback.content, feedback.positives) == ("Good", "Quick")


def test_the_json_column_keeps_both() -> None:
    data, outputs = {"nps_score": 2, "own": {"deep": [1]}}, {"id": {"name": "nps_score", "result": 9}}
    assert feedback_of(data, outputs).structured_data == {**data, "structuredOutputs": outputs}
    assert feedback_of(data).structured_data == data


@pytest.mark.parametrize(
    ("value", "expected"), [("Recall", "Recall"), ("UNKNOWN", None), (["a", "b"], "a\nb"), (3, None)]
)
def test_call_reason(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert read_analysis({"call_reason": value}, None, None).call_reason == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(" x ", " x "), ("UNKNOWN", None), ("unknown parts", "unknown parts"), (1, None)]
)
def test_given_text(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert given_text(value) == expected
