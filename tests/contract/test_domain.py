"""The domain has our words only: no name of a field of Vapi's JSON, none of its words for how a call ends."""

import ast
import re
from pathlib import Path

import pytest

from tests.contract.stack import ROOT

DOMAIN = sorted((ROOT / "shared/autopulse/domain").glob("*.py"))
FOREIGN = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+|(?:customer|assistant|call|pipeline|silence)[-.][a-z.-]+")
"""`endedReason`, `customer-ended-call`, `call.in-progress.error`."""


def _foreign_in(module: Path) -> list[str]:
    texts = (node.value for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Constant))
    return [text for text in texts if isinstance(text, str) and FOREIGN.fullmatch(text)]


@pytest.mark.parametrize("module", DOMAIN, ids=lambda file: file.stem)
def test_no_text_in_the_domain_is_a_name_of_vapis(module: Path) -> None:
    assert _foreign_in(module) == []


def test_the_words_that_are_looked_for_are_those_of_vapis_package() -> None:
    found = {text for file in (ROOT / "shared/autopulse/vapi").glob("*.py") for text in _foreign_in(file)}
    assert {"endedReason", "structuredOutputs", "call.ended"} <= found
