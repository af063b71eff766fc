import uuid

import pytest

from autopulse.observability import loggable_id


@pytest.mark.parametrize(
    "id_",
    [
        None,
        "0197f9d4-0000-4000-8000-000000000001",
        str(uuid.UUID(int=0)).upper(),
        "0123456789" * 6 + "abcd",
        "call_1",
        "a.b:c-D",
    ],
)
def test_an_id_that_says_nothing_of_anybody_is_logged_as_it_is(id_: str | None) -> None:
    assert loggable_id(id_) == id_


@pytest.mark.parametrize(
    ("id_", "logged"),
    [
        ("+12025550147", "?###########"),
        ("call-202-555-0147", "call-###-###-####"),
        ("Canaria Fictiva", "Canaria?Fictiva"),
        ("a\u2028b\x9bc\x1b[31m\x00\u202e", "a?b?c?31m?"),
        ("\u0661\u0662", "?"),
        ("x" * 1000, "x" * 100),
        ("0197f9d4-0000-4000-8000-000000000001 and more", "####f#d#-####-####-####-############?and?more"),
    ],
)
def test_an_id_that_a_sender_chose_has_no_number_and_nothing_unprintable(id_: str, logged: str) -> None:
    assert loggable_id(id_) == logged
