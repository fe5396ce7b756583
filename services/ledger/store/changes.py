"""Rows that are not as they follow from the facts: to be written, or to be told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.common.statements import Values


@dataclass(frozen=True, slots=True)
class Change:
    """One row of one table: to be inserted (`row` None), to be given other values, or to go (`values` None)."""

    row: Any
    values: Values | None

    @property
    def told(self) -> Mapping[str, Any]:
        """What the row says; what it is to say if it is not there yet."""
        return (self.values or {}) if self.row is None else self.row._mapping

    @property
    def columns(self) -> list[str]:
        """The columns that are not as they should be; empty for a row to be inserted or to go."""
        if self.row is None or self.values is None:
            return []
        is_now = self.row._mapping
        return [name for name, value in self.values.items() if is_now[name] != value]


def differs(row: Any, values: Values) -> bool:
    """Whether a row says anything else than these values."""
    is_now = row._mapping
    return any(is_now[name] != value for name, value in values.items())


def insertions(changes: Iterable[Change], added: Values) -> list[Values]:
    """The rows to insert, each with the same values added."""
    return [
        {**change.values, **added} for change in changes if change.row is None and change.values is not None
    ]


def updates(changes: Iterable[Change], added: Values) -> list[Values]:
    """What to write to rows, by their `id`: the columns that differ, and the same values added to each.

    An index is left alone by a write that does not name its columns.
    """
    return [
        {"id": change.row.id, **{name: change.values[name] for name in change.columns}, **added}
        for change in changes
        if change.row is not None and change.values is not None
    ]
