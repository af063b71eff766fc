"""A release is the same bytes wherever it is built, and nothing else is deployed in its place."""

import json
import os
import zipfile
from pathlib import Path
from typing import Final

import pytest
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

from operate import artifact
from operate.target import OperationFailed

COMMIT: Final = "a" * 40
TEMPLATE: Final = """
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Mappings:
  SAMCodeUriKinds: {Hang: {CodeUri: HangFunction}}
Resources:
  Fn::ForEach::Kinds:
    - Prefix
    - [Hang]
    - ${Prefix}Function:
        Type: AWS::Serverless::Function
        Properties: {CodeUri: !FindInMap [SAMCodeUriKinds, !Ref Prefix, CodeUri], Handler: app.handler}
  SharedLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: SharedLayer}
  ApiFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ../functions/api, Handler: app.handler}
  Queue:
    Type: AWS::SQS::Queue
"""
FILES: Final = {
    "build/SharedLayer/python/package/b.py": "b",
    "build/SharedLayer/python/package/a.py": "a",
    "build/SharedLayer/python/package/__pycache__/a.cpython-313.pyc": "compiled",
    "build/HangFunction/app.py": "handler = str",
    "infrastructure/database.yaml": "Resources: {Vpc: {Type: AWS::EC2::VPC}}",
    "functions/api/app.py": "handler = print",
    "functions/api/run": "#!/bin/sh",
}


def _build(folder: Path, order: int, time: int) -> Path:
    for name, text in sorted(FILES.items(), reverse=order < 0):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if file.name == "run" else 0o640 + 4 * order)
        os.utime(file, (time, time))
    (folder / "build/template.yaml").write_text(TEMPLATE)
    return folder / "build"


def _pack(built: Path, target: Path) -> str:
    return artifact.pack(built, built.parent / "infrastructure", target, artifact.Release(COMMIT, "staging", "aaa-1"))


@pytest.fixture
def release(tmp_path: Path) -> Path:
    _pack(_build(tmp_path, 1, 1_000_000_000), tmp_path / "release")
    return tmp_path / "release"


def test_times_modes_order_and_bytecode_of_this_machine_make_no_difference(tmp_path: Path) -> None:
    one = _pack(_build(tmp_path / "one", 1, 1_000_000_000), tmp_path / "one/release")
    built = _build(tmp_path / "other", -1, 1_700_000_000)
    left = tmp_path / "other/functions/api/__pycache__/app.cpython-311.pyc"
    left.parent.mkdir()
    left.touch()
    assert _pack(built, tmp_path / "other/release") == one
    assert artifact.digests(tmp_path / "one/release") == artifact.digests(tmp_path / "other/release")


def test_a_change_of_any_file_is_another_release(tmp_path: Path) -> None:
    one = _pack(_build(tmp_path, 1, 1_000_000_000), tmp_path / "release")
    (tmp_path / "functions/api/app.py").write_text("handler = repr")
    assert _pack(tmp_path / "build", tmp_path / "release") != one


def test_it_holds_all_that_sam_uploads(release: Path) -> None:
    assert {path.name for path in release.iterdir()} == {
        *("template.yaml", "release.json", "infrastructure", "SharedLayer.zip", "ApiFunction.zip", "HangFunction.zip")
    }
    assert [file.name for file in (release / "infrastructure").iterdir()] == ["database.yaml"]
    template = yaml_parse((release / "template.yaml").read_text())
    assert template["Resources"]["ApiFunction"]["Properties"] == {
        "CodeUri": "ApiFunction.zip",
        "Handler": "app.handler",
    }
    assert template["Transform"] == "AWS::Serverless-2016-10-31", "loops are written out"
    assert template["Resources"]["HangFunction"]["Properties"]["CodeUri"] == "HangFunction.zip"
    assert template["Resources"]["SharedLayer"]["Properties"] == {"ContentUri": "SharedLayer.zip"}
    with zipfile.ZipFile(release / "SharedLayer.zip") as layer:
        assert layer.namelist() == sorted(layer.namelist())
        assert "python/package/__pycache__/a.cpython-313.pyc" in layer.namelist()
    with zipfile.ZipFile(release / "ApiFunction.zip") as function:
        modes = {entry.filename: oct(entry.external_attr >> 16) for entry in function.filelist}
        assert modes == {"app.py": "0o100644", "run": "0o100755"}, "readable by Lambda, whatever the umask was"


def test_a_release_that_is_as_it_was_built_passes(release: Path) -> None:
    digest = artifact.digest_of(release / "release.json")
    assert artifact.verify(release, COMMIT, "staging", digest).release == "aaa-1"


@pytest.mark.parametrize(("commit", "environment"), [("b" * 40, "staging"), (COMMIT, "production")])
def test_another_commits_or_environments_release_is_refused(release: Path, commit: str, environment: str) -> None:
    with pytest.raises(OperationFailed, match="aaaaaaaaaaaa for staging, not"):
        artifact.verify(release, commit, environment)


@pytest.mark.parametrize("name", ["ApiFunction.zip", "template.yaml", "infrastructure/database.yaml", "new.zip"])
def test_a_file_that_changed_or_came_is_refused(release: Path, name: str) -> None:
    (release / name).write_text("other")
    with pytest.raises(OperationFailed, match=name):
        artifact.verify(release, COMMIT, "staging")


def test_a_file_that_went_is_refused(release: Path) -> None:
    (release / "SharedLayer.zip").unlink()
    with pytest.raises(OperationFailed, match=r"SharedLayer\.zip"):
        artifact.verify(release, COMMIT, "staging")


def test_a_list_that_was_written_anew_is_refused(release: Path) -> None:
    digest = artifact.digest_of(release / "release.json")
    (release / "ApiFunction.zip").write_text("other")
    manifest = json.loads((release / "release.json").read_text())
    (release / "release.json").write_text(json.dumps(manifest | {"files": artifact.digests(release)}))
    artifact.verify(release, COMMIT, "staging")
    with pytest.raises(OperationFailed, match=digest):
        artifact.verify(release, COMMIT, "staging", digest)


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_no_release_is_refused(release: Path, content: str | None) -> None:
    (release / "release.json").unlink()
    if content is not None:
        (release / "release.json").write_text(content)
    with pytest.raises(OperationFailed, match="make build ENV=staging"):
        artifact.verify(release, COMMIT, "staging")
