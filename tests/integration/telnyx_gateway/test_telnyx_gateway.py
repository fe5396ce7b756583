"""telnyx-gateway over real gRPC and real HTTP, against the sandbox Telnyx and against worse servers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import grpc
import httpx
import pytest
import structlog
from google.protobuf.duration_pb2 import Duration
from google.type import date_pb2
from msgspec.structs import replace

from services.common.errors import (
    InvalidInput,
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
)
from services.common.rpc_errors import from_rpc_error
from services.common.wire import from_money, from_timestamp, to_timestamp
from services.telnyx_gateway import client as telnyx_client
from services.telnyx_gateway import detail_reader
from services.telnyx_gateway.account import account_key
from services.telnyx_vocabulary.record_types import RECORD_TYPES
from tests.integration.telnyx_gateway.running import PLENTY, gateway_of, running_gateway
from tests.sandbox.odd_records import ODD_KINDS
from tests.sandbox.server import Sandbox
from tests.sandbox.settings import Faults, Settings
from tollbook.telnyx.v1 import telnyx_gateway_pb2 as pb
from tollbook.telnyx.v1 import telnyx_gateway_pb2_grpc

Stub = telnyx_gateway_pb2_grpc.TelnyxGatewayServiceStub


@asynccontextmanager
async def gateway(base_url: str, key: str | None) -> AsyncIterator[Stub]:
    async with running_gateway(base_url, key) as each:
        yield each.telnyx


@asynccontextmanager
async def account(settings: Settings = PLENTY) -> AsyncIterator[tuple[Sandbox, Stub]]:
    async with gateway_of(settings) as (sandbox, each):
        yield sandbox, each.telnyx


def request(
    record_type: str, priority: pb.Priority.ValueType = pb.PRIORITY_JOB
) -> pb.ListDetailRecordsRequest:
    now = datetime.now(UTC)
    return pb.ListDetailRecordsRequest(
        record_type=record_type,
        from_time=to_timestamp(now - timedelta(days=1)),
        to_time=to_timestamp(now + timedelta(hours=1)),
        priority=priority,
    )


async def read(
    stub: Stub, asked: pb.ListDetailRecordsRequest
) -> tuple[dict[str, int], pb.DetailRecordsComplete]:
    """What each record charges in nanos, and the end of the stream."""
    charges: dict[str, int] = {}
    ends: list[pb.DetailRecordsComplete] = []
    async for message in stub.ListDetailRecords(asked):
        if message.HasField("complete"):
            ends.append(message.complete)
            continue
        assert not ends
        for record in message.page.records:
            assert not record.unreadable
            charges[record.record_id] = from_money(record.cost).nanos if record.is_billable else 0
    (end,) = ends
    return charges, end


async def failure(call: Awaitable[object]) -> TollbookError:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return from_rpc_error(failed.value)


def nanos(amount: Decimal) -> int:
    return int(amount.scaleb(9))


async def test_every_record_of_every_type_is_read_to_the_nano() -> None:
    async with account() as (sandbox, stub):
        sandbox.core.create("mixed", 120, deliver=False, visible_at_once=True)
        true = {
            (record.type.name, record.record_id): nanos(record.charge)
            for record in sandbox.core.account.records.final()
        }
        found: dict[tuple[str, str], int] = {}
        for entry in RECORD_TYPES:
            if entry.has_money:
                charges, end = await read(stub, request(entry.name))
                assert end.total_results == len(charges)
                found |= {(entry.name, record_id): charge for record_id, charge in charges.items()}
    assert len(found) > 200
    assert found == {key: charge for key, charge in true.items() if key[0] != "conference"}


async def test_ids_find_their_records_and_decoys_find_none() -> None:
    async with account() as (sandbox, stub):
        (created,) = sandbox.core.create("dialer", 1, deliver=False, visible_at_once=True)
        sandbox.core.create("calls", 20, deliver=False, visible_at_once=True)
        leg = created.activity.legs[0]
        assert leg.call_control_id
        assert leg.call_leg_id
        asked = {
            "session": pb.ListDetailRecordsRequest(
                record_type="sip-trunking", session_id=leg.call_session_id
            ),
            "control": pb.ListDetailRecordsRequest(
                record_type="sip-trunking", call_control_id=leg.call_control_id
            ),
            "leg": pb.ListDetailRecordsRequest(record_type="call-control", leg_id=leg.call_leg_id),
            "decoy": pb.ListDetailRecordsRequest(
                record_type="conference-participant", leg_id=leg.call_control_id
            ),
        }
        found = {name: len((await read(stub, each))[0]) for name, each in asked.items()}
    assert found["session"] >= 2
    assert found["control"] >= 1
    assert found["leg"] >= 1
    assert found["decoy"] == 0


async def test_balance_key_and_usage() -> None:
    async with account() as (sandbox, stub):
        sandbox.core.create("pstn-outbound", 3, deliver=False, visible_at_once=True)
        balance = await stub.GetBalance(pb.GetBalanceRequest())
        keys = await stub.GetPublicKeys(pb.GetPublicKeysRequest())
        charges, _ = await read(stub, request("sip-trunking"))
        first = datetime.now(UTC).date() - timedelta(days=2)
        end = first + timedelta(days=4)
        usage = await stub.ListUsage(
            pb.ListUsageRequest(
                record_type="sip-trunking",
                from_day=date_pb2.Date(year=first.year, month=first.month, day=first.day),
                to_day=date_pb2.Date(year=end.year, month=end.month, day=end.day),
            )
        )
        truth = sandbox.core.account.balance()
    assert list(keys.public_keys) == [sandbox.public_key]
    # Telnyx shows its balance in cents.
    assert abs(from_money(balance.balance).nanos - nanos(truth)) < 10_000_000
    assert from_money(balance.available_credit).nanos == (
        from_money(balance.balance).nanos + from_money(balance.credit_limit).nanos
    )
    assert sum(from_money(day.cost).nanos for day in usage.days) == sum(charges.values()) > 0
    assert len(usage.days) == 4
    assert all(day.decimals <= 9 for day in usage.days)
    assert usage.account_key == account_key(PLENTY.account_key)


async def test_a_balance_that_is_young_enough_is_not_asked_for_again() -> None:
    young_enough = pb.GetBalanceRequest(max_age=Duration(seconds=3_600))
    async with account() as (sandbox, stub):
        first = await stub.GetBalance(young_enough)
        again = await asyncio.gather(*(stub.GetBalance(young_enough) for _ in range(20)))
        assert again == [first] * 20
        assert sandbox.core.api.requests["balance"] == 1
        afresh = await stub.GetBalance(pb.GetBalanceRequest())
        assert from_timestamp(afresh.read_time) > from_timestamp(first.read_time)
        assert await stub.GetBalance(young_enough) == afresh
        assert sandbox.core.api.requests["balance"] == 2


async def test_a_telnyx_that_is_down_is_not_asked_by_each_open_page() -> None:
    async with account() as (sandbox, stub):
        sandbox.core.api.is_out = True
        asked = pb.GetBalanceRequest(max_age=Duration(seconds=30))
        errors = await asyncio.gather(*(failure(stub.GetBalance(asked)) for _ in range(20)))
        assert {type(error) for error in errors} == {TelnyxUnreachable}
        # Two attempts each second at the most, however many ask; on a busy machine the askers take a while.
        assert sandbox.core.api.requests["balance"] <= 10


async def test_an_age_below_nothing_is_refused() -> None:
    async with account() as (_, stub):
        error = await failure(stub.GetBalance(pb.GetBalanceRequest(max_age=Duration(seconds=-1))))
    assert isinstance(error, InvalidInput)
    assert error.field == "max_age"


async def test_an_answer_names_its_query_its_key_and_its_time() -> None:
    async with account() as (_, stub):
        before = datetime.now(UTC)
        _, end = await read(stub, request("messaging"))
    key = account_key(PLENTY.account_key)
    assert (end.total_results, end.account_key, end.request_count) == (0, key, 1)
    assert end.query_form == f"messaging?created_at[gte]&created_at[lt]@{key}"
    assert before <= from_timestamp(end.read_time) <= datetime.now(UTC)


async def test_the_quota_is_kept_and_used() -> None:
    settings = replace(PLENTY, quota_limit=10, quota_window_s=1)
    async with account(settings) as (sandbox, stub):
        sandbox.core.create("messages", 300, deliver=False, visible_at_once=True)
        answers = await asyncio.gather(*(read(stub, request("messaging")) for _ in range(5)))
        quota = await stub.GetQuota(pb.GetQuotaRequest())
        api = sandbox.core.api
    assert {len(charges) for charges, _ in answers} == {300}
    assert api.requests["detail_records"] >= 30
    assert api.refusals["quota"] * 20 <= api.requests["detail_records"]
    assert quota.limit == 10
    assert 0 <= quota.remaining <= 10


async def test_a_person_is_sent_away_when_others_have_used_the_quota() -> None:
    settings = replace(PLENTY, quota_limit=3, quota_window_s=3_600)
    async with account(settings) as (sandbox, stub):
        headers = {"Authorization": f"Bearer {settings.account_key}"}
        async with httpx.AsyncClient(base_url=sandbox.base_url, headers=headers, trust_env=False) as other:
            for _ in range(2):
                await other.get("/v2/detail_records", params={"filter[record_type]": "messaging"})
        await read(stub, request("messaging", pb.PRIORITY_PERSON))
        error = await failure(read(stub, request("messaging", pb.PRIORITY_PERSON)))
        refused = sandbox.core.api.refusals["quota"]
    assert isinstance(error, QuotaExhausted)
    assert 0 < error.retry_after_s <= 3_600
    assert refused == 0


async def test_faults_of_the_api_do_not_change_what_is_read() -> None:
    faults = Faults(api_fault_rate=0.2, api_fault_kinds=("500", "502-html", "429"))
    async with account(replace(PLENTY, faults=faults)) as (sandbox, stub):
        sandbox.core.create("messages", 200, deliver=False, visible_at_once=True)
        whole: Counter[int] = Counter()
        for _ in range(8):
            try:
                charges, _ = await read(stub, request("messaging"))
            except grpc.aio.AioRpcError as error:
                assert isinstance(from_rpc_error(error), TelnyxUnreachable | QuotaExhausted)  # noqa: PT017
                continue
            whole[len(charges)] += 1
    assert set(whole) == {200}
    assert whole[200] >= 4


async def test_rows_that_shift_while_they_are_read_are_not_missed() -> None:
    faults = Faults(arrivals_per_page=1, record_delay_min_s=600, record_delay_max_s=900)
    async with account(replace(PLENTY, faults=faults)) as (sandbox, stub):
        sandbox.core.create("messages", 150, deliver=False, visible_at_once=True)
        sandbox.core.create("messages", 4, deliver=False)
        charges, end = await read(stub, request("messaging"))
    assert len(charges) == end.total_results > 150


async def test_a_window_deeper_than_telnyx_reads_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detail_reader, "MAX_DEPTH", 100)
    async with account(replace(PLENTY, readable_rows=100)) as (sandbox, stub):
        for ago_s in range(0, 3_000, 10):
            sandbox.core.create("messages", 1, ended_ago_s=ago_s, deliver=False, visible_at_once=True)
        charges, end = await read(stub, request("messaging"))
    assert len(charges) == end.total_results == 300


async def test_another_accounts_key_reads_nothing_under_another_name() -> None:
    async with Sandbox(PLENTY) as sandbox, gateway(sandbox.base_url, PLENTY.empty_account_key) as stub:
        sandbox.core.create("messages", 3, deliver=False, visible_at_once=True)
        charges, end = await read(stub, request("messaging"))
    assert charges == {}
    assert end.account_key != account_key(PLENTY.account_key)


async def test_a_wrong_key_is_refused_and_never_told() -> None:
    async with Sandbox(PLENTY) as sandbox, gateway(sandbox.base_url, "KEYwrongsynthetic") as stub:
        with structlog.testing.capture_logs() as lines:
            error = await failure(stub.GetBalance(pb.GetBalanceRequest()))
    assert isinstance(error, TelnyxRefused)
    assert error.field == "TELNYX_API_KEY"
    assert "10009" in error.detail
    assert "KEYwrongsynthetic" not in f"{error} {lines}"


async def test_without_a_key_it_answers_and_says_so() -> None:
    async with gateway("http://127.0.0.1:1", None) as stub:
        errors = [
            await failure(stub.GetBalance(pb.GetBalanceRequest())),
            await failure(stub.GetPublicKeys(pb.GetPublicKeysRequest())),
            await failure(read(stub, request("messaging"))),
        ]
        quota = await stub.GetQuota(pb.GetQuotaRequest())
    assert {(type(error), error.field) for error in errors} == {(TelnyxRefused, "TELNYX_API_KEY")}
    assert all("TELNYX_API_KEY is not set" in error.detail for error in errors)
    assert (quota.limit, quota.remaining) == (40, 40)


async def test_telnyx_down_is_told_once_it_stayed_down() -> None:
    async with account() as (sandbox, stub):
        sandbox.core.api.is_out = True
        error = await failure(stub.GetBalance(pb.GetBalanceRequest()))
        assert sandbox.core.api.requests["balance"] == 2
        sandbox.core.api.is_out = False
        await stub.GetBalance(pb.GetBalanceRequest())
    assert isinstance(error, TelnyxUnreachable)


@pytest.mark.parametrize(
    "asked",
    [
        pb.ListDetailRecordsRequest(record_type="nonsense", session_id="a"),
        pb.ListDetailRecordsRequest(record_type="recording", leg_id="a"),
        pb.ListDetailRecordsRequest(record_type="messaging"),
        pb.ListDetailRecordsRequest(record_type="messaging", from_time=to_timestamp(datetime.now(UTC))),
    ],
    ids=["type", "id", "neither", "half"],
)
async def test_bad_questions_never_reach_telnyx(asked: pb.ListDetailRecordsRequest) -> None:
    async with account() as (sandbox, stub):
        error = await failure(read(stub, asked))
        assert isinstance(error, InvalidInput)
        assert error.field
        assert not sandbox.core.api.requests


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def half_an_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"data": ')
    await writer.drain()


async def no_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff not http \r\n\r\n")
    await writer.drain()


@asynccontextmanager
async def broken_server(talk: Talk) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("talk", [silence, half_an_answer, no_http])
async def test_servers_that_are_no_telnyx_are_told_as_unreachable(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telnyx_client, "_TIMEOUT", httpx.Timeout(0.2))
    async with broken_server(talk) as base_url, gateway(base_url, "KEYsynthetic") as stub:
        assert isinstance(await failure(stub.GetBalance(pb.GetBalanceRequest())), TelnyxUnreachable)


async def test_odd_records_are_kept_and_say_what_is_odd() -> None:
    async with account() as (sandbox, stub):
        made = {kind: sandbox.core.account.make_odd(kind).fields for kind in ODD_KINDS}
        now = datetime.now(UTC)
        asked = pb.ListDetailRecordsRequest(
            record_type="sip-trunking",
            from_time=to_timestamp(now - timedelta(days=1)),
            to_time=to_timestamp(now + timedelta(days=3)),
        )
        pages = [message.page async for message in stub.ListDetailRecords(asked)]
        counted = await stub.CountDetailRecords(
            pb.CountDetailRecordsRequest(
                record_type=asked.record_type, from_time=asked.from_time, to_time=asked.to_time
            )
        )
    records = {record.call_control_id: record for page in pages for record in page.records}
    found = {kind: records[str(fields["call_control_id"])] for kind, fields in made.items()}
    assert len(records) == counted.total_results == len(ODD_KINDS)
    sentences = {kind: list(record.unreadable) for kind, record in found.items() if record.unreadable}
    assert sentences == {
        "too-many-decimals": ["cost: more than 9 decimals: '0.01500000000000004'"],
        "without-cost": ["cost: missing"],
        "without-id": ["id: a record without a readable id"],
        "without-zone": [
            f"{name}: names no time zone, read as UTC"
            for name in ("started_at", "answered_at", "finished_at")
        ],
    }
    assert from_money(found["credit"].cost).nanos == -15_000_000
    assert found["other-currency"].cost.currency_code == "EUR"
    assert not found["too-many-decimals"].HasField("cost")
    assert found["without-id"].record_id.startswith("sha256:")
    written = datetime.fromisoformat(str(made["without-zone"]["started_at"])).replace(tzinfo=UTC)
    assert from_timestamp(found["without-zone"].record_time) == written
    assert from_timestamp(found["in-the-future"].record_time) > now + timedelta(days=1)
