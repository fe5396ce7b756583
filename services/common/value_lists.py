"""Asking for many values with one parameter: the statement is the same, and prepared, however many are asked for."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, Dialect, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from services.common.array_texts import write_array
from services.common.exact_json import encode_json


def is_among(column: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column of texts or whole numbers has one of these values."""
    return _IsAmong(column, bindparam("values", values, type_=_ValueList(), unique=True))


def is_among_given(column: Column[Any], parameter: str) -> ColumnElement[bool]:
    """The same of values that come as this parameter, for a statement that is built only once."""
    return _IsAmong(column, bindparam(parameter, type_=_ValueList()))


class _ValueList(TypeDecorator[Iterable[Any]]):
    """One text: of a JSON array on SQLite, of an array on PostgreSQL."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> str:
        values = value or ()
        return write_array(values, str) if dialect.name == "postgresql" else encode_json(list(values))


class _IsAmong(FunctionElement[bool]):
    """Without a type: as a Boolean SQLAlchemy would ask SQLite whether it is 1, and no index answers that."""

    inherit_cache = True


@compiles(_IsAmong, "sqlite")
def _in_json(element: _IsAmong, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - both are SQLAlchemy's own texts


@compiles(_IsAmong, "postgresql")
def _in_array(element: _IsAmong, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    item_type = compiler.dialect.type_compiler_instance.process(next(iter(element.clauses)).type)
    return f"{column} = ANY (CAST({values} AS {item_type}[]))"
