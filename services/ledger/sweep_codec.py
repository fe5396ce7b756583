"""Sweeps and usage reports to and from their protobuf messages."""

from collections.abc import Mapping
from typing import Any

from services.common.errors import InvalidInput
from services.common.money import plain_decimal
from services.common.wire import from_timestamp, to_timestamp
from services.ledger.amounts import day_of, money_of
from services.ledger.store.recorded_sweeps import MAX_DECIMALS, Sweep, UsageDay
from services.ledger.store.work_lists import Verdict
from tollbook.ledger.v1 import book_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2

_VERDICTS: Mapping[int, Verdict] = {
    book_pb2.SWEEP_VERDICT_COMPLETE: "complete",
    book_pb2.SWEEP_VERDICT_DIFFERENT: "different",
    book_pb2.SWEEP_VERDICT_UNPROVEN: "unproven",
}


def decode_sweep(message: book_pb2.Sweep) -> Sweep:
    """A sweep as it was reported. Raises InvalidInput for a window that is none."""
    sweep = Sweep(
        record_type=message.record_type,
        query_form=message.query_form,
        account_key=message.account_key,
        from_at=from_timestamp(message.from_time),
        to_at=from_timestamp(message.to_time),
        read_at=from_timestamp(message.read_time),
        total_results=message.total_results,
        is_counted=message.counted,
    )
    if sweep.from_at >= sweep.to_at or sweep.total_results < 0:
        raise InvalidInput("a sweep needs a window and a count", "sweep")
    return sweep


def decode_usage_day(message: telnyx_gateway_pb2.UsageDay) -> UsageDay:
    """One day of usage_reports. Raises InvalidInput for a day or an amount that the book cannot keep.

    An amount is exact to at least the decimals that it has, whatever is said of them.
    """
    cost = money_of(message, "cost")
    if not 0 <= message.decimals <= MAX_DECIMALS:
        raise InvalidInput(f"an amount has 0 to {MAX_DECIMALS} decimals", "decimals")
    written = len(plain_decimal(cost.nanos).partition(".")[2])
    return UsageDay(day=day_of(message.day, "days"), cost=cost, decimals=max(written, message.decimals))


def encode_sweep(row: Any) -> book_pb2.Sweep:
    """A row of sweeps, with its verdict."""
    return book_pb2.Sweep(
        record_type=row.record_type,
        from_time=to_timestamp(row.from_at),
        to_time=to_timestamp(row.to_at),
        read_time=to_timestamp(row.read_at),
        total_results=row.total_results,
        query_form=row.query_form,
        account_key=row.account_key,
        held_count=row.held_count or 0,
        verdict=_verdict(row),
        counted=row.is_counted,
    )


def _verdict(row: Any) -> "book_pb2.SweepVerdict.ValueType":
    if row.held_count != row.total_results:
        return book_pb2.SWEEP_VERDICT_DIFFERENT
    return book_pb2.SWEEP_VERDICT_COMPLETE if row.is_proven else book_pb2.SWEEP_VERDICT_UNPROVEN


def decode_verdict(verdict: int) -> Verdict | None:
    """None where sweeps of any verdict are asked for. Raises InvalidInput for one that is not known here."""
    if not verdict:
        return None
    if verdict not in _VERDICTS:
        raise InvalidInput("there is no such verdict", "verdict")
    return _VERDICTS[verdict]
