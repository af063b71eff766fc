"""Check before the first migration whether the migrations fit a database; this only reads.

A database fits if it has none of the application's tables, or all of them as in `models` without our columns;
`call_feedback` may be absent. Other objects of the application are allowed, as long as they cannot make a statement of
ours fail: further columns that an insert may omit, longer columns, and anything in tables that we only read. Existing
columns with the names of ours are widened by the migrations, if that does not change their values.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Table, text
from sqlalchemy.dialects import postgresql

from autopulse.db.catalog import (
    SCHEMA,
    TABLE,
    Catalog,
    Constraint,
    Server,
    find_users,
    quoted,
    read_catalog,
    read_server,
)
from autopulse.db.catalog import Column as FoundColumn
from autopulse.db.column_types import read_type, spell, widen
from autopulse.db.models import ADDED, APPLICATION, Model
from autopulse.db.privileges import PRIVILEGES, WHOLE

OLDEST_SERVER: Final = 15
OPTIONAL: Final = "call_feedback"
"""The application's table that not all of its releases have."""
RENAMED: Final = ("calls", "servicerecords", "service_records", "transcripts")
"""Tables of releases in which all names are plurals."""
RENAMED_TOO: Final = ("organizations", "users", "campaigns")
"""Further tables of these releases; they do not identify the application, because other programs have them too."""
TELLING: Final = ("service_record", "call", "call_feedback", "transcript")
"""The tables that identify the application. They are also those of its tables that we write to."""
EMPTIED: Final = ("call_feedback", "transcript")
"""Tables of the application from which we delete rows: a report's turns replace others."""
WITHOUT_MODEL: Final = ("call_feedback_duplicate",)
MENTIONS: Final = ("type", "kind", "category")
"""Columns of a `call_feedback` that has several rows per call by design."""
NEVER_NULL: Final = frozenset({"updated_at"})
"""Columns that are nullable, but are never written as null."""
ARBITERS: Final = (("call", ["vapi_call_id"]), ("call_feedback", ["call_id"]))
"""Columns that may be unique in the application's tables, because the migrations make them so."""
DEFINITION_LENGTH: Final = 200
_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_INTRODUCTION: Final = "the database does not fit, and nothing was changed:"
_ONE_A_CALL: Final = "one row per call; releases that write a row for each mention are not supported"


@dataclass(frozen=True, slots=True)
class Misfit:
    """One difference between the database and what the migrations need."""

    table: str
    """The table, or another object such as the server."""
    column: str | None
    found: str
    needed: str

    def __str__(self) -> str:
        """The difference in one line, for messages."""
        place = f"{self.table}.{self.column}" if self.column else self.table
        return f"{place}: {self.found} found (needed: {self.needed})"


class DatabaseDoesNotFit(Exception):
    """The migrations do not fit this database, and nothing was changed; the text lists all differences."""

    def __init__(self, misfits: Iterable[Misfit]) -> None:
        self.misfits = tuple(misfits)
        super().__init__("\n  ".join([_INTRODUCTION, *map(str, self.misfits)]))

    def shortened(self, size: int) -> str:
        """The text in one line of at most `size` bytes as JSON; it ends with the number of omitted differences."""
        lines = [str(misfit) for misfit in self.misfits]
        for count in range(len(lines), 0, -1):
            rest = [f"and {len(lines) - count} more: see the log"] if count < len(lines) else []
            line = f"{_INTRODUCTION} {'; '.join(lines[:count] + rest)}"
            if len(json.dumps(line)) <= size:
                return line
        return f"{_INTRODUCTION} see the log"


class CannotTell(Exception):
    """The connected role lacks the privilege to read what has to be checked; the text says what."""


def find_misfits(connection: Connection, *, migrates: bool) -> list[Misfit]:
    """Find all differences that prevent the migrations, in a read-only transaction of its own.

    With `migrates`, missing privileges of the connected role are included. Raises CannotTell.
    """
    try:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        server = read_server(connection)
        if server.version < OLDEST_SERVER:
            return [Misfit("server", None, f"PostgreSQL {server.version}", f"{OLDEST_SERVER} or newer")]
        look = _Look(connection, server, read_catalog(connection, APPLICATION), migrates, [])
        misfits = list(look.misfits())
    finally:
        connection.rollback()
    if look.unread and not misfits:
        raise CannotTell(f"{server.user} may not read {', '.join(look.unread)}, the rows of which have to be looked at")
    return misfits


