"""Who reaches what: every route with every kind of credential, and under foreign host names."""

import base64

import pytest

from gateway.access import Access
from gateway.api_keys import ApiKey, digest_of, parse_api_keys
from tests.support.edge import EdgeUnderTest, open_edge_under_test

READ, RECONCILE, ADMIN, BARE = (f"{word}-key-0123456789" for word in ("read", "reconcile", "admin", "bare"))
CRON = "cron-secret-0123456789"
KEYS = parse_api_keys(f"r:read:{READ},c:reconcile:{RECONCILE},a:admin:{ADMIN},{BARE}")

READING = [
    ("GET", "/api/billing/balance"),
    ("GET", "/api/billing/records"),
    ("GET", "/api/billing/records?export=true"),
    ("GET", "/api/billing/summary"),
    ("GET", "/api/billing/calls/unknown"),
    ("GET", "/api/billing/sessions/unknown"),
    ("GET", "/api/billing/sessions/unknown/witnesses"),
    ("GET", "/api/billing/jobs"),
    ("GET", "/api/billing/audit"),
    ("GET", "/api/billing/statement"),
    ("GET", "/api/billing/balance/history"),
]
FETCHING = [("POST", "/api/billing/fetch-call-cost")]
CRON_RUNS = [("GET", "/api/cron/process-call-costs"), ("POST", "/api/cron/process-call-costs")]
PAGE = [
    ("GET", "/billing"),
    ("GET", "/billing/calls/unknown"),
    ("GET", "/billing/charges/sms/unknown"),
    ("GET", "/billing/sessions/unknown/witnesses"),
    ("GET", "/billing/audit"),
    ("GET", "/billing/statement"),
]
BUTTON = [("POST", "/billing/fetch-call-cost"), ("POST", "/billing/audit/ask-again")]
NO_KEY_NEEDED = [("GET", "/"), ("GET", "/readyz"), ("GET", "/openapi.json"), ("GET", "/static/billing.css")]
ALWAYS_OPEN = [
    ("GET", "/healthz"),
    ("GET", "/api/telnyx/webhooks/calls"),
    ("HEAD", "/api/telnyx/webhooks/sms"),
]
GUARDED = [*READING, *FETCHING, *CRON_RUNS, *PAGE, *BUTTON]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def access(
    *, with_keys: bool = True, cron_secret: str | None = None, hosts: frozenset[str] = frozenset()
) -> Access:
    keys: tuple[ApiKey, ...] = KEYS if with_keys else ()  # type: ignore[assignment]  # as the settings give them
    return Access(keys, digest_of(cron_secret.encode()) if cron_secret else None, hosts)


async def status_of(
    edge: EdgeUnderTest, route: tuple[str, str], authorization: str | None = None, host: str | None = None
) -> int:
    headers = {}
    if authorization is not None:
        headers["authorization"] = authorization
    if host is not None:
        headers["host"] = host
    method, path = route
    response = await edge.client.request(method, path, headers=headers)
    return response.status_code


def is_open(status: int) -> bool:
    """Not kept out: whatever the endpoint itself then says of an empty request."""
    return status not in (401, 403)


@pytest.mark.parametrize(
    ("key", "opened"),
    [
        (READ, [*READING, *PAGE]),
        (RECONCILE, [*FETCHING, *CRON_RUNS, *BUTTON]),
        (ADMIN, GUARDED),
        (BARE, GUARDED),
    ],
)
async def test_a_key_opens_what_its_scopes_say_and_nothing_else(
    key: str, opened: list[tuple[str, str]]
) -> None:
    async with open_edge_under_test(access()) as edge:
        for route in GUARDED:
            status = await status_of(edge, route, f"Bearer {key}")
            assert (status == 403) == (route not in opened), route
            assert status != 401, route


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {READ}x",
        f"Bearer {READ} x",
        f"Bearer r:read:{READ}",
        READ,
        f"Token {READ}",
        "Basic",
        "Basic !!!",
        basic("", ""),
        basic("user", "wrong"),
        f"Bearer {CRON}",
    ],
)
async def test_without_a_key_that_counts_nothing_opens(authorization: str | None) -> None:
    async with open_edge_under_test(access()) as edge:
        for route in GUARDED:
            assert await status_of(edge, route, authorization) == 401, route
        for route in [*NO_KEY_NEEDED, *ALWAYS_OPEN]:
            assert is_open(await status_of(edge, route, authorization)), route


async def test_basic_opens_the_page_and_only_the_page() -> None:
    async with open_edge_under_test(access()) as edge:
        for credentials in (basic("anyone", READ), basic(READ, ""), basic("", BARE)):
            assert await status_of(edge, PAGE[0], credentials) == 200
            for route in [*READING, *FETCHING, *CRON_RUNS]:
                assert await status_of(edge, route, credentials) == 401, route
        assert await status_of(edge, PAGE[0], basic("anyone", RECONCILE)) == 403
        assert await status_of(edge, BUTTON[0], basic("anyone", READ)) == 403
        assert await status_of(edge, BUTTON[0], basic("anyone", RECONCILE)) == 400
        challenge = (await edge.client.get("/billing")).headers["www-authenticate"]
        assert challenge.startswith("Basic realm=")
        challenge = (await edge.client.get("/api/billing/balance")).headers["www-authenticate"]
        assert challenge.startswith("Bearer realm=")


