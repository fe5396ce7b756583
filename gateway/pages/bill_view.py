"""One bill as the page draws it: a row for each part with its step of the waterfall, and what rounding costs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.pages.bill import Bill, BillPart
from gateway.pages.part_words import part_meaning, part_name
from gateway.pages.rounding import Rounding, RoundingTotal, rounding_of, total_rounding
from gateway.pages.waterfall import Bar, waterfall
from services.common.money import Money

RecordKey = tuple[str, str]
"""Record type and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A row: what it is, what it costs, and its bar. `kind`: `record`, `webhook` or `estimate`."""

    name: str
    meaning: str
    term: str
    kind: str
    cost: Money
    after: Money
    bar: Bar
    rate: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillView:
    """A cost with the steps that lead to it. `rounding` is None where Telnyx has told no seconds."""

    cost: Money
    steps: tuple[Step, ...]
    total: Bar
    roundings: tuple[Rounding, ...]
    untold: tuple[BillPart, ...]
    """Parts with billed time of which Telnyx has not told the seconds used."""
    rounding: RoundingTotal | None

    @property
    def has_webhook_parts(self) -> bool:
        """Some of it rests on a webhook alone."""
        return any(step.kind == "webhook" for step in self.steps)


def bill_view(bill: Bill, anchors: Mapping[RecordKey, str]) -> BillView:
    """The rows of a bill. `anchors`: where on the page a record is shown in full."""
    amounts = [part.cost.nanos for part in bill.parts]
    rest = bill.unexplained
    drawn = waterfall([*amounts, rest.nanos] if rest.nanos else amounts)
    steps = [_part_step(part, bar, anchors) for part, bar in zip(bill.parts, drawn.bars, strict=False)]
    if rest.nanos:
        steps.append(_rest_step(rest, drawn.bars[-1], is_all=not bill.parts))
    roundings = tuple(found for part in bill.parts if (found := rounding_of(part)) is not None)
    counted = {id(found.part) for found in roundings}
    return BillView(
        cost=bill.cost,
        steps=tuple(steps),
        total=drawn.total,
        roundings=roundings,
        untold=tuple(part for part in bill.parts if part.billed_seconds and id(part) not in counted),
        rounding=total_rounding(roundings),
    )


def _part_step(part: BillPart, bar: Bar, anchors: Mapping[RecordKey, str]) -> Step:
    return Step(
        name=part_name(part.record_type),
        meaning=part_meaning(part.record_type),
        term=part.record_type,
        kind="webhook" if part.is_from_webhook else "record",
        cost=part.cost,
        after=Money(part.cost.currency, bar.end_nanos),
        bar=bar,
        rate=_rate(part),
        anchor=anchors.get((part.record_type, part.record_id), ""),
    )


def _rest_step(rest: Money, bar: Bar, *, is_all: bool) -> Step:
    return Step(
        name="estimate" if is_all else "estimate of the rest",
        meaning="until Telnyx has billed it" if is_all else "what Telnyx has not billed yet",
        term="",
        kind="estimate",
        cost=rest,
        after=Money(rest.currency, bar.end_nanos),
        bar=bar,
    )


def _rate(part: BillPart) -> str:
    if not part.rate:
        return ""
    return f"{part.rate} / {'min' if part.billed_seconds is not None else 'unit'}"
