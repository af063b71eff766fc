"""A release as files: exactly what `sam deploy` uploads, with a list of the files and their hashes.

`sam build` leaves folders, which `sam deploy` would pack with modification times and in file system order. Here they
are packed beforehand in a reproducible way, so that two builds of one commit are byte for byte equal, and one machine
can deploy what another machine has built and tested.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from operate.target import OperationFailed
from operate.templates import expand, read_template, write_template

TEMPLATE: Final = "template.yaml"
MANIFEST: Final = "release.json"
_CODE: Final = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
"""Resource type -> its property that names a folder."""
_NEVER: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that the zip format can represent. The commit's time is not used, so that a function that a commit
did not change yields the same file.
"""
_FILE_MODE: Final = 0o100644 << 16
_PROGRAM_MODE: Final = 0o100755 << 16


@dataclass(frozen=True, slots=True)
class Release:
    """The contents of a release, and the commit and environment that it was built from."""

    commit: str
    environment: str
    release: str
    files: Mapping[str, str] = field(default_factory=dict)
    """Name -> its SHA-256, in hex."""


def pack(built: Path, infrastructure: Path, target: Path, release: Release) -> str:
    """Pack a build and its templates into `target`, which is created anew.

    Loops in the templates are expanded, so that CloudFormation gets what scanners and tests have read. Returns the
    SHA-256 of the list of files, which covers all of them.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    template = expand(read_template(built / TEMPLATE))
    for logical_id, resource in template["Resources"].items():
        code = _CODE.get(resource["Type"])
        if code:
            archive = f"{logical_id}.zip"
            is_source = resource["Type"] == "AWS::Serverless::Function"
            pack_folder(built / resource["Properties"][code], target / archive, leave_out="__pycache__" * is_source)
            resource["Properties"][code] = archive
    write_template(template, target / TEMPLATE)
    (target / infrastructure.name).mkdir()
    for file in infrastructure.glob("*.yaml"):
        write_template(expand(read_template(file)), target / infrastructure.name / file.name)
    found = replace(release, files=digests(target))
    (target / MANIFEST).write_text(json.dumps(asdict(found), indent=2, sort_keys=True) + "\n")
    return digest_of(target / MANIFEST)


def pack_folder(folder: Path, archive: Path, leave_out: str = "") -> None:
    """Pack all files below a folder: sorted by name, without times, readable by everybody, programs executable.

    Files below a folder named `leave_out` are excluded: bytecode that this machine's Python wrote beside the sources.
    """
    with zipfile.ZipFile(archive, "w") as packed:
        for path in (path for path in _files(folder) if leave_out not in path.relative_to(folder).parts):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _NEVER)
            entry.create_system = 3  # Unix, whatever system builds it
            entry.external_attr = _PROGRAM_MODE if path.stat().st_mode & 0o100 else _FILE_MODE
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def verify(target: Path, commit: str, environment: str, digest: str | None = None) -> Release:
    """Return the release in `target`.

    Raises OperationFailed unless it is complete, of this commit and for this environment. `digest` is what `pack`
    returned, passed on by a trusted channel.
    """
    try:
        found = Release(**json.loads((target / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise OperationFailed(f"{target} holds no release; make build ENV={environment} makes one") from error
    if digest is not None and digest != digest_of(target / MANIFEST):
        raise OperationFailed(f"{target} is not the release whose SHA-256 is {digest}")
    if (found.commit, found.environment) != (commit, environment):
        raise OperationFailed(
            f"{target} is {found.commit[:12]} for {found.environment}, not {commit[:12]} for {environment}"
        )
    now = digests(target)
    wrong = sorted(name for name in {*now, *found.files} if now.get(name) != found.files.get(name))
    if wrong:
        raise OperationFailed(f"{target} is not as it was built: {', '.join(wrong)}")
    return found


def digests(folder: Path) -> dict[str, str]:
    """Return name -> SHA-256 in hex for all files below a folder, except the list itself."""
    return {path.relative_to(folder).as_posix(): digest_of(path) for path in _files(folder) if path.name != MANIFEST}


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """Return all files, sorted by name."""
    found = (path for path in folder.rglob("*") if path.is_file())
    yield from sorted(found, key=lambda path: path.relative_to(folder).as_posix())
