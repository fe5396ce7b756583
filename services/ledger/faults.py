"""What is odd about a fact, in words that are the same for all facts with that fault, so that they can be counted.

Nothing here changes what a fact is worth: it is kept as it came, and an operator is told (`tollbook doctor`).
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from services.common.money import Money
from services.ledger.unreadable import blocks, record_sentences
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

OTHER_CONTENT = "id: it came with more than one content"
FUTURE = "more than a day later than its receipt"
CREDIT = "below 0, a credit"

_FUTURE_AFTER = timedelta(days=1)
"""Carrier clocks differ by up to a minute; a day is no clock."""

_MAX_LENGTH = 300
_SEPARATOR = "; "
_POSITION = re.compile(r"\[[0-9]+\]")


def record_fault(
    record: DetailRecord, first_observed_at: datetime, content_count: int, account_currency: str
) -> str:
    """The faults of a detail record, as one text; empty where there are none."""
    sentences = list(record.unreadable)
    if blocks(record) and not sentences:
        sentences += [sentence.split(": ", 1)[1] for sentence in record_sentences(record)]
    if record.cost is not None:
        sentences += money_faults("cost", record.cost, account_currency)
    sentences += future_faults("record time", record.record_time, first_observed_at)
    return fault_of([*sentences, *([OTHER_CONTENT] if content_count > 1 else [])])


def event_fault(event: WebhookEvent, account_currency: str, *, has_other_content: bool) -> str:
    """The faults of a webhook event, as one text; empty where there are none."""
    sentences = [*event.unreadable, *future_faults("occurred_at", event.occurred_at, event.received_at)]
    amounts = [cost.total for cost in (event.call_cost, event.message) if cost is not None and cost.total]
    for amount in amounts:
        sentences += money_faults("cost", amount, account_currency)
    return fault_of([*sentences, *([OTHER_CONTENT] if has_other_content else [])])


def money_faults(field: str, amount: Money, account_currency: str) -> list[str]:
    """What is odd about an amount that can be read."""
    sentences = []
    if amount.currency != account_currency:
        sentences.append(f"currency: {amount.currency} rather than the account's {account_currency}")
    if amount.nanos < 0:
        sentences.append(f"{field}: {CREDIT}")
    return sentences


def future_faults(field: str, told_at: datetime | None, received_at: datetime) -> list[str]:
    """A time that no clock can have shown when the fact was received."""
    is_future = told_at is not None and told_at > received_at + _FUTURE_AFTER
    return [f"{field}: {FUTURE}"] if is_future else []


def fault_of(sentences: Iterable[str]) -> str:
    """Sentences as one text, each once, without the values and positions that tell one fact from another."""
    return _SEPARATOR.join(dict.fromkeys(map(_without_values, sentences)))[:_MAX_LENGTH]


def reasons_of(fault: str) -> list[str]:
    """The inverse of fault_of, as far as its text goes."""
    return fault.split(_SEPARATOR) if fault else []


def _without_values(sentence: str) -> str:
    """`cost_parts[3].cost: more than 9 decimals: '0.1234567891'` without the 3 and the amount."""
    field, *words = _POSITION.sub("[]", sentence).split(": ")
    return ": ".join([field, *words[:1]]).replace(_SEPARATOR, ", ")
