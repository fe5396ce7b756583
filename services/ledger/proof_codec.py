"""What the book can prove, to and from its protobuf messages."""

from collections.abc import Mapping

from services.common.errors import InvalidInput
from services.common.wire import to_date, to_money, to_timestamp
from services.ledger.codec import encode_kind, money
from services.ledger.estimate_error import EstimateError
from services.ledger.store.book_days import BookDay
from services.ledger.store.book_health import BookHealth
from services.ledger.store.day_records import DayRecord
from services.ledger.store.day_sources import Source
from services.ledger.sweep_codec import encode_sweep
from tollbook.ledger.v1 import proof_pb2

_SOURCES: Mapping[Source, "proof_pb2.DaySource.ValueType"] = {
    "detail_records": proof_pb2.DAY_SOURCE_DETAIL_RECORDS,
    "report": proof_pb2.DAY_SOURCE_REPORT,
    "report_without_ids": proof_pb2.DAY_SOURCE_REPORT_WITHOUT_IDS,
}
_SOURCE_NAMES: Mapping[int, Source] = {number: name for name, number in _SOURCES.items()}


def encode_source(source: Source) -> "proof_pb2.DaySource.ValueType":
    """From where a day is booked."""
    return _SOURCES[source]


def decode_source(source: int) -> Source:
    """The inverse of encode_source. Raises InvalidInput for none."""
    if source not in _SOURCE_NAMES:
        raise InvalidInput("say from where the day is booked", "source")
    return _SOURCE_NAMES[source]


def encode_book_day(day: BookDay) -> proof_pb2.BookDay:
    """One type, day and currency."""
    message = proof_pb2.BookDay(
        record_type=day.record_type,
        day=to_date(day.day),
        book_cost=to_money(day.book),
        record_count=day.record_count,
        unreadable_count=day.unreadable_count,
        open_count=day.open_count,
        complete_time=to_timestamp(day.complete_at),
        source=_SOURCES[day.source] if day.source else proof_pb2.DAY_SOURCE_UNSPECIFIED,
    )
    if day.reported is not None:
        told = proof_pb2.BookDay(
            reported_cost=money(day.book.currency, day.reported.nanos),
            reported_decimals=day.reported.decimals,
            reported_time=to_timestamp(day.reported.read_at),
        )
        message.MergeFrom(told)
    return message


def encode_day_record(record: DayRecord) -> proof_pb2.DayRecord:
    """One detail record of a day."""
    return proof_pb2.DayRecord(
        record_id=record.record_id,
        record_time=to_timestamp(record.record_at),
        cost=to_money(record.cost),
        unbilled_cost=to_money(record.unbilled),
        kind=encode_kind(record.home_kind),
        charge_record_id=record.home_record_id,
        first_observed_time=to_timestamp(record.first_observed_at),
        last_observed_time=to_timestamp(record.last_observed_at),
        content_count=record.content_count,
    )


def encode_health(health: BookHealth, account_currency: str) -> proof_pb2.GetBookHealthResponse:
    """What an operator should know of the book."""
    return proof_pb2.GetBookHealthResponse(
        last_event_time=to_timestamp(health.last_event_at),
        event_count=health.event_count,
        quarantined_count=health.quarantined_count,
        unreadable=[
            proof_pb2.UnreadableFacts(
                kind=fault.kind,
                reason=fault.reason,
                count=fault.count,
                example_id=fault.example_id,
                blocks=fault.blocks,
            )
            for fault in health.faults
        ],
        unproven_sweeps=map(encode_sweep, health.unproven_sweeps),
        latest_sweeps=map(encode_sweep, health.latest_sweeps),
        estimate_error=_encode_error(health.estimate_error, account_currency),
        unsettled_count=health.unsettled_count,
        oldest_unsettled_time=to_timestamp(health.oldest_unsettled_at),
        future_count=health.future_count,
    )


def _encode_error(error: EstimateError, currency: str) -> proof_pb2.EstimateError:
    return proof_pb2.EstimateError(
        call_count=error.call_count,
        mean=money(currency, error.mean_nanos),
        p95=money(currency, error.p95_nanos),
        flat_mean=money(currency, error.flat_mean_nanos),
        flat_p95=money(currency, error.flat_p95_nanos),
    )
