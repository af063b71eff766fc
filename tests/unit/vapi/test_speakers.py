"""Check who says what in a transcript's text (docs/call-state.md 5)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.vapi.speakers import NOBODY, SpeakerNames, names_in, split_speech

A, H = "assistant", "human"
PIPER = SpeakerNames(["Piper", "Robin of the Garage"], ["Odette Example"])

TEXTS: dict[str, tuple[str, SpeakerNames, list[tuple[str, str]]]] = {
    "the usual labels": ("AI: Hello.\nUser: Yes?\n", NOBODY, [(A, "Hello."), (H, "Yes?")]),
    "all of them, in any case": (
        "bot: a\nHUMAN: b\nAssistant:c\nCustomer : d",
        NOBODY,
        [(A, "a"), (H, "b"), (A, "c"), (H, "d")],
    ),
    "two unknown names, once each": ("Robin: Hello.\nCaller: Yes?", NOBODY, [(A, "Hello."), (H, "Yes?")]),
    "two unknown names, in turns": (
        "Robin: a\nGuest: b\nRobin: c\nGuest: d",
        NOBODY,
        [(A, "a"), (H, "b"), (A, "c"), (H, "d")],
    ),
    "small letters": ("robin: Hello.\nguest: Yes?", NOBODY, [(A, "Hello."), (H, "Yes?")]),
    "numbers": ("Speaker 1: a\nSpeaker 2: b\nSpeaker 1: c", NOBODY, [(A, "a"), (H, "b"), (A, "c")]),
    "several words and marks": ("Dr. O'Neil-Example: a\nAgent (Robin): b", NOBODY, [(A, "a"), (H, "b")]),
    "another script": ("机器人\uff1a你好\n客户\uff1a谢谢", NOBODY, [(A, "你好"), (H, "谢谢")]),
    "one speaker alone": ("Robin: Hello, this is Robin.", NOBODY, [(A, "Hello, this is Robin.")]),
    "an unknown name beside the assistant": ("AI: a\nGuest: b\nAI: c", NOBODY, [(A, "a"), (H, "b"), (A, "c")]),
    "an unknown name beside the customer": ("Guest: a\nUser: b\nGuest: c", NOBODY, [(A, "a"), (H, "b"), (A, "c")]),
    "unknown names of a squad": (
        "Robin: a\nUser: b\nPiper: c\nUser: d",
        NOBODY,
        [(A, "a"), (H, "b\nPiper: c"), (H, "d")],
    ),
    "unknown names of a squad, in turns": (
        "Robin: a\nUser: b\nRobin: c\nPiper: d\nUser: e\nPiper: f",
        NOBODY,
        [(A, "a"), (H, "b"), (A, "c"), (A, "d"), (H, "e"), (A, "f")],
    ),
    "three unknown names": (
        "Robin: a\nGuest: b\nPiper: c\nGuest: d\nPiper: e",
        NOBODY,
        [(A, "a"), (H, "b"), (A, "c"), (H, "d"), (A, "e")],
    ),
    "names that the call gives": ("Odette Example: a\nPiper: b", PIPER, [(H, "a"), (A, "b")]),
    "first names of those": ("ODETTE: a\nRobin: b\nPiper: c", PIPER, [(H, "a"), (A, "b"), (A, "c")]),
    "one name that the call gives": ("Guest: a\nPiper: b", PIPER, [(H, "a"), (A, "b")]),
    "a name of both sides": (
        "Robin: a\nOdette: b",
        SpeakerNames(["Robin"], ["Robin Example"]),
        [(A, "a"), (H, "b")],
    ),
    "no speaker": ("They talked of brakes.\nIt went well.", NOBODY, [(A, "They talked of brakes.\nIt went well.")]),
    "a label inside a line": ("He said AI: no", NOBODY, [(A, "He said AI: no")]),
    "words before the first label": ("Hello.\nUser: Yes?", NOBODY, [(A, "Hello."), (H, "Yes?")]),
    "notes instead of a talk": (
        "They talked.\nBrakes: fine.\nOil: low",
        NOBODY,
        [(A, "They talked.\nBrakes: fine.\nOil: low")],
    ),
    "a note alone": ("Note: nobody was there.", NOBODY, [(A, "Note: nobody was there.")]),
    "a note of the only speaker": ("Robin: Hello.\nNote: we record.", NOBODY, [(A, "Hello.\nNote: we record.")]),
    "a note between two speakers": (
        "Robin: Hello.\nNote: we record.\nGuest: Yes?",
        NOBODY,
        [(A, "Hello.\nNote: we record."), (H, "Yes?")],
    ),
    "a note that recurs": (
        "AI: a\nPrice: 9\nUser: b\nAI: c\nPrice: 8",
        NOBODY,
        [(A, "a\nPrice: 9"), (H, "b"), (A, "c\nPrice: 8")],
    ),
    "a label that recurs though both sides speak": (
        "AI: a\nBrakes: ok\nUser: b\nBrakes: ok",
        NOBODY,
        [(A, "a\nBrakes: ok"), (H, "b\nBrakes: ok")],
    ),
    "a URL": ("AI: See\nhttps://shop.example.com\nshop: x", NOBODY, [(A, "See\nhttps://shop.example.com"), (H, "x")]),
    "a time": (
        "Robin: When?\nGuest: Well,\n10:30 works\nAt 11:00 too",
        NOBODY,
        [(A, "When?"), (H, "Well,\n10:30 works\nAt 11:00 too")],
    ),
    "a phrase": ("Robin: Hello.\nas I said before: no", NOBODY, [(A, "Hello.\nas I said before: no")]),
    "empty turns": ("AI:\nUser: \nAI: a", NOBODY, [(A, ""), (H, ""), (A, "a")]),
    "nothing": ("", PIPER, []),
}


@pytest.mark.parametrize(("text", "names", "said"), TEXTS.values(), ids=TEXTS)
def test_a_text_is_told_apart(text: str, names: SpeakerNames, said: list[tuple[str, str]]) -> None:
    assert split_speech(text, names) == said


@pytest.mark.parametrize("newline", ["\r\n", "\n\n", "\n  "])
def test_lines_may_end_and_begin_otherwise(newline: str) -> None:
    assert split_speech(newline.join(["AI: a", "User: b", ""])) == [(A, "a"), (H, "b")]


def test_names_that_are_labels_of_a_text() -> None:
    text = "Piper: Hello.\nodette: I know Robin: he is nice."
    names = ["piper", "Odette Example", "Robin", "Tom", "", "{{name}}"]
    assert names_in(text, names) == ["piper", "Odette Example"]


LINES = st.lists(st.sampled_from(["AI: a", "Robin: b", "Guest: c", "Note: d", "e", "http://f", "User:", "10:30", " "]))


@given(LINES)
def test_nothing_that_was_said_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    said = " ".join(words for _, words in split_speech(text)).split()
    left_out = {"AI:", "Robin:", "Guest:", "User:"}
    assert [word for word in said if word not in left_out] == [word for word in text.split() if word not in left_out]


@given(st.text("aA:1/ \n\t(.'\uff1a", max_size=200))
def test_any_text_is_told_apart(text: str) -> None:
    assert all(role in {A, H} and words == words.strip() for role, words in split_speech(text, PIPER))


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "a " * 500_000, "a\n" * 500_000, "A: b\n" * 200_000, " " * 1_000_000]
)
def test_a_long_text_takes_linear_time(text: str) -> None:
    started = time.process_time()
    split_speech(text)
    assert time.process_time() - started < 4