@dataclass(frozen=True, slots=True)
class _Look:
    """One check of one database."""

    connection: Connection
    server: Server
    catalog: Catalog
    migrates: bool
    unread: list[str]
    """Tables whose rows have to be checked, and which the role may not read."""

    def misfits(self) -> Iterator[Misfit]:
        yield from self._place()
        yield from self._tables_elsewhere()
        yield from self._names_taken()
        there = [table for table in APPLICATION if table in self.catalog.relations]
        for name in APPLICATION if there else ():
            if name in there:
                yield from self._table(Model.metadata.tables[name])
            elif name != OPTIONAL:
                yield Misfit(name, None, "nothing", "a table")

    def _place(self) -> Iterator[Misfit]:
        server = self.server
        if server.encoding != "UTF8":
            yield Misfit(
                "database", None, f"encoding {server.encoding}", "UTF8, or not all that people say can be stored"
            )
        if server.schema != SCHEMA:
            yield Misfit("search_path", None, f"{server.schema or 'no schema'} first", SCHEMA)
        if self.migrates and not server.may_create:
            yield Misfit(f"schema {SCHEMA}", None, f"{server.user}, who may make no table in it", "one who may")

    def _tables_elsewhere(self) -> Iterator[Misfit]:
        """Find the application's tables under other names or in another schema; ours would then stay empty."""
        relations = self.catalog.relations
        if renamed := [name for name in RENAMED if name in relations]:
            renamed += [name for name in RENAMED_TOO if name in relations]
            yield Misfit("tables", None, ", ".join(renamed), f"{', '.join(TELLING)}; plurals are another release's")
        if not any(name in relations for name in TELLING):
            for schema, names in sorted(self.catalog.elsewhere.items()):
                if moved := [name for name in TELLING if name in names]:
                    yield Misfit("tables", None, f"{', '.join(moved)} in schema {schema}", f"schema {SCHEMA}")

    def _names_taken(self) -> Iterator[Misfit]:
        """Find objects of any kind with the name of a table or an index that the migrations create."""
        relations, new = self.catalog.relations, {*Model.metadata.tables, *WITHOUT_MODEL} - {*APPLICATION}
        for name in sorted(new & relations.keys()):
            yield Misfit(name, None, f"{relations[name].kind} of that name", "none: it is ours to make")
        absent = (new | {*APPLICATION}) - relations.keys()
        for name in sorted(absent & self.catalog.types):
            yield Misfit(name, None, "a type of that name", "none: a table of that name is to be made")
        for table in Model.metadata.tables.values():
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                if index.name in relations and not self._stands_for(index):
                    yield Misfit(
                        str(index.name), None, "another index or table of that name", "none: it is ours to make"
                    )

    def _stands_for(self, index: Index) -> bool:
        """Whether the application's index of this name has the same plain columns; SQLAlchemy names them alike.

        An index of all rows can replace a partial one of ours.
        """
        columns = [column.name if isinstance(column, Column) else "" for column in index.expressions]
        if "" in columns or index.table is None:
            return False
        place = (index.name, index.table.name, columns, False)
        return place in [(one.name, one.table, list(one.columns), one.is_partial) for one in self.catalog.indexes]

    def _table(self, table: Table) -> Iterator[Misfit]:
        relation = self.catalog.relations[table.name]
        if relation.kind != TABLE:
            yield Misfit(table.name, None, relation.kind, TABLE)
            return
        if relation.unlogged:
            yield Misfit(table.name, None, "unlogged", "logged, as the tables are that will refer to it")
        if relation.row_security:
            yield Misfit(table.name, None, "row security", "none, or the functions see no row")
        if relation.has_rules:
            yield Misfit(table.name, None, "rules", "none")
        if relation.is_bound:
            yield Misfit(table.name, None, "inheritance, partitions or a type of its own", "a table by itself")
        if self.migrates and not relation.is_owned:
            yield Misfit(table.name, None, "another owner", f"{self.server.user}, who migrates")
        misfits = [*self._columns(table), *self._keys(table), *self._unique(table), *self._constraints(table)]
        yield from misfits
        if table.name == "call_feedback":
            yield from self._several_a_call(table)
        if not misfits:
            yield from self._rows(table)

    def _found(self, table: Table) -> dict[str, FoundColumn]:
        return dict(self.catalog.columns.get(table.name, {}))

    def _columns(self, table: Table) -> Iterator[Misfit]:
        found = self._found(table)
        for column in table.columns:
            if column.name in found:
                yield from self._column(table, column, found[column.name])
            elif column.name not in ADDED.get(table.name, ()):
                yield Misfit(table.name, column.name, "nothing", _type_of(column))
        for one in found.values():
            if one.name not in table.columns and _columns_of(table, "INSERT") and one.is_required:
                yield Misfit(table.name, one.name, "NOT NULL without a default", "a default, or nulls")

    def _column(self, table: Table, column: Column[Any], found: FoundColumn) -> Iterator[Misfit]:
        if found.is_generated:
            yield Misfit(table.name, column.name, "a generated column", "an ordinary one")
        if not found.is_deterministic:
            yield Misfit(table.name, column.name, "a collation that is not deterministic", "one that is")
        yield from self._type(table, column, found)
        if table.name in TELLING:
            yield from _nulls(table, column, found)

    def _type(self, table: Table, column: Column[Any], found: FoundColumn) -> Iterator[Misfit]:
        needed = _type_of(column)
        own, other = read_type(found.type), read_type(needed)
        if own.family != other.family or (own != other and (column.primary_key or column.foreign_keys)):
            yield Misfit(table.name, column.name, spell(found.type), needed)
        elif column.name in ADDED.get(table.name, ()):
            if widen(found.type, needed) and (users := find_users(self.connection, table.name, column.name)):
                yield Misfit(table.name, column.name, f"{spell(found.type)}, fixed by {', '.join(users)}", needed)
        elif column.name in _written(table) and not own.holds(other):
            yield Misfit(table.name, column.name, spell(found.type), f"{needed} or wider")

    def _keys(self, table: Table) -> Iterator[Misfit]:
        indexes = [index for index in self.catalog.indexes if index.table == table.name and index.is_key]
        if ["id"] not in [list(index.columns) for index in indexes]:
            yield Misfit(table.name, "id", "no primary key of it alone", "PRIMARY KEY")
        for column, target in self._missing_references(table):
            if column in self._found(table):
                others = [held.definition for held in self.catalog.constraints if held.is_of(table.name, column)]
                yield Misfit(table.name, column, ", ".join(others) or "no foreign key", f"REFERENCES {target} (id)")

    def _missing_references(self, table: Table) -> list[tuple[str, str]]:
        found = [_reference(held) for held in self.catalog.constraints if held.kind == "f" and held.is_enforced]
        return [
            (column, target)
            for column, target in _references(table)
            if (table.name, [column], target, ["id"]) not in found
        ]

    def _unique(self, table: Table) -> Iterator[Misfit]:
        """Find unique indexes of the application that could reject our rows."""
        for index in self.catalog.indexes:
            if index.table != table.name or not index.is_unique or "id" in index.columns:
                continue
            may_refuse = _written(table) & {*index.uses} or (_columns_of(table, "INSERT") and index.nulls_are_equal)
            if may_refuse and (table.name, list(index.columns)) not in ARBITERS:
                yield Misfit(
                    table.name, None, f"{index.name}, which is unique", "none, or it may refuse what is written"
                )

    def _constraints(self, table: Table) -> Iterator[Misfit]:
        """Find constraints on values, or on rows that refer to the application's, that could fail our statements."""
        planned = [(table.name, [column], target, ["id"]) for column, target in _references(table)]
        missing = [column for column, _ in self._missing_references(table)]
        checked = table.columns.keys() if _columns_of(table, "INSERT") else _written(table)
        for held in self.catalog.constraints:
            if held.kind == "f" and held.target == table.name and table.name in EMPTIED:
                yield Misfit(table.name, None, f"a foreign key of {held.table} to it", "none: rows of it are deleted")
            if held.table != table.name or not held.is_enforced or _reference(held) in planned:
                continue
            names = {*held.columns} & {*(checked if held.kind == "c" else _written(table))}
            if names - {*missing}:
                definition = held.definition[:DEFINITION_LENGTH]
                yield Misfit(table.name, None, definition, "none, or it may refuse what is written")

    def _several_a_call(self, table: Table) -> Iterator[Misfit]:
        """Find feedback with several rows per call by design; of accidental repeats the migrations keep one."""
        found = self._found(table)
        more = [name for name in found if name not in table.columns]
        if named := [name for name in more if name in MENTIONS or name.endswith(tuple(f"_{one}" for one in MENTIONS))]:
            yield Misfit(table.name, None, f"several rows per call by their {', '.join(named)}", _ONE_A_CALL)
            return
        indexes = [index for index in self.catalog.indexes if index.table == table.name and index.is_unique]
        for index in indexes:
            if "call_id" in index.columns and len(index.columns) > 1 and "id" not in index.columns:
                yield Misfit(table.name, None, f"several rows per call by {index.name}", _ONE_A_CALL)
                return
        if "call_id" in found and more and self._has(table.name, _differing(more)):
            yield Misfit(table.name, None, f"several rows of a call that differ in {', '.join(more)}", _ONE_A_CALL)

    def _rows(self, table: Table) -> Iterator[Misfit]:
        """Find values in existing columns with the names of ours that cannot be kept."""
        found = self._found(table).keys() & ADDED.get(table.name, ())
        if table.name == "call" and "vapi_call_id" in found and self._has(table.name, _REPEATED):
            yield Misfit(table.name, "vapi_call_id", "one value in several rows", "one row for each")
        if table.name == "transcript":
            for name in sorted(found):
                if self._has(table.name, f"SELECT FROM {{table}} WHERE {quoted(name)} IS NOT NULL"):
                    yield Misfit(table.name, name, "values of the application's own", "none: the column is ours")

    def _has(self, table: str, rows: str) -> bool:
        """Whether a query has a row; False if the role may not read the table, which is then added to `unread`."""
        name = f"{SCHEMA}.{quoted(table)}"
        if not self.connection.scalar(text("SELECT has_table_privilege(:name, 'SELECT')"), {"name": name}):
            self.unread.append(table)
            return False
        return bool(self.connection.scalar(text(f"SELECT EXISTS ({rows.format(table=name)})")))


