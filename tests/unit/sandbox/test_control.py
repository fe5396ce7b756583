"""The remote control under `/_sandbox`."""

from decimal import Decimal

import pytest

from tests.sandbox.settings import Settings
from tests.unit.sandbox.support import ApiClient, ManualClock, api_client


async def test_things_are_created_by_kind() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        body = {"kind": "dialer", "count": 2, "call_cost": "before-hangup", "call_cost_form": "numbers"}
        answer = await api.control("POST", "create", body)
        assert answer.status_code == 200
        made = answer.json()["created"]
        assert [each["category"] for each in made] == ["call", "call"]
        bill = (await api.control("GET", "bill")).json()
        assert list(bill["sessions"]) == [each["key"] for each in made]
        legs = bill["sessions"][made[0]["key"]]["legs"]
        assert [leg["call_control_id"] for leg in legs] == [leg["call_control_id"] for leg in made[0]["legs"]]
        counts = (await api.control("GET", "counts")).json()
        assert counts == {"requests": {}, "refusals": {}, "webhooks": {}, "activities": 2}


async def test_records_can_be_revised_and_revealed() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        await api.control("PUT", "faults", {"record_delay_min_s": 60, "record_delay_max_s": 60})
        made = (await api.control("POST", "create", {"kind": "verify"})).json()["created"][0]
        assert (await api.control("POST", "reveal")).json() == {"revealed": 1}
        record = made["records"][0]
        answer = await api.control("POST", "revise", {**record, "amount": "0.07"})
        assert answer.status_code == 200
        bill = (await api.control("GET", "bill")).json()
        assert Decimal(bill["total"]) == Decimal("0.07")


async def test_a_broken_record_is_served_as_it_is() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        fields = {"record_type": "amd", "cost": "NaN", "invoked_at": "2026-08-03T11:00:00Z"}
        injection = {"record_type": "amd", "fields": fields}
        assert (await api.control("POST", "inject", injection)).json()["record_type"] == "amd"
        assert (await api.records("amd"))["data"] == [fields]
        assert (await api.records("amd", **{"filter[cost][gte]": "0"}))["data"] == []
        other = {"record_type": "inference", "fields": {"id": "x", "cost": "0.5"}, "charge": "0.5"}
        assert (await api.control("POST", "inject", other)).json()["record_id"] == "x"
        bill = (await api.control("GET", "bill")).json()
        assert (bill["total"], bill["other"]["inference:x"]) == ("0.5", "0.5")
        unknown = await api.control("POST", "inject", {"record_type": "toll", "fields": {}})
        assert (unknown.status_code, unknown.json()["error"]) == (400, "unknown record type toll")


async def test_faults_are_changed_one_by_one_and_cleared() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        await api.control("PUT", "faults", {"webhook_loss_rate": 0.2})
        faults = (await api.control("PUT", "faults", {"api_fault_rate": 0.05})).json()
        assert (faults["webhook_loss_rate"], faults["api_fault_rate"]) == (0.2, 0.05)
        cleared = (await api.control("DELETE", "faults")).json()
        assert (cleared["webhook_loss_rate"], cleared["api_fault_rate"]) == (0, 0)


async def test_an_outage_is_switched_on_and_off() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        await api.control("PUT", "outage", {"on": True})
        assert (await api.get("balance")).status_code == 503
        await api.control("PUT", "outage", {"on": False})
        assert (await api.get("balance")).status_code == 200
        assert (await api.control("GET", "counts")).json()["requests"] == {"balance": 2}


async def test_a_key_is_replaced_by_another() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        key = (await api.control("POST", "rotate_key")).json()["api_key"]
        assert (await api.get("balance")).status_code == 401
        assert (await api.get("balance", key=key)).status_code == 200
        newest = (await api.control("POST", "rotate_key")).json()["api_key"]
        assert (await api.get("balance", key=key)).status_code == 401
        assert (await api.get("balance", key=newest)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "create", {"kind": "nonsense"}, "unknown kind 'nonsense'"),
        ("POST", "create", {"amount": 3}, "unknown field `amount`"),
        ("POST", "create", {"count": 0}, "count must be"),
        ("PUT", "faults", {"webhook_loss_rate": 2}, "<= 1.0"),
        ("PUT", "faults", {"loss": 1}, "unknown field `loss`"),
        ("PUT", "outage", None, "missing required field `on`"),
        ("POST", "revise", {"record_type": "amd", "record_id": "x", "amount": "1"}, "no amd record x"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_the_reason(
    method: str, path: str, body: object, said: str
) -> None:
    async with api_client(Settings(), ManualClock()) as api:
        answer = await api.control(method, path, body)
        assert answer.status_code == 400
        assert said in answer.json()["error"]


async def test_without_a_receiver_there_is_nothing_to_wait_for() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        await _create_held(api)
        assert (await api.control("POST", "deliver")).json() == {"delivering": 1}
        assert (await api.control("POST", "deliver")).json() == {"delivering": 0}
        assert (await api.control("POST", "wait", {"timeout_s": 1})).json() == {"idle": True}
        key = (await api.control("GET", "public_key")).json()["public_key"]
        assert key == api.core.signer.public_key


async def _create_held(api: ApiClient) -> None:
    answer = await api.control("POST", "create", {"kind": "inbound", "deliver": False})
    assert answer.status_code == 200
