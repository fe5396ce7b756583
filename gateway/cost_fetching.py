"""Asking the reconciler to fetch the cost of one call now, for whoever pressed the button or sent the request."""

import grpc
import structlog

from gateway.problems import Problem
from tollbook.reconciler.v1.reconciler_pb2 import FetchCallCostRequest, FetchCallCostResponse
from tollbook.reconciler.v1.reconciler_pb2_grpc import ReconcilerServiceStub

# Longer than any wait for the next quota minute.
_TIMEOUT_S = 90.0
_MAX_ID_LENGTH = 255
_log = structlog.get_logger()


def read_call_id(value: object) -> str:
    """The id out of `callControlId`. Raises Problem (400)."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Problem(400, "Missing callControlId", "callControlId")
    if not isinstance(value, str) or len(value) > _MAX_ID_LENGTH or not value.isprintable():
        raise Problem(
            400,
            f"callControlId must be a printable text of at most {_MAX_ID_LENGTH} characters",
            "callControlId",
        )
    return value.strip()


async def fetch_cost(reconciler: ReconcilerServiceStub, call_id: str) -> FetchCallCostResponse:
    """What came of it. Raises grpc's AioRpcError."""
    request = FetchCallCostRequest(call_id=call_id)
    try:
        result = await reconciler.FetchCallCost(request, timeout=_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        _log_fetch(call_id, f"failed: {error.details()}")
        raise
    _log_fetch(result.call_id or call_id, "exact" if result.settled else f"not yet: {result.message}")
    return result


def _log_fetch(call_id: str, outcome: str) -> None:
    _log.info("call_cost.fetched", message=f"[FETCH CALL COST] {outcome}", call_id=call_id)
