"""The limits that docs/architecture.md names are those of the template and of production; docs/cost.md adds up."""

import re
from itertools import pairwise

import pytest

from operate.stacks import APPLICATION, DATABASE, read_configured
from tests.contract.stack import ROOT, source, stack_of


def _rows(document: str, first: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading."""
    text = (ROOT / "docs" / document).read_text().partition(f"| {first} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def _number(cell: str) -> float:
    return float(cell.replace(",", "").replace("*", ""))


LIMITS = _rows("architecture.md", "limit")


def _given(parameter: str, *, in_production: bool) -> float:
    given = read_configured(APPLICATION, "production").parameters
    return float(given[parameter] if in_production else source()["Parameters"][parameter]["Default"])


@pytest.mark.parametrize("row", [row for row in LIMITS if row[0].startswith("`")], ids=lambda row: row[0])
def test_a_limit_in_the_document_is_the_parameter_in_force(row: list[str]) -> None:
    name, there_is, *_ = row
    parameter = re.findall("`([A-Za-z]+)`", name)[0]
    in_production = name.endswith("in production")
    assert _given(parameter, in_production=in_production) == _number(there_is)
    if not in_production:
        with pytest.raises(KeyError):
            _given(parameter, in_production=True)


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[0])
def test_calls_that_fit_are_what_there_is_by_what_a_call_needs(row: list[str]) -> None:
    _, there_is, need, calls = row
    assert _number(calls) == pytest.approx(_number(there_is) / _number(need), rel=0.002)


def test_capacity_limits_are_listed_from_the_lowest() -> None:
    calls = [_number(row[3]) for row in LIMITS]
    assert len(calls) > 9
    assert all(one <= other for one, other in pairwise(calls))


def test_webhooks_and_reads_have_throttles_of_their_own() -> None:
    settings = source()["Resources"]["Api"]["Properties"]["MethodSettings"]
    rates = {one["ResourcePath"]: one["ThrottlingRateLimit"] for one in settings}
    assert rates == {
        "/*": 300,
        "/~1v1~1{proxy+}": {"Ref": "RequestsPerSecond"},
        "/~1v1~1webhooks~1vapi-webhook": {"Ref": "WebhooksPerSecond"},
    }


@pytest.mark.parametrize(("first", "columns"), [("a month", (1, 2)), ("1,000 calls", (1, 2))])
def test_the_columns_of_the_bill_add_up(first: str, columns: tuple[int, int]) -> None:
    *rows, total = _rows("cost.md", first)
    for column in columns:
        assert sum(_number(row[column]) for row in rows) == pytest.approx(_number(total[column]), abs=0.005)


def test_every_price_says_where_it_was_read_or_that_it_is_from_memory() -> None:
    document = (ROOT / "docs/cost.md").read_text()
    known = set(re.findall(r"^\[([a-z-]+)\]: https://", document, re.MULTILINE))
    for row in [*_rows("cost.md", "a month")[:-1], *_rows("cost.md", "1,000 calls")[:-2]]:
        named = re.findall(r"\]\[([a-z-]+)\]", row[-1])
        assert set(named) <= known
        assert named or "**from memory**" in row[-1] or "https://" in row[-1] or row[-1] == "as above", row[0]


def test_the_database_is_the_one_that_is_reckoned_with() -> None:
    names = ("DatabaseInstanceClass", "DatabaseStorage", "DatabaseMultiAz", "DatabaseProxy")
    reckoned = {
        "production": ("db.m8g.large", "100", "true", "true"),
        "staging": ("db.t4g.medium", "50", "false", "true"),
    }
    for environment, values in reckoned.items():
        database = stack_of(environment, DATABASE)
        assert tuple(database.parameters[name] for name in names) == values
    assert source()["Globals"]["Function"]["MemorySize"] == 1024
