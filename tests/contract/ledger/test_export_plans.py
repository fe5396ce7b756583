"""How SQLite means to read a page of an export: along an index that has its order, never by sorting the book."""

from functools import partial
from typing import Any

import pytest

from services.ledger.store.charge_exports import export_page
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import ORDERS, OrderName, Place
from tests.contract.ledger.test_plans import FIELDS, RANGES
from tests.support.databases import Databases
from tests.support.ledger_books import open_book, record_batch
from tests.support.ledger_facts import at, leg, message, record
from tests.support.query_plans import Plans


def _plan(databases: Databases, wanted: ChargeFilter, order: OrderName, place: Place | None = None) -> str:
    with open_book(databases, "sqlite") as (book, _):
        record_batch(book, [leg("one").hangup(60), message("two", total="0.005"), record("inference", "1")])
        return Plans(book.database).of(partial(export_page, wanted=wanted, order_name=order, place=place))


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("fields", FIELDS, ids=str)
def test_by_time_an_index_is_followed_from_the_place_on(
    databases: Databases, fields: dict[str, Any], order: OrderName
) -> None:
    for span in RANGES:
        plan = _plan(databases, ChargeFilter(**fields, **span), order, Place(at(-5000), 7))
        assert "ORDER BY" not in plan, plan
        assert "SEARCH telnyx_billing USING INDEX ix_telnyx_billing" in plan, plan


@pytest.mark.parametrize("order", [name for name in ORDERS if not ORDERS[name].is_by_time])
def test_by_amount_the_types_are_merged(
    databases: Databases, order: OrderName, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if there were so many that nothing could be sorted.
    monkeypatch.setattr("services.ledger.store.charge_walks._to_sort", lambda *_: 10**9)
    plan = _plan(databases, ChargeFilter(), order)
    assert "MERGE (UNION ALL)" in plan, plan
    assert "ORDER BY" not in plan, plan
    assert "USING COVERING INDEX ix_telnyx_billing" in plan, plan
