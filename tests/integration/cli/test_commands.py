"""Each command against services that answer over real gRPC: what it asks, what it writes, how it ends."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from services.cli.commands.audit import make_audit
from services.cli.commands.backfill import Method, fill
from services.cli.commands.doctor import examine
from services.cli.commands.head import show_head
from services.cli.commands.recover import recover_deliveries
from services.cli.commands.replay import replay_events
from services.cli.commands.statement import show_statement
from services.cli.commands.verify import verify_book
from services.cli.output import Output
from services.cli.session import Session
from services.cli.spans import DaySpan, TimeSpan
from services.cli.targets import Targets
from services.common.errors import InvalidInput, NotFound, TollbookError, Unavailable
from services.common.exact_json import decode_json
from services.common.wire import from_date, from_timestamp, to_date, to_timestamp
from tests.support.book_messages import usd
from tests.support.clocks import ManualClock
from tests.support.fake_command_services import FakeTollbook, running_fakes
from tests.support.ports import free_port
from tests.support.proof_messages import audit_line, bare_line, different_line
from tollbook.ledger.v1 import balance_pb2, proof_pb2
from tollbook.reconciler.v1 import audit_pb2, backfill_pb2, doctor_pb2

DAYS = DaySpan(date(2026, 11, 1), date(2026, 11, 20))
TIMES = TimeSpan(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(slots=True)
class Terminal:
    """A session on the fakes, and what it has written."""

    fakes: FakeTollbook
    session: Session
    results: io.StringIO
    remarks: io.StringIO

    def as_json(self) -> Session:
        """The same session, asked for JSON."""
        output = Output(Console(file=self.results), Console(file=self.remarks), as_json=True)
        return replace(self.session, output=output)

    def written_json(self) -> Any:
        """What it wrote as JSON."""
        return decode_json(self.results.getvalue())


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    results, remarks = io.StringIO(), io.StringIO()
    output = Output(Console(file=results), Console(file=remarks))
    async with running_fakes() as fakes:
        yield Terminal(fakes, Session(fakes.targets, output, ManualClock()), results, remarks)


async def test_an_audit_that_finds_nothing(terminal: Terminal) -> None:
    lines = [audit_line(), bare_line(verdict=audit_pb2.AUDIT_VERDICT_OPEN)]
    totals = audit_pb2.AuditTotals(
        currency="USD", book_cost=usd(45_000_000), reported_cost=usd(45_000_000), equal_count=1, open_count=1
    )
    terminal.fakes.audits.audit = audit_pb2.AuditResponse(lines=lines, totals=[totals])
    assert await make_audit(terminal.session, DAYS, refresh=True) == 0
    (request,) = terminal.fakes.audits.requests["Audit"]
    assert isinstance(request, audit_pb2.AuditRequest)
    assert (from_date(request.from_day), from_date(request.to_day)) == (date(2026, 11, 1), date(2026, 11, 21))
    assert request.refresh
    first = terminal.results.getvalue().splitlines()[1].split()
    assert first == ["2026-11-20", "sip-trunking", "equal", "0.045", "USD", "0.045", "USD", "0", "USD", "3"]
    assert "USD: book 0.045 USD, Telnyx 0.045 USD" in terminal.results.getvalue()


async def test_an_audit_that_finds_a_difference_says_what_causes_it(terminal: Terminal) -> None:
    terminal.fakes.audits.audit = audit_pb2.AuditResponse(lines=[audit_line(), different_line()])
    assert await make_audit(terminal.session, DAYS, refresh=False) == 1
    written = terminal.results.getvalue()
    assert "2026-11-20 call-control: The book has 0.015 USD less than usage_reports." in written
    assert "  cc-1 (+0.015 USD): This record's amount cannot be read, and counts 0." in written


async def test_an_audit_that_could_not_ask_does_not_look_green(terminal: Terminal) -> None:
    terminal.fakes.audits.audit = audit_pb2.AuditResponse(lines=[audit_line()], troubles=["Telnyx is away."])
    assert await make_audit(terminal.session, DAYS, refresh=False) == 2
    assert terminal.remarks.getvalue() == "Telnyx is away.\n"


async def test_an_audit_as_json_is_exact(terminal: Terminal) -> None:
    terminal.fakes.audits.audit = audit_pb2.AuditResponse(lines=[different_line(), bare_line()])
    assert await make_audit(terminal.as_json(), DAYS, refresh=False) == 1
    told = terminal.written_json()
    assert (told["from"], told["to"]) == ("2026-11-01", "2026-11-20")
    assert told["lines"][0]["difference"] == Decimal("-0.015")
    assert told["lines"][0]["verdict"] == "different"
    assert told["lines"][1]["reportedCost"] is None


async def test_a_statement_adds_up_line_by_line(terminal: Terminal) -> None:
    snapshot = balance_pb2.BalanceSnapshot(balance=usd(10_000_000_000), read_time=to_timestamp(NOON))
    line = balance_pb2.StatementLine
    terminal.fakes.balances.statement = balance_pb2.GetStatementResponse(
        opening=snapshot,
        closing=snapshot,
        lines=[
            line(
                kind=balance_pb2.STATEMENT_LINE_KIND_TOP_UP,
                amount=usd(15_000_000),
                time=to_timestamp(NOON),
                is_inferred=True,
            ),
            line(
                kind=balance_pb2.STATEMENT_LINE_KIND_USAGE,
                amount=usd(-15_000_000),
                record_type="sip-trunking",
            ),
            line(kind=balance_pb2.STATEMENT_LINE_KIND_UNEXPLAINED, amount=usd(0)),
        ],
        notes=["No charges_summary of 2026-11-03."],
    )
    assert await show_statement(terminal.session, TIMES) == 0
    lines = [text.split() for text in terminal.results.getvalue().splitlines()]
    assert lines[1] == ["opening", "10", "USD", "2026-11-20T12:00:00Z"]
    assert lines[2] == ["top-up", "+0.015", "USD", "2026-11-20T12:00:00Z", "inferred"]
    assert lines[3] == ["usage:", "sip-trunking", "-0.015", "USD"]
    assert lines[-1] == ["No", "charges_summary", "of", "2026-11-03."]
    terminal.results.truncate(0)
    terminal.results.seek(0)
    await show_statement(terminal.as_json(), TIMES)
    told = terminal.written_json()
    opening = Decimal(told["opening"]["balance"])
    assert opening + sum(Decimal(line["amount"]) for line in told["lines"]) == told["closing"]["balance"]
    assert [line["kind"] for line in told["lines"]] == ["top_up", "usage", "unexplained"]


async def test_a_statement_without_a_balance(terminal: Terminal) -> None:
    assert await show_statement(terminal.session, TIMES) == 0
    assert terminal.results.getvalue() == "no balance is known in this period\n"


def _verification(*findings: proof_pb2.VerifyFinding) -> list[proof_pb2.VerifyBookResponse]:
    progress = proof_pb2.VerifyProgress(stage="charges", done_count=5, total_count=10)
    result = proof_pb2.VerifyResult(charge_count=10, head="7:abc", finding_count=len(findings))
    return [
        proof_pb2.VerifyBookResponse(progress=progress),
        *(proof_pb2.VerifyBookResponse(finding=finding) for finding in findings),
        proof_pb2.VerifyBookResponse(result=result),
    ]


async def test_a_sound_book_is_verified(terminal: Terminal) -> None:
    terminal.fakes.proofs.verification = _verification()
    assert await verify_book(terminal.session, "6:def") == 0
    (request,) = terminal.fakes.proofs.requests["VerifyBook"]
    assert request == proof_pb2.VerifyBookRequest(expected_head="6:def")
    assert terminal.results.getvalue().splitlines()[-1] == "head 7:abc"
    assert terminal.remarks.getvalue() == "verifying: 50 %, charges\n"


async def test_a_finding_ends_a_verification_with_1(terminal: Terminal) -> None:
    finding = proof_pb2.VerifyFinding(stage="charges", subject="call v3:x", message="its entries add up to 1")
    terminal.fakes.proofs.verification = _verification(finding)
    assert await verify_book(terminal.session, "") == 1
    assert "charges: call v3:x: its entries add up to 1\n1 findings in" in terminal.results.getvalue()
    terminal.results.truncate(0)
    terminal.results.seek(0)
    assert await verify_book(terminal.as_json(), "") == 1
    told = terminal.written_json()
    assert (told["findingCount"], told["findings"][0]["subject"], told["head"]) == (1, "call v3:x", "7:abc")


async def test_a_verification_without_its_result_is_none(terminal: Terminal) -> None:
    terminal.fakes.proofs.verification = _verification()[:1]
    with pytest.raises(Unavailable):
        await verify_book(terminal.session, "")


async def test_the_head_alone_is_on_standard_output(terminal: Terminal) -> None:
    assert await show_head(terminal.session) == 0
    assert terminal.results.getvalue() == ""
    terminal.fakes.proofs.head = proof_pb2.GetHeadResponse(
        head="7:abc", entry_count=40, sealed_time=to_timestamp(NOON), unsealed_count=2
    )
    assert await show_head(terminal.session) == 0
    assert terminal.results.getvalue() == "7:abc\n"
    assert terminal.remarks.getvalue().endswith("40 entries sealed at 2026-11-20T12:00:00Z, 2 wait\n")


@pytest.mark.parametrize(("entry_count", "code"), [(0, 0), (2, 1)])
async def test_a_replay_must_change_nothing(terminal: Terminal, entry_count: int, code: int) -> None:
    terminal.fakes.proofs.replay = [
        proof_pb2.ReplayEventsResponse(done_count=5, total_count=9),
        proof_pb2.ReplayEventsResponse(done_count=9, total_count=9, entry_count=entry_count),
    ]
    assert await replay_events(terminal.session, TIMES) == code
    (request,) = terminal.fakes.proofs.requests["ReplayEvents"]
    assert isinstance(request, proof_pb2.ReplayEventsRequest)
    assert from_timestamp(request.to_time) == TIMES.to_at
    assert await replay_events(terminal.session, None) == code
    assert terminal.fakes.proofs.requests["ReplayEvents"][1] == proof_pb2.ReplayEventsRequest()
    assert terminal.results.getvalue().startswith("9 events were run again; ")


async def test_a_backfill_is_followed_to_its_end(terminal: Terminal) -> None:
    terminal.fakes.history.backfill = [
        backfill_pb2.BackfillResponse(total_units=20),
        backfill_pb2.BackfillResponse(
            total_units=20, done_units=10, current="amd", current_day=to_date(date(2026, 11, 3))
        ),
        backfill_pb2.BackfillResponse(total_units=20, done_units=20, record_count=7, request_count=3),
    ]
    assert await fill(terminal.session, DAYS, Method.REPORTS) == 0
    (request,) = terminal.fakes.history.requests["Backfill"]
    assert isinstance(request, backfill_pb2.BackfillRequest)
    assert request.method == backfill_pb2.BACKFILL_METHOD_REPORTS
    assert from_date(request.to_day) == date(2026, 11, 21)
    assert "amd 2026-11-03" in terminal.remarks.getvalue()
    assert terminal.results.getvalue().endswith("7 records in 3 requests\n")


async def test_what_a_backfill_could_not_book_is_told_and_ends_it_with_1(terminal: Terminal) -> None:
    terminal.fakes.history.backfill = [
        backfill_pb2.BackfillResponse(total_units=2, done_units=1, troubles=["amd, 1 days: no answer"]),
        backfill_pb2.BackfillResponse(total_units=2, done_units=2, skipped_units=1),
    ]
    assert await fill(terminal.as_json(), DAYS, Method.AUTO) == 1
    assert terminal.written_json()["troubles"] == ["amd, 1 days: no answer"]


async def test_recovering_deliveries(terminal: Terminal) -> None:
    terminal.fakes.history.recovered = backfill_pb2.RecoverDeliveriesResponse(
        delivery_count=3, new_count=2, unreadable_count=1
    )
    assert await recover_deliveries(terminal.session, TIMES) == 0
    assert terminal.results.getvalue() == (
        "3 deliveries had failed; 2 events were not in the book yet\n1 could not be read; they are kept\n"
    )
    terminal.results.truncate(0)
    terminal.results.seek(0)
    await recover_deliveries(terminal.as_json(), TIMES)
    assert terminal.written_json() == {"deliveryCount": 3, "newCount": 2, "unreadableCount": 1}
    for request in terminal.fakes.history.requests["RecoverDeliveries"]:
        assert isinstance(request, backfill_pb2.RecoverDeliveriesRequest)
        assert not request.include_delivered


async def test_recovering_what_a_restored_book_lacks(terminal: Terminal) -> None:
    terminal.fakes.history.recovered = backfill_pb2.RecoverDeliveriesResponse(delivery_count=3, new_count=2)
    assert await recover_deliveries(terminal.session, TIMES, include_delivered=True) == 0
    told = "3 deliveries were made or had failed; 2 events were not in the book yet\n"
    assert terminal.results.getvalue() == told
    (request,) = terminal.fakes.history.requests["RecoverDeliveries"]
    assert isinstance(request, backfill_pb2.RecoverDeliveriesRequest)
    assert request.include_delivered


async def test_the_doctors_findings(terminal: Terminal) -> None:
    checks = [
        doctor_pb2.Check(name="API key", status=doctor_pb2.CHECK_STATUS_OK, finding="It works."),
        doctor_pb2.Check(
            name="Webhooks",
            status=doctor_pb2.CHECK_STATUS_WARNING,
            finding="None came for a day.",
            advice="Call yourself.",
        ),
    ]
    terminal.fakes.doctor.diagnosis = doctor_pb2.DiagnoseResponse(checks=checks)
    assert await examine(terminal.session) == 0
    assert "Webhooks  warn    None came for a day.  Call yourself." in terminal.results.getvalue()
    terminal.fakes.doctor.diagnosis.checks[0].status = doctor_pb2.CHECK_STATUS_FAILURE
    terminal.results.truncate(0)
    terminal.results.seek(0)
    assert await examine(terminal.as_json()) == 1
    assert [check["status"] for check in terminal.written_json()["checks"]] == ["fail", "warn"]


async def test_where_the_doctor_is_away_what_can_be_seen_from_outside_is_told(terminal: Terminal) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    targets = replace(terminal.session.targets, reconciler=nowhere)
    lonely = replace(terminal.as_json(), targets=targets, patience_s=0.5)
    assert await examine(lonely) == 1
    [check] = terminal.written_json()["checks"]
    assert (check["name"], check["status"]) == ("Freshness", "fail")
    assert check["finding"].startswith("The reconciler does not answer: no cost becomes exact.")
    assert "the reconciler does not answer at" in terminal.remarks.getvalue()


async def test_an_error_of_a_service_keeps_its_sentence(terminal: Terminal) -> None:
    terminal.fakes.audits.errors["Audit"] = InvalidInput("at most 92 days, please", field="to_day")
    with pytest.raises(InvalidInput, match="at most 92 days"):
        await make_audit(terminal.session, DAYS, refresh=False)
    terminal.fakes.proofs.errors["VerifyBook"] = NotFound("no such head")
    with pytest.raises(TollbookError, match="no such head"):
        await verify_book(terminal.session, "1:a")


async def test_a_service_that_is_not_there_is_named(terminal: Terminal) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    away = replace(terminal.session, targets=Targets(nowhere, nowhere, nowhere), patience_s=0.2)
    with pytest.raises(Unavailable, match=f"the ledger does not answer at {nowhere}.*LEDGER_TARGET"):
        await show_head(away)
