"""The edge behind its real HTTP server: streamed bodies, limits, an end in good order; and as a process."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

import gateway.bodies
from gateway.__main__ import serve
from gateway.app import build_app
from gateway.settings import GatewaySettings
from services.common.addresses import Address, bind_tcp
from services.common.http_server import open_http_server
from services.common.process import StartError
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.fake_services import open_fakes
from tests.support.ports import is_free
from tests.support.processes import start_process
from tests.support.telnyx_signer import TelnyxSigner
from tests.support.waiting import until

WEBHOOKS = "/api/telnyx/webhooks/calls"
BODY = b'{"data": {"event_type": "call.hangup", "id": "e1"}}'
MIB = 1024 * 1024


@asynccontextmanager
async def served(edge: EdgeUnderTest) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """A client of the edge's real server, and its port."""
    with bind_tcp(Address("127.0.0.1", 0), "TEST_PORT") as listener:
        port = listener.getsockname()[1]
        async with (
            open_http_server(build_app(edge.edge), listener),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            yield client, port


@pytest.fixture
async def http() -> AsyncIterator[tuple[httpx.AsyncClient, EdgeUnderTest, int]]:
    async with open_edge_under_test() as edge, served(edge) as (client, port):
        yield client, edge, port


async def chunks_of(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


Http = tuple[httpx.AsyncClient, EdgeUnderTest, int]


async def test_a_body_in_chunks_is_verified_as_a_whole(http: Http) -> None:
    client, edge, _ = http
    headers = edge.signer.headers(BODY, edge.clock.now())
    response = await client.post(WEBHOOKS, content=chunks_of(BODY, 5), headers=headers)
    assert (response.status_code, response.json()) == (200, {"success": True})
    assert [event.raw for event in edge.fakes.ledger.events] == [BODY]


@pytest.mark.parametrize("size", [MIB + 1, 4 * MIB])
@pytest.mark.parametrize("is_streamed", [True, False])
async def test_too_large_is_told_while_it_comes(http: Http, size: int, is_streamed: bool) -> None:
    client, edge, _ = http
    body = b" " * size
    headers = edge.signer.headers(body, edge.clock.now())
    content = chunks_of(body, 64 * 1024) if is_streamed else body
    response = await client.post(WEBHOOKS, content=content, headers=headers)
    assert (response.status_code, response.headers["connection"]) == (413, "close")
    assert edge.fakes.ledger.requests == {}


async def test_a_sender_that_never_ends_is_answered_all_the_same(http: Http) -> None:
    _, edge, port = http
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    headers = {**edge.signer.headers(b"x", edge.clock.now()), "host": "x", "transfer-encoding": "chunked"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {WEBHOOKS} HTTP/1.1\r\n{head}\r\n".encode())
    writer.write(b"200000\r\n" + b" " * 2 * MIB + b"\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_a_sender_that_stops_half_way_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.bodies, "_READ_TIMEOUT_S", 0.05)
    async with open_edge_under_test() as edge, served(edge) as (_, port):
        headers = edge.signer.headers(BODY, edge.clock.now())
        headers |= {"host": "x", "content-length": str(len(BODY))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST {WEBHOOKS} HTTP/1.1\r\n{head}\r\n".encode() + BODY[:10])
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        await writer.wait_closed()
        assert edge.fakes.ledger.requests == {}


async def test_a_sender_that_hangs_up_leaves_nothing_behind(http: Http) -> None:
    client, edge, port = http
    headers = {**edge.signer.headers(BODY, edge.clock.now()), "host": "x", "content-length": str(len(BODY))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST {WEBHOOKS} HTTP/1.1\r\n{head}\r\n".encode() + BODY[:10])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    response = await client.post(WEBHOOKS, content=BODY, headers=edge.signer.headers(BODY, edge.clock.now()))
    assert response.status_code == 200
    assert len(edge.fakes.ledger.events) == 1


async def test_the_url_can_be_checked(http: Http) -> None:
    client, _, _ = http
    assert (await client.get(WEBHOOKS)).status_code == 200
    assert (await client.head(WEBHOOKS)).status_code == 204
    assert (await client.get(f"{WEBHOOKS}?x=1")).status_code == 405
    assert (await client.head("/billing")).status_code == 200


async def test_no_answer_names_the_server_software(http: Http) -> None:
    client, _, _ = http
    assert "server" not in (await client.get("/healthz")).headers


async def test_several_host_headers_are_none(http: Http) -> None:
    _, _, port = http
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /billing HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    assert (await reader.readline()).split()[1] in (b"400", b"403")
    await reader.read()
    writer.close()
    await writer.wait_closed()


def settings_of(**values: object) -> GatewaySettings:
    defaults: dict[str, object] = {"gateway_port": 0, "gateway_admin_listen": "127.0.0.1:0"}
    return GatewaySettings(_env_file=None, **{**defaults, **values})  # type: ignore[arg-type]


async def test_a_webhook_in_flight_is_finished_before_the_end() -> None:
    async with open_edge_under_test() as edge, asyncio.TaskGroup() as tasks:
        ledger = edge.fakes.ledger
        ledger.commits_when.clear()
        listener = bind_tcp(Address("127.0.0.1", 0), "TEST_PORT")
        port = listener.getsockname()[1]

        async def commit_once_the_server_is_ending() -> None:
            await until(lambda: is_free(port))
            ledger.commits_when.set()

        headers = edge.signer.headers(BODY, edge.clock.now())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            async with open_http_server(build_app(edge.edge), listener):
                delivery = tasks.create_task(client.post(WEBHOOKS, content=BODY, headers=headers))
                await until(lambda: "RecordEvents" in ledger.requests)
                tasks.create_task(commit_once_the_server_is_ending())
            assert (await delivery).status_code == 200
        assert [event.event_id for event in ledger.events] == ["e1"]


@pytest.mark.parametrize("variable", ["GATEWAY_PORT", "GATEWAY_ADMIN_LISTEN"])
async def test_a_port_that_is_taken_is_an_error_of_that_name(variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        values: dict[str, object] = (
            {"gateway_port": port}
            if variable == "GATEWAY_PORT"
            else {"gateway_admin_listen": f"127.0.0.1:{port}"}
        )
        with pytest.raises(StartError, match=variable):
            await serve(settings_of(**values), asyncio.Event())


async def test_the_process_says_where_it_listens_and_ends_in_good_order(tmp_path: Path) -> None:
    signer = TelnyxSigner()
    async with open_fakes() as fakes:
        fakes.telnyx.public_keys = [signer.public_key]
        environment = {
            "GATEWAY_PORT": "0",
            "GATEWAY_ADMIN_LISTEN": "127.0.0.1:0",
            "LEDGER_TARGET": fakes.targets.ledger,
            "TELNYX_GATEWAY_TARGET": fakes.targets.telnyx_gateway,
            "RECONCILER_TARGET": fakes.targets.reconciler,
            "API_KEYS": "short,crm:read:secret-key-0123456789",
            "LOG_FORMAT": "json",
        }
        process = start_process("gateway", ["-m", "gateway"], tmp_path, environment)
        try:
            ready = await asyncio.to_thread(process.wait_for_event, "gateway.ready")
            admin = await asyncio.to_thread(process.wait_for_event, "admin.ready")
            await asyncio.to_thread(process.wait_for_event, "webhook_keys.fetched")
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"http://{ready['address']}/readyz")
                assert (answer.status_code, answer.json()["status"]) == (200, "ready")
                metrics = (await client.get(f"http://{admin['address']}/metrics")).text
                assert 'tollbook_http_seconds_count{method="GET",route="/readyz",status="200"} 1.0' in metrics
                assert "tollbook_webhooks_waiting 0.0" in metrics
            process.popen.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.popen.wait, 15) == 0
        finally:
            process.kill()
        lines = process.log_events()
        assert "API_KEYS: 'key 1' has fewer than 16 characters" in json.dumps(lines)
        assert "secret-key" not in process.log_text()
        assert {line["service"] for line in lines} == {"gateway"}
