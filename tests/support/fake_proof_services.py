"""Fakes of the services that prove the book: the balance over time, and the audit."""

from dataclasses import dataclass, field

from services.common.errors import NotFound
from tests.support.fake import Context, Fake
from tollbook.ledger.v1 import balance_pb2, balance_pb2_grpc
from tollbook.reconciler.v1 import audit_pb2, audit_pb2_grpc


@dataclass
class FakeBalances(Fake, balance_pb2_grpc.BalanceServiceServicer):
    """Tells one history, one trend and one statement, whatever the period."""

    history: balance_pb2.ListBalancesResponse = field(default_factory=balance_pb2.ListBalancesResponse)
    trend: balance_pb2.GetBalanceTrendResponse = field(default_factory=balance_pb2.GetBalanceTrendResponse)
    statement: balance_pb2.GetStatementResponse = field(default_factory=balance_pb2.GetStatementResponse)

    async def ListBalances(
        self, request: balance_pb2.ListBalancesRequest, context: Context
    ) -> balance_pb2.ListBalancesResponse:
        self.took("ListBalances", request)
        return self.history

    async def GetBalanceTrend(
        self, request: balance_pb2.GetBalanceTrendRequest, context: Context
    ) -> balance_pb2.GetBalanceTrendResponse:
        self.took("GetBalanceTrend", request)
        return self.trend

    async def GetStatement(
        self, request: balance_pb2.GetStatementRequest, context: Context
    ) -> balance_pb2.GetStatementResponse:
        self.took("GetStatement", request)
        return self.statement


@dataclass
class FakeAudits(Fake, audit_pb2_grpc.AuditServiceServicer):
    """Tells one audit; knows the witnesses of some sessions."""

    audit: audit_pb2.AuditResponse = field(default_factory=audit_pb2.AuditResponse)
    witnesses: dict[str, audit_pb2.CompareWitnessesResponse] = field(default_factory=dict)
    time_limits_s: list[float] = field(default_factory=list)
    """For each audit, how long its caller was going to wait."""

    async def Audit(self, request: audit_pb2.AuditRequest, context: Context) -> audit_pb2.AuditResponse:
        self.took("Audit", request)
        self.time_limits_s.append(context.time_remaining())
        return self.audit

    async def CompareWitnesses(
        self, request: audit_pb2.CompareWitnessesRequest, context: Context
    ) -> audit_pb2.CompareWitnessesResponse:
        self.took("CompareWitnesses", request)
        if request.session_id not in self.witnesses:
            raise NotFound("no session is known under this id")
        return self.witnesses[request.session_id]
