"""A value that nobody knows, in the log: a program's word stays as it is, and nothing that identifies is shown."""

import pytest

from autopulse.vapi.drift import MAX_CHARACTERS, MAX_KEPT, MAX_VALUES, Named, UnknownValue, What, printable


@pytest.mark.parametrize("value", ["endedReason", "assistant.speechStarted", 'transcript[transcriptType="final"]'])
def test_a_word_of_a_program_is_shown_as_it_is(value: str) -> None:
    assert printable(value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("call me at +1 202-555-0147", "call me at +# ###-###-####"),
        ("2025550147", "#"),
        ("x-1-2-0-2-5-5-5", "x-#-#-#-#-#-#-#"),
        ("Bl\u00fcmchen\u2028\nnew", "Bl?mchen?new"),
        ("a" * 5_000, "a" * MAX_CHARACTERS),
        ("\x00\ud800", "?"),
    ],
)
def test_what_a_sender_hides_in_a_word_is_not_shown(value: str, shown: str) -> None:
    assert printable(value) == shown


def _fields(*names: str) -> list[UnknownValue]:
    return [UnknownValue(What.FIELD, name) for name in names]


def test_a_message_names_only_so_many_values() -> None:
    assert len(Named().choose(_fields(*(f"field-{letter}" for letter in "abcdefghijklmnop")))) == MAX_VALUES


def test_a_container_names_only_so_many_different_values_and_those_again() -> None:
    named = Named()
    words = [f"{first}{second}" for first in "abcdefghijkl" for second in "abcdefghijkl"]
    chosen = [word for word in words if named.choose(_fields(word))]
    assert chosen == words[:MAX_KEPT]
    assert named.choose(_fields("aa")) == _fields("aa")
    assert named.choose(_fields("new")) == []


def test_values_that_look_alike_are_named_once() -> None:
    assert Named().choose(_fields("2025550147", "2025550148")) == _fields("#")
