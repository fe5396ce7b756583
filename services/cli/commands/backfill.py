"""`tollbook backfill`: bring history into the book."""

from enum import StrEnum
from typing import Annotated

import typer

from services.cli.pace import Pace
from services.cli.session import EXIT_FOUND, JsonOption, Session, ToOption, run_command
from services.cli.spans import DaySpan, day_span
from services.common.errors import Unavailable
from services.common.wire import from_date, to_date
from tollbook.reconciler.v1 import backfill_pb2, backfill_pb2_grpc

_TIMEOUT_S = 14 * 86_400.0


class Method(StrEnum):
    """How history is read."""

    AUTO = "auto"
    WINDOWS = "windows"
    REPORTS = "reports"


_METHODS = {
    Method.AUTO: backfill_pb2.BACKFILL_METHOD_AUTO,
    Method.WINDOWS: backfill_pb2.BACKFILL_METHOD_WINDOWS,
    Method.REPORTS: backfill_pb2.BACKFILL_METHOD_REPORTS,
}


def backfill(
    from_text: Annotated[str, typer.Option("--from", help="First UTC day: 2026-01-01")],
    to_text: ToOption = None,
    method: Annotated[
        Method, typer.Option(help="auto: the API as far back as it keeps records, batch reports beyond")
    ] = Method.AUTO,
    as_json: JsonOption = False,
) -> None:
    """Book the detail records of past days, newest first.

    It can be interrupted at any moment and started again: what is done stays done. Exit code 0: everything is booked.
    1: some days could not be booked, and are told.
    """

    async def carry_out(session: Session) -> int:
        return await fill(session, day_span(from_text, to_text, session.clock.now()), method)

    run_command(carry_out, as_json=as_json)


async def fill(session: Session, days: DaySpan, method: Method) -> int:
    """Follow the backfill to its end; gives the exit code. Raises TollbookError."""
    request = backfill_pb2.BackfillRequest(
        from_day=to_date(days.first), to_day=to_date(days.after), method=_METHODS[method]
    )
    last: backfill_pb2.BackfillResponse | None = None
    troubles: list[str] = []
    pace = Pace(session.clock.monotonic_s())
    async with session.reach("reconciler") as channel:
        stub = backfill_pb2_grpc.BackfillServiceStub(channel)
        with session.output.following("backfill") as follower:
            async for last in stub.Backfill(request, timeout=_TIMEOUT_S):
                for trouble in last.troubles:
                    session.output.remark(trouble, "odd")
                troubles += last.troubles
                note = _note(last, pace, session.clock.monotonic_s())
                follower.update(last.done_units, last.total_units, note)
    if last is None:
        raise Unavailable("the backfill ended before it began")
    _show(session, last, troubles)
    return EXIT_FOUND if troubles else 0


def _note(answer: backfill_pb2.BackfillResponse, pace: Pace, now_s: float) -> str:
    worked = answer.done_units - answer.skipped_units
    told = pace.told(worked, answer.total_units - answer.done_units, now_s)
    current = f", {answer.current} {from_date(answer.current_day)}" if answer.HasField("current_day") else ""
    return (
        f"{answer.done_units} of {answer.total_units} days of a type, {answer.record_count} records, "
        f"{answer.request_count} requests{told}{current}"
    )


def _show(session: Session, last: backfill_pb2.BackfillResponse, troubles: list[str]) -> None:
    if session.output.as_json:
        session.output.json(
            {
                "totalUnits": last.total_units,
                "doneUnits": last.done_units,
                "skippedUnits": last.skipped_units,
                "recordCount": last.record_count,
                "requestCount": last.request_count,
                "troubles": troubles,
            }
        )
        return
    session.output.line(
        f"{last.done_units - last.skipped_units} days of a type were read, {last.skipped_units} were in the book "
        f"or could not be booked; {last.record_count} records in {last.request_count} requests"
    )
