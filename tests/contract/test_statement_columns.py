"""Statements name and type the columns of a table as its model does (docs/adr/0016)."""

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy.dialects.postgresql.base import PGDialect

from autopulse.db.calls import CALL_COLUMNS
from autopulse.db.facts import ATTEMPT_COLUMNS, ATTEMPT_NAMES, OF_REPORTS_AND_LISTS, attempt_as_json
from autopulse.db.models import Model
from autopulse.db.privileges import PRIVILEGES, READER_PRIVILEGES
from autopulse.domain.attempts import CallColumns, columns_of
from autopulse.domain.facts import Ending, Facts, Identity
from autopulse.domain.feedback import Feedback
from autopulse.domain.status import ENDED, Status
from autopulse.vapi.ended_reasons import family_of
from tests.contract.stack import ROOT

DB = sorted((ROOT / "shared/autopulse/db").glob("*.py"))
WRITTEN_OTHERWISE = {("words", "text")}
"""A tsvector is cast from a text, after the organization and the month stand before each word."""
RECORDSET = re.compile(r"json_to_recordset\(CAST\(:\w+ AS json\)\)\s+AS \w+ \((.*?)\)(?=\s*\n|$)", re.DOTALL)
_POSTGRES = PGDialect()  # type: ignore[no-untyped-call] # SQLAlchemy's own
SAME = {"timestamp with time zone": "timestamptz", "varchar": "text"}
KEYS = {"call_id", "vapi_call_id"}
"""What tells which row it is: given by the statement, not by the facts."""


def _columns(text: str) -> dict[str, str]:
    """Name -> type, of a list of columns."""
    return {name: _plain(kind) for name, kind in (column.split(maxsplit=1) for column in text.split(","))}


def _plain(kind: str) -> str:
    """The type without its size, which a recordset need not know: the table refuses what does not fit."""
    kind = re.sub(r"\(.*?\)", "", kind.strip().lower())
    return SAME.get(kind, kind)


def _modelled(table: str) -> dict[str, str]:
    columns = Model.metadata.tables[table].columns
    return {column.name: _plain(str(column.type.compile(_POSTGRES))) for column in columns}


def test_the_columns_of_calls_are_those_of_the_domain_and_typed_as_in_the_model() -> None:
    columns = _columns(CALL_COLUMNS)
    assert tuple(columns) == CallColumns._fields
    for table in ("call", "call_original"):
        assert columns.items() <= _modelled(table).items()


def test_the_columns_of_attempts_are_all_of_the_model_but_its_keys() -> None:
    columns = _columns(ATTEMPT_COLUMNS)
    assert tuple(columns) == ATTEMPT_NAMES
    assert columns == {name: kind for name, kind in _modelled("vapi_call").items() if name not in KEYS}


def test_an_attempt_without_a_report_and_a_list_has_values_for_all_other_columns() -> None:
    """A batch of such attempts writes no others (`db.calls`)."""
    at = datetime(2026, 7, 1, 15, tzinfo=timezone.utc)
    told = Facts(
        identity=Identity(*Identity._fields),
        created_at=at,
        first_at=at,
        status=Status(ENDED, at),
        in_progress_at=at,
        ended_at=at,
        ending=Ending(at, "customer-ended-call"),
        human_turn=True,
        reported_columns=frozenset({"start_time"}),
        reconciliation="missing",
    )
    row = attempt_as_json(told, columns_of(told, family_of))
    assert {"made_call", *row} == set(ATTEMPT_NAMES) - OF_REPORTS_AND_LISTS


def test_feedback_has_the_columns_of_its_model() -> None:
    assert set(Feedback._fields) <= set(_modelled("call_feedback"))


@pytest.mark.parametrize("rights", [PRIVILEGES, READER_PRIVILEGES], ids=["functions", "reader"])
def test_rights_are_on_columns_that_the_models_have(rights: dict[str, dict[str, tuple[str, ...]]]) -> None:
    for table, granted in rights.items():
        for columns in granted.values():
            assert set(columns) <= set(_modelled(table)), table


@pytest.mark.parametrize("module", DB, ids=lambda file: file.stem)
def test_a_column_that_a_statement_reads_from_json_has_the_type_of_a_models(module: Path) -> None:
    """If any model has a column of that name: others place or compare rows."""
    text = re.sub(r"\{\w+\}", "id integer", module.read_text())
    for listed in RECORDSET.findall(text):
        for name, kind in _columns(listed).items() - WRITTEN_OTHERWISE:
            types = {one for table in Model.metadata.tables if (one := _modelled(table).get(name))}
            assert not types or kind in types, f"{name} {kind}, {types}"