async def test_two_authorization_headers_are_none() -> None:
    async with open_edge_under_test(access()) as edge:
        headers = [("authorization", f"Bearer {READ}"), ("authorization", f"Bearer {READ}")]
        assert (await edge.client.get("/api/billing/balance", headers=headers)).status_code == 401


async def test_the_scheme_is_not_case_sensitive() -> None:
    async with open_edge_under_test(access()) as edge:
        assert await status_of(edge, READING[0], f"bEARER {READ}") == 200


@pytest.mark.parametrize("with_keys", [True, False])
async def test_with_a_cron_secret_only_that_opens_the_cron(with_keys: bool) -> None:
    async with open_edge_under_test(access(with_keys=with_keys, cron_secret=CRON)) as edge:
        for route in CRON_RUNS:
            assert await status_of(edge, route, f"Bearer {CRON}") == 200
            for other in (None, f"Bearer {ADMIN}", f"Bearer {CRON}x", f"Bearer {CRON[:-1]}", basic("", CRON)):
                assert await status_of(edge, route, other) == 401
        for route in [*READING, *FETCHING]:
            assert (await status_of(edge, route, f"Bearer {CRON}") == 401) == with_keys


async def test_without_keys_and_secret_this_machine_may_do_everything() -> None:
    async with open_edge_under_test() as edge:
        for host in (None, "localhost", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST"):
            for route in [*GUARDED, *NO_KEY_NEEDED, *ALWAYS_OPEN]:
                assert is_open(await status_of(edge, route, host=host)), (route, host)


@pytest.mark.parametrize(
    "host", ["tollbook.example", "10.0.0.1:3000", "localhost.evil.example", "", "a b", "x" * 300]
)
async def test_without_keys_a_foreign_host_reaches_only_webhooks_and_healthz(host: str) -> None:
    async with open_edge_under_test(access(with_keys=False, cron_secret=CRON)) as edge:
        for route in [*GUARDED, *NO_KEY_NEEDED]:
            assert await status_of(edge, route, host=host) == 403, route
            assert await status_of(edge, route, f"Bearer {CRON}", host) == 403, route
        for route in ALWAYS_OPEN:
            assert await status_of(edge, route, host=host) in (200, 204), route
        body = b'{"data": {"event_type": "call.hangup", "id": "e1"}}'
        headers = {**edge.signer.headers(body, edge.clock.now()), "host": host}
        delivered = await edge.client.post("/api/telnyx/webhooks/calls", content=body, headers=headers)
        assert delivered.status_code == 200
        refusal = await edge.client.get("/api/billing/balance", headers={"host": host})
        assert "ALLOWED_HOSTS" in refusal.json()["error"]
        assert "ALLOWED_HOSTS" in (await edge.client.get("/billing", headers={"host": host})).text


async def test_an_allowed_host_counts_as_this_machine() -> None:
    hosts = frozenset({"tollbook.example"})
    async with open_edge_under_test(access(with_keys=False, hosts=hosts)) as edge:
        for route in [*GUARDED, *NO_KEY_NEEDED]:
            assert is_open(await status_of(edge, route, host="Tollbook.example:8443")), route
            assert await status_of(edge, route, host="www.tollbook.example") == 403, route


async def test_with_keys_the_host_does_not_matter() -> None:
    async with open_edge_under_test(access()) as edge:
        assert await status_of(edge, READING[0], f"Bearer {READ}", "tollbook.example") == 200
        assert await status_of(edge, READING[0], None, "localhost") == 401


async def test_no_answer_repeats_a_key() -> None:
    async with open_edge_under_test(access()) as edge:
        for route in GUARDED:
            method, path = route
            for key in (READ, RECONCILE, "not-a-key-0123456789"):
                response = await edge.client.request(method, path, headers={"authorization": f"Bearer {key}"})
                assert key not in response.text


@pytest.mark.parametrize("route", [*FETCHING, *CRON_RUNS])
async def test_without_keys_a_page_of_another_site_sets_nothing_going(route: tuple[str, str]) -> None:
    async with open_edge_under_test(access(with_keys=False)) as edge:
        for headers, is_taken in (
            ({}, True),
            ({"sec-fetch-site": "none"}, True),
            ({"sec-fetch-site": "same-origin", "origin": "http://localhost:3000"}, True),
            ({"origin": "http://localhost:3000"}, True),
            ({"sec-fetch-site": "cross-site"}, False),
            ({"sec-fetch-site": "same-site"}, False),
            ({"origin": "https://evil.example"}, False),
            ({"origin": "null"}, False),
        ):
            response = await edge.client.request(*route, headers=headers)
            assert (response.status_code != 403) is is_taken, headers


async def test_what_a_secret_is_asked_for_may_come_from_anywhere() -> None:
    async with open_edge_under_test(access(with_keys=False, cron_secret=CRON)) as edge:
        headers = {"authorization": f"Bearer {CRON}", "origin": "https://scheduler.example"}
        response = await edge.client.post("/api/cron/process-call-costs", headers=headers)
        assert response.status_code == 200
