"""The composition of what proves the book: audit, witnesses, polling, doctor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import grpc

from services.common.clock import Clock
from services.common.freshness.onlooker import Onlooker
from services.reconciler.audit.auditor import Auditor
from services.reconciler.audit.clients import BookDaysClient, UsageProductsClient
from services.reconciler.audit.rereading import Rereading
from services.reconciler.audit.usage_refresh import UsageRefresh
from services.reconciler.audit_service import AuditService
from services.reconciler.doctor.clients import HealthClient, ProbeClient
from services.reconciler.doctor.doctor import Doctor
from services.reconciler.doctor.stopped import Stopped
from services.reconciler.doctor_service import DoctorService
from services.reconciler.ledger_client import LedgerClient
from services.reconciler.polling.clients import AccountBookClient, AccountClient
from services.reconciler.polling.daily_audit import DailyAudit
from services.reconciler.polling.polling import BalancePolling, ChargesPolling
from services.reconciler.progress.all_progress import AllProgress
from services.reconciler.reader import Reader
from services.reconciler.reconciler import Reconciler
from services.reconciler.repeating import Ticker
from services.reconciler.telnyx_client import TelnyxClient
from services.reconciler.witnesses.clients import AnalysisClient, SessionClient
from services.reconciler.witnesses.witnessing import Witnessing


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The channels to the ledger and to telnyx-gateway. `told` learns what time it is at Telnyx."""

    ledger: grpc.aio.Channel
    telnyx: grpc.aio.Channel
    told: Callable[[datetime], None] | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """The two services, and the work that goes on by itself beside the sweeps."""

    audits: AuditService
    doctors: DoctorService
    tickers: Sequence[Ticker]


def compose_proof(
    to: Neighbours,
    reconciler: Reconciler,
    reader: Reader,
    progress: AllProgress,
    horizon: timedelta,
    clock: Clock,
) -> Proof:
    """Connect the parts. `reader` is one of the reconciler's; `horizon` is the settle horizon."""
    leadership, usage = reconciler.leadership, reconciler.usage
    ledger, telnyx, days = LedgerClient(to.ledger), TelnyxClient(to.telnyx), BookDaysClient(to.ledger)
    auditor = Auditor(
        days,
        ledger,
        UsageRefresh(usage, UsageProductsClient(to.telnyx)),
        usage.asked_at,
        Rereading(reader, clock),
        horizon,
        clock,
    )
    doctor = Doctor(
        health=HealthClient(to.ledger),
        probe=ProbeClient(to.telnyx),
        days=days,
        telnyx=telnyx,
        reader=reader,
        stopped=Stopped(Onlooker({"ledger": to.ledger, "telnyx-gateway": to.telnyx}).look, progress, clock),
        horizon=horizon,
        clock=clock,
    )
    account_book, account = AccountBookClient(to.ledger), AccountClient(to.telnyx, to.told)
    balance = BalancePolling(leadership, account_book, account)
    charges = ChargesPolling(leadership, account_book, account, clock)
    audit = DailyAudit(leadership, auditor.audit, horizon, clock)
    return Proof(
        audits=AuditService(auditor, Witnessing(SessionClient(to.ledger), AnalysisClient(to.telnyx))),
        doctors=DoctorService(doctor),
        tickers=(
            Ticker("reading the balance", balance.tick, clock),
            Ticker("reading account charges", charges.tick, clock),
            Ticker("auditing", audit.tick, clock),
        ),
    )
