"""The banner of what has stopped, as people see it: quiet, readable by everyone, gone when all goes on."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect

from gateway.app import build_app
from services.common.addresses import Address, bind_tcp
from services.common.freshness.observed import Observed
from services.common.freshness.rule import symptoms
from services.common.http_server import open_http_server
from tests.support.accessibility import accessibility_violations
from tests.support.edge import open_edge_under_test
from tests.support.visits import visit_to


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
async def test_what_has_stopped_is_seen_until_it_goes_on(browser: Browser, color_scheme: str) -> None:
    async with open_edge_under_test() as edge:
        listener = bind_tcp(Address("127.0.0.1", 0), "TEST_LISTEN")
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        now = edge.clock.now()
        dead = Observed(watched_since=now, silent_for={"reconciler": timedelta(minutes=8)})
        async with (
            open_http_server(build_app(edge.edge), listener),
            visit_to(browser, url, color_scheme=color_scheme) as visit,
        ):
            banner = visit.page.get_by_role("region", name="What has stopped")
            for path in ("/billing", "/billing/audit", "/billing/statement"):
                edge.edge.watch.symptoms = tuple(symptoms(dead, now))
                await visit.go(path)
                await expect(banner).to_be_visible()
                await expect(banner).to_contain_text("The reconciler does not answer: no cost becomes exact.")
                await expect(banner).to_contain_text("See whether its process runs")
                assert await accessibility_violations(visit.page) == []
                edge.edge.watch.symptoms = ()
                await visit.page.reload()
                await expect(banner).to_be_hidden()
            edge.edge.live.close()
