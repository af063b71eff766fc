"""Check what the layers ship, and that a layer for another target is found out before a deploy."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from layers.dependencies.check_target import MACHINES, main, problems
from operate import artifact
from tests.contract.stack import ROOT

TARGET = ("3.13", "aarch64-manylinux_2_28")


def _library(path: Path, processor: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + MACHINES[processor].to_bytes(2, "little"))


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A layer as the build leaves it, for TARGET."""
    (tmp_path / "target.json").write_text(json.dumps(dict(zip(("python", "platform"), TARGET, strict=True))))
    _library(tmp_path / "python/core/_core.cpython-313-aarch64-linux-gnu.so", "aarch64")
    _library(tmp_path / "python/core/_plain.abi3.so", "aarch64")
    bytecode = tmp_path / "python/core/__pycache__/core.cpython-313.pyc"
    bytecode.parent.mkdir()
    bytecode.touch()
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates/rds.pem").touch()
    return tmp_path


def test_the_right_layer_passes(layer: Path) -> None:
    assert list(problems(layer, *TARGET)) == []
    assert main([str(layer), *TARGET]) == 0


@pytest.mark.parametrize("record", [None, "", "[]", "{}", '{"python": "3.13"}', '{"python": "3.11", "platform": "x"}'])
def test_another_record_or_none_is_refused(layer: Path, record: str | None) -> None:
    (layer / "target.json").unlink()
    if record is not None:
        (layer / "target.json").write_text(record)
    assert main([str(layer), *TARGET]) == 1


@pytest.mark.parametrize("name", ["python/core/_core.cpython-311-aarch64-linux-gnu.so", "python/core/_plain2.abi3.so"])
def test_libraries_are_believed_more_than_the_record(layer: Path, name: str) -> None:
    _library(layer / name, "aarch64" if "cpython" in name else "x86_64")
    (problem,) = problems(layer, *TARGET)
    assert Path(name).name in problem


def test_bytecode_of_another_python_is_refused(layer: Path) -> None:
    (layer / "python/core/__pycache__/core.cpython-311.pyc").touch()
    (problem,) = problems(layer, *TARGET)
    assert "core.cpython-311.pyc" in problem


def test_a_file_that_is_no_library_is_refused(layer: Path) -> None:
    (layer / "python/core/_broken.abi3.so").write_bytes(b"")
    assert len(list(problems(layer, *TARGET))) == 1


def test_a_layer_that_cannot_verify_the_database_is_refused(layer: Path) -> None:
    (layer / "certificates/rds.pem").unlink()
    (problem,) = problems(layer, *TARGET)
    assert "certificates/rds.pem" in problem


def test_an_empty_layer_is_refused(tmp_path: Path) -> None:
    assert main([str(tmp_path), *TARGET]) == 1


def test_the_reason_is_said(layer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(layer), "3.13", "x86_64-manylinux_2_28"]) == 1
    said = capsys.readouterr().err
    assert "built for 3.13 aarch64-manylinux_2_28, not for 3.13 x86_64-manylinux_2_28" in said
    assert "2 files are not for x86_64-manylinux_2_28" in said


def test_the_shared_layer_ships_the_package_and_nothing_else(tmp_path: Path) -> None:
    # No such Python exists, so no bytecode is compiled and what is left is what was copied.
    variables = {**os.environ, "ARTIFACTS_DIR": str(tmp_path), "LAYER_PYTHON_VERSION": "3.99"}
    build = ["make", "--directory", str(ROOT / "shared"), "build-SharedLayer"]
    subprocess.run(build, env=variables, check=True, capture_output=True)  # noqa: S603 - the project's own Makefile
    shipped = {path.relative_to(tmp_path / "python") for path in tmp_path.rglob("*") if path.is_file()}
    package = ROOT / "shared/autopulse"
    written = {
        path.relative_to(ROOT / "shared")
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == written | {Path("autopulse/RELEASE")}


@pytest.mark.parametrize(("given", "written"), [({"RELEASE": "abc-1"}, "abc-1"), ({}, "development")])
def test_the_shared_layer_says_which_release_it_is(tmp_path: Path, given: dict[str, str], written: str) -> None:
    variables = {**os.environ, "ARTIFACTS_DIR": str(tmp_path), "LAYER_PYTHON_VERSION": "3.99", **given}
    build = ["make", "--directory", str(ROOT / "shared"), "build-SharedLayer"]
    subprocess.run(build, env=variables, check=True, capture_output=True)  # noqa: S603 - the project's own Makefile
    assert (tmp_path / "python/autopulse/RELEASE").read_text().strip() == written


@pytest.fixture(scope="module")
def built_twice(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Both layers, built for this Python in two folders, by shells that have nothing in common."""
    built = []
    for name, umask, own in (("one", "022", {"TZ": "UTC"}), ("the-other", "077", {"TZ": "Asia/Tokyo", "LC_ALL": "C"})):
        folder = tmp_path_factory.mktemp(name)
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        tools = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        variables = {**os.environ, "LAYER_PYTHON_VERSION": python, "PATH": tools, "PYTHONHASHSEED": umask, **own}
        for layer, source in (("DependenciesLayer", "layers/dependencies"), ("SharedLayer", "shared")):
            shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
            command = f'umask {umask} && exec make --directory "$0" build-{layer}'
            subprocess.run(  # noqa: S603 - the project's own Makefiles
                ["/bin/sh", "-c", command, str(folder / source)],
                env=variables | {"ARTIFACTS_DIR": str(folder / layer)},
                check=True,
                capture_output=True,
            )
        built.append(folder)
    return built


@pytest.mark.parametrize("layer", ["DependenciesLayer", "SharedLayer"])
def test_two_builds_of_one_commit_are_the_same_bytes(built_twice: list[Path], layer: str) -> None:
    one, other = (artifact.digests(folder / layer) for folder in built_twice)
    assert len([name for name in one if name.endswith(".pyc")]) > 10, "bytecode is in it"
    assert [name for name in {*one, *other} if one.get(name) != other.get(name)] == []


def test_two_builds_of_one_commit_are_packed_to_the_same_bytes(built_twice: list[Path]) -> None:
    # The other layer has sixty megabytes, and its files differ from these in nothing that packing looks at.
    for folder in built_twice:
        artifact.pack_folder(folder / "SharedLayer", folder / "packed.zip")
    assert len({artifact.digest_of(folder / "packed.zip") for folder in built_twice}) == 1


def test_a_layer_says_nothing_of_the_machine_that_built_it(built_twice: list[Path]) -> None:
    (one, _) = built_twice
    files = [path for layer in ("DependenciesLayer", "SharedLayer") for path in (one / layer).rglob("*")]
    assert [path for path in files if path.is_file() and str(one).encode() in path.read_bytes()] == []


def test_bytecode_names_the_files_as_they_lie_in_a_function(built_twice: list[Path]) -> None:
    for file in (built_twice[0] / "SharedLayer").rglob("__pycache__/errors.*.pyc"):
        assert b"/opt/python/autopulse/errors.py" in file.read_bytes()


def test_botocore_keeps_the_services_that_the_functions_call() -> None:
    sources = "".join(file.read_text() for file in (ROOT / "shared/autopulse").rglob("*.py"))
    called = set(re.findall(r'(?:boto3\.client|Service)\(\s*"([a-z0-9-]+)"', sources))
    (kept,) = re.findall(r"^AWS_SERVICES = (.*)$", (ROOT / "layers/dependencies/Makefile").read_text(), re.MULTILINE)
    assert called
    assert called <= set(kept.split())
