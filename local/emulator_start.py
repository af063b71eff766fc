"""Start MiniStack, and have it unpack each archive once. Run by the emulator's own Python; needs nothing but that.

MiniStack unpacks both layers, 2,900 files of 80 MB, for each process that it starts for a function: that takes longer
than all else that the process does. Here they share one copy, by links; it goes with the emulator's temporary files.
"""

import hashlib
import os
import runpy
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

FEW_FILES: Final = 100
"""A function's own code: not worth a link."""
_extractall: Final = zipfile.ZipFile.extractall


def extract_once(
    archive: zipfile.ZipFile,
    path: str | os.PathLike[str] | None = None,
    members: Iterable[str | zipfile.ZipInfo] | None = None,
    pwd: bytes | None = None,
) -> None:
    """`ZipFile.extractall`, except that what lies in `path` afterwards may be links to an earlier copy."""
    if path is None or members is not None or len(archive.filelist) < FEW_FILES:
        _extractall(archive, path, members, pwd)
        return
    for entry in _unpacked(archive).iterdir():
        Path(path, entry.name).symlink_to(entry)


def _unpacked(archive: zipfile.ZipFile) -> Path:
    everything = Path(tempfile.gettempdir(), "unpacked")
    copy = everything / _fingerprint(archive)
    if not copy.exists():
        everything.mkdir(exist_ok=True)
        fresh = tempfile.mkdtemp(dir=everything)
        _extractall(archive, fresh)
        try:
            Path(fresh).rename(copy)
        except OSError:  # another thread was first
            shutil.rmtree(fresh)
    return copy


def _fingerprint(archive: zipfile.ZipFile) -> str:
    files = "\0".join(f"{file.filename} {file.file_size} {file.CRC}" for file in archive.filelist)
    return hashlib.sha256(files.encode()).hexdigest()


if __name__ == "__main__":
    zipfile.ZipFile.extractall = extract_once  # type: ignore[assignment, method-assign]
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
