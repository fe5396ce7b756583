"""`GET /v2/detail_records` as it was measured (Telnyx facts, section 3)."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.bill import true_bill
from tests.sandbox.clock import from_text, to_text
from tests.sandbox.record_types import RECORD_TYPES
from tests.sandbox.settings import Faults, Settings
from tests.unit.sandbox.support import NOON, ApiClient, ManualClock, api_client

MANY = Settings(quota_limit=10_000)


@pytest.fixture
async def api() -> AsyncIterator[ApiClient]:
    """An account with everything on it, spread over the past hours."""
    async with api_client(MANY, ManualClock()) as client:
        for hour in range(6):
            client.core.account.create("mixed", 48, ended_ago_s=3600.0 * hour)
        yield client


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        [("filter[record_type]", "")],
        [("filter[record_type]", "sip-trunking"), ("filter[record_type]", "call-control")],
        [("filter[record_type][]", "sip-trunking")],
        [("filter[record_type]", "no-such-type")],
        [("filter[record_type]", "message_detail_record")],
    ],
)
async def test_one_known_record_type_is_mandatory(api: ApiClient, parameters: list[tuple[str, str]]) -> None:
    answer = await api.get_pairs("detail_records", parameters)
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert (error["code"], error["title"]) == ("10011", "Bad Request")
    assert error["detail"].startswith("Record type is ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page[size]", "none"),
        ("page[number]", "0"),
        ("filter[started_at][gte]", "yesterday"),
        ("filter[started_at][near]", "2026-08-03T12:00:00Z"),
    ],
)
async def test_unreadable_parameters_are_a_bad_request(api: ApiClient, name: str, value: str) -> None:
    answer = await api.get("detail_records", {"filter[record_type]": "sip-trunking", name: value})
    assert answer.status_code == 400


async def test_a_page_has_50_rows_at_most(api: ApiClient) -> None:
    page = await api.records("sip-trunking", **{"page[size]": 250})
    total = page["meta"]["total_results"]
    assert total > 100
    assert len(page["data"]) == 50
    assert page["meta"] == {
        "total_pages": -(-total // 50),
        "total_results": total,
        "page_number": 1,
        "page_size": 50,
    }


async def test_pages_hold_every_record_once_newest_first(api: ApiClient) -> None:
    for spec in RECORD_TYPES:
        rows = await _all_rows(api, spec.name)
        times = [from_text(row[spec.time_field]) for row in rows]
        assert times == sorted(times, reverse=True), spec.name
        assert len({row[spec.id_field] for row in rows}) == len(rows)
        assert {row["record_type"] for row in rows} <= {spec.shown_name}
        assert rows or spec.name == "fax"


async def test_sort_has_no_effect(api: ApiClient) -> None:
    assert await api.records("sip-trunking", sort="started_at") == await api.records("sip-trunking")


async def test_range_filters_work_on_the_time_field(api: ApiClient) -> None:
    rows = await _all_rows(api, "sip-trunking")
    edge = rows[len(rows) // 2]["started_at"]
    at = from_text(edge)

    async def total(operator: str) -> int:
        page = await api.records("sip-trunking", **{f"filter[started_at][{operator}]": edge})
        return int(page["meta"]["total_results"])

    times = [from_text(row["started_at"]) for row in rows]
    assert await total("gte") == sum(time >= at for time in times)
    assert await total("gt") == sum(time > at for time in times)
    assert await total("lte") == sum(time <= at for time in times)
    assert await total("lt") == sum(time < at for time in times)
    assert await total("gt") < await total("gte")


async def test_a_zone_in_a_time_filter_is_understood(api: ApiClient) -> None:
    utc = await api.records("sip-trunking", **{"filter[started_at][gte]": "2026-08-03T10:00:00Z"})
    zoned = await api.records("sip-trunking", **{"filter[started_at][gte]": "2026-08-03T12:00:00+02:00"})
    assert utc == zoned
    assert 0 < utc["meta"]["total_results"] < (await api.records("sip-trunking"))["meta"]["total_results"]


async def test_equality_filters_work_on_the_ids_that_a_type_carries(api: ApiClient) -> None:
    row = (await api.records("call-control"))["data"][0]
    for field in ("id", "telnyx_leg_id", "telnyx_session_id"):
        found = await api.records("call-control", **{f"filter[{field}]": row[field]})
        assert row in found["data"]
        assert {each[field] for each in found["data"]} == {row[field]}


@pytest.mark.parametrize(
    ("record_type", "field"),
    [
        ("sip-trunking", "created_at"),
        ("stt", "started_at"),
        ("call-control", "call_control_id"),
        ("recording", "call_leg_id"),
        ("amd", "telnyx_session_id"),
        ("messaging", "id"),
    ],
)
async def test_a_filter_on_a_field_that_the_type_lacks_is_an_empty_200(
    api: ApiClient, record_type: str, field: str
) -> None:
    name = f"filter[{field}][gte]" if field.endswith("_at") else f"filter[{field}]"
    value = to_text(datetime.fromtimestamp(0, NOON.tzinfo)) if field.endswith("_at") else "x"
    assert (await api.records(record_type, **{name: value}))["meta"]["total_results"] == 0

    api.core.account.faults = Faults(unknown_filter="reject")
    answer = await api.get("detail_records", {"filter[record_type]": record_type, name: value})
    assert answer.status_code == 400


async def test_the_old_way_to_look_a_call_up_finds_nothing(api: ApiClient) -> None:
    """Conference participants by a call_control_id: the wrong type, and the wrong id system."""
    conference = (await api.records("conference-participant"))["data"][0]
    sip = await api.records("sip-trunking", **{"filter[telnyx_session_id]": conference["call_session_id"]})
    call_control_id = sip["data"][0]["call_control_id"]
    assert call_control_id
    page = await api.records("conference-participant", **{"filter[call_leg_id]": call_control_id})
    assert page["data"] == []


async def test_an_alias_answers_with_the_same_records(api: ApiClient) -> None:
    assert await api.records("speech-to-text") == await api.records("stt")
    assert await api.records("text-to-speech") == await api.records("tts")


async def test_the_inner_record_type_differs_from_the_filter(api: ApiClient) -> None:
    assert (await api.records("messaging"))["data"][0]["record_type"] == "message_detail_record"
    assert (await api.records("webrtc"))["data"][0]["record_type"] == "webrtc_detail_record"
    assert (await api.records("stt"))["data"][0]["record_type"] == "speech-to-text"


async def test_rows_beyond_the_deepest_offset_are_cut_off() -> None:
    async with api_client(Settings(readable_rows=60, quota_limit=100), ManualClock()) as api:
        api.core.account.create("sip-only", 40)
        pages = [
            await api.records("sip-trunking", **{"page[size]": 50, "page[number]": n}) for n in (1, 2, 3)
        ]
    assert [len(page["data"]) for page in pages] == [50, 10, 0]
    assert {page["meta"]["total_results"] for page in pages} == {80}


async def test_new_records_push_rows_to_the_next_page_so_that_one_comes_twice() -> None:
    delayed = Faults(record_delay_min_s=60, record_delay_max_s=60)
    async with api_client(MANY, ManualClock()) as api:
        api.core.account.create("sip-only", 30, ended_ago_s=3600)
        api.core.account.faults = delayed
        api.core.account.create("sip-only", 30)
        api.core.account.faults = Faults(arrivals_per_page=5)
        first = await api.records("sip-trunking", **{"page[size]": 20})
        second = await api.records("sip-trunking", **{"page[size]": 20, "page[number]": 2})
    repeated = {row["id"] for row in first["data"]} & {row["id"] for row in second["data"]}
    assert len(repeated) == 5
    assert second["meta"]["total_results"] == first["meta"]["total_results"] + 5


async def test_records_become_visible_only_after_their_delay() -> None:
    clock = ManualClock()
    faults = Faults(record_delay_min_s=30, record_delay_max_s=30)
    async with api_client(Settings(faults=faults), clock) as api:
        api.core.account.create("pstn-outbound")
        assert (await api.records("sip-trunking"))["data"] == []
        clock.advance(29.9)
        assert (await api.records("sip-trunking"))["data"] == []
        clock.advance(0.1)
        assert (await api.records("sip-trunking"))["data"]


async def test_another_accounts_key_is_valid_and_sees_nothing(api: ApiClient) -> None:
    other = api.core.account.settings.empty_account_key
    for spec in RECORD_TYPES:
        answer = await api.get("detail_records", {"filter[record_type]": spec.name}, key=other)
        assert (answer.status_code, answer.json()["data"]) == (200, [])


async def test_what_the_api_shows_adds_up_to_the_true_bill(api: ApiClient) -> None:
    """Read as an outsider would: every page of every type, amounts by the types' fields, sessions by their ids."""
    total = Decimal(0)
    sessions: dict[str, Decimal] = {}
    for spec in RECORD_TYPES:
        for row in await _all_rows(api, spec.name):
            billable = row.get("is_telnyx_billable", True)
            amount = Decimal(str(row.get(spec.amount_field, 0))) if billable else Decimal(0)
            total += amount
            session_id = row.get("telnyx_session_id") or row.get("call_session_id")
            if session_id:
                sessions[session_id] = sessions.get(session_id, Decimal(0)) + amount
    bill: dict[str, Any] = true_bill(api.core.account)
    assert total == Decimal(bill["total"])
    billed = {key: Decimal(session["cost"]) for key, session in bill["sessions"].items()}
    assert {key: cost for key, cost in billed.items() if cost} == {
        key: cost for key, cost in sessions.items() if cost
    }


async def _all_rows(api: ApiClient, record_type: str) -> list[dict[str, Any]]:
    first = await api.records(record_type, **{"page[size]": 50})
    rows: list[dict[str, Any]] = first["data"]
    for number in range(2, first["meta"]["total_pages"] + 1):
        rows += (await api.records(record_type, **{"page[size]": 50, "page[number]": number}))["data"]
    assert len(rows) == first["meta"]["total_results"]
    return rows
