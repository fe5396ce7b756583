"""What holds for any facts whatever: order, repetition and batching change nothing, and no money is lost or doubled."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ledger.charges import Charge, Derived
from services.ledger.derive import derive
from services.ledger.facts import Facts, ProvenWindow, winning_records
from services.ledger.parts import charged_nanos
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.unit.ledger.books import RULES
from tests.unit.ledger.builders import DAY, at
from tests.unit.ledger.strategies import CALL_TYPES, all_facts, call_facts, received_again

thorough = settings(max_examples=200, deadline=None)
CLOSED_FOR_GOOD = tuple(
    ProvenWindow(
        record_type=name,
        from_at=at(-10 * DAY),
        to_at=at(20 * DAY),
        read_at=at(30 * DAY),
        row_count=1,
        is_proven=True,
    )
    for name in (*CALL_TYPES, "a-new-part")
)


def sums(charges: tuple[Charge, ...]) -> Counter[str]:
    """Nanos by currency; a Counter takes one that is not there for 0."""
    found: Counter[str] = Counter()
    for charge in charges:
        found[charge.currency] += charge.cost_nanos
    return found


def billable(records: tuple[DetailRecord, ...]) -> Counter[str]:
    found: Counter[str] = Counter()
    for record in winning_records(records):
        if record.cost is not None:
            found[record.cost.currency] += charged_nanos(record)
    return found


@settings(max_examples=500, deadline=None)
@given(all_facts, st.integers(0, 2**32))
def test_neither_order_nor_repetition_matters(facts: Facts, seed: int) -> None:
    rng = Random(seed)
    again = [received_again(event, rng.randrange(999)) for event in facts.events if rng.random() < 0.4]
    events = [*facts.events, *again]
    records = [*facts.records, *(record for record in facts.records if rng.random() < 0.4)]
    shuffled = Facts(
        events=tuple(rng.sample(events, len(events))),
        records=tuple(rng.sample(records, len(records))),
        rates=facts.rates[::-1],
        windows=facts.windows[::-1],
        usage=facts.usage[::-1],
    )
    assert derive(shuffled, RULES) == derive(facts, RULES)


@thorough
@given(all_facts)
def test_every_record_ends_in_exactly_one_charge(facts: Facts) -> None:
    derived = derive(facts, RULES)
    keys = {(record.record_type, record.record_id) for record in facts.records}
    assert set(derived.homes) == keys
    assert set(derived.homes.values()) <= {(charge.kind, charge.record_id) for charge in derived.charges}
    lines = Counter(
        (part.record_type, part.record_id)
        for charge in derived.charges
        for part in charge.parts
        if part.record_id
    )
    assert set(lines.values()) <= {1}
    for charge in derived.charges:
        for part in charge.parts:
            if part.record_id:
                assert derived.homes[(part.record_type, part.record_id)] == (charge.kind, charge.record_id)


@thorough
@given(all_facts)
def test_names_are_unique_and_legs_share_no_fact(facts: Facts) -> None:
    derived = derive(facts, RULES)
    assert len({leg.call_id for leg in derived.legs}) == len(derived.legs)
    assert len({charge.key for charge in derived.charges}) == len(derived.charges)
    assert len({(item.kind, item.record_id) for item in derived.open_items}) == len(derived.open_items)


@thorough
@given(all_facts)
def test_a_charge_is_the_sum_of_its_lines_or_a_floor_above_it(facts: Facts) -> None:
    for charge in derive(facts, RULES).charges:
        explained = sum(part.cost_nanos for part in charge.parts if part.currency == charge.currency)
        assert sum(part.cost_nanos for part in charge.parts) == explained
        if charge.can_settle and (charge.parts or charge.kind != "call"):
            assert charge.cost_nanos == explained
        elif charge.parts:
            assert charge.cost_nanos >= explained


@thorough
@given(all_facts)
def test_what_cannot_settle_says_what_it_waits_for(facts: Facts) -> None:
    derived = derive(facts, RULES)
    waiting = {(item.kind, item.record_id): item for item in derived.open_items}
    for charge in derived.charges:
        if charge.kind == "other" or charge.can_settle:
            continue
        item = waiting[(charge.kind, charge.record_id)]
        assert item.missing or item.unreadable
        assert set(item.missing) <= set(item.unclosed)


@thorough
@given(call_facts)
def test_closed_for_good_a_book_is_the_sum_of_its_billable_records(facts: Facts) -> None:
    """Whatever `call.cost` named, wherever the records are at home: the records alone count, each once."""
    derived = derive(replace(facts, windows=CLOSED_FOR_GOOD), RULES)
    assert sums(derived.charges) == billable(facts.records)
    for leg in derived.legs:
        assert leg.missing == ()
        assert all(charge.can_settle == (not leg.unreadable) for charge in leg.charges)


@thorough
@given(call_facts)
def test_without_call_cost_and_hang_up_every_book_is_the_sum_of_its_billable_records(facts: Facts) -> None:
    events = tuple(e for e in facts.events if e.event_type not in {"call.cost", "call.hangup"})
    derived = derive(replace(facts, events=events), RULES)
    assert sums(derived.charges) == billable(facts.records)


@thorough
@given(call_facts)
def test_silence_that_proves_nothing_settles_nothing(facts: Facts) -> None:
    """A wrong filter, or another account's key: empty answers never turn calls into exact zeros."""
    events = tuple(event for event in facts.events if event.call_cost is None)
    windows = tuple(replace(window, row_count=0, is_proven=False) for window in CLOSED_FOR_GOOD)
    derived = derive(Facts(events=events, windows=windows), RULES)
    assert not any(charge.can_settle for charge in derived.charges)


