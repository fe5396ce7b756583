"""The other endpoints, keys, errors, faults and outages."""

from decimal import Decimal

import pytest

from tests.sandbox.bill import true_bill
from tests.sandbox.settings import ApiFault, Faults, Settings
from tests.unit.sandbox.support import ManualClock, api_client

SIP = {"filter[record_type]": "sip-trunking"}
ENDPOINTS = ("balance", "detail_records", "usage_reports", "usage_reports/options", "public_key")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("key", ["", "KEYunknown"])
async def test_an_unknown_key_is_refused(endpoint: str, key: str) -> None:
    async with api_client(Settings(), ManualClock()) as api:
        answer = await api.get(endpoint, key=key)
        assert answer.status_code == 401
        error = answer.json()["errors"][0]
        assert set(error) == {"code", "title", "detail", "meta"}
        assert "url" in error["meta"]


async def test_the_balance_is_text_and_falls_with_what_can_be_seen() -> None:
    clock = ManualClock()
    settings = Settings(
        opening_balance="31.27", credit_limit="10", faults=Faults(record_delay_min_s=9, record_delay_max_s=9)
    )
    async with api_client(settings, clock) as api:
        api.core.account.create("pstn-outbound")
        data = (await api.get("balance")).json()["data"]
        assert data == {
            "record_type": "balance",
            "balance": "31.27",
            "pending": "0.00",
            "credit_limit": "10.00",
            "available_credit": "41.27",
            "currency": "USD",
        }
        clock.advance(9)
        total = Decimal(str(true_bill(api.core.account)["total"]))
        assert total > 0
        data = (await api.get("balance")).json()["data"]
        assert Decimal(data["balance"]) == Decimal("31.27") - total
        other = (await api.get("balance", key=settings.empty_account_key)).json()["data"]
        assert (other["balance"], other["available_credit"]) == ("0.00", "0.00")


async def test_the_public_key_is_the_one_that_signs() -> None:
    async with api_client(Settings(seed=5), ManualClock()) as api:
        assert (await api.get("public_key")).json()["data"]["public"] == api.core.signer.public_key


async def test_an_unknown_path_is_answered_in_telnyx_shape() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        answer = await api.get("detail_record_reports")
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["code"] == "10005"


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("500", 500, "application/json; charset=utf-8"),
        ("502-html", 502, "text/html; charset=utf-8"),
        ("429", 429, "application/json; charset=utf-8"),
        ("slow", 200, "application/json; charset=utf-8"),
    ],
)
async def test_faults_strike_at_their_rate(kind: ApiFault, status: int, content_type: str) -> None:
    faults = Faults(api_fault_rate=0.5, api_fault_kinds=(kind,), slow_answer_s=0)
    async with api_client(Settings(faults=faults, quota_limit=1000), ManualClock()) as api:
        answers = [await api.get("detail_records", SIP) for _ in range(100)]
        struck = [answer for answer in answers if answer.status_code == status]
        assert {answer.headers["content-type"] for answer in struck} == {content_type}
        assert {answer.status_code for answer in answers} == {status, 200}
        assert status == 200 or 30 < len(struck) < 70
        assert api.core.api.refusals["fault"] == (len(struck) if kind == "429" else 0)
        assert api.core.api.refusals["quota"] == 0


async def test_the_same_seed_strikes_the_same_requests() -> None:
    async def statuses() -> list[int]:
        async with api_client(
            Settings(faults=Faults(api_fault_rate=0.3, slow_answer_s=0)), ManualClock()
        ) as api:
            return [(await api.get("detail_records", SIP)).status_code for _ in range(30)]

    assert await statuses() == await statuses()


async def test_an_outage_strikes_everything_until_it_ends() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        api.core.api.is_out = True
        assert {(await api.get(endpoint)).status_code for endpoint in ENDPOINTS} == {503}
        api.core.api.is_out = False
        assert (await api.get("balance")).status_code == 200
        assert api.core.api.requests["balance"] == 2
