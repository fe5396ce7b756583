"""One bill as the page draws it: a row for each part with its step of the waterfall, and what rounding costs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.pages.record.bill import Bill, BillPart
from gateway.pages.record.explanation import Circumstances, Explanation, explain
from gateway.pages.record.part_words import part_meaning, part_name
from gateway.pages.record.rounding import Rounding, RoundingTotal, rounding_of, total_rounding
from gateway.pages.record.waterfall import Bar, waterfall
from services.common.money import Money, UnreadableAmount, parse_nanos, plain_decimal

RecordKey = tuple[str, str]
"""Record type and id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A row: what it is, what it costs, and its bar. `kind`: `record`, `webhook` or `estimate`."""

    name: str
    meaning: str
    kind: str
    cost: Money
    after: Money
    bar: Bar
    rate: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillView:
    """A cost in words and with the steps that lead to it. `rounding` is None where Telnyx has told no seconds."""

    cost: Money
    explanation: Explanation
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

    @property
    def has_records(self) -> bool:
        """Some of it rests on a detail record."""
        return any(step.kind == "record" for step in self.steps)

    @property
    def longest_seconds(self) -> int:
        """The most that was billed of one part: what the drawing of the seconds is as wide as."""
        return max((item.billed_seconds for item in self.roundings), default=1)


def bill_view(
    bill: Bill, circumstances: Circumstances, anchors: Mapping[RecordKey, str], estimate_rate: str = ""
) -> BillView:
    """A bill as it is drawn. `anchors`: where on the page a record is shown in full.

    `estimate_rate`: how the estimate comes about, where that is what the bill has beyond its parts.
    """
    amounts = [part.cost.nanos for part in bill.parts]
    rest = bill.unexplained
    drawn = waterfall([*amounts, rest.nanos] if rest.nanos else amounts)
    steps = [_part_step(part, bar, anchors) for part, bar in zip(bill.parts, drawn.bars, strict=False)]
    if rest.nanos:
        steps.append(_rest_step(rest, drawn.bars[-1], estimate_rate, is_all=not bill.parts))
    roundings = tuple(found for part in bill.parts if (found := rounding_of(part)) is not None)
    counted = {id(found.part) for found in roundings}
    return BillView(
        cost=bill.cost,
        explanation=explain(bill, circumstances),
        steps=tuple(steps),
        total=drawn.total,
        roundings=roundings,
        untold=tuple(part for part in bill.parts if part.billed_seconds and id(part) not in counted),
        rounding=total_rounding(roundings),
    )


def _part_step(part: BillPart, bar: Bar, anchors: Mapping[RecordKey, str]) -> Step:
    return Step(
        name=part_name(part.record_type),
        meaning=_meaning(part),
        kind="webhook" if part.is_from_webhook else "record",
        cost=part.cost,
        after=Money(part.cost.currency, bar.end_nanos),
        bar=bar,
        rate=_rate(part),
        anchor=anchors.get((part.record_type, part.record_id), ""),
    )


def _rest_step(rest: Money, bar: Bar, rate: str, *, is_all: bool) -> Step:
    return Step(
        name="Estimate" if is_all else "Estimate of the rest",
        meaning="until Telnyx has billed it" if is_all else "what Telnyx has not billed yet",
        kind="estimate",
        cost=rest,
        after=Money(rest.currency, bar.end_nanos),
        bar=bar,
        rate=rate,
    )


def _meaning(part: BillPart) -> str:
    """A zero twin is told for what it is: a second record of the same leg, with nothing billed."""
    if part.billed_seconds == 0 and not part.cost.nanos:
        return "a record with nothing billed"
    return part_meaning(part.record_type)


def _rate(part: BillPart) -> str:
    """`180 s at $0.005 / min`: how the cost comes about; empty where Telnyx told no rate."""
    if not part.rate:
        return ""
    rate = _plain(part.rate, part.cost.currency)
    if part.billed_seconds is None:
        return f"{rate} / unit"
    return f"{part.billed_seconds:,} s at {rate} / min"


def _plain(rate: str, currency: str) -> str:
    """Without an exponent (`7.0E-7`) and with its currency, where it is an amount at all."""
    try:
        amount = plain_decimal(parse_nanos(rate))
    except UnreadableAmount:
        return rate
    return f"${amount}" if currency == "USD" else f"{amount} {currency}"
