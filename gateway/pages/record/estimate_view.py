"""The estimate of a call beside its exact cost, and where its rate came from."""

from dataclasses import dataclass

from gateway.pages.record.bill_messages import money_of
from gateway.pages.record.comparison import Comparison, compare
from gateway.pages.words import SOURCE_WORDS
from services.common.money import Money, plain_decimal
from tollbook.ledger.v1 import book_pb2

_RATE_ORIGINS = {
    "fallback": "the fallback rate that is set for Tollbook (TELNYX_VOICE_RATE_PER_MIN)",
    "learned": "the rate that the book has learned from its own exact calls of this direction and destination",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateView:
    """`rate` is per minute. `compared` is None where there is no exact cost, or one in another currency."""

    estimate: Money
    rate: Money | None
    rate_origin: str
    source: str
    """As in the REST answer: `fallback` or `learned`."""
    minutes: int
    """Started minutes of the rate; 0 where the estimate is no whole number of them."""
    compared: Comparison | None


def estimate_view(leg: book_pb2.CallLeg, cost: Money | None, *, is_exact: bool) -> EstimateView | None:
    """The estimate of a leg; None before the call ended, and for a leg of which no webhook told the end."""
    if not leg.HasField("estimate"):
        return None
    estimate = money_of(leg.estimate)
    rate = money_of(leg.estimate_rate) if leg.HasField("estimate_rate") else None
    return EstimateView(
        estimate=estimate,
        rate=rate,
        source=leg.estimate_source,
        rate_origin=_RATE_ORIGINS.get(leg.estimate_source, leg.estimate_source),
        minutes=_whole_minutes(estimate, rate),
        compared=compare(estimate, cost) if cost is not None and is_exact else None,
    )


def estimate_rate(view: EstimateView | None, unexplained: Money) -> str:
    """How an estimate comes about, in short; empty unless it is just what a bill has beyond its parts."""
    if view is None or view.rate is None or view.estimate != unexplained:
        return ""
    amount = plain_decimal(view.rate.nanos)
    rate = f"${amount}" if view.rate.currency == "USD" else f"{amount} {view.rate.currency}"
    return f"at {rate} / min, {SOURCE_WORDS.get(view.source, view.source)}"


def _whole_minutes(estimate: Money, rate: Money | None) -> int:
    if rate is None or rate.nanos <= 0:
        return 0
    minutes, rest = divmod(estimate.nanos, rate.nanos)
    return 0 if rest else minutes
