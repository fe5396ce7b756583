"""Services that answer the commands over real gRPC with what a test put into them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc

from services.cli.targets import Targets
from services.common.addresses import Address
from services.common.server import Endpoint, open_server
from tests.support.fake import Context, Fake
from tests.support.fake_proof_services import FakeAudits, FakeBalances
from tollbook.ledger.v1 import balance_pb2_grpc, proof_pb2, proof_pb2_grpc
from tollbook.reconciler.v1 import (
    audit_pb2_grpc,
    backfill_pb2,
    backfill_pb2_grpc,
    doctor_pb2,
    doctor_pb2_grpc,
)


@dataclass
class FakeProofs(Fake, proof_pb2_grpc.ProofServiceServicer):
    """Streams what it was given."""

    verification: list[proof_pb2.VerifyBookResponse] = field(default_factory=list)
    head: proof_pb2.GetHeadResponse = field(default_factory=proof_pb2.GetHeadResponse)
    replay: list[proof_pb2.ReplayEventsResponse] = field(default_factory=list)

    async def VerifyBook(
        self, request: proof_pb2.VerifyBookRequest, context: Context
    ) -> AsyncIterator[proof_pb2.VerifyBookResponse]:
        self.took("VerifyBook", request)
        for answer in self.verification:
            yield answer

    async def GetHead(self, request: proof_pb2.GetHeadRequest, context: Context) -> proof_pb2.GetHeadResponse:
        self.took("GetHead", request)
        return self.head

    async def ReplayEvents(
        self, request: proof_pb2.ReplayEventsRequest, context: Context
    ) -> AsyncIterator[proof_pb2.ReplayEventsResponse]:
        self.took("ReplayEvents", request)
        for answer in self.replay:
            yield answer


@dataclass
class FakeHistory(Fake, backfill_pb2_grpc.BackfillServiceServicer):
    """Streams what it was given."""

    backfill: list[backfill_pb2.BackfillResponse] = field(default_factory=list)
    recovered: backfill_pb2.RecoverDeliveriesResponse = field(
        default_factory=backfill_pb2.RecoverDeliveriesResponse
    )

    async def Backfill(
        self, request: backfill_pb2.BackfillRequest, context: Context
    ) -> AsyncIterator[backfill_pb2.BackfillResponse]:
        self.took("Backfill", request)
        for answer in self.backfill:
            yield answer

    async def RecoverDeliveries(
        self, request: backfill_pb2.RecoverDeliveriesRequest, context: Context
    ) -> backfill_pb2.RecoverDeliveriesResponse:
        self.took("RecoverDeliveries", request)
        return self.recovered


@dataclass
class FakeDoctor(Fake, doctor_pb2_grpc.DoctorServiceServicer):
    """Gives one diagnosis."""

    diagnosis: doctor_pb2.DiagnoseResponse = field(default_factory=doctor_pb2.DiagnoseResponse)

    async def Diagnose(
        self, request: doctor_pb2.DiagnoseRequest, context: Context
    ) -> doctor_pb2.DiagnoseResponse:
        self.took("Diagnose", request)
        return self.diagnosis


@dataclass
class FakeTollbook:
    """A ledger and a reconciler on one server."""

    proofs: FakeProofs = field(default_factory=FakeProofs)
    balances: FakeBalances = field(default_factory=FakeBalances)
    audits: FakeAudits = field(default_factory=FakeAudits)
    history: FakeHistory = field(default_factory=FakeHistory)
    doctor: FakeDoctor = field(default_factory=FakeDoctor)
    targets: Targets = field(init=False)

    def add_to(self, server: grpc.aio.Server) -> None:
        """Register all of them."""
        proof_pb2_grpc.add_ProofServiceServicer_to_server(self.proofs, server)
        balance_pb2_grpc.add_BalanceServiceServicer_to_server(self.balances, server)
        audit_pb2_grpc.add_AuditServiceServicer_to_server(self.audits, server)
        backfill_pb2_grpc.add_BackfillServiceServicer_to_server(self.history, server)
        doctor_pb2_grpc.add_DoctorServiceServicer_to_server(self.doctor, server)


@asynccontextmanager
async def running_fakes() -> AsyncIterator[FakeTollbook]:
    """Serve them on a loopback port of their own."""
    fakes = FakeTollbook()
    endpoint = Endpoint(
        listen=Address("127.0.0.1", 0),
        listen_variable="TEST_LISTEN",
        service_names=(),
        add_servicers=fakes.add_to,
    )
    async with open_server(endpoint) as address:
        fakes.targets = Targets(str(address), str(address), str(address))
        yield fakes
