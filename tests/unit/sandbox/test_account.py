"""The account as a whole: the same seed, the true bill, late and corrected records."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.account import MAX_CREATED, Account, UnknownKindError, kinds_of
from tests.sandbox.bill import true_bill
from tests.sandbox.settings import Faults, Settings
from tests.unit.sandbox.support import ManualClock


def _account(**settings: Any) -> Account:
    return Account(Settings(**settings), ManualClock())


def _bill(account: Account) -> dict[str, Any]:
    return true_bill(account)


def test_the_same_seed_gives_the_same_bill_and_another_seed_another() -> None:
    def made(seed: int) -> tuple[list[Any], dict[str, Any]]:
        account = _account(seed=seed)
        events = [each.activity.events for each in account.create("mixed", 60)]
        return events, _bill(account)

    assert made(7) == made(7)
    assert made(7)[1] != made(8)[1]


def test_the_bill_adds_up() -> None:
    account = _account()
    created = account.create("mixed", 240)
    bill = _bill(account)
    sessions = [Decimal(session["cost"]) for session in bill["sessions"].values()]
    others = [Decimal(cost) for cost in [*bill["messages"].values(), *bill["other"].values()]]
    assert sum(sessions) + sum(others) == Decimal(bill["total"]) > 0
    for session in bill["sessions"].values():
        legs = [Decimal(leg["cost"]) for leg in session["legs"]]
        assert sum(legs) + Decimal(session["session_cost"]) == Decimal(session["cost"])
        for leg in session["legs"]:
            assert sum(map(Decimal, leg["parts"].values())) == Decimal(leg["cost"])
    charged = sum(record.charge for each in created for record in each.activity.records)
    assert charged == Decimal(bill["total"])


def test_mixed_goes_through_all_kinds_in_turn() -> None:
    kinds = kinds_of("mixed")
    made = _account().create("mixed", len(kinds))
    assert [each.activity.kind for each in made] == list(kinds)
    assert {each.activity.category for each in made} == {"call", "message", "other"}


def test_unknown_kinds_and_absurd_counts_are_refused() -> None:
    with pytest.raises(UnknownKindError, match="unknown kind 'fax'; there are amd, "):
        _account().create("fax")
    for count in (0, -1, MAX_CREATED + 1):
        with pytest.raises(ValueError, match="count must be 1 to 20000"):
            _account().create("inbound", count)


def test_records_are_pending_until_they_are_visible() -> None:
    clock = ManualClock()
    account = Account(Settings(faults=Faults(record_delay_min_s=3, record_delay_max_s=20)), clock)
    created = account.create("inbound", 5)
    total = _bill(account)["total"]
    assert _bill(account)["pending"] >= 10
    assert not list(account.records.all_visible(clock.now))
    clock.advance(2.9)
    assert not list(account.records.all_visible(clock.now))
    clock.advance(17.1)
    assert max(each.visible_at for each in created) <= clock.now
    bill = _bill(account)
    assert (bill["pending"], bill["total"]) == (0, total)


def test_hidden_records_can_be_revealed() -> None:
    account = _account(faults=Faults(record_delay_min_s=100, record_delay_max_s=100))
    created = account.create("inbound", 2)
    assert account.reveal() == sum(len(each.activity.records) for each in created)
    assert _bill(account)["pending"] == 0
    assert account.reveal() == 0


def test_a_changed_record_comes_back_with_the_true_amount() -> None:
    clock = ManualClock()
    account = Account(Settings(faults=Faults(record_change_rate=1, record_change_after_s=60)), clock)
    account.create("inbound")
    total = Decimal(_bill(account)["total"])

    def seen() -> dict[str, Decimal]:
        return {record.record_id: record.charge for record in account.records.all_visible(clock.now)}

    early = seen()
    assert sum(early.values()) == 2 * total
    assert _bill(account)["pending"] > 0
    clock.advance(60)
    late = seen()
    assert set(late) == set(early)
    assert sum(late.values()) == total
    assert _bill(account)["pending"] == 0


def test_a_record_can_be_revised_by_hand() -> None:
    account = _account()
    record = account.create("inbound")[0].activity.records[0]
    before = Decimal(_bill(account)["total"])
    account.revise("sip-trunking", record.record_id, record.charge + Decimal("0.001"))
    assert Decimal(_bill(account)["total"]) == before + Decimal("0.001")
    shown = next(iter(account.records.visible("sip-trunking", account.clock()))).fields["cost"]
    assert Decimal(str(shown)) == record.charge + Decimal("0.001")
    with pytest.raises(KeyError):
        account.revise("sip-trunking", "unheard of", Decimal(1))


def test_history_ended_when_it_is_said_to_have() -> None:
    account = _account(faults=Faults(record_delay_min_s=9, record_delay_max_s=9))
    created = account.create("inbound", ended_ago_s=7200, visible_at_once=True)[0]
    assert (account.clock() - created.activity.end).total_seconds() == 7200
    assert _bill(account)["pending"] == 0


def test_the_fee_of_a_message_can_stand_apart() -> None:
    """The record's cost leaves the fee out, the webhook's total is what is paid."""
    account = _account()
    record = account.create("sms-fee-apart")[0].activity.records[0]
    fee = Decimal(str(record.fields["carrier_fee"]))
    assert record.charge == Decimal(str(record.fields["cost"])) + fee
    assert "sms-fee-apart" not in kinds_of("mixed")
