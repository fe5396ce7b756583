"""Which days a report without record ids may fill."""

from datetime import date

import pytest

from services.reconciler.backfill.days import DayState
from services.reconciler.backfill.without_ids import charge_kind, fillable

KEPT = date(2026, 10, 23)
OLD = date(2026, 9, 1)


def test_only_days_that_the_api_has_no_longer() -> None:
    days = [date(2026, 10, 22), KEPT, date(2026, 11, 1)]
    assert fillable("sip-trunking", days, KEPT, {}, {}) == [date(2026, 10, 22)]


def test_no_day_of_which_somebody_has_told() -> None:
    assert fillable("messaging", [OLD], KEPT, {}, {OLD: 1}) == []
    assert fillable("messaging", [OLD], KEPT, {}, {OLD: 0}) == [OLD]


@pytest.mark.parametrize("claimed", ["sip-trunking", "call-control", "webrtc"])
def test_charges_that_such_reports_made_do_not_stand_in_the_way_of_the_others_of_the_same_calls(
    claimed: str,
) -> None:
    states = {(claimed, OLD): DayState("report_without_ids")}
    assert fillable("call-control", [OLD], KEPT, states, {OLD: 7}) == [OLD]
    assert fillable("messaging", [OLD], KEPT, states, {OLD: 7}) == []


def test_charges_of_the_api_do() -> None:
    states = {("sip-trunking", OLD): DayState("detail_records", is_read=True)}
    assert fillable("call-control", [OLD], KEPT, states, {OLD: 7}) == []


def test_the_kinds_that_webhooks_can_have_told_of() -> None:
    assert [charge_kind(name) for name in ("webrtc", "messaging", "fax")] == ["call", "sms", None]
