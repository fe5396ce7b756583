"""The cost tree of one session: `GET /v2/session_analysis`. Source: Telnyx facts, section 6."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from tests.sandbox.account import Account
from tests.sandbox.amounts import CURRENCY, ZERO, plain_text
from tests.sandbox.answers import not_found
from tests.sandbox.records import DetailRecord

Row = dict[str, object]
_LINK = "/v2/session_analysis/"


def session_tree(account: Account, record_type: str, event_id: str) -> Row:
    """The session with every record that names it. ApiError 404: unknown, or ended a moment ago."""
    now = account.clock()
    final_after = timedelta(seconds=account.settings.analysis_delay_s)
    is_final = any(each.key == event_id and each.end + final_after <= now for each in account.activities)
    if record_type != "call-session" or not is_final:
        raise not_found()
    records = [each for each in account.records.all_visible(now) if each.session_id == event_id]
    total = sum((record.charge for record in records), ZERO)
    root = _node(event_id, "call-session", "call-session", ZERO, total)
    root["children"] = [_record_node(record, event_id) for record in records]
    return {
        "session_id": event_id,
        "cost": {"total": plain_text(total), "currency": CURRENCY},
        "root": root,
        "meta": {"event_count": len(records) + 1, "products": _products(records)},
    }


def _record_node(record: DetailRecord, session_id: str) -> Row:
    node = _node(
        record.record_id, record.type.usage_product, record.type.shown_name, record.charge, record.charge
    )
    via = {"local_field": "telnyx_session_id", "parent_field": "call_session_id"}
    relationship = {"parent_id": session_id, "type": "session", "via": via}
    return node | {"relationship": relationship, "record": dict(record.fields)}


def _node(node_id: str, product: str, event_name: str, own: Decimal, cumulative: Decimal) -> Row:
    return {
        "id": node_id,
        "product": product,
        "event_name": event_name,
        "cost": {
            "event_cost": plain_text(own),
            "cumulative_cost": plain_text(cumulative),
            "currency": CURRENCY,
        },
        "links": {"self": f"{_LINK}{product}/{node_id}", "records": f"/v2/detail_records?id={node_id}"},
        "relationship": None,
        "record": {},
        "children": [],
    }


def _products(records: Sequence[DetailRecord]) -> list[str]:
    return sorted({record.type.usage_product for record in records})
