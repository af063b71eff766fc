"""Check what `make deploy` insists on before it builds, and what it names a release."""

import subprocess
from pathlib import Path

import pytest

from operate import deploy
from operate.target import OperationFailed


def _git(project: Path, *arguments: str) -> None:
    named = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com")
    subprocess.run(["git", "-C", str(project), *named, *arguments], check=True, capture_output=True)  # noqa: S603, S607 - fixed words


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    _git(tmp_path, "init")
    (tmp_path / "code.py").write_text("one\n")
    _git(tmp_path, "add", "code.py")
    _git(tmp_path, "commit", "--message", "One")
    return tmp_path


def test_a_clean_tree_is_its_commit(project: Path) -> None:
    commit = deploy.require_clean_tree(project)
    assert len(commit) == 40
    assert deploy.require_clean_tree(project) == commit


@pytest.mark.parametrize("name", ["code.py", "new.py"])
def test_what_is_not_committed_is_not_deployed(project: Path, name: str) -> None:
    (project / name).write_text("two\n")
    with pytest.raises(OperationFailed, match=name):
        deploy.require_clean_tree(project)


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="not a git repository"):
        deploy.require_clean_tree(tmp_path)


def test_tests_that_passed_on_the_commit_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(deploy, "run_step", ran.append)
    tested = tmp_path / "tested"
    tested.write_text("a" * 40 + "\n")
    deploy.require_tests("a" * 40, tested)
    assert ran == []
    deploy.require_tests("b" * 40, tested)
    deploy.require_tests("c" * 40, tmp_path / "missing")
    assert ran == [["make", "check", "test"]] * 2


def test_a_step_that_fails_ends_it() -> None:
    with pytest.raises(OperationFailed, match="exit status 3"):
        deploy.run_step(["python", "-c", "raise SystemExit(3)"])


def test_a_release_changes_with_the_commit_and_with_any_parameter() -> None:
    one = deploy.release_id("a" * 40, {"LogLevel": "INFO", "Tracing": "Active"})
    assert one == deploy.release_id("a" * 40, {"Tracing": "Active", "LogLevel": "INFO"}), "their order means nothing"
    assert one != deploy.release_id("b" * 40, {"LogLevel": "INFO", "Tracing": "Active"})
    assert one != deploy.release_id("a" * 40, {"LogLevel": "DEBUG", "Tracing": "Active"})


def test_a_build_for_aws_does_not_build_for_this_machine() -> None:
    made = deploy.build_environment({"LAYER_PLATFORM": "linux", "LAYER_PYTHON_VERSION": "3.11", "PATH": "/bin"}, "one")
    assert made == {"PATH": "/bin", "RELEASE": "one"}
