"""Telephone numbers in every form that people write them in."""

import pytest

from autopulse.domain.phone_numbers import e164_of, is_e164, is_national, ways_of

NUMBER = "+12025550142"


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        " +1 (202) 555-0142 ",
        "(202) 555-0142",
        "202.555.0142",
        "2025550142",
        "12025550142",
        "+1/202/5550142",
        "0012025550142",
        "011 1 202 555 0142",
    ],
)
def test_a_number_is_one_number_however_it_is_written(written: str) -> None:
    assert e164_of(written) == NUMBER


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+44 20 7946 0000", "+442079460000"),
        ("442079460000", "+442079460000"),
        ("0044 20 7946 0000", "+442079460000"),
        ("+45 32 55 50 10", "+4532555010"),
        ("01144 20 7946 0000", "+442079460000"),
    ],
)
def test_numbers_of_other_countries_have_their_code(written: str, number: str) -> None:
    assert e164_of(written) == number


@pytest.mark.parametrize(
    "written",
    [
        None,
        7,
        "",
        "+",
        "anonymous",
        "unknown",
        "sip:a@b",
        "5550",
        "+0123456789",
        "+1 202 555 0142 x5",
        "1" * 16,
        "9" * 41,
        "+266696687",
        "+86282452253",
        "0114 496 0000",
    ],
)
def test_what_is_no_number_is_none(written: object) -> None:
    assert e164_of(written) is None


@pytest.mark.parametrize(
    "number", ["2025550142", "+1 2025550142", f"{NUMBER}\n", "+", "", None, 12025550142, "+٣٤٥٦٧٨٩٠"]
)
def test_only_plus_and_digits_are_e164(number: object) -> None:
    assert not is_e164(number)
    assert is_e164(NUMBER)


def test_north_americas_numbers_are_told_apart() -> None:
    assert [is_national(number) for number in (NUMBER, "+442079460000", "+1202555")] == [True, False, False]


@pytest.mark.parametrize(
    ("digits", "ways"),
    [
        ("12025550142", ("12025550142", "2025550142", "0012025550142", "01112025550142")),
        ("4532555010", ("4532555010", "004532555010", "0114532555010")),
    ],
)
def test_a_number_may_be_stored_in_several_ways(digits: str, ways: tuple[str, ...]) -> None:
    assert ways_of(digits) == ways
