"""Templates are read and written as SAM CLI reads and writes them."""

from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

from operate.templates import FILES, PROJECT, read_template, write_template


@pytest.mark.parametrize("name", FILES)
def test_a_template_has_the_same_content_as_sam_reads_and_survives_writing(name: str, tmp_path: Path) -> None:
    template, written = read_template(PROJECT / name), tmp_path / "written.yaml"
    assert template == yaml_parse((PROJECT / name).read_text())
    write_template(template, written)
    assert yaml_parse(written.read_text()) == read_template(written) == template


def test_functions_have_their_long_form_and_texts_that_look_like_others_stay_texts(tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text("A: !Sub ['${B}', {B: !Ref C}]\nD: !GetAtt E.F\nDate: 2010-09-09\nAccount: '012345678901'\n")
    expected = {
        "A": {"Fn::Sub": ["${B}", {"B": {"Ref": "C"}}]},
        "D": {"Fn::GetAtt": ["E", "F"]},
        "Date": "2010-09-09",
        "Account": "012345678901",
    }
    assert read_template(file) == expected
    write_template(expected, file)
    assert read_template(file) == yaml_parse(file.read_text()) == expected


def test_equal_parts_are_written_in_full(tmp_path: Path) -> None:
    part = {"Ref": "A"}
    write_template({"B": part, "C": [part]}, tmp_path / "template.yaml")
    assert (tmp_path / "template.yaml").read_text() == "B:\n  Ref: A\nC:\n- Ref: A\n"
