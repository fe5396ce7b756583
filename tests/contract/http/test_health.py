"""`GET /healthz` and `/readyz`."""

from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.rest_contract import assert_as_documented


async def test_health(edge: EdgeUnderTest) -> None:
    assert (await edge.client.get("/healthz")).json() == {"status": "ok"}
    ready = await edge.client.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ready", "checks": {"ledger": True, "publicKeys": True}},
    )


async def test_not_ready_without_a_key() -> None:
    async with open_edge_under_test(knows_keys=False) as edge:
        answer = await edge.client.get("/readyz")
        assert_as_documented(answer)
        assert (answer.status_code, answer.json()["checks"]) == (503, {"ledger": True, "publicKeys": False})