def renamed(facts: Facts, prefix: str) -> Facts:
    """The same facts about other calls."""

    def other(text: str) -> str:
        return text and prefix + text

    def event(of: WebhookEvent) -> WebhookEvent:
        return replace(
            of,
            event_id=other(of.event_id),
            session_id=other(of.session_id),
            call_control_id=other(of.call_control_id),
            leg_id=other(of.leg_id),
            recording_id=other(of.recording_id),
        )

    def record(of: DetailRecord) -> DetailRecord:
        return replace(
            of,
            record_id=other(of.record_id),
            session_id=other(of.session_id),
            call_control_id=other(of.call_control_id),
            leg_id=other(of.leg_id),
            sip_call_id=other(of.sip_call_id),
            recording_id=other(of.recording_id),
        )

    return Facts(events=tuple(map(event, facts.events)), records=tuple(map(record, facts.records)))


@thorough
@given(call_facts, call_facts)
def test_calls_that_share_no_id_never_touch_each_other(one: Facts, two: Facts) -> None:
    mine, yours = renamed(one, "mine "), renamed(two, "yours ")
    apart = [derive(mine, RULES), derive(yours, RULES)]
    together = derive(Facts(events=mine.events + yours.events, records=mine.records + yours.records), RULES)
    assert together.homes == {**apart[0].homes, **apart[1].homes}

    def by_key(found: Derived) -> dict[tuple[str, str, str], Charge]:
        return {charge.key: charge for charge in found.charges}

    assert by_key(together) == by_key(apart[0]) | by_key(apart[1])


@thorough
@given(call_facts, st.integers(0, 8))
def test_money_moves_but_none_appears_when_a_leg_becomes_known(facts: Facts, known: int) -> None:
    """Events that name legs, or join them, bring records to other homes: the sum stays."""
    events = tuple(
        replace(event, event_type="call.bridged", call_cost=None, quarantined=False, unreadable=())
        for event in facts.events
    )
    before = derive(replace(facts, events=events[:known]), RULES)
    after = derive(replace(facts, events=events), RULES)
    assert sums(before.charges) == sums(after.charges) == billable(facts.records)


@thorough
@given(call_facts, st.integers(1, 40))
def test_a_later_horizon_only_closes_less(facts: Facts, days: int) -> None:
    """With the same sweeps, a longer horizon never settles what a shorter one would not."""
    shorter = derive(replace(facts, windows=CLOSED_FOR_GOOD), RULES)
    longer = derive(
        replace(facts, windows=CLOSED_FOR_GOOD), replace(RULES, settle_horizon=timedelta(days=days))
    )
    settled = {charge.record_id for charge in shorter.charges if charge.can_settle}
    assert {charge.record_id for charge in longer.charges if charge.can_settle} <= settled
