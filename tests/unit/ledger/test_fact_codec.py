"""Facts as bytes: written in a shorter way than by a copy of the fact, and to the same bytes, which digests rest on."""

from dataclasses import replace

import msgspec
import pytest

from services.ledger.facts import parsed_event, parsed_record
from services.ledger.store.fact_codec import (
    decode_event_fact,
    decode_record_fact,
    encode_event_fact,
    encode_record_fact,
)
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.ledger_facts import at, leg, message, message_record

EVENTS = (
    leg().event("call.initiated"),
    replace(leg().hangup(60), tags=("a", "b"), unreadable=("cost: not a decimal number: 'x'",)),
    leg().call_cost(61, {"sip-trunking": "0.005", "call-control": "0.002"}),
    message("m", "message.received", "0.004"),
)
RECORDS = (leg().record("sip-trunking"), leg().record("call-control", cost=None), message_record("m"))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type)
def test_an_event_is_what_it_says_apart_from_its_delivery(event: WebhookEvent) -> None:
    delivered = replace(event, received_at=at(900), quarantined=True, raw=b"{}")
    fact, digest = encode_event_fact(delivered)
    assert fact == msgspec.msgpack.encode(parsed_event(event))
    assert (fact, digest) == encode_event_fact(event)
    assert decode_event_fact(fact, at(900), True) == replace(delivered, raw=b"")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.record_type)
def test_a_record_is_what_it_says_apart_from_its_reading(record: DetailRecord) -> None:
    read = replace(record, observed_at=at(900), raw=b"{}")
    fact, digest = encode_record_fact(read)
    assert fact == msgspec.msgpack.encode(parsed_record(record))
    assert (fact, digest) == encode_record_fact(record)
    assert decode_record_fact(fact, at(900)) == replace(read, raw=b"")
