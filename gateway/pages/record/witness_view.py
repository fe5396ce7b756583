"""The witnesses of a session side by side: a column for each, a row for each record type."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from google.type.money_pb2 import Money as MoneyMessage

from gateway.pages.record.part_words import LEADING_TYPES, part_name
from gateway.witness_answers import WITNESS_NAMES
from tollbook.reconciler.v1 import audit_pb2

_TITLES = {
    "detail_records_api": "Detail records",
    "call_cost_webhook": "call.cost",
    "session_analysis": "Session analysis",
}


@dataclass(frozen=True, slots=True)
class WitnessColumn:
    """A witness. `costs` has one amount per currency, none while it has not spoken."""

    title: str
    has_spoken: bool
    costs: Sequence[MoneyMessage]
    message: str


@dataclass(frozen=True, slots=True)
class WitnessRow:
    """A record type: the amounts that each witness tells of it, one per currency."""

    name: str
    cells: Sequence[Sequence[MoneyMessage]]


@dataclass(frozen=True, slots=True)
class WitnessView:
    """All of them, and a sentence for each thing in which two do not agree."""

    columns: Sequence[WitnessColumn]
    rows: Sequence[WitnessRow]
    differences: Sequence[str]

    @property
    def spoken_count(self) -> int:
        """How many have said something: it takes two to agree."""
        return sum(column.has_spoken for column in self.columns)


def witness_view(compared: audit_pb2.CompareWitnessesResponse) -> WitnessView:
    """The view of a comparison."""
    witnesses = compared.witnesses
    return WitnessView(
        columns=[_column(witness) for witness in witnesses],
        rows=[
            WitnessRow(part_name(record_type), [_costs_of(record_type, witness) for witness in witnesses])
            for record_type in _record_types(witnesses)
        ],
        differences=list(compared.differences),
    )


def _column(witness: audit_pb2.Witness) -> WitnessColumn:
    name = WITNESS_NAMES.get(witness.name, "unknown")
    return WitnessColumn(
        title=_TITLES.get(name, name),
        has_spoken=witness.has_spoken,
        costs=list(witness.costs) if witness.has_spoken else [],
        message=witness.message,
    )


def _record_types(witnesses: Iterable[audit_pb2.Witness]) -> list[str]:
    """All that any of them speaks of: what nearly every call has first, then by name."""
    named = {part.record_type for witness in witnesses for part in witness.parts}
    leading = [record_type for record_type in LEADING_TYPES if record_type in named]
    return [*leading, *sorted(named.difference(leading))]


def _costs_of(record_type: str, witness: audit_pb2.Witness) -> list[MoneyMessage]:
    return [part.cost for part in witness.parts if part.record_type == record_type]
