"""The objects of a database as read from its catalogs; this is read-only, and any role that can connect may do it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

SCHEMA: Final = "public"
TABLE: Final = "a table"
_KINDS: Final = {"r": TABLE, "p": "a partitioned table", "v": "a view", "m": "a materialized view", "S": "a sequence"}
_OTHER_KIND: Final = "something else"

_SERVER: Final = text("""
    SELECT current_setting('server_version_num')::integer / 10000, current_setting('server_encoding'),
        current_user::text, current_schema()::text,
        coalesce(has_schema_privilege(to_regnamespace(:schema), 'CREATE'), false)
""")
_RELATIONS: Final = text("""
    SELECT nspname::text, relname::text, relkind::text, relpersistence <> 'p', relrowsecurity, relhasrules,
        reloftype <> 0 OR EXISTS (SELECT FROM pg_inherits WHERE pg_class.oid IN (inhrelid, inhparent)),
        pg_has_role(relowner, 'USAGE')
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relkind <> 't'
""")
_TYPES: Final = text("SELECT typname::text FROM pg_type WHERE typnamespace = to_regnamespace(:schema)")
_COLUMNS: Final = text("""
    SELECT relname::text, attname::text, format_type(atttypid, atttypmod), attnotnull OR typnotnull,
        atthasdef OR attidentity <> '' OR typdefault IS NOT NULL, attgenerated <> '',
        coalesce(collisdeterministic, true)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE relnamespace = to_regnamespace(:schema) AND relname = ANY(CAST(:tables AS text[]))
        AND attnum > 0 AND NOT attisdropped
    ORDER BY relname, attnum
""")
_INDEXES: Final = text("""
    SELECT owner.relname::text, own.relname::text,
        ARRAY(
            SELECT coalesce(attname::text, '') FROM unnest(indkey::int2[]) WITH ORDINALITY AS key (number, place)
            LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = number AND number > 0
            WHERE place <= indnkeyatts ORDER BY place
        ),
        ARRAY(
            SELECT attname::text FROM pg_attribute
            WHERE attrelid = indrelid AND attnum > 0 AND (attnum = ANY(indkey::int2[]) OR EXISTS (
                SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = indexrelid
                    AND refclassid = 'pg_class'::regclass AND refobjid = indrelid AND refobjsubid = attnum
            ))
        ),
        indisunique OR indisexclusion, indisprimary AND indimmediate AND indisvalid, indpred IS NOT NULL,
        indnullsnotdistinct
    FROM pg_index JOIN pg_class AS own ON own.oid = indexrelid JOIN pg_class AS owner ON owner.oid = indrelid
    WHERE own.relnamespace = to_regnamespace(:schema)
""")
_CONSTRAINTS: Final = text("""
    SELECT
        CASE owner.relnamespace WHEN to_regnamespace(:schema) THEN owner.relname::text
            ELSE conrelid::regclass::text END,
        contype::text,
        CASE target.relnamespace WHEN to_regnamespace(:schema) THEN target.relname::text
            ELSE confrelid::regclass::text END,
        pg_get_constraintdef(held.oid),
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey)),
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = confrelid AND attnum = ANY(confkey)),
        -- Since Postgres 18 a constraint may be there and not be enforced.
        coalesce((to_jsonb(held) ->> 'conenforced')::boolean, true)
    FROM pg_constraint AS held JOIN pg_class AS owner ON owner.oid = conrelid
    LEFT JOIN pg_class AS target ON target.oid = confrelid
    WHERE contype IN ('c', 'f') AND to_regnamespace(:schema) IN (owner.relnamespace, target.relnamespace)
