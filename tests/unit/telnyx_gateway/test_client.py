"""Requests to Telnyx: what is tried again, what is not, and what the caller is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog

from services.common.errors import NotFound, QuotaExhausted, TelnyxRefused, TelnyxUnreachable, TollbookError
from services.telnyx_gateway import client as client_module
from services.telnyx_gateway.client import MAX_BODY_BYTES
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.request import Request, UnreadableAnswer
from tests.unit.telnyx_gateway.support import KEY, NUMBER, Network, html, open_client, telnyx_error


def parse(body: bytes) -> bytes:
    if not body.startswith(b"{"):
        raise UnreadableAnswer("no object")
    return body


BALANCE = Request("balance", {}, parse, "[TELNYX BALANCE]")
LEFT = {"x-ratelimit-limit": "40, 40;w=60", "x-ratelimit-remaining": "30", "x-ratelimit-reset": "50"}
GOOD = httpx.Response(200, content=b'{"data": {}}')


def scripted(*answers: httpx.Response | Exception) -> Network:
    """Gives the answers in order, the last one for ever."""
    left: Iterator[httpx.Response | Exception] = iter(answers)
    last = answers[-1]

    def handler(_: httpx.Request) -> httpx.Response:
        answer = next(left, last)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    return Network(handler)


async def failure(network: Network, priority: Priority = Priority.JOB) -> TollbookError:
    async with open_client(network) as client:
        with pytest.raises(TollbookError) as failed:
            await client.ask(BALANCE, priority)
    return failed.value


async def test_a_good_answer_is_parsed_and_the_key_goes_in_a_header_only() -> None:
    network = scripted(GOOD)
    async with open_client(network) as client:
        assert await client.ask(BALANCE, Priority.JOB) == b'{"data": {}}'
    (request,) = network.requests
    assert str(request.url) == "https://api.example.test/v2/balance"
    assert request.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "passing",
    [
        pytest.param(html(502), id="html-502"),
        pytest.param(html(200), id="html-200"),
        pytest.param(telnyx_error(500, "10007", "Unexpected error"), id="500"),
        pytest.param(httpx.Response(429, headers=LEFT), id="429"),
        pytest.param(httpx.Response(200, content=b'"data'), id="truncated"),
        pytest.param(httpx.ReadTimeout("slow"), id="slow"),
        pytest.param(httpx.ConnectError("no route"), id="unreachable"),
        pytest.param(httpx.RemoteProtocolError("closed without a complete body"), id="cut-off"),
    ],
)
async def test_what_can_pass_is_tried_again(passing: httpx.Response | Exception) -> None:
    network = scripted(passing, passing, GOOD)
    async with open_client(network) as client:
        assert await client.ask(BALANCE, Priority.JOB)
    assert len(network.requests) == 3


async def test_a_refusal_that_is_not_telnyxs_own_is_no_refusal() -> None:
    network = scripted(html(403))
    assert isinstance(await failure(network), TelnyxUnreachable)
    assert len(network.requests) == 1


@pytest.mark.parametrize(
    ("passing", "sentence"),
    [
        (html(502), "Telnyx gave no usable answer (status 502)"),
        (html(200), "Telnyx's answer cannot be read: no object"),
        (httpx.ReadTimeout("slow"), "Telnyx did not answer in time"),
        (httpx.ConnectError("no route"), "Telnyx cannot be reached (ConnectError)"),
    ],
)
async def test_attempts_are_bounded_and_the_last_failure_is_told(
    passing: httpx.Response | Exception, sentence: str
) -> None:
    network = scripted(passing)
    error = await failure(network)
    assert (type(error), str(error)) == (TelnyxUnreachable, sentence)
    assert len(network.requests) == 4


async def test_a_person_is_told_sooner() -> None:
    network = scripted(html(502))
    await failure(network, Priority.PERSON)
    assert len(network.requests) == 2


async def test_a_person_waits_for_all_attempts_together_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_PERSON_PATIENCE_S", 0.05)

    async def stall(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError(request)

    async with open_client(stall) as client:
        with pytest.raises(TelnyxUnreachable, match="did not answer in time"):
            await client.ask(BALANCE, Priority.PERSON)


async def test_an_answer_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, the answer never ends."""
    monkeypatch.setattr(client_module, "_ANSWER_S", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0)

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=drip())

    async with open_client(answer) as client:
        with pytest.raises(TelnyxUnreachable, match="did not answer in time"):
            await client.ask(BALANCE, Priority.JOB)


@pytest.mark.parametrize(
    ("status", "field", "sentence"),
    [
        (400, "request", "Telnyx refused the form of the request (400, code 10011: Bad Request)"),
        (401, "TELNYX_API_KEY", "Telnyx refused the API key (401, code 10011: Bad Request)"),
        (403, "TELNYX_API_KEY", "Telnyx does not allow this to the API key (403, code 10011: Bad Request)"),
        (404, "request", "Telnyx knows nothing at this address (404, code 10011: Bad Request)"),
        (422, "request", "Telnyx refused the values of the request (422, code 10011: Bad Request)"),
    ],
)
async def test_a_refusal_is_final_and_says_whose_fault_it_is(status: int, field: str, sentence: str) -> None:
    network = scripted(telnyx_error(status, "10011", "Bad Request", f"no such number {NUMBER}"))
    error = await failure(network)
    assert isinstance(error, TelnyxRefused)
    assert (str(error), error.field) == (sentence, field)
    assert len(network.requests) == 1


async def test_a_bare_401_is_about_the_key() -> None:
    error = await failure(scripted(html(401)))
    assert isinstance(error, TelnyxRefused)
    assert error.field == "TELNYX_API_KEY"


