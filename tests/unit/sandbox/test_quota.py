"""The measured quota: 40 requests per fixed UTC minute, with its headers and without Retry-After."""

from datetime import timedelta

from tests.sandbox.quota import FixedWindowQuota
from tests.sandbox.settings import Settings
from tests.unit.sandbox.support import NOON, ManualClock, api_client

SIP = {"filter[record_type]": "sip-trunking"}


async def test_the_41st_request_of_a_utc_minute_is_refused() -> None:
    clock = ManualClock(NOON + timedelta(seconds=42.5))
    async with api_client(Settings(), clock) as api:
        answers = [await api.get("detail_records", SIP) for _ in range(41)]
        assert [answer.status_code for answer in answers] == [200] * 40 + [429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == [
            *(str(left) for left in range(39, -1, -1)),
            "0",
        ]
        assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"40, 40;w=60"}
        assert {answer.headers["x-ratelimit-reset"] for answer in answers} == {"18"}
        refused = answers[-1]
        assert "retry-after" not in refused.headers
        assert refused.json()["errors"][0]["code"] == "10011"
        assert api.core.api.refusals == {"quota": 1}

        clock.advance(17.4)
        assert (await api.get("detail_records", SIP)).status_code == 429
        clock.advance(0.1)
        assert (await api.get("detail_records", SIP)).headers["x-ratelimit-remaining"] == "39"


async def test_quotas_are_per_endpoint_and_per_account() -> None:
    async with api_client(Settings(quota_limit=1), ManualClock()) as api:
        assert (await api.get("detail_records", SIP)).status_code == 200
        assert (await api.get("detail_records", SIP)).status_code == 429
        assert (await api.get("balance")).status_code == 200
        other = api.core.account.settings.empty_account_key
        assert (await api.get("detail_records", SIP, key=other)).status_code == 200


def test_a_window_can_be_short() -> None:
    clock = ManualClock()
    quota = FixedWindowQuota(2, 3, clock)
    assert [quota.take().allowed for _ in range(3)] == [True, True, False]
    clock.advance(3)
    answer = quota.take()
    assert answer.allowed
    assert answer.headers == {
        "x-ratelimit-limit": "2, 2;w=3",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "3",
    }
