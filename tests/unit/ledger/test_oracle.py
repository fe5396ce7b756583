"""The core against naive bookkeepers who know the sessions, read the raw JSON and use decimals of their own."""

import json
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.unit.ledger.books import Fact, book, cost_in, leg_in, total
from tests.unit.ledger.builders import (
    LegIds,
    amd,
    answered,
    answered_call,
    call_control,
    call_cost,
    cost_part,
    initiated,
    leg,
    recording,
    sip_trunking,
)

NANO = Decimal("1E-9")
amounts = st.integers(0, 10**9).map(lambda nanos: str(Decimal(nanos).scaleb(-9)))
"""Decimal text, in scientific notation where Decimal writes it so."""

LEGS = tuple(leg(name) for name in ("first", "second", "third"))


@dataclass(frozen=True)
class Called:
    """A leg and all records that Telnyx has of it."""

    ids: LegIds
    is_announced: bool
    records: tuple[DetailRecord, ...]


@st.composite
def called_legs(draw: st.DrawFn, ids: LegIds, start: int) -> Called:
    def several(make: Any, at_least: int) -> list[DetailRecord]:
        costs = draw(st.lists(amounts, min_size=at_least, max_size=3))
        return [
            make(
                ids, cost, start=start, name=f"{ids.sip_call_id} {n}", is_telnyx_billable=draw(st.booleans())
            )
            for n, cost in enumerate(costs)
        ]

    zero_twins = [
        make(ids, "0", 0, start=start, name=f"{ids.sip_call_id} zero")
        for make in draw(st.sets(st.sampled_from([sip_trunking, call_control])))
    ]
    records = [*several(sip_trunking, 1), *several(call_control, 1), *several(amd, 0), *zero_twins]
    return Called(ids, draw(st.booleans()), tuple(records))


@st.composite
def sessions(draw: st.DrawFn) -> tuple[list[Called], list[DetailRecord]]:
    count = draw(st.integers(1, 3))
    called = [draw(called_legs(ids, start)) for start, ids in enumerate(LEGS[:count])]
    costs = draw(st.lists(amounts, max_size=3))
    return called, [recording(cost=cost, name=str(n)) for n, cost in enumerate(costs)]


def charged(record: DetailRecord) -> int:
    """Nanos, from the row as it came."""
    fields = json.loads(record.raw, parse_float=Decimal)
    return int(Decimal(fields["cost"]) / NANO) if fields["is_telnyx_billable"] else 0


def named(record: DetailRecord, ids: LegIds) -> bool:
    """Whether the row names the leg in the field that its type has for it."""
    fields = json.loads(record.raw)
    field = {"sip-trunking": "call_control_id", "call-control": "telnyx_leg_id", "amd": "call_leg_id"}
    return fields[field[record.record_type]] in {ids.call_control_id, ids.call_leg_id}


@settings(max_examples=200, deadline=None)
@given(sessions(), st.randoms(use_true_random=False))
def test_with_all_records_and_no_call_cost(
    session: tuple[list[Called], list[DetailRecord]], rng: Any
) -> None:
    called, recordings = session
    events = [event for n, c in enumerate(called) if c.is_announced for event in answered_call(c.ids, n)]
    records = [record for c in called for record in c.records]
    items: list[Fact] = [*events, *records, *recordings]
    rng.shuffle(items)
    derived = book(*items)
    assert total(derived) == sum(map(charged, [*records, *recordings]))
    assert all(charge.can_settle for charge in derived.charges)
    assert derived.open_items == ()
    announced = [c.ids for c in called if c.is_announced]
    for ids in announced:
        # The first announced leg is the owner: it started first.
        shared = recordings if ids == announced[0] else []
        own = [record for record in records if named(record, ids)]
        assert cost_in(derived, ids) == sum(map(charged, [*own, *shared]))


@dataclass(frozen=True)
class Told:
    """What `call.cost` named of a leg, and which of its records have come, as (nanos, billed seconds)."""

    named: dict[str, list[int]]
    recorded: dict[str, list[tuple[int, int]]]


SHARED = "call-recording"
CALL_PARTS = ("sip-trunking", "call-control", SHARED)
tolds = st.builds(
    Told,
    named=st.fixed_dictionaries(
        {name: st.lists(st.sampled_from([0, 1, 5, 9]), max_size=2) for name in CALL_PARTS}
    ),
    recorded=st.fixed_dictionaries(
        {
            name: st.lists(st.tuples(st.sampled_from([0, 1, 5, 9]), st.sampled_from([0, 60])), max_size=2)
            for name in CALL_PARTS
        }
    ),
)


def rule_e(named: list[int], recorded: list[tuple[int, int]]) -> int:
    """The records once there are enough billed ones, the larger sum until then."""
    billed = sum(1 for _, seconds in recorded if seconds > 0)
    nonzero = sum(1 for cost in named if cost)
    sum_of_records = sum(cost for cost, _ in recorded)
    if not named or billed >= max(1, nonzero):
        return sum_of_records
    return max(sum_of_records, sum(named))


@settings(max_examples=200, deadline=None)
@given(st.lists(tolds, min_size=1, max_size=3))
def test_with_call_cost_and_some_of_the_records(tolds: list[Told]) -> None:
    """No hang-up, so no estimate blurs the sum. Recordings are one scope for all legs of the session."""
    items: list[Fact] = []
    expected: Counter[str] = Counter()
    for number, (ids, told) in enumerate(zip(LEGS, tolds, strict=False)):
        parts = [cost_part(name, nano_text(cost), 60) for name in CALL_PARTS for cost in told.named[name]]
        items += [initiated(ids, number), answered(ids, number + 5), call_cost(ids, *parts)]
        items += records_of(ids, told, number)
        for name in ("sip-trunking", "call-control"):
            expected[ids.call_control_id] += rule_e(told.named[name], told.recorded[name])
    named = [cost for told in tolds for cost in told.named[SHARED]]
    recorded = [pair for told in tolds for pair in told.recorded[SHARED]]
    expected[LEGS[0].call_control_id] += rule_e(named, recorded)
    derived = book(*items)
    assert total(derived) == expected.total()
    for ids in LEGS[: len(tolds)]:
        found = [charge.cost_nanos for charge in leg_in(derived, ids).charges]
        assert sum(found) == expected[ids.call_control_id]


def records_of(ids: LegIds, told: Told, start: int) -> list[DetailRecord]:
    def name(n: int) -> str:
        return f"{ids.sip_call_id} {n}"

    make = {"sip-trunking": sip_trunking, "call-control": call_control}
    found = [
        make[part](ids, nano_text(cost), billed, start=start, name=name(n))
        for part in make
        for n, (cost, billed) in enumerate(told.recorded[part])
    ]
    found += [
        recording(ids.call_session_id, nano_text(cost), billed, name=name(n))
        for n, (cost, billed) in enumerate(told.recorded[SHARED])
    ]
    return found


def nano_text(nanos: int) -> str:
    return f"{nanos}E-9"
