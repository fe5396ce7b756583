"""`tollbook statement`: why the balance moved."""

from typing import Any

from services.cli.amounts import number, signed, text
from services.cli.output import Cell, Column, Output
from services.cli.session import FromOption, JsonOption, Session, ToOption, run_command
from services.cli.spans import TimeSpan, time_span
from services.common.times import format_rfc3339
from services.common.wire import from_timestamp, to_timestamp
from tollbook.ledger.v1 import balance_pb2, balance_pb2_grpc

_TIMEOUT_S = 120.0

_WORDS: dict[int, str] = {
    balance_pb2.STATEMENT_LINE_KIND_TOP_UP: "top-up",
    balance_pb2.STATEMENT_LINE_KIND_USAGE: "usage",
    balance_pb2.STATEMENT_LINE_KIND_MONTHLY: "monthly charges",
    balance_pb2.STATEMENT_LINE_KIND_ONE_TIME: "one-time charges",
    balance_pb2.STATEMENT_LINE_KIND_CREDITS: "credits",
    balance_pb2.STATEMENT_LINE_KIND_ADJUSTMENTS: "adjustments",
    balance_pb2.STATEMENT_LINE_KIND_TAXES_AND_FEES: "taxes and fees",
    balance_pb2.STATEMENT_LINE_KIND_UNEXPLAINED: "unexplained",
}
_COLUMNS = (Column("line"), Column("amount", is_number=True), Column("at"), Column(""))


def statement(from_text: FromOption = None, to_text: ToOption = None, as_json: JsonOption = False) -> None:
    """Show how the balance went from the beginning of a period to its end, and what nothing accounts for."""

    async def carry_out(session: Session) -> int:
        return await show_statement(session, time_span(from_text, to_text, session.clock.now()))

    run_command(carry_out, as_json=as_json)


async def show_statement(session: Session, span: TimeSpan) -> int:
    """Ask for the statement and show it; gives the exit code. Raises TollbookError."""
    request = balance_pb2.GetStatementRequest(
        from_time=to_timestamp(span.from_at), to_time=to_timestamp(span.to_at)
    )
    async with session.reach("ledger") as channel:
        stub = balance_pb2_grpc.BalanceServiceStub(channel)
        answer = await stub.GetStatement(request, timeout=_TIMEOUT_S)
    if session.output.as_json:
        session.output.json(_json(span, answer))
    else:
        _show(session.output, answer)
    return 0


def _show(output: Output, answer: balance_pb2.GetStatementResponse) -> None:
    if answer.HasField("opening"):
        rows = [_snapshot_row("opening", answer.opening), *(_row(line) for line in answer.lines)]
        output.table(_COLUMNS, [*rows, _snapshot_row("closing", answer.closing)])
    else:
        output.line("no balance is known in this period")
    for note in answer.notes:
        output.line(note, "odd")


def _snapshot_row(name: str, snapshot: balance_pb2.BalanceSnapshot) -> tuple[Cell, ...]:
    at = format_rfc3339(from_timestamp(snapshot.read_time))
    return (Cell(name), Cell(text(snapshot.balance)), Cell(at), Cell(""))


def _row(line: balance_pb2.StatementLine) -> tuple[Cell, ...]:
    word = _WORDS.get(line.kind, "unexplained")
    is_odd = line.kind == balance_pb2.STATEMENT_LINE_KIND_UNEXPLAINED and (
        line.amount.units or line.amount.nanos
    )
    return (
        Cell(f"{word}: {line.record_type}" if line.record_type else word, "odd" if is_odd else ""),
        Cell(signed(line.amount)),
        Cell(format_rfc3339(from_timestamp(line.time)) if line.HasField("time") else ""),
        Cell("inferred" if line.is_inferred else "", "quiet"),
    )


def _json(span: TimeSpan, answer: balance_pb2.GetStatementResponse) -> dict[str, Any]:
    return {
        "from": span.from_at,
        "to": span.to_at,
        "opening": _snapshot_json(answer.opening) if answer.HasField("opening") else None,
        "lines": [
            {
                "kind": _WORDS.get(line.kind, "unexplained").replace("-", "_").replace(" ", "_"),
                "amount": number(line.amount),
                "currency": line.amount.currency_code,
                "recordType": line.record_type or None,
                "time": from_timestamp(line.time) if line.HasField("time") else None,
                "inferred": line.is_inferred,
            }
            for line in answer.lines
        ],
        "closing": _snapshot_json(answer.closing) if answer.HasField("closing") else None,
        "notes": list(answer.notes),
    }


def _snapshot_json(snapshot: balance_pb2.BalanceSnapshot) -> dict[str, Any]:
    return {
        "balance": number(snapshot.balance),
        "currency": snapshot.balance.currency_code,
        "readAt": from_timestamp(snapshot.read_time),
    }
