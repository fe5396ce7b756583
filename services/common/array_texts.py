"""Columns of values as texts that PostgreSQL reads as arrays.

psycopg writes an array value by value, at 0.3 to 4 microseconds each; most of what a batch costs would be that.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, Dialect, LargeBinary
from sqlalchemy.types import TypeEngine

from services.common.exact_json import encode_json

ArrayWriter = Callable[[Sequence[Any]], Any]


def array_writer(column_type: TypeEngine[Any], dialect: Dialect) -> ArrayWriter:
    """What makes the parameter for an array of a column's values, None among them."""
    implementation = column_type.dialect_impl(dialect)
    process = implementation.bind_processor(dialect)
    if isinstance(implementation, LargeBinary):
        # Bytes go as bytes, which the driver does well.
        return lambda values: [
            None if value is None or process is None else process(value) for value in values
        ]
    if isinstance(implementation, JSON):
        return lambda values: write_array(values, encode_json)
    if process is None:
        return lambda values: write_array(values, str)
    return lambda values: write_array(values, lambda value: str(process(value)))


def write_array(values: Iterable[Any], to_text: Callable[[Any], str]) -> str:
    """The text of an array, each value written by `to_text`, None as NULL."""
    texts: list[str] = []
    last, text = None, "NULL"
    for value in values:
        # Many rows of a batch have the very same moment or word in a column.
        if value is not last:
            last, text = value, "NULL" if value is None else _quoted(to_text(value))
        texts.append(text)
    return "{" + ",".join(texts) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
