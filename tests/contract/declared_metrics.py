"""The metrics of the code, with their dimensions as `observability.py` declares them."""

import ast
import re
from functools import cache

from tests.contract.stack import ROOT


@cache
def declared_dimensions() -> dict[str, frozenset[str]]:
    """Metric -> its dimensions besides `service`, as the docstring under each name in observability.py gives them."""
    tree = ast.parse((ROOT / "shared/autopulse/observability.py").read_text())
    (declaration,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Metric"]
    declared = {}
    for name, text in zip(declaration.body[1:], declaration.body[2:], strict=False):
        if isinstance(name, ast.Assign) and isinstance(text, ast.Expr):
            heading = ast.literal_eval(text.value).split(":")[0].split(", at")[0]
            declared[ast.literal_eval(name.value)] = frozenset(re.findall(r"`(\w+)`", heading))
    return declared
