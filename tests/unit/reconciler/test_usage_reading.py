"""Usage is asked for in pieces that Telnyx takes, and booked."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from services.common.errors import TelnyxUnreachable
from services.common.money import Money
from services.reconciler.usage import Usage, UsageDay
from services.reconciler.usage_reading import UsageReading
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import FakeTelnyx
from tests.unit.reconciler.moments import NOON

FIRST = date(2026, 9, 1)


@dataclass(slots=True)
class DailyUsage(FakeTelnyx):
    """usage_reports with a row for each first of a month."""

    periods: list[tuple[date, date]] = field(default_factory=list)

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        self.periods.append((from_day, to_day))
        days = (from_day + timedelta(days=offset) for offset in range((to_day - from_day).days))
        rows = (UsageDay(day, Money("USD", 10_000_000), 2) for day in days if day.day == 1)
        return Usage(record_type, tuple(rows), NOON, "synthetic")


async def test_a_long_period_is_asked_for_in_pieces_and_booked(world: World) -> None:
    telnyx = DailyUsage(world.clock)
    reading = UsageReading(world.ledger, telnyx)
    told = await reading.read("amd", FIRST, date(2026, 11, 20))
    assert [row.day for row in told] == [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    assert telnyx.periods[0][0] == FIRST
    assert telnyx.periods[-1][1] == date(2026, 11, 20)
    assert all(end - start <= timedelta(days=31) for start, end in telnyx.periods)
    assert [before[1] for before in telnyx.periods[:-1]] == [after[0] for after in telnyx.periods[1:]]
    assert tuple(row for usage in world.ledger.usages for row in usage.days) == told


async def test_what_was_asked_about_is_remembered_also_where_there_was_no_row(world: World) -> None:
    reading = UsageReading(world.ledger, DailyUsage(world.clock))
    await reading.read("amd", date(2026, 9, 2), date(2026, 9, 4))
    assert world.ledger.usages == []
    assert reading.asked_at("amd", date(2026, 9, 3)) == NOON
    assert reading.asked_at("amd", date(2026, 9, 4)) is None
    assert reading.asked_at("stt", date(2026, 9, 3)) is None


async def test_a_fault_is_told(world: World) -> None:
    world.telnyx.usage["amd"] = TelnyxUnreachable("Telnyx did not answer in time")
    with pytest.raises(TelnyxUnreachable):
        await UsageReading(world.ledger, world.telnyx).read("amd", FIRST, FIRST + timedelta(days=1))
