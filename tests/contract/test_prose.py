"""Documents can be read and diffed: one sentence a line, at most 120 columns, one heading structure, one vocabulary."""

import itertools
import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.contract.stack import ROOT

COLUMNS: Final = 120
README_LINES: Final = 150
DOCUMENTS: Final = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
_NAMES: Final = [str(file.relative_to(ROOT)) for file in DOCUMENTS]
_NO_PROSE: Final = re.compile(r"```.*?```|`[^`]*`|\([^()]*\)|\"[^\"]*\"|\[[^\]]*\]", re.DOTALL)
_NEXT_SENTENCE: Final = re.compile(r"[a-z]{3}[.!?] +[A-Z]")


def _prose(file: Path) -> list[tuple[int, str]]:
    """Number and text of each line outside of code blocks."""
    lines, in_code = [], False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code:
            lines.append((number, line))
    return lines


@pytest.mark.parametrize("file", DOCUMENTS, ids=_NAMES)
def test_no_line_of_a_document_is_wider_than_120_columns(file: Path) -> None:
    """Two things cannot be broken: a command in backquotes, and a row of the bill, whose columns a test adds up."""
    wide = [(number, line) for number, line in _prose(file) if len(line) > COLUMNS]
    breakable = [(number, line) for number, line in wide if not (file.name == "cost.md" and line.startswith("|"))]
    assert [number for number, line in breakable if len(re.sub(r"`[^`]*`", "", line)) == len(line)] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=_NAMES)
def test_each_sentence_of_a_document_has_a_line_of_its_own(file: Path) -> None:
    lines = [(number, line) for number, line in _prose(file) if not line.startswith(("|", "#"))]
    assert [number for number, line in lines if _NEXT_SENTENCE.search(_NO_PROSE.sub("", line))] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=_NAMES)
def test_a_document_has_one_title_and_skips_no_heading_level(file: Path) -> None:
    levels = [len(line.split(" ")[0]) for _, line in _prose(file) if re.match(r"#+ ", line)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))


def test_the_readme_fits_150_lines() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


def test_the_vocabulary_has_one_meaning_for_each_word() -> None:
    rows = re.findall(r"^\| ([a-zA-Z ]+) \| ", (ROOT / "docs/vocabulary.md").read_text(), re.MULTILINE)
    words = [row for row in rows if row != "Word"]
    assert [word for word, count in Counter(words).items() if count > 1] == []
