"""Amounts that cannot be read: each blocks settling and is shown, for it is not 0 (rule 3.j)."""

import re

from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_AMOUNT_FIELDS = frozenset({"amount", "cost", "cost_parts", "total_cost"})
_END_OF_FIELD = re.compile(r"[.:\[]")


def blocks(record: DetailRecord) -> bool:
    """The record's amount or identity is unknown, so nothing that it belongs to can be exact."""
    known = find_record_type(record.record_type)
    lacks_amount = record.cost is None and (known is None or known.has_money)
    return lacks_amount or record.record_id.startswith("sha256:")


def record_sentences(record: DetailRecord) -> list[str]:
    """What is wrong with a record that blocks; nothing for any other."""
    if not blocks(record):
        return []
    sentences = record.unreadable or ("it has no amount",)
    return [f"{record.record_type} record {record.record_id}: {sentence}" for sentence in sentences]


def event_sentences(event: WebhookEvent) -> list[str]:
    """What is wrong with the amounts that a webhook told."""
    return [f"{event.event_type}: {sentence}" for sentence in event.unreadable if tells_of_amount(sentence)]


def tells_of_amount(sentence: str) -> bool:
    """Whether what a sentence of a webhook says could not be read is an amount."""
    return _END_OF_FIELD.split(sentence, maxsplit=1)[0] in _AMOUNT_FIELDS
