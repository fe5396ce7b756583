"""Derivation and journal together, as a store keeps them: facts arrive in batches, the book is what they come to."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ledger.charges import Derived
from services.ledger.derive import derive
from services.ledger.facts import Facts
from services.ledger.journal import Booked, Entry, Posting, post, post_away
from tests.unit.ledger.books import RULES, Fact
from tests.unit.ledger.books import facts as facts_of
from tests.unit.ledger.builders import (
    AGENT,
    CUSTOMER,
    START,
    answered_call,
    call_control,
    nanos,
    recording,
    sip_trunking,
)
from tests.unit.ledger.strategies import all_facts

Key = tuple[str, str, str]


@dataclass
class Shelf:
    """The least that a store must do: post what changed, take to 0 what is no more, keep the journal."""

    facts: Facts = field(default_factory=Facts)
    booked: dict[Key, Booked] = field(default_factory=dict)
    listed: set[Key] = field(default_factory=set)
    journal: dict[Key, list[Entry]] = field(default_factory=dict)
    steps: int = 0

    def add(self, facts: Facts) -> Derived:
        """One transaction."""
        self.steps += 1
        now = START + timedelta(seconds=self.steps)
        held = self.facts
        self.facts = replace(
            held,
            events=held.events + facts.events,
            records=held.records + facts.records,
            rates=held.rates + facts.rates,
            windows=held.windows + facts.windows,
            usage=held.usage + facts.usage,
        )
        derived = derive(self.facts, RULES)
        for charge in derived.charges:
            before = self.booked.get(charge.key)
            self._keep(charge.key, post(before, charge.cost_nanos, charge.can_settle, now))
        gone = self.listed - {charge.key for charge in derived.charges}
        for key in gone:
            self._keep(key, post_away(self.booked[key]))
        self.listed = {charge.key for charge in derived.charges}
        self.facts = replace(self.facts, rates=self.facts.rates + derived.first_rates)
        return derived

    def _keep(self, key: Key, posting: Posting) -> None:
        before = self.booked.get(key)
        assert before is None or before.settled_at in {None, posting.after.settled_at}
        self.booked[key] = posting.after
        self.journal.setdefault(key, []).extend(posting.entries)

    def check(self, derived: Derived) -> None:
        for key, booked in self.booked.items():
            assert sum(entry.amount_nanos for entry in self.journal[key]) == booked.cost_nanos
            assert key in self.listed or booked.cost_nanos == 0
        costs = {charge.key: charge.cost_nanos for charge in derived.charges}
        assert costs == {key: self.booked[key].cost_nanos for key in self.listed}


def batches(facts: Facts, rng: Random) -> list[Facts]:
    """The same facts in some order, cut somewhere."""
    single = [
        *(Facts(events=(event,)) for event in facts.events),
        *(Facts(records=(record,)) for record in facts.records),
        *(Facts(windows=(window,)) for window in facts.windows),
        *(Facts(usage=(day,)) for day in facts.usage),
    ]
    rng.shuffle(single)
    cut: list[Facts] = []
    for fact in single:
        if cut and rng.random() < 0.5:
            last = cut[-1]
            cut[-1] = Facts(
                events=last.events + fact.events,
                records=last.records + fact.records,
                windows=last.windows + fact.windows,
                usage=last.usage + fact.usage,
            )
        else:
            cut.append(fact)
    return cut or [Facts()]


@settings(max_examples=200, deadline=None)
@given(all_facts, st.integers(0, 2**32), st.integers(0, 2**32))
def test_every_order_of_arrival_ends_in_the_same_book(facts: Facts, one_way: int, another: int) -> None:
    ends = []
    for seed in (one_way, another):
        shelf = Shelf()
        for batch in batches(facts, Random(seed)):
            derived = shelf.add(batch)
            shelf.check(derived)
        ends.append(shelf)
    mine, yours = ends
    assert {key: mine.booked[key].cost_nanos for key in mine.listed} == {
        key: yours.booked[key].cost_nanos for key in yours.listed
    }


def test_a_call_from_estimate_to_exact_to_adjustment() -> None:
    shelf = Shelf()
    steps: list[list[Fact]] = [
        [*answered_call(CUSTOMER)],
        [sip_trunking(CUSTOMER, "0.0500")],
        [call_control(CUSTOMER)],
        [sip_trunking(CUSTOMER, "0.0490", seen=900)],
    ]
    for items in steps:
        shelf.check(shelf.add(facts_of(*items)))
    [entries] = shelf.journal.values()
    assert [(entry.kind, entry.amount_nanos) for entry in entries] == [
        ("estimate", nanos("0.045")),
        ("estimate", nanos("0.005")),
        ("reversal", -nanos("0.050")),
        ("exact", nanos("0.056")),
        ("adjustment", -nanos("0.001")),
    ]


def test_money_that_changes_its_home_moves_by_paired_entries_in_one_step() -> None:
    """A recording: first of no call, then of the agent's leg, then of the customer's, who started earlier."""
    shelf = Shelf()
    recorded = recording()
    homes: list[list[Fact]] = [
        [recorded],
        [*answered_call(AGENT, 60), sip_trunking(AGENT, start=60), call_control(AGENT, start=60)],
        [*answered_call(CUSTOMER), sip_trunking(CUSTOMER), call_control(CUSTOMER)],
    ]
    moved: list[Counter[str]] = []
    for items in homes:
        before = {key: booked.cost_nanos for key, booked in shelf.booked.items()}
        shelf.check(shelf.add(facts_of(*items)))
        after = {key: booked.cost_nanos for key, booked in shelf.booked.items()}
        moved.append(Counter({key[1]: after[key] - before.get(key, 0) for key in after}))
    other = f"recording:{recorded.record_id}"
    call, fee = nanos("0.0210"), nanos("0.0060")
    assert moved[0] == {other: fee}
    assert moved[1] == {other: -fee, AGENT.call_control_id: call + fee}
    assert moved[2] == {other: 0, AGENT.call_control_id: -fee, CUSTOMER.call_control_id: call + fee}
    kinds = [entry.kind for entry in shelf.journal[("call", AGENT.call_control_id, "USD")]]
    assert kinds == ["exact", "adjustment"]
