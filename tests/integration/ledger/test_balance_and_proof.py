"""Balance and proof as the ledger's callers see them: real gRPC on loopback, a SQLite book, and what is refused."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from services.common.addresses import Address
from services.common.channel import open_channel
from services.common.errors import InvalidInput
from services.common.money import Money, parse_money
from services.common.rpc_errors import from_rpc_error
from services.common.server import open_server
from services.common.times import utc_day
from services.common.wire import from_date, from_money, from_timestamp, to_date, to_money, to_timestamp
from services.ledger.__main__ import prepare
from services.ledger.settings import LedgerSettings
from services.telnyx_vocabulary.wire import encode_event, encode_record
from tests.support.ledger_facts import START, at, leg, message_record, usd
from tollbook.ledger.v1 import (
    balance_pb2,
    balance_pb2_grpc,
    book_pb2,
    ledger_pb2,
    ledger_pb2_grpc,
    proof_pb2,
    proof_pb2_grpc,
)
from tollbook.telnyx.v1.telnyx_gateway_pb2 import UsageDay

TODAY = utc_day(START)
DAY_S = 86_400
NEVER = Timestamp(seconds=2**60)


class Ledger:
    """The three services of one ledger."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.book = ledger_pb2_grpc.LedgerServiceStub(channel)
        self.balance = balance_pb2_grpc.BalanceServiceStub(channel)
        self.proof = proof_pb2_grpc.ProofServiceStub(channel)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """The service as its process puts it together, on a free port."""
    settings = LedgerSettings(
        ledger_listen=Address("127.0.0.1", 0), ledger_database_url=f"sqlite:///{tmp_path / 'ledger.db'}"
    )
    async with AsyncExitStack() as stack:
        endpoint = await prepare(settings, stack)
        bound = await stack.enter_async_context(open_server(endpoint))
        yield Ledger(await stack.enter_async_context(open_channel(str(bound))))


def snapshot(moment: datetime, dollars: str, **others: Money) -> balance_pb2.BalanceSnapshot:
    nothing = dict.fromkeys(("pending", "credit_limit"), usd("0"))
    amounts = nothing | {"balance": usd(dollars), "available_credit": usd(dollars)} | others
    told = {name: to_money(amount) for name, amount in amounts.items()}
    return balance_pb2.BalanceSnapshot(read_time=to_timestamp(moment), **told)


def charges(day: date, **dollars: str) -> balance_pb2.AccountCharges:
    return balance_pb2.AccountCharges(
        day=to_date(day), **{name: to_money(usd(each)) for name, each in dollars.items()}
    )


async def record_charges(
    ledger: Ledger, moment: datetime, *days: balance_pb2.AccountCharges
) -> balance_pb2.RecordAccountChargesResponse:
    request = balance_pb2.RecordAccountChargesRequest(days=days, read_time=to_timestamp(moment))
    return await ledger.balance.RecordAccountCharges(request)


async def record_balances(ledger: Ledger, *snapshots: balance_pb2.BalanceSnapshot) -> None:
    for each in snapshots:
        await ledger.balance.RecordBalance(balance_pb2.RecordBalanceRequest(snapshot=each))


