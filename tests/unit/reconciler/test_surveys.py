"""Counting before reading, and finding what a count shows to be unread."""

from datetime import timedelta

import pytest

from services.common.errors import TelnyxRefused
from services.reconciler.day_claims import DayClaims
from services.reconciler.density import Densities
from services.reconciler.metrics import RequestTally
from services.reconciler.reader import Reader
from services.reconciler.refusals import Refusals
from services.reconciler.surveys import Surveys
from services.reconciler.sweep import Sweep
from services.reconciler.windows import Window
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.support.clocks import ManualClock
from tests.unit.reconciler.fakes import FakeLedger, FakeTelnyx, record_of
from tests.unit.reconciler.moments import NOON, after, item

WHOLE = Window(NOON, NOON + timedelta(seconds=12_800))


class Site:
    """An account whose records lie ten seconds apart, 1,280 of them; the book is empty."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON + timedelta(days=1))
        self.ledger = FakeLedger(self.clock, timedelta(hours=1))
        self.telnyx = FakeTelnyx(self.clock)
        self.records = [
            record_of(item(f"leg-{number}", start_s=10 * number, end_s=10 * number + 5), "amd")
            for number in range(1_280)
        ]
        self.telnyx.publish(*self.records)
        densities = Densities()
        densities.note("amd", WHOLE, len(self.records))
        claims = DayClaims(self.ledger, self.clock)
        self.reader = Reader(
            self.ledger, self.telnyx, densities, Refusals(self.clock), RequestTally(), claims
        )
        self.surveys = Surveys(self.ledger, self.reader, self.clock)

    async def hold(self, records: list[DetailRecord]) -> None:
        """The book knows these already."""
        await self.ledger.record_records(records)

    async def survey(self, window: Window = WHOLE, *, is_kept: bool = False) -> list[Sweep]:
        """All sweeps of a survey."""
        return [sweep async for sweep in self.surveys.survey("amd", window, is_kept=is_kept)]

    @property
    def held(self) -> int:
        """How many records the book holds."""
        return len(self.ledger.records)


async def test_what_the_book_holds_already_costs_one_request() -> None:
    site = Site()
    await site.hold(site.records)
    [sweep] = await site.survey()
    assert (sweep.is_counted, sweep.verdict, sweep.total_results) == (True, "complete", 1_280)
    assert site.telnyx.request_count == 1
    assert site.telnyx.asked == []


async def test_a_window_that_fits_on_a_page_is_read_so_that_corrections_are_seen() -> None:
    site = Site()
    await site.hold(site.records)
    [sweep] = await site.survey(Window(after(0), after(300)))
    assert (sweep.is_counted, sweep.verdict) == (False, "complete")
    assert site.telnyx.counted == []


@pytest.mark.parametrize("lost", [[0], [1_279], [640], [100, 101, 900]])
async def test_a_few_unread_records_are_found_by_halving(lost: list[int]) -> None:
    site = Site()
    await site.hold([record for number, record in enumerate(site.records) if number not in lost])
    [sweep] = await site.survey()
    assert (sweep.is_counted, sweep.verdict) == (True, "complete")
    assert site.held == 1_280
    # All of it would be 26 pages; a count for each of the four halvings, two pages, and a count at the end is enough.
    assert site.telnyx.request_count <= 8 * len(lost)


async def test_an_empty_book_reads_all_of_it() -> None:
    site = Site()
    sweeps = await site.survey()
    assert [sweep.verdict for sweep in sweeps] == ["complete"]
    assert site.held == 1_280
    assert site.telnyx.request_count == 1 + 26


async def test_what_is_not_worth_looking_for_now_is_left_to_the_closing_of_the_day() -> None:
    site = Site()
    await site.hold([record for number, record in enumerate(site.records) if number % 9])
    while await site.survey():
        # Each time a few requests are left until the budget is spent.
        site.ledger.records.clear()
        await site.hold([record for number, record in enumerate(site.records) if number % 9])
    asked = site.telnyx.request_count
    assert await site.survey() == []
    assert site.telnyx.request_count == asked + 1
    [kept] = await site.survey(is_kept=True)
    assert (kept.is_counted, kept.verdict) == (True, "different")
    counted = await site.surveys.find_all("amd", WHOLE)
    assert counted.is_equal
    assert site.held == 1_280


async def test_reading_all_finds_what_a_count_cannot_show() -> None:
    site = Site()
    await site.hold([*site.records[:-1], record_of(item("ghost", start_s=5, end_s=6), "amd")])
    assert (await site.surveys.find_all("amd", WHOLE)).is_equal
    assert site.held == 1_280
    assert not (await site.surveys.read_all("amd", WHOLE)).is_equal
    assert site.held == 1_281


async def test_a_type_that_may_not_be_counted_is_dropped_like_one_that_may_not_be_read() -> None:
    site = Site()
    site.telnyx.faults["amd"] = TelnyxRefused("Telnyx refused the form (400)", field="request")
    with pytest.raises(TelnyxRefused):
        await site.survey()
    assert "amd" in site.reader.refused_types()
