"""A whole audit between a fake book and a fake Telnyx."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest

from services.common.errors import TelnyxRefused, TelnyxUnreachable, TollbookError, Unavailable
from services.common.money import Money
from services.reconciler.audit.auditor import Auditor, AuditOrder
from services.reconciler.audit.book_days import day_window
from services.reconciler.audit.line import AuditLine, AuditResult
from services.reconciler.audit.rereading import UNATTENDED, WAITED_FOR, Patience, Rereading, worth_rereading
from services.reconciler.audit.usage_refresh import UsageRefresh
from services.reconciler.usage import Usage, UsageDay
from services.reconciler.usage_reading import UsageReading
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.support.clocks import ManualClock
from tests.unit.reconciler.audit.days import FIRST, HORIZON, LATER, book_day, day_record
from tests.unit.reconciler.audit.fakes import FakeBookDays, FakeProducts
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.fakes import FakeLedger, FakeTelnyx
from tests.unit.reconciler.moments import item

DAY = timedelta(days=1)
CENT = 10_000_000
BUDGET_S = 30.0


@dataclass(slots=True)
class Scene:
    """An auditor and all that it asks, ten days after the audited one."""

    clock: ManualClock
    book: FakeBookDays
    ledger: FakeLedger
    telnyx: FakeTelnyx
    products: FakeProducts
    auditor: Auditor

    async def audit(self, *, again: bool = False, patience: Patience = WAITED_FOR) -> AuditResult:
        """The audit of the first day."""
        return await self.auditor.audit(AuditOrder(FIRST, FIRST + DAY, again, patience), BUDGET_S)

    async def line(self) -> AuditLine:
        """The only line of that audit."""
        [line] = (await self.audit()).lines
        return line

    def report(self, record_type: str, nanos: int) -> None:
        """Let usage_reports tell a cost of the first day."""
        row = UsageDay(FIRST, Money("USD", nanos), 9)
        self.telnyx.usage[record_type] = Usage(record_type, (row,), self.clock.now(), "synthetic")


@pytest.fixture
def scene(world: World) -> Scene:
    world.clock.advance((LATER - world.clock.now()).total_seconds())
    book, products, usage = FakeBookDays(), FakeProducts(), UsageReading(world.ledger, world.telnyx)
    for name in products.products:
        world.telnyx.usage[name] = Usage(name, (), LATER, "synthetic")
    reader = world.reconciler.reader_of(world.telnyx)
    auditor = Auditor(
        book,
        world.ledger,
        UsageRefresh(usage, products),
        usage.asked_at,
        Rereading(reader, world.clock),
        HORIZON,
        world.clock,
    )
    return Scene(world.clock, book, world.ledger, world.telnyx, products, auditor)


def _noon(offset: int) -> datetime:
    return day_window(FIRST + offset * DAY).start_at + DAY / 2


def _seen(record_id: str, nanos: int) -> DetailRecord:
    return DetailRecord(
        record_type="sip-trunking",
        record_id=record_id,
        observed_at=LATER,
        record_time=day_record(record_id, nanos).record_at,
        cost=Money("USD", nanos),
    )


async def test_usage_is_asked_for_and_booked_before_the_verdict(scene: Scene) -> None:
    scene.book.days = [book_day(0, CENT)]
    scene.report("sip-trunking", CENT)
    await scene.audit()
    assert [usage.record_type for usage in scene.ledger.usages] == ["sip-trunking"]


async def test_what_was_reported_late_enough_is_not_asked_about_again(scene: Scene) -> None:
    scene.book.days = [book_day(offset, CENT, CENT) for offset in (-1, 0, 1)]
    scene.telnyx.usage["sip-trunking"] = TelnyxUnreachable("nobody is to ask")
    assert (await scene.audit()).troubles == ()
    assert len((await scene.audit(again=True)).troubles) == 1


async def test_a_product_of_no_type_is_asked_about_by_its_own_name(scene: Scene) -> None:
    scene.products.products = ("sip-trunking", "number-lookup")
    scene.report("usage:number-lookup", CENT)
    scene.book.days = [book_day(0, 0, CENT, record_type="usage:number-lookup")]
    line = await scene.line()
    assert (line.verdict, line.product) == ("not_read", "number-lookup")
    assert [usage.record_type for usage in scene.ledger.usages] == ["usage:number-lookup"]


async def test_a_record_that_telnyx_no_longer_shows_is_named(scene: Scene) -> None:
    scene.book.days = [book_day(0, 2 * CENT, CENT)]
    scene.book.records["sip-trunking", FIRST] = [
        day_record("kept", CENT, last_seen=LATER + timedelta(seconds=1)),
        day_record("gone", CENT, last_seen=LATER - DAY),
    ]
    scene.telnyx.publish(_seen("kept", CENT))
    line = await scene.line()
    assert [cause.record_id for cause in line.causes] == ["gone"]
    assert [sweep.window.start_at.date() for sweep in scene.ledger.sweeps] == [FIRST]


async def test_a_differing_day_is_read_anew_once(scene: Scene) -> None:
    scene.book.days = [book_day(0, 2 * CENT, CENT)]
    scene.telnyx.publish(_seen("kept", CENT))
    await scene.audit()
    await scene.audit()
    assert len(scene.ledger.sweeps) == 1
    scene.clock.advance(2 * 86_400)
    await scene.audit()
    assert len(scene.ledger.sweeps) == 2


async def test_an_empty_answer_makes_nothing_vanish(scene: Scene) -> None:
    scene.ledger.is_proven = False
    scene.book.days = [book_day(0, CENT, 0)]
    scene.book.records["sip-trunking", FIRST] = [day_record("a", CENT, last_seen=LATER - DAY)]
    result = await scene.audit()
    assert "proves nothing" in result.troubles[0]
    assert "costs exactly the difference" in result.lines[0].causes[0].message


async def test_a_day_that_was_never_read_in_full_is_read_by_the_audit(scene: Scene) -> None:
    scene.book.days = [book_day(0, 0, CENT, is_complete=False)]
    scene.telnyx.publish(_seen("a", CENT))
    line = await scene.line()
    assert ("sip-trunking", "a") in scene.ledger.records
    assert line.verdict == "different"


async def test_a_day_with_too_many_records_is_not_read_anew(scene: Scene) -> None:
    scene.book.days = [book_day(0, CENT, 0)]
    scene.telnyx.publish(*(_seen(str(number), 1) for number in range(2_001)))
    result = await scene.audit()
    assert scene.ledger.sweeps == []
    assert "2001 records, too many" in result.troubles[0]
    # With nobody waiting it is, in pieces.
    assert (await scene.audit(patience=UNATTENDED)).troubles == ()
    assert len(scene.ledger.sweeps) == 2


async def test_an_audit_reads_a_few_days_anew_at_a_time(scene: Scene) -> None:
    days = range(WAITED_FOR.max_days + 2)
    scene.book.days = [book_day(2 * offset, CENT, 0) for offset in days]
    scene.telnyx.publish(*(replace(_seen(str(offset), 1), record_time=_noon(2 * offset)) for offset in days))
    order = AuditOrder(FIRST, FIRST + 40 * DAY)
    await scene.auditor.audit(order, BUDGET_S)
    assert len(scene.ledger.sweeps) == WAITED_FOR.max_days
    await scene.auditor.audit(order, BUDGET_S)
    assert len(scene.ledger.sweeps) == len(days)


async def test_calls_that_wait_are_named(scene: Scene) -> None:
    scene.book.days = [book_day(0, CENT, 2 * CENT, open_count=1)]
    age_s = (LATER - timedelta(days=20)).timestamp()
    start_s = age_s - ManualClock().now().timestamp()
    scene.ledger.open(item("v3:waits", "sip-trunking", start_s=start_s, end_s=start_s + 60))
    scene.ledger.open(item("v3:other", "amd", start_s=start_s, end_s=start_s + 60))
    scene.ledger.open(item("v3:closes", start_s=start_s, end_s=start_s + 60, unclosed=("sip-trunking",)))
    line = await scene.line()
    assert line.verdict == "open"
    assert {(cause.kind, cause.charge_id): cause.message for cause in line.causes} == {
        ("call", "v3:waits"): "it still waits for its sip-trunking record",
        ("call", "v3:closes"): "a last reading has yet to confirm its sip-trunking records",
    }


async def test_troubles_are_sentences_and_one_for_each_reason(scene: Scene) -> None:
    scene.products.fault = TelnyxRefused("Telnyx refuses to list them", field="request")
    scene.telnyx.usage.clear()
    scene.book.days = [book_day(0, CENT)]
    result = await scene.audit()
    assert result.lines[0].verdict == "open"
    first, second = result.troubles
    assert first == "the products of usage_reports are not known: Telnyx refuses to list them"
    assert second == (
        "usage_reports could not be asked about ai-voice-assistant, amd, call-control and 15 more: no such product"
    )


@pytest.mark.parametrize(
    "fault",
    [
        TelnyxUnreachable("Telnyx did not answer in time"),
        TelnyxRefused("TELNYX_API_KEY is not set", field="TELNYX_API_KEY"),
    ],
    ids=["unreachable", "no-key"],
)
async def test_when_telnyx_is_away_nobody_waits_for_each_of_its_products(
    scene: Scene, fault: TollbookError
) -> None:
    scene.products.fault = fault
    scene.report("sip-trunking", CENT)
    scene.book.days = [book_day(0, CENT)]
    result = await scene.audit()
    assert result.troubles == (f"the products of usage_reports are not known: {fault}",)
    assert (result.lines[0].verdict, scene.ledger.usages) == ("open", [])


async def test_a_type_whose_product_is_unknown_there_is_told(scene: Scene) -> None:
    scene.book.days = [book_day(0, CENT, record_type="wireless")]
    result = await scene.audit()
    assert "know no product of wireless" in result.troubles[0]
    assert result.lines[0].verdict == "open"


async def test_newest_first_then_by_type(scene: Scene) -> None:
    names = ("sip-trunking", "amd")
    scene.book.days = [book_day(offset, 1, 1, record_type=name) for offset in (0, 1) for name in names]
    result = await scene.auditor.audit(AuditOrder(FIRST, FIRST + 2 * DAY), BUDGET_S)
    assert [(line.day - FIRST, line.record_type) for line in result.lines] == [
        (DAY, "amd"),
        (DAY, "sip-trunking"),
        (timedelta(0), "amd"),
        (timedelta(0), "sip-trunking"),
    ]


async def test_a_boundary_with_a_day_outside_the_audit(scene: Scene) -> None:
    scene.book.days = [book_day(-1, CENT, 0), book_day(0, CENT, 2 * CENT)]
    assert (await scene.line()).verdict == "day_boundary"


async def test_without_the_ledger_there_is_no_audit(scene: Scene) -> None:
    scene.book.fault = Unavailable("a service of Tollbook did not answer")
    with pytest.raises(Unavailable):
        await scene.audit()


def _different(day: date, nanos: int) -> AuditLine:
    return AuditLine(
        day=day,
        record_type="amd",
        product="amd",
        verdict="different",
        book=Money("USD", nanos),
        reported=Money("USD", 0),
    )


def test_the_greatest_differences_are_read_anew_first() -> None:
    lines = [_different(FIRST + number * DAY, number * CENT) for number in range(4)]
    unread = replace(_different(FIRST + 10 * DAY, 99 * CENT), verdict="open", is_unread=True)
    assert worth_rereading([unread, lines[1]], LATER, ()) == [lines[1], unread]
    chosen = worth_rereading(lines, LATER, ())
    assert [line.book.nanos // CENT for line in chosen] == [3, 2, 1, 0]


@pytest.mark.parametrize(
    "line",
    [
        _different(LATER.date() - 31 * DAY, CENT),
        replace(_different(FIRST, CENT), source="report_without_ids"),
        replace(_different(FIRST, CENT), verdict="open"),
    ],
)
def test_days_that_must_not_be_read_anew(line: AuditLine) -> None:
    assert worth_rereading([line], LATER, ()) == []


async def test_an_audit_ends_in_time_and_tells_what_is_left(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.book.days = [book_day(0, CENT)]
    never_comes = asyncio.Event()

    async def hang(*_: object) -> Usage:
        await never_comes.wait()
        raise AssertionError("nobody waits that long")

    monkeypatch.setattr(FakeTelnyx, "list_usage", hang)
    result = await scene.auditor.audit(AuditOrder(FIRST, FIRST + DAY), 0.01)
    assert "(2 products left); ask again" in result.troubles[0]
    assert result.lines[0].verdict == "open"
