"""Sums over charges, held against a plain sum over the listed rows in Python."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from services.common.money import Money
from services.common.times import utc_day
from services.ledger import tables
from services.ledger.store.book import Book
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_pages import list_charges
from services.ledger.store.rollups import FLOOR_PART
from services.ledger.store.sum_rows import Grouping
from services.ledger.store.summaries import summarize
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.support.ledger_books import DAY_S, record_batch
from tests.support.ledger_facts import CUSTOMER, OURS, at, leg, message, message_record, record

GROUPINGS: tuple[Grouping | None, ...] = (None, "day", "number", "recordType")
# Aligned to days at both ends, at one, at none; inside a day; across midnight; empty; open.
RANGES: tuple[tuple[datetime | None, datetime | None], ...] = (
    (None, None),
    (at(-DAY_S / 2), at(DAY_S / 2)),
    (at(-DAY_S / 2), at(1.5 * DAY_S)),
    (at(-DAY_S / 2), at(DAY_S)),
    (at(0), at(DAY_S / 2)),
    (at(0), at(3 * DAY_S)),
    (at(0), at(3600)),
    (at(11 * 3600), at(13 * 3600)),
    (at(0), at(0)),
    (at(3600), None),
    (None, at(3600)),
    (at(DAY_S / 2), None),
    (None, at(DAY_S / 2)),
)


@pytest.fixture
def filled(book: Book) -> Book:
    """Charges of all kinds over five days, some exact, some in another currency, on two numbers."""
    random = Random(11)
    facts: list[Any] = []
    for number in range(60):
        at_s = random.uniform(-2 * DAY_S, 3 * DAY_S) // 1
        ours = random.choice([OURS, "+12025550177"])
        cost = f"0.0{random.randint(1, 99):02}"
        call = leg(f"call {number}", f"session {number}")
        is_inbound = random.random() < 0.4
        parties = {
            "direction": "inbound" if is_inbound else "outbound",
            "from_number": CUSTOMER if is_inbound else ours,
            "to_number": ours if is_inbound else CUSTOMER,
        }
        match random.randrange(5):
            case 0:
                facts.append(call.hangup(at_s + 70, started_at=at(at_s), **parties))
            case 1:
                facts += [call.hangup(at_s + 70, started_at=at(at_s), **parties)]
                facts += [
                    call.record(name, cost, at_s, **parties) for name in ("sip-trunking", "call-control")
                ]
            case 2:
                foreign = call.record("sip-trunking", cost, at_s, **parties)
                facts.append(_in_euros(foreign))
            case 3:
                facts.append(
                    message(str(number), random.choice(["message.received", "message.finalized"]), None, at_s)
                )
                facts.append(message_record(str(number), cost, at_s))
            case _:
                facts.append(record("inference", cost, at_s, from_number="", to_number="", direction=""))
    record_batch(book, facts)
    return book


def _in_euros(seen: DetailRecord) -> DetailRecord:
    assert seen.cost is not None
    return DetailRecord(
        **{name: getattr(seen, name) for name in DetailRecord.__slots__ if name != "cost"},
        cost=Money("EUR", seen.cost.nanos),
    )


def naive(
    book: Book, wanted: ChargeFilter, grouping: Grouping | None
) -> dict[str, dict[str, tuple[Any, ...]]]:
    """(total, exact, count, by kind, exact count) by group and currency."""
    rows, _ = book.database.read(lambda connection: list_charges(connection, wanted, 1000, ""))
    sums: Any = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, {"call": 0, "sms": 0, "other": 0}, 0]))
    for row in rows:
        kind = row.record_type if row.record_type == "other" else f"{row.record_type}_{row.direction}"
        keys = {
            None: "",
            "day": utc_day(row.billing_date).isoformat(),
            "number": row.phone_number,
            "recordType": kind,
        }
        cell = sums[keys[grouping]][row.currency]
        cell[0] += row.cost_nanos
        cell[1] += row.cost_nanos if row.status == "exact" else 0
        cell[2] += 1
        cell[3][row.record_type] += row.cost_nanos
        cell[4] += row.status == "exact"
    return {key: {currency: tuple(cell) for currency, cell in of.items()} for key, of in sums.items()}


def summed(
    book: Book, wanted: ChargeFilter, grouping: Grouping | None
) -> dict[str, dict[str, tuple[Any, ...]]]:
    sums = book.database.read(lambda connection: summarize(connection, wanted, grouping))
    return {
        key: {
            currency: (
                *(totals.total_nanos, totals.exact_nanos, totals.count, totals.by_kind),
                totals.exact_count,
            )
            for currency, totals in of.items()
        }
        for (key, _), of in sums.items()
    }


def test_sums_by_range_and_group_are_those_of_the_listed_charges(filled: Book) -> None:
    assert len(naive(filled, ChargeFilter(), None)[""]) == 2
    for from_at, to_at in RANGES:
        for grouping in GROUPINGS:
            wanted = ChargeFilter(from_at=from_at, to_at=to_at)
            assert summed(filled, wanted, grouping) == naive(filled, wanted, grouping), (wanted, grouping)


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_sums_with_filters_are_those_of_the_listed_charges(filled: Book, grouping: Grouping | None) -> None:
    for from_at, to_at in (RANGES[0], RANGES[1], RANGES[5], RANGES[7]):
        for fields in (
            {"status": "estimated"},
            {"status": "exact"},
            {"kind": "call"},
            {"kind": "sms", "status": "exact"},
            {"kind": "other"},
            {"phone_number": OURS},
            {"phone_number": OURS, "kind": "call", "status": "estimated"},
            {"phone_number": "+12025550199"},
            {"direction": "inbound"},
            {"direction": "outbound", "status": "exact"},
            {"direction": "outbound", "kind": "sms", "phone_number": OURS},
            {"direction": "inbound", "kind": "other"},
        ):
            wanted = ChargeFilter(from_at=from_at, to_at=to_at, **fields)  # type: ignore[arg-type]
            assert summed(filled, wanted, grouping) == naive(filled, wanted, grouping), (wanted, grouping)


@pytest.mark.parametrize("status", [None, "estimated", "exact"])
def test_sums_by_part_add_up_to_the_whole(filled: Book, status: Any) -> None:
    for from_at, to_at in RANGES:
        for fields in (
            {},
            {"phone_number": OURS},
            {"kind": "call", "direction": "outbound"},
            {"text": "5550"},
        ):
            wanted = ChargeFilter(from_at=from_at, to_at=to_at, status=status, **fields)  # type: ignore[arg-type]
            whole = summed(filled, wanted, None).get("", {})
            by_part = summed(filled, wanted, "part")
            for currency, (total, exact, _, kinds, _) in whole.items():
                cells = [of[currency] for of in by_part.values() if currency in of]
                assert sum(cell[0] for cell in cells) == total
                assert sum(cell[1] for cell in cells) == exact
                assert {kind: sum(cell[3][kind] for cell in cells) for kind in kinds} == kinds


FIRST_DAYS: Mapping[Grouping, Callable[[date], date]] = {
    "dayAndPart": lambda day: day,
    "weekAndPart": lambda day: day - timedelta(days=day.weekday()),
    "monthAndPart": lambda day: day.replace(day=1),
}


def naive_parts(book: Book, wanted: ChargeFilter, grouping: Grouping) -> dict[Any, Any]:
    """(total, exact, count, exact count) by group and currency, from the rows of the parts."""
    first_day = FIRST_DAYS.get(grouping)
    rows, _ = book.database.read(lambda connection: list_charges(connection, wanted, 1000, ""))
    lines = book.database.read(lambda connection: connection.execute(select(tables.billing_parts)).all())
    sums: Any = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        parts: Counter[str] = Counter()
        for line in lines:
            if line.billing_id == row.id:
                parts[line.record_type] += line.cost_nanos
        rest = row.cost_nanos - parts.total()
        for part, nanos in [*parts.items(), *([(FLOOR_PART, rest)] if rest else [])]:
            key = (first_day(utc_day(row.billing_date)).isoformat(), part) if first_day else (part, "")
            cell, is_exact = sums[key, row.currency], row.status == "exact"
            for place, amount in enumerate((nanos, nanos * is_exact, 1, is_exact)):
                cell[place] += amount
    return {key: tuple(cell) for key, cell in sums.items()}


@pytest.mark.parametrize("grouping", ["part", *FIRST_DAYS])
def test_sums_by_part_are_those_of_the_lines(filled: Book, grouping: Grouping) -> None:
    for from_at, to_at in (RANGES[0], RANGES[1], RANGES[5], RANGES[7]):
        for fields in (
            *(
                {},
                {"status": "exact"},
                {"status": "estimated"},
                {"phone_number": OURS},
                {"direction": "inbound"},
            ),
            *({"kind": "sms", "phone_number": OURS}, {"text": "call"}, {"text": CUSTOMER, "status": "exact"}),
        ):
            wanted = ChargeFilter(from_at=from_at, to_at=to_at, **fields)  # type: ignore[arg-type]
            sums = filled.database.read(partial(summarize, wanted=wanted, grouping=grouping))
            assert {
                (key, currency): (totals.total_nanos, totals.exact_nanos, totals.count, totals.exact_count)
                for key, of_key in sums.items()
                for currency, totals in of_key.items()
            } == naive_parts(filled, wanted, grouping), wanted


def test_parts_are_shown_by_record_type_and_the_rest_as_estimate(book: Book) -> None:
    settled, estimated, flat = leg("a", "a"), leg("b", "b"), leg("c", "c")
    record_batch(
        book,
        [
            settled.hangup(60),
            settled.record("sip-trunking", "0.005"),
            settled.record("call-control", "0.002"),
            settled.record("call-control", "0.001", 1),
            estimated.hangup(60),
            estimated.record("sip-trunking", "0.004"),
            flat.hangup(60),
            flat.call_cost(70, {}, total="0.02"),
        ],
    )
    sums = summed(book, ChargeFilter(), "part")
    assert {key: (of["USD"][0], of["USD"][2]) for key, of in sums.items()} == {
        "sip-trunking": (9_000_000, 2),
        "call-control": (3_000_000, 1),
        FLOOR_PART: (11_000_000 + 20_000_000, 2),
    }


def test_an_empty_book_sums_to_nothing(book: Book) -> None:
    for grouping in (*GROUPINGS, "part"):
        assert summed(book, ChargeFilter(), grouping) == {}


def test_a_charge_that_moves_to_another_day_leaves_the_first(book: Book) -> None:
    call = leg()
    record_batch(book, [call.hangup(13 * 3600, started_at=at(13 * 3600))])
    assert list(summed(book, ChargeFilter(), "day")) == ["2026-11-21"]
    earlier = call.record("sip-trunking", "0.005", 11 * 3600)
    record_batch(book, [earlier])
    assert list(summed(book, ChargeFilter(), "day")) == ["2026-11-20"]
    first_day = ChargeFilter(from_at=at(-DAY_S / 2), to_at=at(DAY_S / 2))
    assert summed(book, first_day, None) == naive(book, first_day, None)
    next_day = ChargeFilter(from_at=at(DAY_S / 2), to_at=at(DAY_S / 2) + timedelta(days=1))
    assert summed(book, next_day, None) == {}
