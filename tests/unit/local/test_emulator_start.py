"""Archives are unpacked once, and each who asks has all of it."""

import tempfile
import zipfile
from pathlib import Path

import pytest

from local.emulator_start import FEW_FILES, REPLACEMENTS


@pytest.fixture(autouse=True)
def _as_in_the_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, replacement in REPLACEMENTS.items():
        monkeypatch.setattr(zipfile.ZipFile, name, replacement)


def _archive(file: Path, number: int, text: str = "x = 1\n") -> zipfile.ZipFile:
    with zipfile.ZipFile(file, "w") as archive:
        for place in range(number):
            archive.writestr(f"python/package/m{place}.py", text)
    return zipfile.ZipFile(file)


def _extract(archive: zipfile.ZipFile, target: Path) -> Path:
    target.mkdir()
    archive.extractall(str(target))
    return target / "python" / "package"


def test_the_second_shares_what_the_first_unpacked(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "layer.zip", FEW_FILES)
    first, second = (_extract(archive, tmp_path / name) for name in ("first", "second"))
    assert len(list(second.iterdir())) == FEW_FILES
    assert (second / "m7.py").read_text() == "x = 1\n"
    assert first.resolve() == second.resolve()
    assert len(list((tmp_path / "unpacked").iterdir())) == 1


def test_another_content_is_another_copy(tmp_path: Path) -> None:
    one = _extract(_archive(tmp_path / "one.zip", FEW_FILES), tmp_path / "one")
    other = _extract(_archive(tmp_path / "other.zip", FEW_FILES, "x = 2\n"), tmp_path / "other")
    assert (one / "m0.py").read_text() != (other / "m0.py").read_text()


def test_a_functions_own_code_is_its_own(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "code.zip", FEW_FILES - 1)
    first, second = (_extract(archive, tmp_path / name) for name in ("first", "second"))
    assert first.resolve() != second.resolve()


def test_some_of_the_members_are_unpacked_as_ever(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "layer.zip", FEW_FILES)
    archive.extractall(str(tmp_path / "some"), members=["python/package/m1.py"])
    assert [file.name for file in (tmp_path / "some/python/package").iterdir()] == ["m1.py"]


def test_the_names_of_a_shared_archive_are_those_of_its_links(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "layer.zip", FEW_FILES)
    _extract(archive, tmp_path / "first")
    assert archive.namelist() == [link.name for link in (tmp_path / "first").iterdir()] == ["python"]


def test_the_names_of_a_functions_own_code_are_all_of_its_files(tmp_path: Path) -> None:
    assert len(_archive(tmp_path / "code.zip", FEW_FILES - 1).namelist()) == FEW_FILES - 1
