"""`tollbook doctor`: is everything as it should be, and if not, what is to be done."""

from services.cli.output import Cell, Column, Tone
from services.cli.session import EXIT_FOUND, JsonOption, Session, run_command
from tollbook.reconciler.v1 import doctor_pb2, doctor_pb2_grpc

_TIMEOUT_S = 300.0

_WORDS: dict[int, tuple[str, Tone]] = {
    doctor_pb2.CHECK_STATUS_OK: ("ok", "good"),
    doctor_pb2.CHECK_STATUS_WARNING: ("warn", "odd"),
    doctor_pb2.CHECK_STATUS_FAILURE: ("fail", "bad"),
    doctor_pb2.CHECK_STATUS_UNKNOWN: ("unknown", "odd"),
}
_COLUMNS = (Column("check"), Column("status"), Column("finding"), Column("what to do"))


def doctor(as_json: JsonOption = False) -> None:
    """Examine the whole system from within. Exit code 1 if a check fails."""
    run_command(examine, as_json=as_json)


async def examine(session: Session) -> int:
    """Ask for the examination and show it; gives the exit code. Raises TollbookError."""
    async with session.reach("reconciler") as channel:
        stub = doctor_pb2_grpc.DoctorServiceStub(channel)
        answer = await stub.Diagnose(doctor_pb2.DiagnoseRequest(), timeout=_TIMEOUT_S)
    if session.output.as_json:
        session.output.json(
            {
                "checks": [
                    {
                        "name": check.name,
                        "status": _WORDS.get(check.status, ("unknown", "odd"))[0],
                        "finding": check.finding,
                        "advice": check.advice or None,
                    }
                    for check in answer.checks
                ]
            }
        )
    else:
        session.output.table(_COLUMNS, [_row(check) for check in answer.checks])
    failed = any(check.status == doctor_pb2.CHECK_STATUS_FAILURE for check in answer.checks)
    return EXIT_FOUND if failed else 0


def _row(check: doctor_pb2.Check) -> tuple[Cell, ...]:
    word, tone = _WORDS.get(check.status, ("unknown", "odd"))
    return (Cell(check.name), Cell(word, tone), Cell(check.finding), Cell(check.advice))