async def test_numbers_and_markup_in_titles_are_cut_out() -> None:
    error = await failure(scripted(telnyx_error(400, "10011", f"<b>{NUMBER}</b> {'x' * 500}")))
    assert "2025550131" not in str(error)
    assert "<" not in str(error)
    assert len(str(error)) < 200


async def test_a_redirect_is_not_followed() -> None:
    network = scripted(httpx.Response(302, headers={"location": "https://elsewhere.test/"}))
    error = await failure(network)
    assert (type(error), str(error)) == (TelnyxUnreachable, "Telnyx gave no usable answer (status 302)")
    assert len(network.requests) == 1


async def test_an_answer_without_end_is_cut_off() -> None:
    network = scripted(httpx.Response(200, content=b" " * (MAX_BODY_BYTES + 1)))
    assert isinstance(await failure(network), TelnyxUnreachable)
    assert len(network.requests) == 1


async def test_a_429_without_retry_after_sends_a_person_away_until_the_window_ends() -> None:
    headers = {"x-ratelimit-limit": "40, 40;w=60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "37"}
    network = scripted(httpx.Response(429, headers=headers, content=b"{}"))
    error = await failure(network, Priority.PERSON)
    assert isinstance(error, QuotaExhausted)
    assert 35 < error.retry_after_s <= 37
    assert len(network.requests) == 1


async def test_a_429_makes_a_job_wait_for_the_next_window() -> None:
    spent = {"x-ratelimit-limit": "40, 40;w=60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
    network = scripted(httpx.Response(429, headers=spent, content=b"{}"), GOOD)
    async with open_client(network) as client:
        assert await client.ask(BALANCE, Priority.JOB)
    assert len(network.requests) == 2


async def test_without_a_key_nothing_is_sent() -> None:
    network = scripted(GOOD)
    async with open_client(network, key="") as client:
        with pytest.raises(TelnyxRefused, match="TELNYX_API_KEY is not set"):
            await client.ask(BALANCE, Priority.PERSON)
    assert network.requests == []


async def test_every_attempt_is_logged_without_key_and_ids() -> None:
    request = Request("detail_records", {"filter[id]": NUMBER}, parse, "[TELNYX DETAIL RECORDS] amd page 1")
    async with open_client(scripted(html(502), GOOD)) as client:
        with structlog.testing.capture_logs() as lines:
            await client.ask(request, Priority.JOB)
    assert [(line["event"], line["message"]) for line in lines] == [
        ("telnyx.asked", "[TELNYX DETAIL RECORDS] amd page 1: 502"),
        ("telnyx.asked", "[TELNYX DETAIL RECORDS] amd page 1: 200"),
    ]
    assert KEY not in str(lines)
    assert "2025550131" not in str(lines)


ORDER = Request("reports", {}, parse, "[TELNYX REPORT ORDER]", path="legacy/orders", order=b'{"a": 1}')
THING = Request("reports", {}, parse, "[TELNYX REPORT]", path="legacy/orders/1", absent="no such thing")


async def ask(request: Request[bytes], *answers: httpx.Response | Exception) -> tuple[object, Network]:
    """The answer or the error, and what was asked."""
    network = scripted(*answers)
    async with open_client(network) as client:
        try:
            return await client.ask(request, Priority.JOB), network
        except TollbookError as error:
            return error, network


async def test_an_order_is_a_post_of_json_under_its_own_path() -> None:
    for status in (200, 201, 202):
        answer, network = await ask(ORDER, httpx.Response(status, content=b"{}"))
        assert answer == b"{}"
        (request,) = network.requests
        assert (request.method, request.url.path) == ("POST", "/v2/legacy/orders")
        assert request.content == b'{"a": 1}'
        assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "failed",
    [html(502), httpx.ReadTimeout("slow"), httpx.ReadError("lost"), httpx.Response(200, content=b"?")],
)
async def test_an_order_that_telnyx_may_have_taken_is_not_repeated(
    failed: httpx.Response | Exception,
) -> None:
    error, network = await ask(ORDER, failed, GOOD)
    assert isinstance(error, TelnyxUnreachable)
    assert len(network.requests) == 1


@pytest.mark.parametrize(
    "failed",
    [
        httpx.Response(429, headers={**LEFT, "x-ratelimit-reset": "0"}),
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
    ],
)
async def test_an_order_that_telnyx_cannot_have_taken_is_repeated(failed: httpx.Response | Exception) -> None:
    answer, network = await ask(ORDER, failed, GOOD)
    assert answer == b'{"data": {}}'
    assert len(network.requests) == 2


@pytest.mark.parametrize("status", [404, 409])
async def test_what_is_not_there_is_not_found_where_that_is_an_answer(status: int) -> None:
    error, network = await ask(THING, telnyx_error(status, "10005", "Resource not found"))
    assert isinstance(error, NotFound)
    assert str(error) == "no such thing"
    assert len(network.requests) == 1
    assert not isinstance((await ask(THING, html(status)))[0], NotFound)


async def test_the_clocks_are_compared_with_every_answer() -> None:
    network = scripted(httpx.Response(404, headers={"date": "Sun, 22 Nov 2026 12:00:00 GMT"}), GOOD)
    async with open_client(network) as client:
        skews = [client.clock_skew]
        with pytest.raises(TollbookError):
            await client.ask(BALANCE, Priority.JOB)
        skews.append(client.clock_skew)
        await client.ask(BALANCE, Priority.JOB)
        skews.append(client.clock_skew)
    assert skews[0] is None
    assert skews[1] is not None
    assert skews[2] == skews[1]
