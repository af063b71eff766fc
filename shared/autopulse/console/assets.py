"""The console's files: read once per container, compressed once, with their content types."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

INDEX: Final = "index.html"
RELEASE: Final = b"{release}"
"""A placeholder in the index for the folder of all other files."""
MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Suffix -> content type. All are texts, which compress well; other files are not served."""


@dataclass(frozen=True)
class Asset:
    """One file to serve."""

    content: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """Return the digest of the content: 128 bits in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @cached_property
    def compressed(self) -> bytes:
        """The content in gzip, with the same bytes in every container."""
        return gzip.compress(self.content, mtime=0)


@dataclass(frozen=True)
class Pages:
    """The index, and all other files under their release."""

    release: str
    """It changes with every file, so browsers may cache the files below it for ever."""
    index: Asset
    files: Mapping[str, Asset]
    """Path below the folder -> file."""


@cache
def read_pages(folder: Path) -> Pages:
    """Read all files of a folder, once per container."""
    found = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    files = {path: Asset(file.read_bytes(), MEDIA_TYPES[file.suffix]) for path, file in found.items()}
    release = _release_of(files)
    index = files.pop(INDEX)
    return Pages(release, Asset(index.content.replace(RELEASE, release.encode()), index.media_type), files)


def _release_of(files: Mapping[str, Asset]) -> str:
    names = "".join(f"{path} {asset.digest}\n" for path, asset in files.items())
    return hashlib.sha256(names.encode()).hexdigest()[:16]
