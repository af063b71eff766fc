import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autopulse.api.csv_export import BYTE_ORDER_MARK, as_cell, as_csv


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+SUM(A1)",
        "-2+3",
        "@cmd",
        "\t=1",
        "\r=1",
        "  =1+1",
        "\n=HYPERLINK(1)",
        "\uff1d1+1",
        "+1 202 555 0101",
        "=cmd|' /C calc'!A0",
        "-",
        "+",
        "\u200b=1+1",
        "\ufeff=1+1",
        "\u00ad@cmd",
        "\u2060 \u200d\u202e-2+3",
        " \u200b\t=1",
        "\x00=1",
        "\u0301=1",
        "\U000e0041+SUM(A1)",
        "\u200b\uff1d1",
    ],
)
def test_what_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["+12025550101", "-5", "3.5", "Dana", "a=b", "1-2", "'x", "", "\u200bDana = 1", "\u200b"]
)
def test_numbers_and_plain_text_stay(text: str) -> None:
    assert as_cell(text) == text


@pytest.mark.parametrize(("value", "cell"), [(None, ""), (True, "yes"), (False, "no"), (7, "7"), (-1.5, "-1.5")])
def test_json_values_become_cells(value: object, cell: str) -> None:
    assert as_cell(value) == cell


def test_a_file_has_a_heading_and_a_line_for_each_row() -> None:
    text = as_csv(("a", "b"), [{"a": 1, "b": 'say "x",\ny', "c": 0}])
    assert text == f'{BYTE_ORDER_MARK}"a","b"\r\n"1","say ""x"",\ny"\r\n'


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1))
def test_no_text_breaks_out_of_its_cell(texts: list[str]) -> None:
    written = as_csv(("text",), [{"text": text} for text in texts]).removeprefix(BYTE_ORDER_MARK)
    _, *rows = csv.reader(io.StringIO(written, newline=""))
    assert [cell for (cell,) in rows] == [as_cell(text) for text in texts]
    assert not any(cell[:1] in set("=@\t\r") for (cell,) in rows)
