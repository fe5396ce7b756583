"""`tollbook audit`: the book against Telnyx's own totals, day by day."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from services.cli.amounts import number, signed, text
from services.cli.output import Cell, Column, Output, Tone
from services.cli.session import (
    EXIT_ERROR,
    EXIT_FOUND,
    FromOption,
    JsonOption,
    Session,
    ToOption,
    run_command,
)
from services.cli.spans import DaySpan, day_span
from services.common.wire import from_date, to_date
from tollbook.reconciler.v1 import audit_pb2, audit_pb2_grpc

_TIMEOUT_S = 1_800.0
"""usage_reports are asked for every product; Telnyx makes us wait where the quota says so."""

_WORDS: dict[int, tuple[str, Tone]] = {
    audit_pb2.AUDIT_VERDICT_EQUAL: ("equal", "good"),
    audit_pb2.AUDIT_VERDICT_OPEN: ("open", "odd"),
    audit_pb2.AUDIT_VERDICT_DAY_BOUNDARY: ("day boundary", "odd"),
    audit_pb2.AUDIT_VERDICT_DIFFERENT: ("different", "bad"),
    audit_pb2.AUDIT_VERDICT_NOT_READ: ("different: not read", "bad"),
}
_DIFFERENCES = (audit_pb2.AUDIT_VERDICT_DIFFERENT, audit_pb2.AUDIT_VERDICT_NOT_READ)

_COLUMNS = (
    Column("day"),
    Column("product"),
    Column("verdict"),
    Column("book", is_number=True),
    Column("Telnyx", is_number=True),
    Column("difference", is_number=True),
    Column("records", is_number=True),
)


def audit(
    from_text: FromOption = None,
    to_text: ToOption = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask usage_reports again about every day")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Hold the book against usage_reports, per UTC day and product.

    Exit code 0: no difference. 1: a difference. 2: the audit could not be made, or not in full.
    """

    async def carry_out(session: Session) -> int:
        return await make_audit(session, day_span(from_text, to_text, session.clock.now()), refresh=refresh)

    run_command(carry_out, as_json=as_json)


async def make_audit(session: Session, days: DaySpan, *, refresh: bool) -> int:
    """Ask for the audit of these days and show it; gives the exit code. Raises TollbookError."""
    request = audit_pb2.AuditRequest(
        from_day=to_date(days.first), to_day=to_date(days.after), refresh=refresh
    )
    async with session.reach("reconciler") as channel:
        answer = await audit_pb2_grpc.AuditServiceStub(channel).Audit(request, timeout=_TIMEOUT_S)
    if session.output.as_json:
        session.output.json(_json(days, answer))
    else:
        _show(session.output, answer)
    for trouble in answer.troubles:
        session.output.remark(trouble, "odd")
    if any(line.verdict in _DIFFERENCES for line in answer.lines):
        return EXIT_FOUND
    return EXIT_ERROR if answer.troubles else 0


def _show(output: Output, answer: audit_pb2.AuditResponse) -> None:
    output.table(_COLUMNS, [_row(line) for line in answer.lines])
    for line in answer.lines:
        if line.reason:
            output.line(f"{from_date(line.day)} {line.product}: {line.reason}")
            for cause in line.causes:
                amount = f" ({signed(cause.amount)})" if cause.HasField("amount") else ""
                output.line(
                    f"  {cause.record_id or cause.charge_record_id}{amount}: {cause.message}", "quiet"
                )
    for totals in answer.totals:
        output.line(
            f"{totals.currency}: book {text(totals.book_cost)}, Telnyx {text(totals.reported_cost)}, "
            f"difference {text(totals.difference)}; {totals.equal_count} equal, {totals.open_count} open, "
            f"{totals.day_boundary_count} day boundary, {totals.different_count} different, "
            f"{totals.not_read_count} not read"
        )
    if not answer.lines:
        output.line("nothing was billed on these days, and usage_reports show nothing")


def _row(line: audit_pb2.AuditLine) -> Sequence[Cell]:
    word, tone = _WORDS.get(line.verdict, ("unknown", "odd"))
    return (
        Cell(from_date(line.day).isoformat()),
        Cell(line.product),
        Cell(word, tone),
        Cell(text(line.book_cost)),
        Cell(text(line.reported_cost) if line.HasField("reported_cost") else "-"),
        Cell(text(line.difference) if line.HasField("difference") else "-"),
        Cell(str(line.record_count)),
    )


def _json(days: DaySpan, answer: audit_pb2.AuditResponse) -> dict[str, Any]:
    """The same names as `GET /api/billing/audit`."""
    return {
        "from": days.first,
        "to": days.last,
        "lines": [_line_json(line) for line in answer.lines],
        "totals": [
            {
                "currency": totals.currency,
                "bookCost": number(totals.book_cost),
                "reportedCost": number(totals.reported_cost),
                "difference": number(totals.difference),
                "equalCount": totals.equal_count,
                "openCount": totals.open_count,
                "dayBoundaryCount": totals.day_boundary_count,
                "differentCount": totals.different_count,
                "notReadCount": totals.not_read_count,
            }
            for totals in answer.totals
        ],
        "troubles": list(answer.troubles),
    }


def _line_json(line: audit_pb2.AuditLine) -> dict[str, Any]:
    is_reported = line.HasField("reported_cost")
    return {
        "day": from_date(line.day),
        "recordType": line.record_type or None,
        "product": line.product,
        "verdict": _WORDS.get(line.verdict, ("unknown", "odd"))[0],
        "bookCost": number(line.book_cost),
        "reportedCost": number(line.reported_cost) if is_reported else None,
        "difference": number(line.difference) if line.HasField("difference") else None,
        "currency": line.book_cost.currency_code or line.reported_cost.currency_code,
        "recordCount": line.record_count,
        "reason": line.reason or None,
        "causes": [
            {
                "recordId": cause.record_id or None,
                "kind": cause.kind or None,
                "id": cause.charge_record_id or None,
                "amount": number(cause.amount) if cause.HasField("amount") else None,
                "message": cause.message,
            }
            for cause in line.causes
        ],
    }
