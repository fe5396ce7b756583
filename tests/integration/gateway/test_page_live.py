"""`/billing/live`: one stream from the ledger for all who watch, and what they are told."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from gateway.app import build_app
from gateway.pages.live_feed import LiveFeed
from gateway.pages.live_stream import LiveStream, Pace
from gateway.problems import Problem
from services.common.addresses import Address, bind_tcp
from services.common.errors import InvalidInput, Unavailable
from services.common.http_server import open_http_server
from tests.support.book_messages import charge
from tests.support.edge import EdgeUnderTest
from tests.support.fake_services import open_fakes
from tests.support.processes import start_process
from tests.support.waiting import until
from tollbook.ledger.v1.ledger_pb2 import WatchChargesRequest, WatchChargesResponse

QUICK = Pace(heartbeat_s=0.2, pause_s=0.05)


@asynccontextmanager
async def served(edge: EdgeUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the edge's real server: a stream needs one."""
    with bind_tcp(Address("127.0.0.1", 0), "TEST_PORT") as listener:
        port = listener.getsockname()[1]
        async with (
            open_http_server(build_app(edge.edge), listener),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            yield client
            edge.edge.live.close()


@pytest.fixture
async def http(edge: EdgeUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    async with served(edge) as client:
        yield client


class Watcher:
    """One who watches, and the names of the events as they come."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next_event(self) -> str:
        async with asyncio.timeout(10):
            async for line in self._lines:
                if line.startswith("event: "):
                    return line.removeprefix("event: ")
        return "end"


@asynccontextmanager
async def watching(client: httpx.AsyncClient) -> AsyncIterator[Watcher]:
    async with client.stream("GET", "/billing/live") as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert response.headers["cache-control"] == "no-store"
        yield Watcher(response)


def change(edge: EdgeUnderTest, position: str) -> None:
    edge.fakes.ledger.changes.put_nowait(WatchChargesResponse(charges=[charge(1)], position=position))


def positions(edge: EdgeUnderTest) -> list[str]:
    """Where the edge began to follow, each time."""
    requests = edge.fakes.ledger.requests.get("WatchCharges", [])
    return [request.position for request in requests if isinstance(request, WatchChargesRequest)]


async def test_a_change_is_told_to_everyone_from_one_stream(
    http: httpx.AsyncClient, edge: EdgeUnderTest
) -> None:
    async with watching(http) as first, watching(http) as second:
        for watcher in (first, second):
            assert [await watcher.next_event() for _ in range(2)] == ["live", "changed"]
        change(edge, "1")
        assert await first.next_event() == await second.next_event() == "changed"
        assert positions(edge) == [""]
        assert edge.edge.live.viewer_count == 2
    await until(lambda: edge.edge.live.viewer_count == 0)


async def test_nobody_watches_nothing_is_followed(http: httpx.AsyncClient, edge: EdgeUnderTest) -> None:
    assert (await http.get("/billing")).status_code == 200
    assert positions(edge) == []


async def test_many_changes_are_told_as_one(edge: EdgeUnderTest) -> None:
    feed = LiveFeed(edge.edge.backends.watch_charges)
    with feed.viewer() as viewer:
        await until(lambda: bool(viewer.is_live))
        assert viewer.take_changes()
        for number in range(20):
            change(edge, str(number))
        await until(edge.fakes.ledger.changes.empty)
        await until(viewer.take_changes)
        assert not viewer.take_changes()


async def test_after_a_break_the_feed_goes_on_where_it_was(edge: EdgeUnderTest) -> None:
    feed = LiveFeed(edge.edge.backends.watch_charges)
    with feed.viewer() as viewer:
        change(edge, "7")
        await until(lambda: edge.fakes.ledger.changes.empty() and bool(viewer.is_live))
        edge.fakes.ledger.errors["WatchCharges"] = Unavailable("restarting")
        edge.fakes.ledger.changes.put_nowait(Unavailable("restarting"))
        await until(lambda: not viewer.is_live)
        viewer.take_changes()
        del edge.fakes.ledger.errors["WatchCharges"]
        await until(lambda: bool(viewer.is_live))
        assert positions(edge)[-1] == "7"
        assert not viewer.take_changes()
        change(edge, "8")
        await until(viewer.take_changes)


async def test_the_end_of_a_stream_s_own_time_is_no_break(edge: EdgeUnderTest) -> None:
    ledger = edge.edge.backends.ledger
    feed = LiveFeed(lambda request: ledger.WatchCharges(request, timeout=0.2))
    with feed.viewer() as viewer:
        change(edge, "7")
        await until(lambda: edge.fakes.ledger.changes.empty() and bool(viewer.is_live))
        viewer.take_changes()
        seen: set[bool | None] = set()

        def came_again_twice() -> bool:
            seen.add(viewer.is_live)
            return positions(edge)[-2:] == ["7", "7"]

        await until(came_again_twice)
        assert seen == {True}
        assert not viewer.take_changes()


async def test_a_position_that_is_no_longer_known_means_that_anything_may_have_changed(
    edge: EdgeUnderTest,
) -> None:
    feed = LiveFeed(edge.edge.backends.watch_charges)
    with feed.viewer() as viewer:
        change(edge, "7")
        await until(lambda: edge.fakes.ledger.changes.empty() and bool(viewer.is_live))
        edge.fakes.ledger.errors["WatchCharges"] = InvalidInput("not a position of this book", "position")
        edge.fakes.ledger.changes.put_nowait(Unavailable("restarting"))
        await until(lambda: positions(edge)[-1] == "" and len(positions(edge)) > 1)
        viewer.take_changes()
        del edge.fakes.ledger.errors["WatchCharges"]
        await until(lambda: bool(viewer.is_live))
        assert viewer.take_changes()


async def test_a_page_is_told_when_the_ledger_is_away_and_when_it_is_back(
    http: httpx.AsyncClient, edge: EdgeUnderTest
) -> None:
    edge.fakes.ledger.errors["WatchCharges"] = Unavailable("not ready")
    async with watching(http) as watcher:
        assert await watcher.next_event() == "away"
        del edge.fakes.ledger.errors["WatchCharges"]
        assert [await watcher.next_event() for _ in range(2)] == ["live", "changed"]


async def test_there_is_an_end_to_how_many_can_watch(edge: EdgeUnderTest) -> None:
    feed = LiveFeed(edge.edge.backends.watch_charges, most_viewers=1)
    stream = Stream(LiveStream(feed, QUICK))
    with feed.viewer(), pytest.raises(Problem) as refused:
        await stream.run()
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "10"})
    assert not stream.sent


async def test_nobody_begins_to_watch_an_edge_that_ends(http: httpx.AsyncClient, edge: EdgeUnderTest) -> None:
    async with watching(http) as watcher:
        assert await watcher.next_event() == "live"
        edge.edge.live.close()
        assert await watcher.next_event() in {"changed", "end"}
        assert await watcher.next_event() == "end"
    assert (await http.get("/billing/live")).status_code == 503


async def test_who_only_asks_whether_there_is_a_stream_is_not_kept_waiting(http: httpx.AsyncClient) -> None:
    response = await http.head("/billing/live")
    assert (response.status_code, response.headers["content-type"]) == (
        200,
        "text/event-stream; charset=utf-8",
    )


async def test_pages_that_watch_do_not_keep_the_edge_from_ending(tmp_path: Path) -> None:
    async with open_fakes() as fakes, httpx.AsyncClient(trust_env=False) as client:
        environment = {
            "GATEWAY_PORT": "0",
            "GATEWAY_ADMIN_LISTEN": "127.0.0.1:0",
            "LEDGER_TARGET": fakes.targets.ledger,
            "TELNYX_GATEWAY_TARGET": fakes.targets.telnyx_gateway,
            "RECONCILER_TARGET": fakes.targets.reconciler,
            "LOG_FORMAT": "json",
        }
        process = start_process("gateway", ["-m", "gateway"], tmp_path, environment)
        try:
            ready = await asyncio.to_thread(process.wait_for_event, "gateway.ready")
            async with client.stream("GET", f"http://{ready['address']}/billing/live") as response:
                watcher = Watcher(response)
                assert [await watcher.next_event() for _ in range(2)] == ["live", "changed"]
                process.popen.send_signal(signal.SIGTERM)
                assert await watcher.next_event() == "end"
            # Sooner than uvicorn gives up waiting and cancels what still runs.
            assert await asyncio.to_thread(process.popen.wait, 8) == 0
        finally:
            process.kill()


async def test_a_quiet_stream_shows_that_it_is_there(edge: EdgeUnderTest) -> None:
    stream = Stream(LiveStream(LiveFeed(edge.edge.backends.watch_charges), QUICK))
    running = asyncio.create_task(stream.run())
    await until(lambda: stream.sent.count(b": still there\n\n") >= 2)
    assert stream.sent[:3] == [
        b"retry: 2000\n\n",
        b"event: live\ndata: 1\n\n",
        b"event: changed\ndata: 1\n\n",
    ]
    stream.leave.set()
    await running


async def test_changes_that_come_fast_are_told_with_a_pause(edge: EdgeUnderTest) -> None:
    stream = Stream(LiveStream(LiveFeed(edge.edge.backends.watch_charges), Pace(heartbeat_s=5, pause_s=0.3)))
    running = asyncio.create_task(stream.run())
    await until(lambda: b"event: changed\ndata: 1\n\n" in stream.sent)
    for number in range(50):
        change(edge, str(number))
    await until(lambda: stream.sent.count(b"event: changed\ndata: 1\n\n") == 2)
    stream.leave.set()
    await running
    assert stream.sent.count(b"event: changed\ndata: 1\n\n") == 2


async def test_a_viewer_that_takes_nothing_is_dropped(edge: EdgeUnderTest) -> None:
    feed = LiveFeed(edge.edge.backends.watch_charges)
    stream = Stream(LiveStream(feed, Pace(send_timeout_s=0.05)), takes_nothing=True)
    await stream.run()
    assert feed.viewer_count == 0


class Stream:
    """The ASGI side of a stream without a server: what was sent, and an event by which the viewer leaves."""

    def __init__(self, app: LiveStream, *, takes_nothing: bool = False) -> None:
        self.sent: list[bytes] = []
        self.leave = asyncio.Event()
        self._app = app
        self._takes_nothing = takes_nothing

    async def run(self) -> None:
        async with asyncio.timeout(10):
            await self._app(
                {"type": "http", "method": "GET", "asgi": {"spec_version": "2.3"}}, self._receive, self._send
            )

    async def _receive(self) -> Message:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._takes_nothing:
            await self.leave.wait()
        if message["type"] == "http.response.body":
            self.sent.append(bytes(message["body"]))
