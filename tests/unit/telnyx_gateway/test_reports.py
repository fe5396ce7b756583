"""Orders of reports, what Telnyx says of them, and where their files may be fetched."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.common.clock import SystemClock
from services.common.errors import InvalidInput, NotFound, TelnyxUnreachable, TollbookError
from services.telnyx_gateway import download
from services.telnyx_gateway.detail_query import Window
from services.telnyx_gateway.download import Downloader
from services.telnyx_gateway.report_reader import ReportEnd, ReportReader, ReportRows
from services.telnyx_gateway.reports import (
    CALLS,
    FAX,
    MESSAGING,
    Report,
    ReportStatus,
    order_request,
    parse_report,
    report_request,
)
from services.telnyx_gateway.request import UnreadableAnswer
from tests.unit.telnyx_gateway.support import KEY, Handler, Network, open_client

JULY = Window(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
BASE = "https://api.example.test"
FILE = "https://files.example.test/report.csv?signature=secret"


def test_a_voice_report_is_ordered_with_all_that_it_can_have() -> None:
    order = order_request(FAX, JULY)
    assert order.path == "legacy/reporting/batch_detail_records/voice"
    assert json.loads(order.order or b"") == {
        "start_time": "2026-07-01T00:00:00Z",
        "end_time": "2026-08-01T00:00:00Z",
        "report_name": "tollbook",
        "timezone": "UTC",
        "record_types": [1, 2, 3],
        "source": "fax-api",
        "call_types": [1, 2],
        "include_all_metadata": True,
    }


def test_a_report_of_messages_never_asks_for_their_text() -> None:
    order = order_request(MESSAGING, JULY)
    body = json.loads(order.order or b"")
    assert order.path == "legacy/reporting/batch_detail_records/messaging"
    assert body["include_message_body"] is False
    assert "source" not in body


def test_bad_orders_and_ids_are_refused() -> None:
    with pytest.raises(InvalidInput):
        order_request(CALLS, Window(JULY.to_at, JULY.to_at))
    for wrong in ("", "a\nb", "x" * 256):
        with pytest.raises(InvalidInput):
            report_request(CALLS, wrong)
    assert report_request(CALLS, "../balance?x").path.endswith("/voice/..%2Fbalance%3Fx")


@pytest.mark.parametrize(
    ("status", "read"),
    [
        (1, ReportStatus.PENDING),
        (2, ReportStatus.COMPLETE),
        ("3", ReportStatus.FAILED),
        (4, ReportStatus.EXPIRED),
        ("EXPIRED", ReportStatus.EXPIRED),
        ("complete", ReportStatus.COMPLETE),
    ],
)
def test_a_status_is_a_number_or_a_word(status: object, read: ReportStatus) -> None:
    body = json.dumps({"data": {"id": "r1", "status": status, "report_url": None, "retry": 0}}).encode()
    assert parse_report(body) == Report("r1", read, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"data": {"id": "r1"}}',
        b'{"data": {"status": 1}}',
        b'{"data": {"id": "r", "status": 9}}',
    ],
)
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_report(body)


async def fetched(url: str, handler: Handler, base: str = BASE) -> tuple[bytes, list[httpx.Request]]:
    network = Network(handler)
    downloader = Downloader(base, KEY, transport=httpx.MockTransport(network))
    try:
        return b"".join([chunk async for chunk in downloader.read(url)]), network.requests
    finally:
        await downloader.close()


async def failure(url: str, handler: Handler, base: str = BASE) -> TollbookError:
    with pytest.raises(TollbookError) as failed:
        await fetched(url, handler, base)
    return failed.value


def ok(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"id,cost")


async def test_the_key_goes_to_telnyx_and_to_nobody_else() -> None:
    body, (foreign,) = await fetched(FILE, ok)
    assert body == b"id,cost"
    assert "authorization" not in foreign.headers
    assert KEY not in str(foreign.url)
    _, (own,) = await fetched(f"{BASE}/reports/1.csv", ok)
    assert own.headers["authorization"] == f"Bearer {KEY}"
    for look_alike in ("https://api.example.test.evil.test/x", "https://api.example.test:444/x"):
        _, (request,) = await fetched(look_alike, ok)
        assert "authorization" not in request.headers


async def test_the_key_does_not_follow_a_redirect() -> None:
    def redirect(request: httpx.Request) -> httpx.Response:
        if request.url.host == "api.example.test":
            return httpx.Response(302, headers={"location": FILE})
        return ok(request)

    _, requests = await fetched(f"{BASE}/reports/1.csv", redirect)
    assert [("authorization" in request.headers) for request in requests] == [True, False]


async def test_plain_http_is_for_this_machine_only() -> None:
    _, (upgraded,) = await fetched("http://portal.example.test/report.csv", ok)
    assert str(upgraded.url) == "https://portal.example.test/report.csv"
    _, (local,) = await fetched("http://127.0.0.1:9/report.csv", ok, "http://127.0.0.1:9")
    assert local.url.scheme == "http"
    _, (not_ours,) = await fetched("http://127.0.0.1:9/report.csv", ok)
    assert not_ours.url.scheme == "https"
    for wrong in (
        "",
        "file:///etc/passwd",
        "ftp://files.example.test/x",
        "//files.example.test/x",
        "http://[x",
    ):
        error = await failure(wrong, ok)
        assert isinstance(error, TelnyxUnreachable)


@pytest.mark.parametrize(
    ("status", "kind"), [(403, NotFound), (404, NotFound), (410, NotFound), (500, TelnyxUnreachable)]
)
async def test_a_file_that_is_gone_is_told_apart_and_its_address_never_told(
    status: int, kind: type[TollbookError]
) -> None:
    error = await failure(FILE, lambda _: httpx.Response(status))
    assert isinstance(error, kind)
    assert "secret" not in str(error)


async def test_endless_redirects_lost_connections_and_huge_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("gone")

    monkeypatch.setattr(download, "MAX_FILE_BYTES", 5)
    for handler in (lambda _: httpx.Response(302, headers={"location": FILE}), lost, ok):
        error = await failure(FILE, handler)
        assert isinstance(error, TelnyxUnreachable)
        assert "secret" not in str(error)


async def read_report(file: bytes) -> list[ReportRows | ReportEnd]:
    report = {"data": {"id": "r1", "status": 2, "report_url": FILE}}
    downloader = Downloader(
        BASE, KEY, transport=httpx.MockTransport(lambda _: httpx.Response(200, content=file))
    )
    async with open_client(Network(lambda _: httpx.Response(200, json=report))) as client:
        reader = ReportReader(client, downloader, SystemClock())
        items = [item async for item in reader.read(MESSAGING, "r1")]
    await downloader.close()
    return items


async def test_rows_come_in_batches_and_the_end_at_last() -> None:
    start = datetime(2026, 7, 1, tzinfo=UTC)
    rows = [f"m{number},{(start + timedelta(seconds=number)).isoformat()},0.0051" for number in range(1_201)]
    items = await read_report("\n".join(["uuid,created_at,cost", *rows]).encode())
    *batches, end = items
    assert isinstance(end, ReportEnd)
    assert [len(batch.records) for batch in batches if isinstance(batch, ReportRows)] == [500, 500, 201]
    assert all(isinstance(batch, ReportRows) and batch.has_record_ids for batch in batches)
    assert (end.row_count, end.broken_count, end.missing_columns) == (1_201, 0, ())


async def test_large_rows_make_small_batches() -> None:
    rows = [f"m{number},2026-07-01T00:00:00Z,0.0051,{'x' * 40_000}" for number in range(60)]
    items = await read_report("\n".join(["uuid,created_at,cost,status", *rows]).encode())
    assert [len(batch.records) for batch in items if isinstance(batch, ReportRows)] == [27, 27, 6]


@pytest.mark.parametrize("file", [b"", b"\n\n", b"<html>expired</html>"])
async def test_what_is_no_report_lacks_every_column(file: bytes) -> None:
    (end,) = await read_report(file)
    assert isinstance(end, ReportEnd)
    assert end.missing_columns == ("created_at", "cost")
