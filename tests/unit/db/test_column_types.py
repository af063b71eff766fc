"""Check which column type holds what another holds, and what holds both."""

import pytest

from autopulse.db.column_types import read_type, widen


@pytest.mark.parametrize(
    ("found", "needed"),
    [
        ("character varying(20)", "VARCHAR(20)"),
        ("character varying(150)", "VARCHAR(20)"),
        ("character varying", "TEXT"),
        ("text", "VARCHAR(20)"),
        ("bigint", "INTEGER"),
        ("integer", "SMALLINT"),
        ("numeric(12,6)", "NUMERIC(12, 6)"),
        ("numeric(14,8)", "NUMERIC(12, 6)"),
        ("numeric", "NUMERIC(12, 6)"),
        ("timestamp with time zone", "TIMESTAMP WITH TIME ZONE"),
        ("timestamp(6) with time zone", "TIMESTAMP WITH TIME ZONE"),
        ("uuid", "UUID"),
        ("boolean", "BOOLEAN"),
    ],
)
def test_a_type_that_holds_what_is_needed_is_not_widened(found: str, needed: str) -> None:
    assert read_type(found).holds(read_type(needed))
    assert widen(found, needed) is None


@pytest.mark.parametrize(
    ("found", "needed", "wider"),
    [
        ("character varying(50)", "text", "text"),
        ("character varying(8)", "varchar(20)", "varchar(20)"),
        ("smallint", "bigint", "bigint"),
        ("numeric(10,4)", "numeric(12, 6)", "numeric(12, 6)"),
        ("numeric(14,2)", "numeric(12, 6)", "numeric(18, 6)"),
        ("numeric(9,8)", "numeric(12, 6)", "numeric(14, 8)"),
        ("timestamp(3) with time zone", "timestamp with time zone", "timestamp with time zone"),
    ],
)
def test_a_narrower_type_is_widened_to_hold_both(found: str, needed: str, wider: str) -> None:
    assert widen(found, needed) == wider
    assert read_type(wider).holds(read_type(found))
    assert read_type(wider).holds(read_type(needed))


@pytest.mark.parametrize(
    ("found", "needed"),
    [
        ("character(20)", "VARCHAR(20)"),
        ("citext", "TEXT"),
        ("timestamp without time zone", "TIMESTAMP WITH TIME ZONE"),
        ("double precision", "NUMERIC(12, 6)"),
        ("numeric(3,-2)", "NUMERIC(12, 6)"),
        ("integer", "NUMERIC(12, 6)"),
        ("json", "JSONB"),
        ("character varying(36)", "UUID"),
        ("call_status", "VARCHAR(20)"),
    ],
)
def test_a_type_of_another_kind_neither_holds_nor_becomes_what_is_needed(found: str, needed: str) -> None:
    assert not read_type(found).holds(read_type(needed))
    assert widen(found, needed) is None
