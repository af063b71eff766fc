import pytest

from autopulse.domain.words import MAX_WORD_CHARACTERS, MAX_WORDS, fold, words_of


@pytest.mark.parametrize(
    ("text", "folded"), [("Coffee", "coffee"), ("Sébastien", "sebastien"), ("Señora", "senora"), ("e\u0301TÉ", "ete")]
)
def test_upper_case_and_accents_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_words_are_letters_and_digits_without_those_that_mean_nothing() -> None:
    assert words_of(["The Café's F-150, and_so on: 3/4?", None, ""]) == {"cafe", "f", "150", "3", "4"}


def test_no_more_and_no_longer_words_are_kept_than_a_document_takes() -> None:
    many = " ".join(f"word{place:05}" for place in range(MAX_WORDS + 100))
    assert len(words_of([many])) == MAX_WORDS
    assert words_of(["x" * 1000]) == {"x" * MAX_WORD_CHARACTERS}
