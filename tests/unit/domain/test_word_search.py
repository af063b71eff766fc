import re

import pytest

from autopulse.domain.bounds import ELLIPSIS
from autopulse.domain.word_search import MAX_ASKED_WORDS, SNIPPET_CHARACTERS, Search, read_search, snippet_of


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("coffee", Search(("coffee",))),
        ("the one with the Coffee", Search(("one", "coffee"))),
        ("the", Search(("the",))),
        ('"forty minutes"', Search((), (("forty", "minutes"),))),
        ('coffee "forty minutes', Search(("coffee",), (("forty", "minutes"),))),
        ("coffee & !tea | (x):*", Search(("coffee", "tea", "x"))),
        ("coffee coffee", Search(("coffee",))),
    ],
)
def test_what_is_typed_is_words_and_phrases_and_no_operator(text: str, search: Search) -> None:
    assert read_search(text) == search


def test_of_a_long_question_the_first_words_count() -> None:
    assert len(read_search(" ".join(f"w{place}" for place in range(50))).beginnings) == MAX_ASKED_WORDS


@pytest.mark.parametrize(
    ("search", "text", "hits"),
    [
        ("cof", "Coffee and COFFEE, no toffee", ["Cof", "COF"]),
        ("cafe", "Le Café", ["Café"]),
        ('"forty minutes"', "Forty  minutes, forty-minutes; forty minutesx", ["Forty minutes", "forty-minutes"]),
        ("nothing", "Coffee", []),
        ("o'brien", "O\u2019Brien", ["O", "Brien"]),
    ],
)
def test_each_hit_is_marked_where_it_is(search: str, text: str, hits: list[str]) -> None:
    snippet = snippet_of(text, read_search(search).pattern)
    assert [snippet.text[start:end] for start, end in snippet.marks] == hits


def test_a_snippet_begins_shortly_before_the_hit_at_a_word() -> None:
    text = "before " * 100 + "coffee " + "after " * 100
    snippet = snippet_of(text, read_search("coffee").pattern)
    assert re.fullmatch(rf"{ELLIPSIS}(before )+coffee (after )+\w*{ELLIPSIS}", snippet.text)
    assert len(snippet.text) <= SNIPPET_CHARACTERS + 2
    ((start, end),) = snippet.marks
    assert snippet.text[start:end] == "coffee"
    assert start <= 51
