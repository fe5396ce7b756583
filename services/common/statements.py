"""Set-based writing: many rows in one statement, the same on both stores.

SQLite takes many rows best from the driver, one tuple after the other; PostgreSQL as one array for each column, in a
single round trip. A statement is compiled once, and values are converted column by column, so that little of what a
batch costs is SQLAlchemy's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from services.common.array_texts import array_writer

Values = dict[str, Any]
Names = tuple[str, ...]

_MAX_PREPARED = 256
_PARAMETER = "to_"
"""Begins the parameter of a column: its bare name is SQLAlchemy's own."""


def has_many_writers(connection: Connection) -> bool:
    """Whether others may write meanwhile: on PostgreSQL yes, and locks are needed; SQLite has one writer."""
    return _is_postgresql(connection.dialect)


def new_ids(connection: Connection, table: Table, count: int) -> Sequence[int]:
    """Ids, in order, for as many rows that the caller is about to insert."""
    if not count:
        return ()
    if has_many_writers(connection):
        query = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
        return connection.execute(query, {"name": table.name, "count": count}).scalars().all()
    last: int = connection.exec_driver_sql(_greatest_id(connection.dialect, table)).scalar_one()
    return range(last + 1, last + 1 + count)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, if there are any; all must have the same columns."""
    if rows:
        _insertion(connection.dialect, table, tuple(rows[0])).run(connection, rows)


def update_by_id(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    """Update rows by their `id`, each in the columns that it names."""
    for names, alike in groupby(sorted(rows, key=tuple), key=tuple):
        _update(connection.dialect, table, names).run(connection, list(alike))


def add_to_sums(connection: Connection, table: Table, rows: Sequence[Values], sums: Names) -> None:
    """Add to the running sums of rows with the same key, in key order; new keys start there."""
    if rows:
        keys = tuple(column.name for column in table.primary_key)
        in_order = sorted(rows, key=itemgetter(*keys))
        _addition(connection.dialect, table, (*keys, *sums), sums).run(connection, in_order)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, but none of which the table has one with the same key, whoever wrote it."""
    if rows:
        _missing(connection.dialect, table, tuple(rows[0])).run(connection, rows)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A statement for many rows as the driver takes it; `columns` in the order of its parameters."""

    sql: str
    columns: tuple[tuple[str, Callable[[Sequence[Any]], Any]], ...]
    takes_arrays: bool

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Raises what the driver raises, as SQLAlchemy's."""
        told = [(name, convert([row[name] for row in rows])) for name, convert in self.columns]
        if self.takes_arrays:
            connection.exec_driver_sql(self.sql, {_PARAMETER + name: array for name, array in told})
        else:
            connection.exec_driver_sql(self.sql, list(zip(*(values for _, values in told), strict=True)))


@lru_cache(_MAX_PREPARED)
def _greatest_id(dialect: Dialect, table: Table) -> str:
    return str(select(func.coalesce(func.max(table.c.id), text("0"))).compile(dialect=dialect))


@lru_cache(_MAX_PREPARED)
def _insertion(dialect: Dialect, table: Table, names: Names) -> _Prepared:
    if _is_postgresql(dialect):
        return _prepared(dialect, table, names, insert(table).from_select(names, _unnested(table, names)))
    return _prepared(dialect, table, names, insert(table).values(_parameters(table, names)))


@lru_cache(_MAX_PREPARED)
def _missing(dialect: Dialect, table: Table, names: Names) -> _Prepared:
    return _prepared(dialect, table, names, _upsert(dialect, table, names).on_conflict_do_nothing())


@lru_cache(_MAX_PREPARED)
def _update(dialect: Dialect, table: Table, names: Names) -> _Prepared:
    new: Mapping[str, ColumnElement[Any]] = _parameters(table, names)
    if _is_postgresql(dialect):
        new = dict(_unnested(table, names).subquery("new").c.items())
    changed = {name: new[name] for name in names if name != "id"}
    return _prepared(dialect, table, names, update(table).values(changed).where(table.c.id == new["id"]))


@lru_cache(_MAX_PREPARED)
def _addition(dialect: Dialect, table: Table, names: Names, sums: Names) -> _Prepared:
    statement = _upsert(dialect, table, names)
    keys = [column.name for column in table.primary_key]
    added = {name: table.c[name] + statement.excluded[name] for name in sums}
    return _prepared(dialect, table, names, statement.on_conflict_do_update(index_elements=keys, set_=added))


def _upsert(dialect: Dialect, table: Table, names: Names) -> postgresql.Insert | sqlite.Insert:
    """An insertion that can be told what to do where there is such a row already."""
    if _is_postgresql(dialect):
        return postgresql.insert(table).from_select(names, _unnested(table, names))
    return sqlite.insert(table).values(_parameters(table, names))


def _is_postgresql(dialect: Dialect) -> bool:
    return dialect.name == "postgresql"


def _parameters(table: Table, names: Names) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(_PARAMETER + name, type_=table.c[name].type) for name in names}


def _unnested(table: Table, names: Names) -> Select[Any]:
    """The rows that the arrays make when they are read side by side."""
    arrays = (bindparam(_PARAMETER + name, type_=ARRAY(table.c[name].type)) for name in names)
    return select(*(func.unnest(array).label(name) for name, array in zip(names, arrays, strict=True)))


def _prepared(dialect: Dialect, table: Table, names: Names, statement: UpdateBase) -> _Prepared:
    compiled: Any = statement.compile(dialect=dialect)
    in_order = [parameter.removeprefix(_PARAMETER) for parameter in compiled.positiontup or ()] or names
    takes_arrays = _is_postgresql(dialect)
    make = array_writer if takes_arrays else _value_writer
    columns = tuple((name, make(table.c[name].type, dialect)) for name in in_order)
    return _Prepared(str(compiled), columns, takes_arrays)


def _value_writer(column_type: TypeEngine[Any], dialect: Dialect) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What converts a column's values to what the driver takes."""
    process = column_type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return lambda values: values
    return lambda values: [None if value is None else process(value) for value in values]
