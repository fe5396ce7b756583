"""usage_reports: the independent total per product and UTC day (Telnyx facts, section 6)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.bill import true_bill
from tests.sandbox.settings import Settings
from tests.sandbox.usage import PRODUCTS
from tests.unit.sandbox.support import NOON, ApiClient, ManualClock, api_client, read_exactly

SETTINGS = Settings(usage_quota_limit=1000)
DAY_S = 86_400
MONTH = {"start_date": "2026-07-10T00:00:00Z", "end_date": "2026-08-10T00:00:00Z"}


def _question(product: str, **more: object) -> dict[str, object]:
    return {"product": product, "dimensions": "date", "metrics": "cost", **MONTH, **more}


async def _rows(api: ApiClient, product: str, **more: object) -> list[dict[str, Any]]:
    answer = await api.get("usage_reports", _question(product, **{"page[size]": 5000, **more}))
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = read_exactly(answer)["data"]
    return rows


async def test_all_products_together_are_the_true_bill() -> None:
    async with api_client(SETTINGS, ManualClock()) as api:
        for day in range(5):
            api.core.account.create("mixed", 48, ended_ago_s=day * DAY_S)
        rows = [row for product in PRODUCTS for row in await _rows(api, product)]
        assert sum(row["cost"] for row in rows) == Decimal(str(true_bill(api.core.account)["total"]))


async def test_days_are_utc_days_of_the_types_time_field() -> None:
    midnight = datetime(2026, 8, 3, 0, 0, 10, tzinfo=UTC)
    async with api_client(SETTINGS, ManualClock(midnight)) as api:
        created = api.core.account.create("amd", 20)
        rows = [row for row in await _rows(api, "sip-trunking") if row["cost"]]
        records = [record for each in created for record in each.activity.records]
        days = {record.at.date().isoformat() for record in records if record.type.name == "sip-trunking"}
        assert {row["date"] for row in rows if row["cost"]} <= days
        assert "2026-08-02" in days


async def test_a_page_has_20_rows_by_default_so_that_a_month_is_cut() -> None:
    async with api_client(SETTINGS, ManualClock()) as api:
        answer = (await api.get("usage_reports", _question("sip-trunking"))).json()
        assert len(answer["data"]) == 20
        assert answer["meta"] == {"total_pages": 2, "total_results": 31, "page_number": 1, "page_size": 20}
        rest = (await api.get("usage_reports", _question("sip-trunking", **{"page[number]": 2}))).json()
        assert len(rest["data"]) == 11


async def test_the_end_is_exclusive_and_costs_are_numbers() -> None:
    async with api_client(SETTINGS, ManualClock()) as api:
        api.core.account.create("sip-only", 3)
        today = await _rows(
            api, "sip-trunking", start_date="2026-08-03T00:00:00Z", end_date="2026-08-04T00:00:00Z"
        )
        assert [row["date"] for row in today] == ["2026-08-03"]
        assert isinstance(today[0]["cost"], Decimal)
        before = await _rows(
            api, "sip-trunking", start_date="2026-08-02T00:00:00Z", end_date="2026-08-03T00:00:00Z"
        )
        assert [row["cost"] for row in before] == [0]


async def test_days_without_usage_can_be_left_out() -> None:
    async with api_client(Settings(usage_zero_days="omitted"), ManualClock()) as api:
        assert await _rows(api, "sip-trunking") == []
        api.core.account.create("sip-only")
        assert [row["date"] for row in await _rows(api, "sip-trunking")] == [NOON.date().isoformat()]


async def test_the_carriers_fee_is_a_metric_of_its_own() -> None:
    async with api_client(SETTINGS, ManualClock()) as api:
        api.core.account.create("sms-outbound", 4)
        rows = await _rows(api, "messaging", metrics="cost,customer_carrier_fee,parts")
        row = next(row for row in rows if row["cost"])
        assert row["cost"] == row["parts"] * Decimal("0.0051")
        assert row["customer_carrier_fee"] == row["parts"] * Decimal("0.00305")


async def test_the_options_name_products_dimensions_and_metrics() -> None:
    async with api_client(SETTINGS, ManualClock()) as api:
        options = (await api.get("usage_reports/options")).json()["data"]
        assert {"text-to-speech", "speech-to-text", "verify-2fa", "fax-api", "conference"} <= {
            each["product"] for each in options
        }
        sip = (await api.get("usage_reports/options", {"product": "sip-trunking"})).json()["data"]
        assert [each["product"] for each in sip] == ["sip-trunking"]
        assert {"cost", "connected", "attempted"} <= set(sip[0]["product_metrics"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"product": "tts"},
        {"dimensions": "call_control_id"},
        {"metrics": ""},
        {"start_date": "2026-07-01T00:00:00Z"},
        {"end_date": "soon"},
        {"page[size]": "all"},
    ],
)
async def test_a_wrong_question_is_a_bad_request(wrong: dict[str, object]) -> None:
    async with api_client(SETTINGS, ManualClock()) as api:
        answer = await api.get("usage_reports", _question("sip-trunking") | wrong)
        assert answer.status_code == 400


async def test_five_questions_a_second_are_allowed() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        answers = [await api.get("usage_reports", _question("amd")) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[0].headers["x-ratelimit-limit"] == "5, 5;w=1"
