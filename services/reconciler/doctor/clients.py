"""The ledger and telnyx-gateway over gRPC, behind the doctor's ports."""

from datetime import datetime
from typing import Final

import grpc

from services.common.rpc_errors import answer_of
from services.common.wire import from_money, from_timestamp, optional_time, to_timestamp
from services.reconciler.codec import decode_sweep
from services.reconciler.doctor.observations import (
    Application,
    BalanceOutlook,
    BookHealth,
    Probe,
    Quota,
    UnreadableFacts,
)
from tollbook.ledger.v1 import balance_pb2, balance_pb2_grpc, proof_pb2, proof_pb2_grpc
from tollbook.telnyx.v1 import (
    account_pb2,
    account_pb2_grpc,
    telnyx_gateway_pb2,
    telnyx_gateway_pb2_grpc,
)

_PATIENT_TIMEOUT_S: Final = 20.0
_FEWEST_POINTS: Final = 2


class HealthClient:
    """The ledger's word on itself; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._proof = proof_pb2_grpc.ProofServiceStub(channel)
        self._balance = balance_pb2_grpc.BalanceServiceStub(channel)

    async def health(self) -> BookHealth:
        request = proof_pb2.GetBookHealthRequest()
        return decode_health(await answer_of(self._proof.GetBookHealth(request, timeout=_PATIENT_TIMEOUT_S)))

    async def balance_outlook(self, from_at: datetime, to_at: datetime) -> BalanceOutlook | None:
        request = balance_pb2.ListBalancesRequest(
            from_time=to_timestamp(from_at), to_time=to_timestamp(to_at), max_points=_FEWEST_POINTS
        )
        answer = await answer_of(self._balance.ListBalances(request, timeout=_PATIENT_TIMEOUT_S))
        if not answer.snapshots:
            return None
        latest = answer.snapshots[-1]
        has_time_left = answer.burn_rate.HasField("time_left")
        return BalanceOutlook(
            available=from_money(latest.available_credit),
            read_at=from_timestamp(latest.read_time),
            time_left=answer.burn_rate.time_left.ToTimedelta() if has_time_left else None,
        )


class ProbeClient:
    """telnyx-gateway's word on the account; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._telnyx = telnyx_gateway_pb2_grpc.TelnyxGatewayServiceStub(channel)
        self._account = account_pb2_grpc.AccountServiceStub(channel)

    async def probe(self) -> Probe:
        request = account_pb2.ProbeAccountRequest()
        answer = await answer_of(self._account.ProbeAccount(request, timeout=_PATIENT_TIMEOUT_S))
        skew = answer.clock_skew.ToTimedelta() if answer.HasField("clock_skew") else None
        return Probe(answer.key_works, answer.message, skew)

    async def public_keys(self) -> tuple[str, ...]:
        request = telnyx_gateway_pb2.GetPublicKeysRequest()
        return tuple(
            (await answer_of(self._telnyx.GetPublicKeys(request, timeout=_PATIENT_TIMEOUT_S))).public_keys
        )

    async def applications(self) -> tuple[Application, ...]:
        request = account_pb2.ListApplicationsRequest()
        answer = await answer_of(self._account.ListApplications(request, timeout=_PATIENT_TIMEOUT_S))
        return tuple(
            Application(each.name, each.call_cost_in_webhooks, each.is_active) for each in answer.applications
        )

    async def quota(self) -> Quota:
        answer = await answer_of(self._telnyx.GetQuota(telnyx_gateway_pb2.GetQuotaRequest()))
        return Quota(answer.limit, answer.remaining, from_timestamp(answer.reset_time), answer.used_by_others)


def decode_health(message: proof_pb2.GetBookHealthResponse) -> BookHealth:
    """What the ledger says of its book."""
    return BookHealth(
        last_event_at=optional_time(message, "last_event_time"),
        event_count=message.event_count,
        quarantined_count=message.quarantined_count,
        unreadable=tuple(
            UnreadableFacts(facts.kind, facts.reason, facts.count, facts.example_id)
            for facts in message.unreadable
        ),
        unproven_sweeps=tuple(map(decode_sweep, message.unproven_sweeps)),
        latest_sweeps=tuple(map(decode_sweep, message.latest_sweeps)),
        unsettled_count=message.unsettled_count,
        oldest_unsettled_at=optional_time(message, "oldest_unsettled_time"),
        future_count=message.future_count,
    )
