"""Check what is taken from the sheets of an analysis (docs/call-state.md 7)."""

from typing import Any

import pytest

from autopulse.domain.answers import answer_names
from autopulse.domain.feedback import NO_COMMENT, Analysis, Feedback, given_text, parsed, read_sheets, says_something

NAMES = answer_names()
GIVEN = {"x": "y"}


def read(*sheets: dict[str, Any], summaries: tuple[Any, ...] = (), given: dict[str, Any] | None = None) -> Analysis:
    parts = [list(sheet.items()) for sheet in sheets]
    return read_sheets(parts, summaries, GIVEN if given is None else given, NAMES)


def feedback_of(*sheets: dict[str, Any], summaries: tuple[Any, ...] = ()) -> Feedback:
    feedback = read(*sheets, summaries=summaries).feedback
    assert feedback is not None
    return feedback


def test_of_nothing_there_is_no_feedback_even_with_a_summary() -> None:
    assert read(summaries=("A summary alone is none.",), given={}) == Analysis(
        None, None, "A summary alone is none.", None, has_answers=False
    )


def test_every_field() -> None:
    answers = {
        "nps_score": 10,
        "nps_validated": True,
        "overall_feedback": "I'll give it a ten.",
        "positives": ["Quick", "Clean"],
        "detractors": [],
        "action_items": ["Call back"],
        "call_reason": "Recall",
        "summary": "All well.",
    }
    assert read(answers) == Analysis(
        10,
        "Recall",
        "All well.",
        Feedback("I'll give it a ten.", None, "Quick\nClean", "Call back", GIVEN),
        has_answers=True,
    )


@pytest.mark.parametrize("absent", [None, "", "  ", "UNKNOWN", "unknown", " Unknown ", [], ["UNKNOWN", ""], 5, {}])
@pytest.mark.parametrize(
    ("summary", "expected"),
    [("It went well.", "It went well."), (None, NO_COMMENT), ("UNKNOWN", NO_COMMENT), (" ", NO_COMMENT)],
)
def test_without_words_the_content_is_the_summary(absent: Any, summary: str | None, expected: str) -> None:  # noqa: ANN401 - any JSON value
    assert feedback_of({"overall_feedback": absent, "nps_score": -1}, summaries=(summary,)).content == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", "b"], "a\nb"),
        (["a", "", "UNKNOWN", None, "b"], "a\nb"),
        ([1, {"x": "y"}], '1\n{"x":"y"}'),
        ('["a", "b"]', "a\nb"),
        ("[inaudible] fine", "[inaudible] fine"),
        ("  as it is ", "  as it is "),
        ([], None),
        (7, None),
        (True, None),
    ],
)
def test_lists_become_lines(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    feedback = feedback_of({"positives": value, "detractors": value, "action_items": value})
    assert (feedback.positives, feedback.detractors, feedback.action_items) == (expected,) * 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((0, 0), (10, 10), (8.0, 8), ("9", 9), (" 9.0 ", 9), ("9/10", 9), ("9 out of 10", 9), ("10 of 10", 10)),
        *((-1, None), (11, None), (8.5, None), (True, None), ("11/10", None), ("90/100", None), ("nine", None)),
        *(("9 out of 100", None), ("4/5", None), ([9], None), (None, None)),
    ],
)
def test_a_score(value: Any, expected: int | None) -> None:  # noqa: ANN401 - any JSON value
    assert read({"nps_score": value}).nps_score == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [({"nps_score": 2}, 2), ({"nps_score": 0}, 0), ({"nps_score": -1}, 9), ({"nps_score": "?"}, 9), ({"x": 1}, 9)],
)
def test_the_first_sheet_wins_where_it_says_something(said: dict[str, Any], expected: int) -> None:
    assert read(said, {"NPS": 9}, {"nps_score": 5}).nps_score == expected


@pytest.mark.parametrize("absent", ["UNKNOWN", "", None, []])
def test_the_next_sheet_speaks_where_the_first_does_not(absent: Any) -> None:  # noqa: ANN401 - any JSON value
    feedback = feedback_of(
        {"overall_feedback": absent, "positives": absent}, {"Overall Feedback": "Good", "What went well?": "Quick"}
    )
    assert (feedback.content, feedback.positives) == ("Good", "Quick")


@pytest.mark.parametrize(
    "sheet",
    [
        {"nps_score": 9, "NPS": 3, "Net Promoter Score": 4},
        {"Net Promoter Score": 4, "NPS": 3, "NPS-Score": 9},
        {"nps_score": None, "Net Promoter Score": 4, "NPS": 9},
    ],
)
def test_within_a_sheet_the_fields_own_name_counts_then_its_aliases_as_listed(sheet: dict[str, Any]) -> None:
    assert read(sheet).nps_score == 9


@pytest.mark.parametrize(
    ("summaries", "sheets", "expected"),
    [
        (("a", "b"), [{"summary": "c"}], "a"),
        ((None, "b"), [{"summary": "c"}], "b"),
        ((" ", "UNKNOWN"), [{"summary": "c"}], "c"),
        ((5, None), [{"Call Summary": ""}, {"Summary of the call": "d"}], "d"),
        ((), [{}], None),
    ],
)
def test_a_summary(summaries: tuple[Any, ...], sheets: list[dict[str, Any]], expected: str | None) -> None:
    assert read(*sheets, summaries=summaries).summary == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("Recall", "Recall"), ("UNKNOWN", None), (["a", "b"], "a\nb"), (3, None)]
)
def test_call_reason(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert read({"Reason for the call": value}).call_reason == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        *(
            ({}, False),
            ({"nps_score": -1}, False),
            ({"NPS": "-1"}, False),
            ({"a": None, "b": " ", "c": "unknown"}, False),
        ),
        *(({"a": []}, False), ({"a": {}}, False), ({"a": [None, "", {}]}, False), ({"a": {"nps_score": -1}}, False)),
        *(({"a": '{"nps_score": -1}'}, False), ({"a": "[]"}, False), ({"nps_score": [-1]}, False)),
        *(({"nps_score": 0}, True), ({"nps_score": 12}, True), ({"temperature": -1}, True), ({"a": 0}, True)),
        *(
            ({"a": False}, False),
            ({"a": True}, True),
            ({"a": [None, "x"]}, True),
            ({"a": {"b": {"c": "x"}}}, True),
            ({"a": "-"}, True),
        ),
    ],
)
def test_whether_anything_is_said(answers: dict[str, Any], expected: bool) -> None:
    assert read(answers).has_answers is expected
    assert any(says_something(name, value, NAMES) for name, value in answers.items()) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [(" x ", " x "), ("UNKNOWN", None), ("unknown parts", "unknown parts"), (1, None)]
)
def test_given_text(value: Any, expected: str | None) -> None:  # noqa: ANN401 - any JSON value
    assert given_text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(('{"a": 1}', {"a": 1}), (' [1, "b"]\n', [1, "b"]), ("{a}", "{a}"), ("text", "text"), ('"text"', '"text"')),
        *((5, 5), (None, None), ({"a": 1}, {"a": 1}), ("[" * 100_000, "[" * 100_000)),
        *((r'{"a": "b\u0000c\ud800", "d": NaN}', {"a": "bc\ufffd", "d": None}), ("[" + "9" * 5000 + "]",) * 2),
    ],
)
def test_json_text(value: Any, expected: Any) -> None:  # noqa: ANN401 - any JSON value
    assert parsed(value) == expected
