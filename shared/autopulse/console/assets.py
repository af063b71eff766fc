"""The console's files: read once per container, compressed once, and named by what they are."""

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
"""Ending -> content type. All of it is text, and worth compressing; another file does not ship."""


@dataclass(frozen=True)
class Asset:
    """One thing to serve."""

    content: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """Return what tells this content from any other: 128 bits in hex."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @cached_property
    def compressed(self) -> bytes:
        """The content in gzip; the same bytes in every container."""
        return gzip.compress(self.content, mtime=0)


@dataclass(frozen=True)
class Pages:
    """The index, and all other files below the release that they are."""

    release: str
    """Changes with any file, so that browsers may keep what lies below it for good."""
    index: Asset
    files: Mapping[str, Asset]
    """Path below the folder -> file."""


@cache
def read_pages(folder: Path) -> Pages:
    """Read all files of a folder; kept per container."""
    found = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    files = {path: Asset(file.read_bytes(), MEDIA_TYPES[file.suffix]) for path, file in found.items()}
    release = _release_of(files)
    index = files.pop(INDEX)
    return Pages(release, Asset(index.content.replace(RELEASE, release.encode()), index.media_type), files)


def _release_of(files: Mapping[str, Asset]) -> str:
    names = "".join(f"{path} {asset.digest}\n" for path, asset in files.items())
    return hashlib.sha256(names.encode()).hexdigest()[:16]