""")
_USERS: Final = text("""
    SELECT pg_describe_object(classid, objid, objsubid) FROM pg_depend
    WHERE refclassid = 'pg_class'::regclass AND refobjid = to_regclass(:table)
        AND refobjsubid = (SELECT attnum FROM pg_attribute WHERE attrelid = refobjid AND attname = :column)
        AND (
            classid IN (
                'pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass,
                'pg_publication_rel'::regclass
            )
            -- A generated column that is computed from it; a default of its own is converted with it.
            OR classid = 'pg_attrdef'::regclass AND (refobjid, refobjsubid)
                <> (SELECT adrelid, adnum FROM pg_attrdef WHERE pg_attrdef.oid = objid)
        )
    ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class Server:
    """The server of a connection, and its role."""

    version: int
    """The major version: 18, not 18.1."""
    encoding: str
    user: str
    schema: str | None
    """The first existing schema of the search path, in which new tables are created; None if there is none."""
    may_create: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view, index or sequence."""

    kind: str
    """The kind in words: table, view, index or sequence."""
    unlogged: bool
    row_security: bool
    has_rules: bool
    is_bound: bool
    """Whether its columns depend on other tables or on a type, by inheritance or as a partition."""
    is_owned: bool
    """Whether the connected role owns the relation."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    type: str
    not_null: bool
    is_filled: bool
    """Whether an insert may omit it although it is not null: it has a default, or is an identity."""
    is_generated: bool
    is_deterministic: bool
    """Whether its collation is deterministic: only identical texts are equal."""

    @property
    def is_required(self) -> bool:
        """Whether every insert has to give a value."""
        return self.not_null and not self.is_filled


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An index."""

    table: str
    name: str
    columns: Sequence[str]
    """The columns of the index in order; an empty text stands for an expression."""
    uses: Sequence[str]
    """All columns that it uses, also in expressions."""
    is_unique: bool
    """Whether it is unique, or enforces an exclusion constraint."""
    is_key: bool
    """Whether it is the primary key's, to which foreign keys can refer."""
    is_partial: bool
    nulls_are_equal: bool


@dataclass(frozen=True, slots=True)
class Constraint:
    """A check or a foreign key; tables of other schemas are named with their schema."""

    table: str
    kind: str
    """`c` (check) or `f` (foreign key), as in `pg_constraint.contype`."""
    target: str
    """The table that a foreign key refers to."""
    definition: str
    columns: Sequence[str]
    target_columns: Sequence[str]
    is_enforced: bool

    def is_of(self, table: str, column: str) -> bool:
        """Whether it is a foreign key of this column alone."""
        return (self.kind, self.table, list(self.columns)) == ("f", table, [column])


@dataclass(frozen=True, slots=True)
class Catalog:
    """The objects of a database, of the schema `public` where nothing else is stated."""

    relations: Mapping[str, Relation]
    elsewhere: Mapping[str, frozenset[str]]
    """Other schema -> names of relations in it."""
    types: frozenset[str]
    columns: Mapping[str, Mapping[str, Column]]
    """Table -> name -> column, for the tables that were requested."""
    indexes: Sequence[IndexEntry]
    constraints: Sequence[Constraint]


def read_server(connection: Connection) -> Server:
    """Read the server's version, which may be any, and the role."""
    return Server(*connection.execute(_SERVER, {"schema": SCHEMA}).one())


def read_catalog(connection: Connection, tables: Sequence[str]) -> Catalog:
    """Read the columns of these tables, and the other objects of all tables; needs Postgres 15 or newer."""
    schema = {"schema": SCHEMA}
    relations, elsewhere = _read_relations(connection)
    columns: dict[str, dict[str, Column]] = {}
    for table, *column in connection.execute(_COLUMNS, schema | {"tables": list(tables)}):
        columns.setdefault(table, {})[column[0]] = Column(*column)
    return Catalog(
        relations,
        elsewhere,
        frozenset(connection.scalars(_TYPES, schema)),
        columns,
        [IndexEntry(*row) for row in connection.execute(_INDEXES, schema)],
        [Constraint(*row) for row in connection.execute(_CONSTRAINTS, schema)],
    )


def find_users(connection: Connection, table: str, column: str) -> list[str]:
    """Names of views, triggers and the like that make Postgres refuse a change of the column's type."""
    return list(connection.scalars(_USERS, {"table": f'{SCHEMA}."{table}"', "column": column}))


def _read_relations(connection: Connection) -> tuple[dict[str, Relation], dict[str, frozenset[str]]]:
    here: dict[str, Relation] = {}
    elsewhere: dict[str, set[str]] = {}
    for schema, name, kind, *rest in connection.execute(_RELATIONS):
        if schema == SCHEMA:
            here[name] = Relation(_KINDS.get(kind, _OTHER_KIND), *rest)
        else:
            elsewhere.setdefault(schema, set()).add(name)
    return here, {schema: frozenset(names) for schema, names in elsewhere.items()}


def quoted(name: str) -> str:
    """A quoted identifier; only for names that were read from a catalog."""
    return '"' + name.replace('"', '""') + '"'
