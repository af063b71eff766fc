"""Check what the answers of an analysis may be called (docs/call-state.md 7, docs/vapi.md)."""

import re
from collections import Counter
from pathlib import Path

import pytest

from autopulse.domain.answers import ALIASES, FIELDS, answer_names, plain_name

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    "name",
    ["nps_score", "NPS Score", "nps-score", "npsScore", " NPS  SCORE ", "NPS_Score:", "N.P.S. (score)", "“NPS score”"],
)
def test_case_blanks_hyphens_underscores_and_punctuation_do_not_matter(name: str) -> None:
    assert answer_names()[plain_name(name)] == "nps_score"


@pytest.mark.parametrize("name", ["", "?", "score", "nps score 2", "csat", "customer name", "npss core x"])
def test_other_names_stand_for_nothing(name: str) -> None:
    assert plain_name(name) not in answer_names()


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_stands_for_itself_and_comes_before_its_aliases(field: str) -> None:
    of_field = [name for name, stands_for in answer_names().items() if stands_for == field]
    assert of_field == list(map(plain_name, (field, *ALIASES[field])))


def test_no_alias_stands_for_two_fields() -> None:
    plain = Counter(plain_name(name) for field in FIELDS for name in (field, *ALIASES[field]))
    assert [name for name, times in plain.items() if times > 1] == []


def test_an_operator_adds_aliases() -> None:
    names = answer_names(" nps_score = Likelihood to recommend, recommendation ;summary=recap; ")
    assert names["likelihoodtorecommend"] == names["recommendation"] == "nps_score"
    assert names["recap"] == "summary"
    assert names.items() >= answer_names().items()
    assert "recap" not in answer_names()


def test_an_alias_that_is_there_already_may_be_given() -> None:
    assert answer_names("nps_score=nps") == answer_names()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nps=likelihood", r'"nps=likelihood" is not field=alias,alias with one of the fields nps_score, .*summary'),
        ("recap", '"recap" is not field=alias'),
        ("summary=recap;x", '"x" is not field=alias'),
        ("summary=", '"" is no alias of summary: it has 1 to 100 characters'),
        ("summary=recap,,x", '"" is no alias of summary'),
        ("summary=?!", r'"\?!" is no alias of summary'),
        (f"summary={'x' * 101}", f'"{"x" * 100}" is no alias of summary'),
        ("summary=comments", '"comments" cannot stand for summary, it stands for overall_feedback'),
        ("summary=recap;positives=Recap", '"Recap" cannot stand for positives, it stands for summary'),
    ],
)
def test_aliases_that_cannot_be_used_are_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        answer_names(text)


def test_the_documented_list_is_the_list() -> None:
    items = re.findall(r"(?s)\n- `(\w+)`: (.*?)(?=\n- |\n\n)", (DOCS / "vapi.md").read_text())
    documented = {field: tuple(" ".join(names.split()).split(" · ")) for field, names in items if field in FIELDS}
    assert documented == ALIASES
