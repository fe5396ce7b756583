"""Audits, witnesses and diagnoses of a sandbox account over real gRPC, with a real ledger and telnyx-gateway."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import grpc
import pytest
from google.type import date_pb2

from services.common.errors import InvalidInput, NotFound
from services.common.rpc_errors import from_rpc_error
from services.common.times import utc_day
from services.common.wire import from_money, to_date, to_timestamp
from tests.integration.reconciler.histories import open_account
from tests.integration.reconciler.proofs import AGO_S, Prover, open_prover
from tests.sandbox.records import DetailRecord
from tests.sandbox.server import Sandbox
from tollbook.ledger.v1 import balance_pb2
from tollbook.reconciler.v1 import audit_pb2, doctor_pb2

EQUAL = audit_pb2.AUDIT_VERDICT_EQUAL


@dataclass(frozen=True, slots=True)
class Scene:
    """A sandbox account, and who proves its book."""

    sandbox: Sandbox
    prover: Prover

    def happen(self, kind: str, count: int) -> list[DetailRecord]:
        """Something, four days ago, with its webhooks lost; gives its records."""
        made = self.sandbox.core.create(kind, count, ended_ago_s=AGO_S, deliver=False, visible_at_once=True)
        return [record for created in made for record in created.activity.records]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        sandbox, to_telnyx = await stack.enter_async_context(open_account())
        prover = await stack.enter_async_context(open_prover(tmp_path, to_telnyx))
        yield Scene(sandbox, prover)


def _verdicts(response: audit_pb2.AuditResponse) -> set[str]:
    return {audit_pb2.AuditVerdict.Name(line.verdict) for line in response.lines}


def _charged(records: list[DetailRecord], record_type: str) -> DetailRecord:
    return next(record for record in records if record.type.name == record_type and record.charge > 0)


async def test_a_book_that_has_read_everything_equals_the_report(scene: Scene) -> None:
    scene.happen("mixed", 60)
    await scene.prover.read_everything()
    response = await scene.prover.audit()
    assert [line.reason for line in response.lines if line.reason] == []
    assert list(response.troubles) == []
    assert _verdicts(response) == {"AUDIT_VERDICT_EQUAL"}
    assert {line.record_type for line in response.lines} > {"sip-trunking", "call-control", "messaging"}
    [totals] = response.totals
    assert from_money(totals.difference).nanos == 0
    assert from_money(totals.book_cost) == from_money(totals.reported_cost)
    assert from_money(totals.book_cost).nanos > 0
    assert totals.equal_count == len(response.lines)


async def test_a_record_that_vanished_is_named_with_its_charge(scene: Scene) -> None:
    gone = _charged(scene.happen("pstn-outbound", 3), "call-control")
    await scene.prover.read_everything()
    scene.sandbox.core.account.vanish("call-control", gone.record_id, everywhere=True)
    response = await scene.prover.audit()
    [line] = [line for line in response.lines if line.verdict != EQUAL]
    assert line.verdict == audit_pb2.AUDIT_VERDICT_DIFFERENT
    assert (line.record_type, line.product) == ("call-control", "call-control")
    assert line.causes[0].record_id == gone.record_id
    assert from_money(line.causes[0].amount) == from_money(line.difference)
    assert line.causes[0].kind == "call"
    assert line.causes[0].charge_record_id
    assert "that a later full reading no longer showed would be all of it" in line.reason
    [totals] = response.totals
    assert (totals.different_count, from_money(totals.difference)) == (1, from_money(line.difference))


async def test_an_amount_that_changed_at_telnyx_is_read_anew_and_then_equal(scene: Scene) -> None:
    revised = _charged(scene.happen("pstn-outbound", 3), "sip-trunking")
    await scene.prover.read_everything()
    before = await scene.prover.audit()
    scene.sandbox.core.account.revise("sip-trunking", revised.record_id, Decimal("1.25"))
    after = await scene.prover.audit(refresh=True)
    assert _verdicts(after) == {"AUDIT_VERDICT_EQUAL"}
    added = from_money(after.totals[0].book_cost).nanos - from_money(before.totals[0].book_cost).nanos
    assert added == 1_250_000_000 - int(revised.charge * 10**9)


async def test_a_correction_that_the_report_does_not_know_is_named(scene: Scene) -> None:
    revised = _charged(scene.happen("pstn-outbound", 3), "sip-trunking")
    await scene.prover.read_everything()
    await scene.prover.audit()
    scene.sandbox.core.account.revise("sip-trunking", revised.record_id, Decimal("1.25"))
    await scene.prover.read_everything()
    response = await scene.prover.audit()
    [line] = [line for line in response.lines if line.verdict != EQUAL]
    assert line.verdict == audit_pb2.AUDIT_VERDICT_DIFFERENT
    [cause] = line.causes
    assert cause.record_id == revised.record_id
    assert "it was corrected (2 contents were seen)" in cause.message


async def test_days_that_nobody_has_read_are_read_by_the_audit(scene: Scene) -> None:
    scene.happen("pstn-outbound", 3)
    response = await scene.prover.audit()
    assert _verdicts(response) == {"AUDIT_VERDICT_EQUAL"}
    assert {line.record_type for line in response.lines} >= {"sip-trunking", "call-control"}


async def test_a_product_of_no_known_type_is_told(scene: Scene) -> None:
    scene.happen("number-lookup", 2)
    response = await scene.prover.audit()
    [line] = response.lines
    assert line.verdict == audit_pb2.AUDIT_VERDICT_NOT_READ
    assert (line.record_type, line.product) == ("", "number-lookup")
    assert from_money(line.reported_cost).nanos > 0
    assert response.totals[0].not_read_count == 1


async def test_what_telnyx_does_not_answer_is_a_trouble_and_leaves_the_day_open(scene: Scene) -> None:
    scene.happen("sms-inbound", 2)
    await scene.prover.read_everything()
    scene.sandbox.core.api.is_out = True
    response = await scene.prover.audit()
    assert _verdicts(response) == {"AUDIT_VERDICT_OPEN"}
    assert ["products of usage_reports are not known" in trouble for trouble in response.troubles] == [True]


@pytest.mark.parametrize(
    ("first", "end"),
    [
        ("2026-11-02", "2026-11-02"),
        ("2026-01-01", "2026-11-02"),
        ("0-0-0", "2026-11-02"),
        ("1-1-1", "1-1-2"),
        ("9999-12-30", "9999-12-31"),
    ],
)
async def test_days_that_cannot_be_audited(scene: Scene, first: str, end: str) -> None:
    request = audit_pb2.AuditRequest(from_day=_day(first), to_day=_day(end))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scene.prover.audits.Audit(request)
    assert isinstance(from_rpc_error(refused.value), InvalidInput)


def _day(text: str) -> date_pb2.Date:
    year, month, day = map(int, text.split("-"))
    return date_pb2.Date(year=year, month=month, day=day)


async def test_the_witnesses_of_a_session(scene: Scene) -> None:
    records = scene.happen("pstn-outbound", 1)
    await scene.prover.read_everything()
    session_id = str(_charged(records, "call-control").fields["telnyx_session_id"])
    request = audit_pb2.CompareWitnessesRequest(session_id=session_id, ask_telnyx=True)
    compared = await scene.prover.audits.CompareWitnesses(request)
    by_name = {audit_pb2.WitnessName.Name(witness.name): witness for witness in compared.witnesses}
    assert list(compared.differences) == []
    booked, analysed = by_name["WITNESS_NAME_DETAIL_RECORDS"], by_name["WITNESS_NAME_SESSION_ANALYSIS"]
    assert (booked.has_spoken, analysed.has_spoken) == (True, True)
    assert [from_money(cost) for cost in booked.costs] == [from_money(cost) for cost in analysed.costs]
    assert not by_name["WITNESS_NAME_CALL_COST"].has_spoken
    charged = _charged(records, "call-control")
    scene.sandbox.core.account.revise("call-control", charged.record_id, charged.charge + Decimal("0.5"))
    compared = await scene.prover.audits.CompareWitnesses(request)
    assert len(compared.differences) == 2
    assert all("session analysis says" in difference for difference in compared.differences)


async def test_a_session_that_nobody_knows(scene: Scene) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scene.prover.audits.CompareWitnesses(audit_pb2.CompareWitnessesRequest(session_id="nobody"))
    assert isinstance(from_rpc_error(refused.value), NotFound)


async def test_the_balance_and_account_charges_are_polled(scene: Scene) -> None:
    balance, charges, _ = scene.prover.polling
    yesterday = datetime.now(UTC) - timedelta(days=1)
    scene.sandbox.core.account.finances.book("new_otc", Decimal("1.5"), yesterday)
    await balance.turn()
    for _ in range(3):
        await charges.turn()
    now = datetime.now(UTC)
    request = balance_pb2.ListBalancesRequest(
        from_time=to_timestamp(now - timedelta(hours=1)), to_time=to_timestamp(now + timedelta(hours=1))
    )
    [snapshot] = (await scene.prover.balances.ListBalances(request)).snapshots
    assert from_money(snapshot.available_credit).nanos != 0
    today = utc_day(now)
    listing = balance_pb2.ListAccountChargesRequest(
        from_day=to_date(today - timedelta(days=5)), to_day=to_date(today)
    )
    days = (await scene.prover.balances.ListAccountCharges(listing)).days
    assert [day.charges.day.day for day in days] == [(today - timedelta(days=ago)).day for ago in (3, 2, 1)]
    assert [from_money(day.charges.new_one_time).nanos for day in days] == [0, 0, 1_500_000_000]
    found = await scene.prover.doctors.Diagnose(doctor_pb2.DiagnoseRequest(), timeout=60)
    [check] = [check for check in found.checks if check.name == "Balance"]
    assert "are available" in check.finding


async def test_a_diagnosis(scene: Scene) -> None:
    scene.happen("mixed", 30)
    await scene.prover.read_everything()
    response = await scene.prover.doctors.Diagnose(doctor_pb2.DiagnoseRequest(), timeout=60)
    found = {check.name: doctor_pb2.CheckStatus.Name(check.status) for check in response.checks}
    well = {name for name, status in found.items() if status == "CHECK_STATUS_OK"}
    assert well >= {"API key", "Clock", "Quota", "Canary query", "Record types", "Unreadable facts"}
    assert found["Webhooks"] == "CHECK_STATUS_FAILURE"
    scene.sandbox.core.api.is_out = True
    away = await scene.prover.doctors.Diagnose(doctor_pb2.DiagnoseRequest(), timeout=60)
    status = {check.name: doctor_pb2.CheckStatus.Name(check.status) for check in away.checks}
    assert status["Canary query"] == "CHECK_STATUS_UNKNOWN"
    assert status["Unreadable facts"] == "CHECK_STATUS_OK"
