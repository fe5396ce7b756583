"""What a message costs (rule 3.k)."""

from collections.abc import Mapping
from decimal import Decimal

from services.common.money import Money, plain_decimal
from services.ledger.charges import Charge, OpenItem
from services.ledger.closing import Span, is_closed
from services.ledger.facts import Facts, Rules
from services.ledger.legs import fact_time
from services.ledger.parts import FROM_RECORD, Part, record_part
from services.ledger.unreadable import event_sentences, record_sentences
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import MessageFacts, WebhookEvent

RECORD_TYPE = "messaging"
FROM_WEBHOOK = "webhook"


def derive_message(
    message_id: str, events: list[WebhookEvent], record: DetailRecord | None, facts: Facts, rules: Rules
) -> tuple[Charge, OpenItem | None]:
    """The charge of one message, and what it still waits for. `events` are in order of time."""
    told = [event.message for event in events if event.message]
    webhook_total = next((message.total for message in reversed(told) if message.total), None)
    times = [event.occurred_at for event in events] + ([fact_time(record)] if record else [])
    span = Span(start_at=min(times), end_at=max(times))
    closed = is_closed(RECORD_TYPE, span, rules.settle_horizon, facts)
    unreadable = _unreadable(events, record)
    cost = _cost(record, webhook_total) or Money(rules.account_currency, 0)
    is_priced = record is not None or webhook_total is not None
    can_settle = (is_priced or closed) and not unreadable
    charge = _charge(message_id, told, record, cost, webhook_total, can_settle, span, rules)
    missing = () if is_priced or closed else (RECORD_TYPE,)
    if can_settle:
        return charge, None
    return charge, OpenItem(
        kind="sms",
        record_id=message_id,
        session_id="",
        call_control_id="",
        leg_id="",
        span=span,
        open_at=min((event.received_at for event in events), default=span.end_at),
        can_settle=can_settle,
        missing=missing,
        unclosed=missing,
        unreadable=tuple(unreadable),
    )


def _cost(record: DetailRecord | None, webhook_total: Money | None) -> Money | None:
    """The record's cost, unless cost + carrier fee is just what the webhook said; else the webhook's total."""
    if record is None or record.cost is None:
        return webhook_total
    if not record.is_billable:
        return Money(record.cost.currency, 0)
    fee = record.carrier_fee
    if webhook_total and fee and fee.currency == record.cost.currency and record.cost + fee == webhook_total:
        return webhook_total
    return record.cost


def _unreadable(events: list[WebhookEvent], record: DetailRecord | None) -> list[str]:
    """Sentences about the record, else about every webhook since the one whose cost counts (rule 3.j)."""
    if record is not None:
        return record_sentences(record)
    sentences: list[str] = []
    for event in reversed(events):
        if event.message and event.message.total:
            break
        sentences += event_sentences(event)
    return sentences


def _charge(
    message_id: str,
    told: list[MessageFacts],
    record: DetailRecord | None,
    cost: Money,
    webhook_total: Money | None,
    can_settle: bool,
    span: Span,
    rules: Rules,
) -> Charge:
    direction = _first([*(m.direction for m in told), record.direction if record else ""]) or "outbound"
    sender = _first([*(m.from_number for m in told), record.from_number if record else ""])
    receiver = _first([*(m.to_number for m in told), record.to_number if record else ""])
    is_outbound = direction == "outbound"
    is_of_webhook = record is None and (webhook_total is not None or not can_settle)
    return Charge(
        kind="sms",
        record_id=message_id,
        currency=cost.currency,
        cost_nanos=cost.nanos,
        can_settle=can_settle,
        source=FROM_WEBHOOK if is_of_webhook else FROM_RECORD,
        phone_number=sender if is_outbound else receiver,
        contact=receiver if is_outbound else sender,
        direction=direction,
        billing_at=record.record_time if record and record.record_time else span.start_at,
        duration_s=0,
        parts=(_part(record, cost, rules),) if record or webhook_total else (),
        details=_details(record, webhook_total),
    )


def _part(record: DetailRecord | None, cost: Money, rules: Rules) -> Part:
    if record is not None:
        part = record_part(record, rules.account_currency)
        if part.cost_nanos == cost.nanos:
            return part
        rate, record_id, source = part.rate, part.record_id, part.source
    else:
        rate, record_id, source = "", "", FROM_WEBHOOK
    return Part(
        record_type=RECORD_TYPE,
        record_id=record_id,
        currency=cost.currency,
        cost_nanos=cost.nanos,
        rate=rate,
        billed_seconds=None,
        call_seconds=None,
        source=source,
    )


def _details(record: DetailRecord | None, webhook_total: Money | None) -> Mapping[str, object]:
    """Where the webhook and the record differ, both are shown (Telnyx facts, section 2)."""
    details: dict[str, object] = {}
    if record is not None and record.carrier_fee is not None:
        details["carrierFee"] = Decimal(plain_decimal(record.carrier_fee.nanos))
    if record and record.cost and webhook_total and record.cost != webhook_total:
        details["webhookCost"] = Decimal(plain_decimal(webhook_total.nanos))
        details["recordCost"] = Decimal(plain_decimal(record.cost.nanos))
    return details


def _first(texts: list[str]) -> str:
    return next((text for text in texts if text), "")
