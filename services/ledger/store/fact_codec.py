"""Facts as compact bytes. What can differ between two deliveries of the same fact is kept in columns instead."""

import hashlib
from dataclasses import replace
from datetime import datetime

import msgspec

from services.ledger.facts import parsed_event, parsed_record
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_encoder = msgspec.msgpack.Encoder()
_event_decoder = msgspec.msgpack.Decoder(WebhookEvent)
_record_decoder = msgspec.msgpack.Decoder(DetailRecord)


def encode_event_fact(event: WebhookEvent) -> tuple[bytes, bytes]:
    """(bytes, digest) of what an event says."""
    fact = _encoder.encode(parsed_event(event))
    return fact, hashlib.sha256(fact).digest()


def decode_event_fact(fact: bytes, received_at: datetime, is_quarantined: bool) -> WebhookEvent:
    """The event as it was recorded, without its raw text."""
    return replace(read_event_fact(fact), received_at=received_at, quarantined=is_quarantined)


def read_event_fact(fact: bytes) -> WebhookEvent:
    """What an event says, apart from how it was delivered. Raises msgspec.DecodeError."""
    return _event_decoder.decode(fact)


def encode_record_fact(record: DetailRecord) -> tuple[bytes, bytes]:
    """(bytes, digest) of what an observation says."""
    fact = _encoder.encode(parsed_record(record))
    return fact, hashlib.sha256(fact).digest()


def decode_record_fact(fact: bytes, observed_at: datetime) -> DetailRecord:
    """The observation as it was recorded, without its raw text."""
    return replace(read_record_fact(fact), observed_at=observed_at)


def read_record_fact(fact: bytes) -> DetailRecord:
    """What an observation says, apart from when it was read. Raises msgspec.DecodeError."""
    return _record_decoder.decode(fact)
