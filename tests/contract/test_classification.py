"""Every column of every table has a kind, which says whether an erasure empties it."""

from collections import Counter

from autopulse.db.classification import _TABLES, COLUMNS
from autopulse.db.models import Model

MODELS = {table.name: {column.name for column in table.columns} for table in Model.metadata.sorted_tables}
WITHOUT_MODEL = {"call_feedback_duplicate": MODELS["call_feedback"]}


def test_every_column_has_a_kind() -> None:
    assert {table: set(columns) for table, columns in COLUMNS.items()} == MODELS | WITHOUT_MODEL


def test_no_column_has_two() -> None:
    for table, kinds in _TABLES.items():
        counted = Counter(column for columns in kinds.values() for column in columns.split())
        assert [column for column, times in counted.items() if times > 1] == [], table
