import os
from pathlib import Path

import pytest

from local import browser
from local.browser import find_browser, provide
from local.stack_paths import LocalStackError

APT = """#!/bin/sh
case " $* " in
    *" install "*chromium-headless-shell*)
        printf '#!/bin/sh\\n' > "{folder}/chromium-headless-shell"; /bin/chmod +x "{folder}/chromium-headless-shell" ;;
esac
"""


@pytest.fixture(autouse=True)
def _no_browser_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "FILES", ())


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with nothing on it."""
    return {"PATH": str(tmp_path), "HOME": str(tmp_path)}


def _add(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


def _debian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, user: int = 0, name: str = "debian") -> None:
    release = tmp_path / "os-release"
    release.write_text(f'NAME="Sample"\nID={name}\nID_LIKE=debian\n')
    monkeypatch.setattr(browser, "RELEASE", release)
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_the_named_browser_comes_first(machine: dict[str, str], tmp_path: Path) -> None:
    _add(tmp_path, "chromium")
    own = _add(tmp_path, "own/browser")
    assert find_browser(machine | {"CHROMIUM": str(own)}) == own


def test_a_named_browser_that_is_none_is_not_replaced_by_another(machine: dict[str, str], tmp_path: Path) -> None:
    _add(tmp_path, "chromium")
    with pytest.raises(LocalStackError, match="CHROMIUM=nothing"):
        provide(machine | {"CHROMIUM": "nothing"})


@pytest.mark.parametrize("name", ["chromium", "google-chrome", "microsoft-edge"])
def test_a_browser_on_the_path_is_found(machine: dict[str, str], tmp_path: Path, name: str) -> None:
    expected = _add(tmp_path, name)
    assert find_browser(machine) == expected


@pytest.mark.parametrize(
    "file",
    [
        "chromium-1234/chrome-linux/chrome",
        "chromium_headless_shell-1234/chrome-linux/headless_shell",
        "chromium_headless_shell-1234/chrome-headless-shell-linux64/chrome-headless-shell",
    ],
)
def test_a_browser_that_playwright_installed_is_found(machine: dict[str, str], tmp_path: Path, file: str) -> None:
    expected = _add(tmp_path, f".cache/ms-playwright/{file}")
    assert find_browser(machine) == expected


@pytest.mark.parametrize(
    ("shell", "other"),
    [
        ("chromium-headless-shell", "chromium"),
        (
            ".cache/ms-playwright/chromium_headless_shell-1/chrome-linux/headless_shell",
            ".cache/ms-playwright/chromium-1/chrome-linux/chrome",
        ),
    ],
)
def test_a_browser_without_windows_comes_first(machine: dict[str, str], tmp_path: Path, shell: str, other: str) -> None:
    _add(tmp_path, other)
    expected = _add(tmp_path, shell)
    assert find_browser(machine) == expected


def test_a_browser_of_a_mac_is_found(machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    application = _add(tmp_path, "Applications/Chromium.app/Contents/MacOS/Chromium")
    monkeypatch.setattr(browser, "FILES", (str(application),))
    assert find_browser(machine) == application


@pytest.mark.parametrize(("user", "name"), [(1000, "debian"), (0, "ubuntu")])
def test_without_rights_to_install_the_packages_are_named(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, name: str
) -> None:
    _debian(monkeypatch, tmp_path, user=user, name=name)
    _add(tmp_path, "apt-get", APT.format(folder=tmp_path))
    with pytest.raises(LocalStackError, match=r"sudo apt-get install chromium[^$]*CHROMIUM="):
        provide(machine)


def test_root_on_debian_gets_it_installed_and_sees_that(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _debian(monkeypatch, tmp_path)
    _add(tmp_path, "apt-get", APT.format(folder=tmp_path))
    assert provide(machine) == tmp_path / "chromium-headless-shell"
    assert "installing Debian's chromium-headless-shell" in capsys.readouterr().out


def test_an_installation_that_fails_says_why_and_what_else_helps(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _debian(monkeypatch, tmp_path)
    _add(tmp_path, "apt-get", "#!/bin/sh\necho 'E: no network'\nexit 100\n")
    with pytest.raises(LocalStackError, match=r"E: no network[^$]*CHROMIUM="):
        provide(machine)


def test_an_installation_without_effect_is_not_taken_for_one(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _debian(monkeypatch, tmp_path)
    _add(tmp_path, "apt-get")
    with pytest.raises(LocalStackError, match="No browser found"):
        provide(machine)
