"""The export of records as CSV: the ledger makes the lines, the edge names the file and passes them on."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import grpc
import structlog
from starlette.responses import Response, StreamingResponse

from gateway.backends import Backends
from services.common.rpc_errors import from_rpc_error
from services.common.times import utc_day
from services.common.wire import optional_time
from tollbook.ledger.v1.ledger_pb2 import ChargeFilter, ExportChargesRequest, ExportChargesResponse

_MEDIA_TYPE = "text/csv"
_log = structlog.get_logger()


async def export(backends: Backends, asked: ExportChargesRequest, now: datetime) -> Response:
    """All lines, as slowly as the client takes them. Raises AioRpcError if the ledger has none to give."""
    exported = aiter(backends.export_charges(asked))
    # The first lines are there before the answer begins, so that an error can still be told as one.
    first = await anext(exported)
    return StreamingResponse(
        _lines(first, exported), media_type=_MEDIA_TYPE, headers=_headers(asked.filter, now)
    )


def head_of_export(asked: ExportChargesRequest, now: datetime) -> Response:
    """The answer without the lines; nothing is read."""
    return Response(media_type=_MEDIA_TYPE, headers=_headers(asked.filter, now))


def file_name(from_at: datetime | None, to_at: datetime | None, now: datetime) -> str:
    """A name that tells the UTC days of the range, both included; an open range ends today."""
    last = utc_day(to_at - timedelta(microseconds=1)) if to_at else utc_day(now)
    first = f"{utc_day(from_at)}-" if from_at else ""
    return f"tollbook-records-{first}to-{last}.csv"


def _headers(wanted: ChargeFilter, now: datetime) -> dict[str, str]:
    name = file_name(optional_time(wanted, "from_time"), optional_time(wanted, "to_time"), now)
    return {"Content-Disposition": f'attachment; filename="{name}"'}


async def _lines(
    first: ExportChargesResponse, rest: AsyncIterator[ExportChargesResponse]
) -> AsyncIterator[bytes]:
    """An error on the way breaks the connection off: the client sees an answer without an end, not a short one."""
    yield first.lines
    try:
        async for message in rest:
            yield message.lines
    except grpc.aio.AioRpcError as error:
        _log.warning("export.broken_off", reason=from_rpc_error(error).detail)
        raise
