"""AuditService: protobuf in and out, nothing else."""

from datetime import date, timedelta
from typing import Any, Final

import grpc
from google.type import date_pb2

from services.common.errors import InvalidInput
from services.reconciler.audit.auditor import MAX_DAYS, Auditor, AuditOrder
from services.reconciler.audit_codec import encode_audit, encode_comparison
from services.reconciler.codec import decode_day
from services.reconciler.witnesses.witnessing import Witnessing
from tollbook.reconciler.v1 import audit_pb2, audit_pb2_grpc

_LONGEST_AUDIT_S: Final = 300.0
_SPARE_S: Final = 3.0
"""Left of the caller's deadline for the book and for the answer itself."""

_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(2999, 12, 31)
_LEAST_S: Final = 1.0
_MAX_ID_LENGTH: Final = 255

_Context = grpc.aio.ServicerContext[Any, Any]


class AuditService(audit_pb2_grpc.AuditServiceServicer):
    """The book against what Telnyx itself adds up."""

    def __init__(self, auditor: Auditor, witnessing: Witnessing) -> None:
        self._auditor = auditor
        self._witnessing = witnessing

    async def Audit(self, request: audit_pb2.AuditRequest, context: _Context) -> audit_pb2.AuditResponse:
        """As much as the caller's time allows is asked of Telnyx; what is left is told as a trouble."""
        from_day, to_day = _day(request.from_day, "from_day"), _day(request.to_day, "to_day")
        if not timedelta(0) < to_day - from_day <= timedelta(days=MAX_DAYS):
            raise InvalidInput(f"an audit is of 1 to {MAX_DAYS} days", field="to_day")
        order = AuditOrder(from_day, to_day, again=request.refresh)
        return encode_audit(await self._auditor.audit(order, _budget_s(context)))

    async def CompareWitnesses(
        self, request: audit_pb2.CompareWitnessesRequest, context: _Context
    ) -> audit_pb2.CompareWitnessesResponse:
        del context
        session_id = request.session_id
        if not 0 < len(session_id) <= _MAX_ID_LENGTH or not session_id.isprintable():
            raise InvalidInput(
                f"session_id must have 1 to {_MAX_ID_LENGTH} printable characters", field="session_id"
            )
        compared = await self._witnessing.compare(session_id, ask_telnyx=request.ask_telnyx)
        return encode_comparison(compared)


def _day(message: date_pb2.Date, field: str) -> date:
    try:
        day = decode_day(message)
    except ValueError as error:
        raise InvalidInput(f"{field} is not a day", field=field) from error
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise InvalidInput(f"{field} must lie between {_FIRST_DAY} and {_LAST_DAY}", field=field)
    return day


def _budget_s(context: _Context) -> float:
    remaining_s = context.time_remaining()
    return (
        _LONGEST_AUDIT_S
        if remaining_s is None
        else max(_LEAST_S, min(_LONGEST_AUDIT_S, remaining_s - _SPARE_S))
    )
