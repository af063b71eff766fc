# noqa: INP001 - a folder of build files, not a package
"""Refuse a built dependencies layer that does not fit the given target.

    python layers/dependencies/check_target.py .aws-sam/build/DependenciesLayer 3.13 aarch64-manylinux_2_28

A layer for another processor or Python version deploys without an error, and then every import fails. So a deploy
checks what the build recorded, and the compiled files themselves. The script prints one line for each mismatch, and
exits with 1 if there are any.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

MACHINES: Final = {"x86_64": 0x3E, "aarch64": 0xB7}
"""Processor, as the platform's name begins -> `e_machine` of an ELF header."""
_ELF_MAGIC: Final = b"\x7fELF"
_E_MACHINE: Final = slice(18, 20)
"""Both processors are little-endian."""
_CPYTHON: Final = re.compile(r"\.cpython-(\d+)")
"""The tag of a file that fits only one Python version; a library without it (abi3, plain C) fits several."""
_CERTIFICATES: Final = "certificates/rds.pem"
_MAX_EXAMPLES: Final = 3


def main(arguments: list[str]) -> int:
    """Arguments: the built layer's folder, the Python version (`3.13`), the platform (`aarch64-manylinux_2_28`)."""
    built, python, platform = arguments
    wrong = list(problems(Path(built), python, platform))
    for line in wrong:
        print(f"{built}: {line}", file=sys.stderr)  # noqa: T201 - a command-line tool prints
    return 1 if wrong else 0


def problems(built: Path, python: str, platform: str) -> Iterator[str]:
    """Return a description of each file in the folder that does not fit the target."""
    recorded = _recorded(built)
    if recorded != (python, platform):
        yield f"built for {' '.join(recorded) or 'an unknown target'}, not for {python} {platform}"
    libraries = sorted(built.rglob("*.so*"))
    if not libraries:
        yield "holds no compiled library, but the dependencies have some: not a complete build"
    if not (built / _CERTIFICATES).is_file():
        yield f"holds no {_CERTIFICATES}, so no connection to RDS could be verified: fetch_certificates.py gets it"
    tag = python.replace(".", "")
    yield from _listed(f"not for Python {python}", [path for path in _tagged(built) if _python_of(path) != tag])
    machine = MACHINES.get(platform.split("-", maxsplit=1)[0])
    yield from _listed(f"not for {platform}", [path for path in libraries if _machine_of(path) != machine])


def _recorded(built: Path) -> tuple[str, ...]:
    """Return the Python version and platform that the build recorded, or None."""
    try:
        target = json.loads((built / "target.json").read_text())
        return str(target["python"]), str(target["platform"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _tagged(built: Path) -> list[Path]:
    return sorted(path for path in built.rglob("*.cpython-*") if path.is_file())


def _python_of(path: Path) -> str:
    tag = _CPYTHON.search(path.name)
    return tag[1] if tag else ""


def _machine_of(path: Path) -> int | None:
    with path.open("rb") as file:
        header = file.read(_E_MACHINE.stop)
    return int.from_bytes(header[_E_MACHINE], "little") if header.startswith(_ELF_MAGIC) else None


def _listed(complaint: str, paths: list[Path]) -> Iterator[str]:
    if paths:
        examples = ", ".join(path.name for path in paths[:_MAX_EXAMPLES])
        yield f"{len(paths)} files are {complaint}: {examples}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
