"""Column types that mean the same on both stores."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

BigKey = BigInteger().with_variant(Integer(), "sqlite")
"""A BIGINT that SQLite can use as its rowid."""

JsonColumn = JSON().with_variant(JSONB(), "postgresql")

_NAIVE_LENGTH = len("YYYY-MM-DD HH:MM:SS.ffffff")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment: `timestamptz` on PostgreSQL, `YYYY-MM-DD HH:MM:SS.ffffff` text on SQLite.

    A row has several, so SQLite's text is written and read here in one step, not in the three of the base classes.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _to_text if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:  # noqa: ARG002 - the base class names it
        return _from_text if dialect.name == "sqlite" else _in_utc


def _in_utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be stored")
    return moment.astimezone(UTC)


def _to_text(moment: datetime | None) -> str | None:
    in_utc = _in_utc(moment)
    return None if in_utc is None else in_utc.isoformat(" ", "microseconds")[:_NAIVE_LENGTH]


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
