"""Write the console's vendored library from the package that npm installed; `make vendor` runs it.

npm has checked the package against its hash in `package-lock.json`. The file gets a header with name, version and
licence; the rest is the package's file byte for byte, and `package.json` has its checksum.
"""

import hashlib
import json
import sys
from typing import Any, Final

from local.stack_paths import PROJECT

NAME: Final = "oauth4webapi"
FILE: Final = PROJECT / "functions" / "console" / "pages" / "vendor" / f"{NAME}.js"
MANIFEST: Final = PROJECT / "package.json"
PACKAGE: Final = PROJECT / "node_modules" / NAME
_END_OF_HEAD: Final = "// ----\n"


def render() -> str:
    """Return the vendored file, made from the installed package."""
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    licence = "".join(f"// {line}".rstrip() + "\n" for line in (PACKAGE / "LICENSE.md").read_text().splitlines())
    said = f"{NAME} {version}, as published; `make vendor` writes it."
    head = f"// {said}\n// @ts-nocheck - its types are in the package\n//\n"
    return f"{head}{licence}{_END_OF_HEAD}{(PACKAGE / 'build' / 'index.js').read_text()}"


def version_of(text: str) -> str:
    """Return the version in the file's header."""
    return text.partition(",")[0].rpartition(" ")[2]


def checksum_of(text: str) -> str:
    """Return the SHA-256 of the package's file, without the header."""
    return hashlib.sha256(text.partition(_END_OF_HEAD)[2].encode()).hexdigest()


def read_manifest() -> dict[str, Any]:
    """Return the content of `package.json`."""
    return dict(json.loads(MANIFEST.read_text()))


def main(arguments: list[str]) -> None:
    """Write the file and its checksum; with `--check`, only report whether the file is current."""
    text = render()
    if "--check" in arguments:
        if FILE.read_text() != text:
            sys.exit(f"{FILE.relative_to(PROJECT)} is not what the package has: make vendor writes it anew")
        return
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text)
    MANIFEST.write_text(json.dumps(read_manifest() | {"vendored": {NAME: checksum_of(text)}}, indent=2) + "\n")
    print(f"{FILE.relative_to(PROJECT)} written")


if __name__ == "__main__":
    main(sys.argv[1:])
