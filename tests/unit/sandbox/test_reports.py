"""Batch reports: ordered, pending, complete; their CSV, and how it can be wrong. Failed deliveries, odd records."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.clock import to_second_text
from tests.sandbox.odd_records import ODD_KINDS
from tests.sandbox.settings import Faults, Settings
from tests.unit.sandbox.support import NOON, ApiClient, ManualClock, api_client

VOICE = "legacy/reporting/batch_detail_records/voice"
MESSAGING = "legacy/reporting/batch_detail_records/messaging"
PERIOD = {
    "start_time": to_second_text(NOON - timedelta(days=30)),
    "end_time": to_second_text(NOON + timedelta(hours=1)),
}


async def order(api: ApiClient, path: str = VOICE, **fields: str) -> dict[str, Any]:
    answer = await api.post(path, {**PERIOD, **fields})
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def rows(api: ApiClient, path: str = VOICE, **fields: str) -> list[dict[str, str]]:
    ordered = await order(api, path, **fields)
    text = (await api.download(ordered["report_url"])).text
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


async def test_a_report_is_pending_for_a_while_and_then_complete() -> None:
    clock = ManualClock()
    async with api_client(Settings(faults=Faults(report_delay_s=9)), clock) as api:
        ordered = await order(api, source="webrtc")
        assert (ordered["status"], ordered["report_url"], ordered["source"]) == (1, None, "webrtc")
        messages = await order(api, MESSAGING)
        assert messages["status"] == "PENDING"
        clock.advance(9)
        voice = (await api.get(f"{VOICE}/{ordered['id']}")).json()["data"]
        assert voice["status"] == 2
        assert (await api.download(voice["report_url"])).status_code == 200
        complete = (await api.get(f"{MESSAGING}/{messages['id']}")).json()["data"]
        assert complete["status"] == "COMPLETE"
        await api.control("PUT", "faults", {"report_outcome": "expire"})
        assert (await api.get(f"{VOICE}/{ordered['id']}")).json()["data"]["status"] == 4
        assert (await api.download(voice["report_url"])).status_code == 404
        assert (await api.get(f"{MESSAGING}/{ordered['id']}")).status_code == 404


async def test_a_report_holds_every_record_of_its_time_also_what_is_retained_no_more() -> None:
    async with api_client(Settings(faults=Faults(report_delay_s=0, retention_days=2)), ManualClock()) as api:
        for days in (0, 1, 5, 29, 40):
            api.core.account.create("pstn-outbound", ended_ago_s=days * 86_400, visible_at_once=True)
        found = await rows(api, source="calls")
        ids = {row["id"] for row in found}
        shown = {row["id"] for row in (await api.records("sip-trunking"))["data"]}
        assert shown < ids
        final = [each for each in api.core.account.records.final() if each.type.name == "sip-trunking"]
        assert ids == {each.record_id for each in final if each.at >= NOON - timedelta(days=30)}
        costs = {row["id"]: Decimal(row["cost"]) for row in found}
        assert all(costs[each.record_id] == each.charge for each in final if each.record_id in costs)


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_time": "soon"},
        {"end_time": PERIOD["start_time"]},
        {"source": "faxes"},
        {"end_time": "2027-01-01"},
    ],
)
async def test_orders_that_make_no_sense_are_refused(wrong: dict[str, str]) -> None:
    async with api_client(Settings(), ManualClock()) as api:
        assert (await api.post(VOICE, {**PERIOD, **wrong})).status_code == 400
        assert (await api.post(VOICE, {})).status_code == 400


async def test_the_forms_of_the_csv() -> None:
    async with api_client(Settings(faults=Faults(report_delay_s=0)), ManualClock()) as api:
        api.core.account.create("pstn-outbound", 12, visible_at_once=True)
        whole = await rows(api)
        await api.control("PUT", "faults", {"report_record_ids": False})
        assert "id" not in (await rows(api))[0]
        await api.control("PUT", "faults", {"report_missing_columns": ["cost"]})
        assert "cost" not in (await rows(api))[0]
        await api.control("DELETE", "faults")
        await api.control("PUT", "faults", {"report_delay_s": 0, "report_form": "portal"})
        portal = await rows(api)
        assert [row["Cost"] for row in portal] == [row["cost"] for row in whole]
        assert portal[0]["Start Timestamp UTC"] == whole[0]["started_at"].replace("T", " ").removesuffix("Z")
        await api.control("PUT", "faults", {"report_form": "api", "report_broken_rows": 3})
        text = (await api.download((await order(api))["report_url"])).text
        assert len(text.splitlines()) == 1 + len(whole) + 3


async def test_the_latest_messages_can_be_missing_from_a_report() -> None:
    faults = Faults(report_delay_s=0, report_message_lag_s=4 * 3_600)
    async with api_client(Settings(faults=faults), ManualClock()) as api:
        for hours in (1, 5):
            api.core.account.create("sms-outbound", ended_ago_s=hours * 3_600, visible_at_once=True)
        api.core.account.create("pstn-outbound", ended_ago_s=3_600, visible_at_once=True)
        assert len(await rows(api, MESSAGING)) == 1
        assert len(await rows(api)) >= 1


async def test_odd_records_are_served_as_they_are() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        for kind in ODD_KINDS:
            made = (await api.control("POST", "odd", {"kind": kind})).json()
            assert made["record_type"] == "sip-trunking"
        found = (await api.records("sip-trunking", **{"page[size]": 50}))["data"]
        assert len(found) == len(ODD_KINDS)
        assert [row["currency"] for row in found].count("EUR") == 1
        assert sum("id" not in row for row in found) == 1
        assert sum("cost" not in row for row in found) == 1
        assert sum(row.get("cost", "").startswith("-") for row in found) == 1
        assert (await api.control("POST", "odd", {"kind": "strange"})).status_code == 400


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_record_can_vanish(everywhere: bool) -> None:
    async with api_client(Settings(), ManualClock()) as api:
        (made,) = api.core.account.create("verify")
        (record,) = made.activity.records
        body = {"record_type": "verify", "record_id": record.record_id, "everywhere": everywhere}
        assert (await api.control("POST", "vanish", body)).status_code == 200
        assert (await api.records("verify"))["data"] == []
        bill = (await api.control("GET", "bill")).json()
        assert Decimal(bill["total"]) == (0 if everywhere else record.charge)
        assert (await api.control("POST", "vanish", {**body, "record_id": "x"})).status_code == 400


async def test_pages_of_one_row_count() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        api.core.account.create("sms-outbound", 7)
        page = await api.records("messaging", **{"page[size]": 1})
        assert len(page["data"]) == 1
        assert page["meta"] == {"total_pages": 7, "total_results": 7, "page_number": 1, "page_size": 1}
        applications = (await api.get("call_control_applications", {"page[size]": 1})).json()
        assert applications["meta"]["total_results"] == 2


async def test_the_date_of_answers_can_be_wrong() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        assert (await api.get("balance")).headers["date"] == "Mon, 03 Aug 2026 12:00:00 GMT"
        await api.control("PUT", "faults", {"date_skew_s": -90})
        assert (await api.get("balance")).headers["date"] == "Mon, 03 Aug 2026 11:58:30 GMT"


async def test_a_session_has_no_analysis_until_it_is_final() -> None:
    clock = ManualClock()
    async with api_client(Settings(), clock) as api:
        (made,) = api.core.account.create("dialer")
        path = f"session_analysis/call-session/{made.activity.key}"
        assert (await api.get(path)).status_code == 404
        clock.advance(5)
        tree = (await api.get(path)).json()
        children = tree["root"]["children"]
        assert sum(Decimal(child["cost"]["event_cost"]) for child in children) == Decimal(
            tree["cost"]["total"]
        )
        assert (await api.get("session_analysis/call-session/unheard-of")).status_code == 404
        assert (await api.get(f"session_analysis/amd/{made.activity.key}")).status_code == 404