_REPEATED: Final = """
    SELECT FROM {table} WHERE vapi_call_id IS NOT NULL GROUP BY vapi_call_id HAVING count(*) > 1
"""


def _differing(columns: Iterable[str]) -> str:
    differ = " OR ".join(f"count(DISTINCT coalesce({quoted(column)}::text, '')) > 1" for column in columns)
    return f"SELECT FROM {{table}} GROUP BY call_id HAVING count(*) > 1 AND ({differ})"


def _nulls(table: Table, column: Column[Any], found: FoundColumn) -> Iterator[Misfit]:
    """Find nullable columns that we read as not null, and required ones that we write as null or omit."""
    if not found.not_null:
        if not column.nullable:
            yield Misfit(table.name, column.name, "nullable", "NOT NULL")
    elif column.nullable and column.name in _written(table) - NEVER_NULL:
        yield Misfit(table.name, column.name, "NOT NULL", "nullable")
    elif found.is_required and not _is_given(table, column):
        yield Misfit(table.name, column.name, "NOT NULL without a default", "a default")


def _is_given(table: Table, column: Column[Any]) -> bool:
    """Whether our inserts, if any, give the column a value: their own, or the default that migrations set."""
    given = _columns_of(table, "INSERT")
    return not given or column.name in given or column.server_default is not None


def _columns_of(table: Table, right: str) -> frozenset[str]:
    """The columns that the functions insert or update; empty if they do neither."""
    columns = PRIVILEGES.get(table.name, {}).get(right)
    if columns is None:
        return frozenset()
    return frozenset(table.columns.keys() if columns == WHOLE else columns)


def _written(table: Table) -> frozenset[str]:
    return _columns_of(table, "INSERT") | _columns_of(table, "UPDATE")


def _references(table: Table) -> list[tuple[str, str]]:
    """Column and target table of each foreign key of the model."""
    return [
        (key.parent.name, key.column.table.name) for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
    ]


def _reference(held: Constraint) -> tuple[str, list[str], str, list[str]]:
    return held.table, list(held.columns), held.target, list(held.target_columns)


def _type_of(column: Column[Any]) -> str:
    return spell(column.type.compile(dialect=_DIALECT))
