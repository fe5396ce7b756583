"""Things that cost money and belong to no call and no message. Source: Telnyx facts, section 3."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from tests.sandbox.activity import Activity
from tests.sandbox.amounts import CURRENCY, record_text
from tests.sandbox.clock import to_second_text, to_text
from tests.sandbox.ids import Ids
from tests.sandbox.records import DetailRecord, Fields, make_record
from tests.sandbox.session_maker import Decoys

Maker = Callable[[random.Random, Ids, datetime, Decoys | None], DetailRecord]


def inference_record(rng: random.Random, ids: Ids, at: datetime, conversation_id: str | None) -> DetailRecord:
    """Names a conversation at most: no call can be found from it."""
    rate = Decimal("3.0E-7")
    values = {
        "id": ids.uuid(),
        "created_at": to_second_text(at),
        "conversation_id": conversation_id,
        "model": "example/large",
        "rate_measured_in": "tokens",
    }
    return _priced(rng, "inference", at, values, rate * rng.randint(100, 9_000), rate)


def _inference(rng: random.Random, ids: Ids, at: datetime, _: Decoys | None) -> DetailRecord:
    return inference_record(rng, ids, at, None)


def _verify(rng: random.Random, ids: Ids, at: datetime, decoys: Decoys | None) -> DetailRecord:
    """Has `verify_usage_fee` and no `cost`. Its channel id looks like a call's, and is no call of the account."""
    fee = Decimal("0.03")
    values = {
        "id": ids.uuid(),
        "created_at": to_text(at),
        "updated_at": to_text(at + timedelta(seconds=9)),
        "destination_phone_number": ids.contact_number(),
        "verify_channel_type": "call",
        "verify_channel_id": decoys.call_control_id if decoys else ids.call_control_id(),
        "verification_status": "accepted",
        "verify_usage_fee": str(fee),
        "rate": str(fee),
        "rate_measured_in": "verifications",
        "currency": CURRENCY,
    }
    return make_record("verify", at=at, values=values, charge=fee, rng=rng)


def _wireless(rng: random.Random, ids: Ids, at: datetime, _: Decoys | None) -> DetailRecord:
    """Its money is a JSON number."""
    megabytes = rng.randint(1, 8)
    cost = Decimal("0.0125") * megabytes
    values = {
        "id": ids.uuid(),
        "created_at": to_text(at),
        "closed_at": to_text(at + timedelta(minutes=5)),
        "currency": CURRENCY,
        "data_cost": cost,
        "data_rate": "0.0125",
        "data_unit": "MB",
        "downlink_data": megabytes,
        "uplink_data": 0,
        "sim_card_id": ids.uuid(),
    }
    return make_record("wireless", at=at, values=values, charge=cost, rng=rng)


def _media_storage(rng: random.Random, ids: Ids, at: datetime, _: Decoys | None) -> DetailRecord:
    values = {
        "id": ids.uuid(),
        "created_at": to_text(at),
        "action_type": "upload",
        "asset_id": ids.uuid(),
        "rate_measured_in": "requests",
    }
    return _priced(rng, "media_storage", at, values, Decimal("0.0005"), Decimal("0.0005"))


def _number_lookup(rng: random.Random, ids: Ids, at: datetime, _: Decoys | None) -> DetailRecord:
    """Of a product that detail_records do not know: its cost is in the balance and in usage_reports alone."""
    values = {"id": ids.uuid(), "created_at": to_text(at), "rate_measured_in": "lookups"}
    return _priced(rng, "number-lookup", at, values, Decimal("0.0030"), Decimal("0.0030"))


def _priced(
    rng: random.Random, type_name: str, at: datetime, values: Fields, cost: Decimal, rate: Decimal
) -> DetailRecord:
    money = {"cost": record_text(cost, rng), "rate": record_text(rate, rng), "currency": CURRENCY}
    return make_record(type_name, at=at, values={**values, **money}, charge=cost, rng=rng)


OTHER_KINDS: dict[str, Maker] = {
    "verify": _verify,
    "inference": _inference,
    "wireless": _wireless,
    "media-storage": _media_storage,
    "number-lookup": _number_lookup,
}


def make_other(kind: str, rng: random.Random, end: datetime, decoys: Decoys | None = None) -> Activity:
    """One such thing, at `end`. Raises KeyError for an unknown kind."""
    record = OTHER_KINDS[kind](rng, Ids(rng), end, decoys)
    return Activity("other", kind, f"{record.type.name}:{record.record_id}", end, (), (), (record,))
