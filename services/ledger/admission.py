"""What the book takes in: facts that have an id, at times that every rule can reckon with.

The edge and telnyx-gateway read Telnyx's words leniently and keep what they cannot read; what still arrives here
without these is a mistake of the caller, and one such fact must not stay in the book to fail every later derivation.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar, get_args, get_type_hints

from services.common.errors import InvalidInput
from services.common.times import EPOCH
from services.ledger.store.recorded_sweeps import Sweep
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_NAMES: Mapping[type, tuple[str, ...]] = {
    WebhookEvent: ("event_id",),
    DetailRecord: ("record_type", "record_id"),
    Sweep: ("record_type", "query_form"),
}
"""What tells one fact of a kind from another."""

_MOMENTS: Mapping[type, tuple[str, ...]] = {
    kind: tuple(name for name, hint in get_type_hints(kind).items() if datetime in {hint, *get_args(hint)})
    for kind in _NAMES
}
"""The fields of a fact that hold a moment, or may."""

Fact = TypeVar("Fact", WebhookEvent, DetailRecord, Sweep)


def admit(fact: Fact, field: str) -> Fact:
    """The same fact. Raises InvalidInput, naming `field`, for one that the book cannot take."""
    for name in _NAMES[type(fact)]:
        if not getattr(fact, name):
            raise InvalidInput(f"{name} is empty", field)
    for name in _MOMENTS[type(fact)]:
        moment = getattr(fact, name)
        if moment is not None:
            admit_moment(moment, field)
    return fact


def admit_moment(moment: datetime, field: str) -> datetime:
    """The same moment. Raises InvalidInput for one so far away that sums with it would leave the calendar."""
    if not EPOCH <= moment < _LATEST:
        raise InvalidInput("a time lies outside the years 1970 to 2199", field)
    return moment


@contextmanager
def refused_as(field: str) -> Iterator[None]:
    """Turns what is raised while a message is decoded into InvalidInput that names `field`."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise InvalidInput("a time or a day that no calendar has", field) from error
