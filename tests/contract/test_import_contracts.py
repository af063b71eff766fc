"""The contracts of import-linter are about every package that there is, also those that are yet to come."""

import tomllib
from typing import Any

from tests.contract.stack import ROOT

CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
PACKAGES = {
    f"autopulse.{path.stem}"
    for path in (ROOT / "shared/autopulse").iterdir()
    if path.suffix == ".py" or (path / "__init__.py").is_file()
} - {"autopulse.__init__"}


def test_every_package_but_db_is_kept_from_sqlalchemy() -> None:
    kept = [
        set(contract["source_modules"])
        for contract in CONTRACTS
        if {"sqlalchemy", "pg8000", "alembic"} == set(contract.get("forbidden_modules", ()))
    ]
    assert set().union(*kept) == PACKAGES - {"autopulse.db"}


def test_every_package_of_several_modules_has_its_layer() -> None:
    (layers,) = [contract["layers"] for contract in CONTRACTS if contract["type"] == "layers"]
    named = {name.strip() for layer in layers for name in layer.split("|")}
    packages = {name for name in PACKAGES if (ROOT / "shared" / name.replace(".", "/")).is_dir()}
    assert packages <= named
