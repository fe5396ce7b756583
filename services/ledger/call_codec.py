"""Calls, and the facts behind them, as protobuf messages."""

from collections.abc import Iterable, Mapping
from typing import Any

from google.type import money_pb2

from services.common.wire import to_money, to_timestamp
from services.ledger.charges import Charge
from services.ledger.codec import encode_charge, in_order, money
from services.ledger.store.call_facts import EventView, FactsView, RecordView
from services.ledger.store.call_views import CallView, SessionView
from services.ledger.store.charge_views import ChargeView
from services.ledger.sweep_codec import encode_sweep
from tollbook.ledger.v1 import book_pb2, ledger_pb2

_ENTRY_KINDS: Mapping[str, "book_pb2.EntryKind.ValueType"] = {
    "estimate": book_pb2.ENTRY_KIND_ESTIMATE,
    "reversal": book_pb2.ENTRY_KIND_REVERSAL,
    "exact": book_pb2.ENTRY_KIND_EXACT,
    "adjustment": book_pb2.ENTRY_KIND_ADJUSTMENT,
}


def encode_call(view: CallView, account_currency: str) -> book_pb2.CallLeg:
    """A leg with its parts and its journal."""
    leg = view.leg
    leading = leg.charges[0].source if leg.charges else ""
    return book_pb2.CallLeg(
        telnyx_call_id=leg.call_id,
        call_control_id=leg.call_control_id,
        leg_id=leg.leg_id,
        session_id=leg.session_id,
        from_number=leg.from_number,
        to_number=leg.to_number,
        direction=leg.direction,
        start_time=to_timestamp(leg.started_at),
        answer_time=to_timestamp(leg.answered_at),
        end_time=to_timestamp(leg.ended_at),
        hangup_cause=leg.hangup_cause,
        call_status=leg.call_status,
        costs=_costs(leg.charges, account_currency),
        status=_status(is_exact=view.is_settled),
        estimate=None if leg.estimate_nanos is None else money(account_currency, leg.estimate_nanos),
        estimate_rate=money(account_currency, leg.rate.nanos_per_minute),
        estimate_source=leg.rate.source,
        parts=[_encode_part(part) for charge in leg.charges for part in charge.parts],
        missing=leg.missing,
        unreadable=leg.unreadable,
        history=[_encode_entry(row) for row in view.history],
        source=leading,
        missing_parts=[
            _encode_missing(view, name, reason) for name, reason in zip(leg.missing, leg.reasons, strict=True)
        ],
        announced=leg.is_announced,
    )


def encode_session(view: SessionView, account_currency: str) -> book_pb2.Session:
    """A session: exact when all its legs are, and never while nothing about it has an effect."""
    charges = [charge for call in view.calls for charge in call.leg.charges] + list(view.others)
    settled = [call.is_settled for call in view.calls] + [charge.can_settle for charge in view.others]
    return book_pb2.Session(
        session_id=view.session_id,
        costs=_costs(charges, account_currency),
        status=_status(is_exact=bool(settled) and all(settled)),
        calls=[encode_call(call, account_currency) for call in view.calls],
        other_parts=[_encode_part(part) for charge in view.others for part in charge.parts],
    )


def encode_facts(view: FactsView) -> ledger_pb2.ListCallFactsResponse:
    """The facts behind a call."""
    return ledger_pb2.ListCallFactsResponse(
        events=map(_encode_event, view.events),
        records=map(_encode_record, view.records),
        truncated=view.is_truncated,
    )


def encode_charge_view(view: ChargeView, account_currency: str) -> ledger_pb2.GetChargeResponse:
    """A charge in each of its currencies, with all that belongs to it."""
    by_currency = {row.currency: row for row in view.charges}
    return ledger_pb2.GetChargeResponse(
        charges=[encode_charge(by_currency[name]) for name in in_order(by_currency, account_currency)],
        parts=map(_encode_part, view.parts),
        history=map(_encode_entry, view.history),
        events=map(_encode_event, view.facts.events),
        records=map(_encode_record, view.facts.records),
    )


def _costs(charges: Iterable[Charge], account_currency: str) -> list[money_pb2.Money]:
    sums: dict[str, int] = {}
    for charge in charges:
        sums[charge.currency] = sums.get(charge.currency, 0) + charge.cost_nanos
    return [money(currency, sums[currency]) for currency in in_order(sums, account_currency)]


def _status(*, is_exact: bool) -> "book_pb2.ChargeStatus.ValueType":
    return book_pb2.CHARGE_STATUS_EXACT if is_exact else book_pb2.CHARGE_STATUS_ESTIMATED


def _encode_missing(view: CallView, record_type: str, reason: str) -> book_pb2.MissingPart:
    sweep = view.last_sweeps.get(record_type)
    return book_pb2.MissingPart(
        record_type=record_type, reason=reason, last_sweep=None if sweep is None else encode_sweep(sweep)
    )


def _encode_event(view: EventView) -> book_pb2.EventFact:
    row = view.row
    return book_pb2.EventFact(
        event_id=row.event_id,
        event_type=row.event_type,
        occurred_time=to_timestamp(row.occurred_at),
        received_time=to_timestamp(row.received_at),
        quarantined=row.is_quarantined,
        telnyx_call_id=view.call_id,
        raw_json=_text(view.raw),
    )


def _encode_record(view: RecordView) -> book_pb2.RecordFact:
    row = view.row
    return book_pb2.RecordFact(
        record_type=row.record_type,
        record_id=row.record_id,
        first_observed_time=to_timestamp(row.first_observed_at),
        last_observed_time=to_timestamp(row.last_observed_at),
        counts=view.counts,
        telnyx_call_id=view.call_id,
        cost=to_money(view.cost),
        raw_json=_text(view.raw),
    )


def _text(raw: bytes) -> str:
    """A body that is no UTF-8 was kept as it came; a message can only hold text."""
    return raw.decode(errors="replace")


def _encode_part(part: Any) -> book_pb2.Part:
    return book_pb2.Part(
        record_type=part.record_type,
        record_id=part.record_id,
        cost=money(part.currency, part.cost_nanos),
        rate=part.rate,
        billed_seconds=part.billed_seconds,
        call_seconds=part.call_seconds,
        source=part.source,
    )


def _encode_entry(row: Any) -> book_pb2.Entry:
    return book_pb2.Entry(
        posted_time=to_timestamp(row.posted_at),
        kind=_ENTRY_KINDS[row.kind],
        amount=money(row.currency, row.amount_nanos),
        cost_after=money(row.currency, row.cost_after_nanos),
        source=row.source,
    )
