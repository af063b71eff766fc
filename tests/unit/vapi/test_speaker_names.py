"""Check what a report says that its speakers are called (docs/call-state.md 5)."""

from typing import Any

import pytest

from autopulse.vapi.speaker_names import MAX_NAMES, speaker_names_of
from autopulse.vapi.speakers import SpeakerNames

TEXT = "Piper: Hello.\nOdette: Hello.\n"
PLAN = {"artifactPlan": {"transcriptPlan": {"assistantName": "Piper", "userName": "Odette"}}}
NAMED = [
    {"assistant": {"name": "Piper"}, "customer": {"name": "Odette Example"}},
    {"call": {"assistant": {"name": "Piper"}, "customer": {"name": "Odette Example"}}},
    {"assistant": PLAN},
    {"call": PLAN},
    {"call": {"assistant": PLAN}},
    {"call": {"assistantOverrides": PLAN}},
    {"call": {"squadOverrides": PLAN}},
    {"call": {"squadOverrides": {"membersOverrides": PLAN}}},
    {"call": {"squad": {"membersOverrides": PLAN}}},
    {"squad": {"members": [{}, {"assistant": PLAN}]}},
    {"call": {"squad": {"members": [{"assistantOverrides": PLAN}]}}},
    {
        "artifact": {"assistantActivations": [{"assistantName": "Robin"}, {"assistantName": "Piper"}]},
        "call": {"assistantOverrides": {"variableValues": {"customer_name": "Odette Example"}}},
    },
]


@pytest.mark.parametrize("message", NAMED, ids=str)
def test_names_are_found_wherever_a_call_may_give_them(message: dict[str, Any]) -> None:
    names = speaker_names_of(message, TEXT)
    assert list(names.assistant) == ["Piper"]
    assert list(names.customer) in (["Odette"], ["Odette Example"])


def test_names_that_are_no_labels_of_the_text_are_left_out() -> None:
    message = {"assistant": {"name": "Robin"}, "customer": {"name": "Somebody Else"}, "call": PLAN}
    assert speaker_names_of(message, TEXT) == SpeakerNames(["Piper"], ["Odette"])
    assert speaker_names_of(message, "AI: Hello.") == SpeakerNames([], [])


def test_the_calls_own_name_is_nobodys() -> None:
    assert speaker_names_of({"call": {"name": "Piper"}, "name": "Odette"}, TEXT) == SpeakerNames([], [])


@pytest.mark.parametrize(
    "wrong", [None, 5, "Piper", [], {}, {"name": 5}, {"name": " "}, {"name": "Piper" * 30}, [{"name": "Piper"}]]
)
def test_what_is_no_name_is_left_out(wrong: object) -> None:
    message = {
        "assistant": wrong,
        "customer": wrong,
        "squad": {"members": wrong},
        "artifact": {"assistantActivations": wrong},
    }
    assert speaker_names_of(message, TEXT) == SpeakerNames([], [])


def test_a_side_has_a_bounded_number_of_names() -> None:
    people = [f"Piper {number}" for number in range(100)]
    message = {"artifact": {"assistantActivations": [{"assistantName": name} for name in people]}}
    assert len(speaker_names_of(message, "\n".join(f"{name}: Hello." for name in people)).assistant) == MAX_NAMES
