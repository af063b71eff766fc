"""The browser in which tests run the console: an installed one, or one that is installed here if that is possible."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from local.console import say
from local.stack_paths import LocalStackError

VARIABLE: Final = "CHROMIUM"
"""Environment variable that names the browser. BROWSER has another meaning for desktops and editors."""
FLAGS: Final = (
    "--no-sandbox",  # root, as in CI, cannot use the sandbox; the browser loads only our pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RELEASE: Final = Path("/etc/os-release")
_NAMES: Final = (
    # It has no windows, so a page costs half of the processor time that it costs in the others.
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
FILES: Final = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_DOWNLOADED: Final = (
    ".cache/ms-playwright/chromium_headless_shell-*/*/*headless*shell",
    "Library/Caches/ms-playwright/chromium_headless_shell-*/*/*headless*shell",
    ".cache/ms-playwright/chromium-*/chrome-linux*/chrome",
    "Library/Caches/ms-playwright/chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)
"""Where `playwright install chromium` installs browsers, below the home directory."""
_INSTALL: Final = ("apt-get", "-o", "DPkg::Lock::Timeout=600", "-q", "-y")
_MISSING: Final = f"""\
No browser found: the tests of the console need Chromium, Chrome or Edge. One of these, then the same command again:
  sudo apt-get install chromium-headless-shell   Debian
  brew install --cask chromium                   macOS
  .venv/bin/playwright install chromium          anywhere else, Ubuntu for one
  {VARIABLE}=/path/to/browser make …               one that is somewhere else"""


def find_browser(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the browser to use; raises LocalStackError, which says what to install, if there is none."""
    if named := environ.get(VARIABLE):
        return _read_named(named, environ)
    found = next(_candidates(environ), None)
    if found is None:
        raise LocalStackError(_MISSING)
    return found


def provide(environ: Mapping[str, str] = os.environ) -> Path:
    """Find the browser, or install Debian's headless Chromium if the current user is root on Debian."""
    try:
        return find_browser(environ)
    except LocalStackError:
        if environ.get(VARIABLE) or not _may_install(environ):
            raise
    _install(environ)
    return find_browser(environ)


def _read_named(named: str, environ: Mapping[str, str]) -> Path:
    found = shutil.which(named, path=environ.get("PATH", os.defpath))
    if found is None:
        raise LocalStackError(f"{VARIABLE}={named} is no program that can be run")
    return Path(found)


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    names = (shutil.which(name, path=environ.get("PATH", os.defpath)) for name in _NAMES)
    yield from (Path(name) for name in names if name)
    home = Path(environ.get("HOME", "/nonexistent"))
    files = [*(Path(file) for file in FILES), *(file for glob in _DOWNLOADED for file in sorted(home.glob(glob)))]
    yield from (file for file in files if os.access(file, os.X_OK))


def _may_install(environ: Mapping[str, str]) -> bool:
    """Ubuntu is excluded: its package only installs the snap."""
    if os.geteuid() != 0 or not shutil.which("apt-get", path=environ.get("PATH", os.defpath)):
        return False
    return RELEASE.exists() and "ID=debian" in RELEASE.read_text().splitlines()


def _install(environ: Mapping[str, str]) -> None:
    say("No browser found; installing Debian's chromium-headless-shell (about 80 MB, less than a minute) …")
    began = time.monotonic()
    for what in (("update",), ("install", "--no-install-recommends", "chromium-headless-shell", "fonts-liberation")):
        _run([*_INSTALL, *what], environ)
    say(f"  installed in {time.monotonic() - began:.0f} s")


def _run(command: Sequence[str], environ: Mapping[str, str]) -> None:
    done = subprocess.run(
        command,
        env=dict(environ) | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        end = "\n".join(done.stdout.strip().splitlines()[-5:])
        raise LocalStackError(f"{' '.join(command)} failed:\n{end}\n\n{_MISSING}")
