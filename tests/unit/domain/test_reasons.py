"""The default categories can be found: their keywords are written as texts are when they are looked for."""

import re

import pytest

from autopulse.domain.reasons import DEFAULTS, MAX_KEY_CHARACTERS, OTHER, OTHER_LABEL, Category, label_of


@pytest.mark.parametrize("category", DEFAULTS, ids=lambda category: category.key)
def test_a_category_can_be_asked_for_and_its_keywords_are_folded(category: Category) -> None:
    assert re.fullmatch(rf"[a-z_]{{1,{MAX_KEY_CHARACTERS}}}", category.key)
    assert [word for word in category.keywords if not re.fullmatch(r"[a-z0-9]+( [a-z0-9]+)*\*?", word)] == []
    assert len(set(category.keywords)) == len(category.keywords)


def test_keys_and_labels_are_different() -> None:
    assert len({one.key for one in DEFAULTS} | {OTHER}) == len(DEFAULTS) + 1
    assert len({label_of(one.key) for one in DEFAULTS} | {OTHER_LABEL}) == len(DEFAULTS) + 1


def test_a_key_that_nobody_knows_is_called_something_else() -> None:
    assert label_of("nobody_s") == OTHER_LABEL
