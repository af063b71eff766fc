"""No test puts something in the place of a private name: it hands in services, or replaces what is public."""

import ast
import re
from pathlib import Path

import pytest

from tests.contract.stack import ROOT

MODULES = sorted((ROOT / "tests").rglob("*.py"))
PRIVATE = re.compile(r"(?:.*\.)?_(?!_)\w+")
"""`_name`, `module._name`; not `__init__`, by which a class is made to note or delay what it does."""


def _replaced(module: Path) -> list[str]:
    """The names that calls of `monkeypatch.setattr` and its like replace."""
    calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    texts = [
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"setattr", "delattr", "patch", "object"}
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    return [text for text in texts if PRIVATE.fullmatch(text)]


@pytest.mark.parametrize("module", MODULES, ids=lambda file: str(file.relative_to(ROOT / "tests")))
def test_no_private_name_is_replaced(module: Path) -> None:
    assert _replaced(module) == []


def test_replacements_of_private_names_are_found(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(
        "patch.setattr(queue, '_sqs', 1)\nsetattr\npatch.setattr('a.b._c', 1)\npatch.setattr(a, 'b', 1)\n"
    )
    assert _replaced(sample) == ["_sqs", "a.b._c"]
