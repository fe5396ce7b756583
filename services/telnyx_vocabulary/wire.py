"""Detail records and webhook events to and from their protobuf messages, both ways in one place."""

from typing import cast

from services.common.wire import from_timestamp, money_fields, optional_money, optional_time, timestamp_fields
from services.telnyx_vocabulary.detail_record import DetailRecord, Direction
from services.telnyx_vocabulary.webhook_event import CallCost, CostPart, MessageFacts, WebhookEvent
from tollbook.telnyx.v1 import detail_record_pb2, webhook_event_pb2


def encode_record(record: DetailRecord) -> detail_record_pb2.DetailRecord:
    """A detail record as its message."""
    return detail_record_pb2.DetailRecord(
        record_type=record.record_type,
        record_id=record.record_id,
        observed_time=timestamp_fields(record.observed_at),
        record_time=timestamp_fields(record.record_time),
        answered_time=timestamp_fields(record.answered_at),
        finished_time=timestamp_fields(record.finished_at),
        session_id=record.session_id,
        call_control_id=record.call_control_id,
        leg_id=record.leg_id,
        sip_call_id=record.sip_call_id,
        recording_id=record.recording_id,
        direction=record.direction,
        from_number=record.from_number,
        to_number=record.to_number,
        cost=money_fields(record.cost),
        carrier_fee=money_fields(record.carrier_fee),
        rate=record.rate,
        billed_seconds=record.billed_seconds,
        call_seconds=record.call_seconds,
        is_billable=record.is_billable,
        connection_id=record.connection_id,
        country_code=record.country_code,
        tags=record.tags,
        unreadable=record.unreadable,
        raw=record.raw,
    )


def decode_record(message: detail_record_pb2.DetailRecord) -> DetailRecord:
    """The inverse of encode_record."""
    return DetailRecord(
        record_type=message.record_type,
        record_id=message.record_id,
        observed_at=from_timestamp(message.observed_time),
        record_time=optional_time(message, "record_time"),
        answered_at=optional_time(message, "answered_time"),
        finished_at=optional_time(message, "finished_time"),
        session_id=message.session_id,
        call_control_id=message.call_control_id,
        leg_id=message.leg_id,
        sip_call_id=message.sip_call_id,
        recording_id=message.recording_id,
        direction=cast(Direction, message.direction),
        from_number=message.from_number,
        to_number=message.to_number,
        cost=optional_money(message, "cost"),
        carrier_fee=optional_money(message, "carrier_fee"),
        rate=message.rate,
        billed_seconds=message.billed_seconds if message.HasField("billed_seconds") else None,
        call_seconds=message.call_seconds if message.HasField("call_seconds") else None,
        is_billable=message.is_billable,
        connection_id=message.connection_id,
        country_code=message.country_code,
        tags=tuple(message.tags) if message.tags else (),
        unreadable=tuple(message.unreadable) if message.unreadable else (),
        raw=message.raw,
    )


def encode_event(event: WebhookEvent) -> webhook_event_pb2.WebhookEvent:
    """A webhook event as its message."""
    return webhook_event_pb2.WebhookEvent(
        event_id=event.event_id,
        event_type=event.event_type,
        occurred_time=timestamp_fields(event.occurred_at),
        received_time=timestamp_fields(event.received_at),
        quarantined=event.quarantined,
        session_id=event.session_id,
        call_control_id=event.call_control_id,
        leg_id=event.leg_id,
        connection_id=event.connection_id,
        client_state=event.client_state,
        direction=event.direction,
        from_number=event.from_number,
        to_number=event.to_number,
        start_time=timestamp_fields(event.started_at),
        end_time=timestamp_fields(event.ended_at),
        hangup_cause=event.hangup_cause,
        recording_id=event.recording_id,
        tags=event.tags,
        call_cost=_encode_call_cost(event.call_cost) if event.call_cost else None,
        message=_encode_message(event.message) if event.message else None,
        unreadable=event.unreadable,
        raw=event.raw,
    )


def decode_event(message: webhook_event_pb2.WebhookEvent) -> WebhookEvent:
    """The inverse of encode_event."""
    return WebhookEvent(
        event_id=message.event_id,
        event_type=message.event_type,
        occurred_at=from_timestamp(message.occurred_time),
        received_at=from_timestamp(message.received_time),
        quarantined=message.quarantined,
        session_id=message.session_id,
        call_control_id=message.call_control_id,
        leg_id=message.leg_id,
        connection_id=message.connection_id,
        client_state=message.client_state,
        direction=cast(Direction, message.direction),
        from_number=message.from_number,
        to_number=message.to_number,
        started_at=optional_time(message, "start_time"),
        ended_at=optional_time(message, "end_time"),
        hangup_cause=message.hangup_cause,
        recording_id=message.recording_id,
        tags=tuple(message.tags) if message.tags else (),
        call_cost=_decode_call_cost(message.call_cost) if message.HasField("call_cost") else None,
        message=_decode_message(message.message) if message.HasField("message") else None,
        unreadable=tuple(message.unreadable) if message.unreadable else (),
        raw=message.raw,
    )


def _encode_call_cost(cost: CallCost) -> webhook_event_pb2.CallCost:
    parts = [
        webhook_event_pb2.CostPart(
            record_type=part.record_type,
            cost=money_fields(part.cost),
            rate=part.rate,
            billed_seconds=part.billed_seconds,
        )
        for part in cost.parts
    ]
    return webhook_event_pb2.CallCost(status=cost.status, total=money_fields(cost.total), parts=parts)


def _decode_call_cost(message: webhook_event_pb2.CallCost) -> CallCost:
    parts = tuple(
        CostPart(
            record_type=part.record_type,
            cost=optional_money(part, "cost"),
            rate=part.rate,
            billed_seconds=part.billed_seconds if part.HasField("billed_seconds") else None,
        )
        for part in message.parts
    )
    return CallCost(status=message.status, total=optional_money(message, "total"), parts=parts)


def _encode_message(facts: MessageFacts) -> webhook_event_pb2.MessageFacts:
    return webhook_event_pb2.MessageFacts(
        message_id=facts.message_id,
        direction=facts.direction,
        from_number=facts.from_number,
        to_number=facts.to_number,
        part_count=facts.part_count,
        status=facts.status,
        total=money_fields(facts.total),
        carrier_fee=money_fields(facts.carrier_fee),
        completed_time=timestamp_fields(facts.completed_at),
    )


def _decode_message(message: webhook_event_pb2.MessageFacts) -> MessageFacts:
    return MessageFacts(
        message_id=message.message_id,
        direction=cast(Direction, message.direction),
        from_number=message.from_number,
        to_number=message.to_number,
        part_count=message.part_count,
        status=message.status,
        total=optional_money(message, "total"),
        carrier_fee=optional_money(message, "carrier_fee"),
        completed_at=optional_time(message, "completed_time"),
    )