async def test_the_balance_and_how_fast_it_is_used_up(ledger: Ledger) -> None:
    # The burn rate is that of the last 7 days by the ledger's own clock.
    now = datetime.now(UTC)
    days = [now - timedelta(days=number) for number in (4, 3, 2, 1)]
    await record_balances(ledger, *map(snapshot, days, ("10", "8", "20", "18")))
    request = balance_pb2.ListBalancesRequest(from_time=to_timestamp(days[0]), to_time=to_timestamp(now))
    answer = await ledger.balance.ListBalances(request)
    assert [from_money(each.balance) for each in answer.snapshots] == [*map(usd, ("10", "8", "20", "18"))]
    assert from_timestamp(answer.snapshots[0].read_time) == days[0]
    assert from_money(answer.burn_rate.per_day) == Money("USD", usd("4").nanos // 3)
    assert answer.burn_rate.observed.ToTimedelta() == timedelta(days=3)
    assert timedelta(days=13.4) < answer.burn_rate.time_left.ToTimedelta() < timedelta(days=13.6)
    request.max_points = 2
    assert len((await ledger.balance.ListBalances(request)).snapshots) == 2


async def test_the_last_balance_and_where_it_is_going(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    days = [now - timedelta(days=number) for number in (4, 3, 2, 1)]
    await record_balances(ledger, *map(snapshot, days, ("10", "8", "20", "18")))
    request = balance_pb2.GetBalanceTrendRequest(
        from_time=to_timestamp(days[0]), to_time=to_timestamp(days[2])
    )
    answer = await ledger.balance.GetBalanceTrend(request)
    assert answer.latest == snapshot(days[3], "18")
    assert answer.before == snapshot(days[1], "8")
    assert from_money(answer.burn_rate.per_day) == Money("USD", usd("4").nanos // 3)
    request.from_time.FromDatetime(days[1] + timedelta(seconds=1))
    assert not (await ledger.balance.GetBalanceTrend(request)).HasField("before")
    without = await ledger.balance.GetBalanceTrend(balance_pb2.GetBalanceTrendRequest())
    assert (without.latest, without.HasField("before")) == (answer.latest, False)


async def test_before_a_balance_is_known_there_is_no_trend(ledger: Ledger) -> None:
    request = balance_pb2.GetBalanceTrendRequest(from_time=to_timestamp(at(0)), to_time=to_timestamp(at(60)))
    assert await ledger.balance.GetBalanceTrend(request) == balance_pb2.GetBalanceTrendResponse()


async def test_a_trend_needs_both_ends_of_a_period_or_none(ledger: Ledger) -> None:
    request = balance_pb2.GetBalanceTrendRequest(to_time=to_timestamp(at(60)))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ledger.balance.GetBalanceTrend(request)
    assert isinstance(from_rpc_error(refused.value), InvalidInput)


async def test_with_too_little_known_there_is_no_burn_rate(ledger: Ledger) -> None:
    request = balance_pb2.ListBalancesRequest(from_time=to_timestamp(at(0)), to_time=to_timestamp(at(60)))
    answer = await ledger.balance.ListBalances(request)
    assert not answer.snapshots
    assert not answer.HasField("burn_rate")


async def test_a_statement_from_opening_to_closing(ledger: Ledger) -> None:
    await record_balances(
        ledger, snapshot(at(-60), "10"), snapshot(at(600), "59.5"), snapshot(at(DAY_S), "56")
    )
    await record_charges(
        ledger,
        at(2 * DAY_S),
        charges(TODAY + timedelta(days=1), existing_monthly="3", other="0.25", grand_total="3.25"),
    )
    records = [message_record("one", "0.5", 60)]
    await ledger.book.RecordDetailRecords(
        ledger_pb2.RecordDetailRecordsRequest(records=map(encode_record, records))
    )
    request = balance_pb2.GetStatementRequest(
        from_time=to_timestamp(at(0)), to_time=to_timestamp(at(DAY_S + 60))
    )
    told = await ledger.balance.GetStatement(request)
    assert (from_money(told.opening.balance), from_money(told.closing.balance)) == (usd("10"), usd("56"))
    kinds = balance_pb2.StatementLineKind
    assert [
        (line.kind, from_money(line.amount), line.record_type, line.is_inferred) for line in told.lines
    ] == [
        (kinds.STATEMENT_LINE_KIND_TOP_UP, usd("50"), "", True),
        (kinds.STATEMENT_LINE_KIND_USAGE, usd("-0.5"), "messaging", False),
        (kinds.STATEMENT_LINE_KIND_MONTHLY, usd("-3"), "", False),
        (kinds.STATEMENT_LINE_KIND_TAXES_AND_FEES, usd("-0.25"), "", False),
        (kinds.STATEMENT_LINE_KIND_UNEXPLAINED, usd("-0.25"), "", False),
    ]
    assert from_timestamp(told.lines[0].time) == at(600)


async def test_without_a_balance_a_statement_says_so(ledger: Ledger) -> None:
    request = balance_pb2.GetStatementRequest(from_time=to_timestamp(at(0)), to_time=to_timestamp(at(60)))
    told = await ledger.balance.GetStatement(request)
    assert not told.HasField("opening")
    assert not told.lines
    assert list(told.notes) == ["No balance was read in this period."]


async def test_account_charges_come_back_as_they_were_told(ledger: Ledger) -> None:
    day = charges(
        TODAY,
        new_monthly="1",
        existing_monthly="2",
        new_one_time="3",
        credits="-4",
        ledger_adjustments="5",
        other="6",
        grand_total="13",
    )
    await record_charges(ledger, at(DAY_S), day)
    request = balance_pb2.ListAccountChargesRequest(
        from_day=to_date(TODAY), to_day=to_date(TODAY + timedelta(days=366))
    )
    [read] = (await ledger.balance.ListAccountCharges(request)).days
    assert read.charges == day
    assert from_timestamp(read.read_time) == at(DAY_S)


def usage_request(record_type: str, amount: str, decimals: int, day: date = TODAY) -> Any:
    return ledger_pb2.RecordUsageRequest(
        record_type=record_type,
        days=[UsageDay(day=to_date(day), cost=to_money(usd(amount)), decimals=decimals)],
        read_time=to_timestamp(at(2 * DAY_S)),
        account_key="account",
    )


async def book_days(ledger: Ledger) -> dict[str, proof_pb2.BookDay]:
    request = proof_pb2.ListBookDaysRequest(
        from_day=to_date(TODAY), to_day=to_date(TODAY + timedelta(days=1))
    )
    return {day.record_type: day for day in (await ledger.proof.ListBookDays(request)).days}


async def test_many_days_are_claimed_at_once_each_for_the_first_who_came(ledger: Ledger) -> None:
    days = [TODAY - timedelta(days=back) for back in range(60, 63)]
    one = proof_pb2.ClaimDayRequest(
        record_type="amd", day=to_date(days[1]), source=proof_pb2.DAY_SOURCE_DETAIL_RECORDS
    )
    await ledger.proof.ClaimDay(one)
    request = proof_pb2.ClaimDaysRequest(
        record_type="amd", days=map(to_date, days), source=proof_pb2.DAY_SOURCE_REPORT
    )
    api, report = proof_pb2.DAY_SOURCE_DETAIL_RECORDS, proof_pb2.DAY_SOURCE_REPORT
    for _ in range(2):
        assert list((await ledger.proof.ClaimDays(request)).sources) == [report, api, report]


async def test_a_day_of_the_book_beside_usage_reports(ledger: Ledger) -> None:
    claim = proof_pb2.ClaimDayRequest(
        record_type="messaging", day=to_date(TODAY), source=proof_pb2.DAY_SOURCE_REPORT
    )
    assert (await ledger.proof.ClaimDay(claim)).source == proof_pb2.DAY_SOURCE_REPORT
    one = message_record("one", "0.004", 60)
    await ledger.book.RecordDetailRecords(ledger_pb2.RecordDetailRecordsRequest(records=[encode_record(one)]))
    await ledger.book.RecordUsage(usage_request("messaging", "0.004", 6))
    await ledger.book.RecordUsage(usage_request("usage:number-lookup", "0.75", 0))
    days = await book_days(ledger)
    assert days.keys() == {"messaging", "usage:number-lookup"}
    messaging, lookup = days["messaging"], days["usage:number-lookup"]
    assert (from_money(messaging.book_cost), from_money(messaging.reported_cost)) == (
        usd("0.004"),
        usd("0.004"),
    )
    assert (messaging.record_count, messaging.reported_decimals) == (1, 6)
    assert (from_date(messaging.day), messaging.source) == (TODAY, proof_pb2.DAY_SOURCE_REPORT)
    assert not messaging.HasField("complete_time")
    # 0.75 has two decimals, whatever was said of it.
    assert (from_money(lookup.book_cost), lookup.reported_decimals) == (usd("0"), 2)
    request = proof_pb2.ListDayRecordsRequest(record_type="messaging", day=to_date(TODAY))
    [told] = (await ledger.proof.ListDayRecords(request)).records
    assert (told.record_id, told.charge_record_id) == (one.record_id, one.record_id)
    assert (told.kind, from_money(told.cost)) == (book_pb2.RECORD_KIND_SMS, usd("0.004"))


async def test_a_counted_sweep_completes_and_closes_like_any_other(ledger: Ledger) -> None:
    events = [leg().event("call.answered", 0), leg().hangup(60)]
    await ledger.book.RecordEvents(ledger_pb2.RecordEventsRequest(events=map(encode_event, events)))
    records = [leg().record("sip-trunking", "0.005"), leg().record("call-control", "0", billed_seconds=0)]
    await ledger.book.RecordDetailRecords(
        ledger_pb2.RecordDetailRecordsRequest(records=map(encode_record, records))
    )
    call = ledger_pb2.GetCallRequest(id=leg().call_control_id)
    assert (await ledger.book.GetCall(call)).call.status == book_pb2.CHARGE_STATUS_ESTIMATED
    sweep = book_pb2.Sweep(
        record_type="call-control",
        from_time=to_timestamp(at(-DAY_S)),
        to_time=to_timestamp(at(DAY_S)),
        read_time=to_timestamp(at(3 * DAY_S)),
        total_results=1,
        query_form="form",
        account_key="account",
        counted=True,
    )
    answer = await ledger.book.RecordSweep(ledger_pb2.RecordSweepRequest(sweep=sweep))
    assert (answer.sweep.counted, answer.sweep.verdict) == (True, book_pb2.SWEEP_VERDICT_COMPLETE)
    assert (await ledger.book.GetCall(call)).call.status == book_pb2.CHARGE_STATUS_EXACT
    assert (await book_days(ledger))["call-control"].HasField("complete_time")


async def test_sweeps_of_one_verdict(ledger: Ledger) -> None:
    for total in (0, 3):
        sweep = book_pb2.Sweep(
            record_type="amd",
            from_time=to_timestamp(at(0)),
            to_time=to_timestamp(at(60)),
            read_time=to_timestamp(at(DAY_S + total)),
            total_results=total,
            query_form=f"form {total}",
        )
        await ledger.book.RecordSweep(ledger_pb2.RecordSweepRequest(sweep=sweep))
    found = {}
    for verdict in (0, *book_pb2.SweepVerdict.values()):
        request = ledger_pb2.ListSweepsRequest(verdict=book_pb2.SweepVerdict.ValueType(verdict))
        found[verdict] = [each.total_results for each in (await ledger.book.ListSweeps(request)).sweeps]
    assert found == {
        book_pb2.SWEEP_VERDICT_UNSPECIFIED: [3, 0],
        book_pb2.SWEEP_VERDICT_COMPLETE: [],
        book_pb2.SWEEP_VERDICT_DIFFERENT: [3],
        book_pb2.SWEEP_VERDICT_UNPROVEN: [0],
    }


async def test_health_tells_what_could_not_be_read(ledger: Ledger) -> None:
    bad = message_record("bad", None)
    await ledger.book.RecordDetailRecords(ledger_pb2.RecordDetailRecordsRequest(records=[encode_record(bad)]))
    health = await ledger.proof.GetBookHealth(proof_pb2.GetBookHealthRequest())
    [fault] = health.unreadable
    assert (fault.kind, fault.reason, fault.count) == ("messaging", "it has no amount", 1)
    assert (fault.example_id, fault.blocks) == (bad.record_id, True)
    assert (health.event_count, health.unsettled_count) == (0, 1)
    assert not health.HasField("last_event_time")
    assert from_money(health.estimate_error.mean) == usd("0")


def _days(first: date, after: date) -> dict[str, Date]:
    return {"from_day": to_date(first), "to_day": to_date(after)}


def _span(from_s: float, to_s: float) -> dict[str, Timestamp | None]:
    return {"from_time": to_timestamp(at(from_s)), "to_time": to_timestamp(at(to_s))}


EUROS = parse_money("1", "EUR")
REFUSED: dict[str, tuple[str, Callable[[Ledger], Any]]] = {
    "a snapshot of no balance": (
        "balance",
        lambda ledger: record_balances(ledger, balance_pb2.BalanceSnapshot(read_time=to_timestamp(at(0)))),
    ),
    "a snapshot in two currencies": (
        "pending",
        lambda ledger: record_balances(ledger, snapshot(at(0), "1", pending=EUROS)),
    ),
    "a snapshot of no time": (
        "read_time",
        lambda ledger: record_balances(ledger, balance_pb2.BalanceSnapshot(
            balance=to_money(usd("1")), pending=to_money(usd("0")),
            credit_limit=to_money(usd("0")), available_credit=to_money(usd("1")),
        )),
    ),
    "more than a book can hold": (
        "balance",
        lambda ledger: record_balances(ledger, snapshot(at(0), "1", balance=Money("USD", 2**63))),
    ),
    "charges without a grand total": (
        "grand_total", lambda ledger: record_charges(ledger, at(0), charges(TODAY, other="1"))
    ),
    "charges of no day": (
        "day", lambda ledger: record_charges(ledger, at(0), balance_pb2.AccountCharges(grand_total=to_money(usd("1"))))
    ),
    "charges read never": (
        "read_time",
        lambda ledger: ledger.balance.RecordAccountCharges(balance_pb2.RecordAccountChargesRequest(read_time=NEVER)),
    ),
    "charges of too many days": (
        "days", lambda ledger: record_charges(ledger, at(0), *[charges(TODAY, grand_total="1")] * 367)
    ),
    "a year and a day of charges": (
        "to_day",
        lambda ledger: ledger.balance.ListAccountCharges(
            balance_pb2.ListAccountChargesRequest(**_days(TODAY, TODAY + timedelta(days=367)))
        ),
    ),
    "one point of many": (
        "max_points",
        lambda ledger: ledger.balance.ListBalances(balance_pb2.ListBalancesRequest(**_span(0, 1), max_points=1)),
    ),
    "balances since nothing": (
        "from_time", lambda ledger: ledger.balance.ListBalances(balance_pb2.ListBalancesRequest())
    ),
    "a statement that ends first": (
        "to", lambda ledger: ledger.balance.GetStatement(balance_pb2.GetStatementRequest(**_span(1, 0)))
    ),
    "book days that end first": (
        "to_day",
        lambda ledger: ledger.proof.ListBookDays(
            proof_pb2.ListBookDaysRequest(**_days(TODAY, TODAY - timedelta(days=1)))
        ),
    ),
    "records of no type": (
        "record_type",
        lambda ledger: ledger.proof.ListDayRecords(proof_pb2.ListDayRecordsRequest(day=to_date(TODAY))),
    ),
    "too large a page": (
        "page_size",
        lambda ledger: ledger.proof.ListDayRecords(
            proof_pb2.ListDayRecordsRequest(record_type="amd", day=to_date(TODAY), page_size=1001)
        ),
    ),
    "a claim for no days": (
        "days",
        lambda ledger: ledger.proof.ClaimDays(proof_pb2.ClaimDaysRequest(record_type="amd")),
    ),
    "a claim for no source": (
        "source",
        lambda ledger: ledger.proof.ClaimDay(proof_pb2.ClaimDayRequest(record_type="amd", day=to_date(TODAY))),
    ),
    "usage with more decimals than nanos": (
        "decimals", lambda ledger: ledger.book.RecordUsage(usage_request("amd", "1", 10))
    ),
    "sweeps of no verdict": (
        "verdict",
        lambda ledger: ledger.book.ListSweeps(
            ledger_pb2.ListSweepsRequest(verdict=book_pb2.SweepVerdict.ValueType(77))
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("field", "call"), REFUSED.values(), ids=REFUSED)
async def test_what_no_book_can_take_is_refused_by_field(
    ledger: Ledger, field: str, call: Callable[[Ledger], Any]
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(ledger)
    error = from_rpc_error(raised.value)
    assert isinstance(error, InvalidInput)
    assert error.field == field
