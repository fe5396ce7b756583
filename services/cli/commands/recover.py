"""`tollbook recover`: book the webhooks that Telnyx could not deliver, or that a restored book lacks."""

from typing import Annotated

import typer

from services.cli.session import JsonOption, Session, ToOption, run_command
from services.cli.spans import TimeSpan, time_span
from services.common.wire import to_timestamp
from tollbook.reconciler.v1 import backfill_pb2, backfill_pb2_grpc

_TIMEOUT_S = 900.0


def recover(
    from_text: Annotated[
        str, typer.Option("--from", help="First UTC day or moment: 2026-11-20, 2026-11-20T13:30:00Z")
    ],
    to_text: ToOption = None,
    include_delivered: Annotated[
        bool, typer.Option("--delivered", help="Also those that were taken: for a book that was restored")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Book the webhooks of a period that failed to be delivered, from Telnyx's own list. Repeating it is safe."""

    async def carry_out(session: Session) -> int:
        span = time_span(from_text, to_text, session.clock.now())
        return await recover_deliveries(session, span, include_delivered=include_delivered)

    run_command(carry_out, as_json=as_json)


async def recover_deliveries(session: Session, span: TimeSpan, *, include_delivered: bool = False) -> int:
    """Ask for the recovery and show what came of it; gives the exit code. Raises TollbookError."""
    request = backfill_pb2.RecoverDeliveriesRequest(
        from_time=to_timestamp(span.from_at),
        to_time=to_timestamp(span.to_at),
        include_delivered=include_delivered,
    )
    async with session.reach("reconciler") as channel:
        stub = backfill_pb2_grpc.BackfillServiceStub(channel)
        answer = await stub.RecoverDeliveries(request, timeout=_TIMEOUT_S)
    if session.output.as_json:
        session.output.json(
            {
                "deliveryCount": answer.delivery_count,
                "newCount": answer.new_count,
                "unreadableCount": answer.unreadable_count,
            }
        )
        return 0
    told = "deliveries were made or had failed" if include_delivered else "deliveries had failed"
    session.output.line(f"{answer.delivery_count} {told}; {answer.new_count} events were not in the book yet")
    if answer.unreadable_count:
        session.output.line(f"{answer.unreadable_count} could not be read; they are kept", "odd")
    return 0
