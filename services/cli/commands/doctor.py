"""`tollbook doctor`: is everything as it should be, and if not, what is to be done."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Final

import grpc

from services.cli.output import Cell, Column, Tone
from services.cli.session import EXIT_FOUND, JsonOption, Session, run_command
from services.common.channel import open_channel
from services.common.errors import Unavailable
from services.common.freshness.observed import Part
from services.common.freshness.onlooker import Onlooker
from services.common.freshness.rule import symptoms_at_first_sight
from services.common.times import EPOCH
from tollbook.reconciler.v1 import doctor_pb2, doctor_pb2_grpc

_TIMEOUT_S = 300.0

_WORDS: dict[int, tuple[str, Tone]] = {
    doctor_pb2.CHECK_STATUS_OK: ("ok", "good"),
    doctor_pb2.CHECK_STATUS_WARNING: ("warn", "odd"),
    doctor_pb2.CHECK_STATUS_FAILURE: ("fail", "bad"),
    doctor_pb2.CHECK_STATUS_UNKNOWN: ("unknown", "odd"),
}
_COLUMNS = (Column("check"), Column("status"), Column("finding"), Column("what to do"))
_FRESHNESS: Final = "Freshness"
"""The check that can be made also where the reconciler, who makes all of them, does not answer."""


def doctor(as_json: JsonOption = False) -> None:
    """Examine the whole system from within. Exit code 1 if a check fails."""
    run_command(examine, as_json=as_json)


async def examine(session: Session) -> int:
    """Ask for the examination and show it; gives the exit code. Raises TollbookError."""
    try:
        async with session.reach("reconciler") as channel:
            stub = doctor_pb2_grpc.DoctorServiceStub(channel)
            answer = await stub.Diagnose(doctor_pb2.DiagnoseRequest(), timeout=_TIMEOUT_S)
        checks: Iterable[doctor_pb2.Check] = answer.checks
    except Unavailable as error:
        checks = await _see_from_outside(session)
        session.output.remark(f"{error}. What can be seen without it:", "bad")
    return _show(session, list(checks))


async def _see_from_outside(session: Session) -> list[doctor_pb2.Check]:
    """What has stopped, by what those parts say that answer."""
    targets: dict[Part, str] = {
        "ledger": session.targets.ledger,
        "telnyx-gateway": session.targets.telnyx_gateway,
        "reconciler": session.targets.reconciler,
    }
    async with AsyncExitStack() as stack:
        channels: dict[Part, grpc.aio.Channel] = {
            part: await stack.enter_async_context(open_channel(target)) for part, target in targets.items()
        }
        seen = await Onlooker(channels).look()
    return [
        doctor_pb2.Check(
            name=_FRESHNESS,
            status=doctor_pb2.CHECK_STATUS_FAILURE,
            finding=symptom.finding,
            advice=symptom.advice,
        )
        for symptom in symptoms_at_first_sight(seen, session.clock.now(), watched_since=EPOCH)
    ]


def _show(session: Session, checks: list[doctor_pb2.Check]) -> int:
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
                    for check in checks
                ]
            }
        )
    else:
        session.output.table(_COLUMNS, [_row(check) for check in checks])
    failed = any(check.status == doctor_pb2.CHECK_STATUS_FAILURE for check in checks)
    return EXIT_FOUND if failed else 0


def _row(check: doctor_pb2.Check) -> tuple[Cell, ...]:
    word, tone = _WORDS.get(check.status, ("unknown", "odd"))
    return (Cell(check.name), Cell(word, tone), Cell(check.finding), Cell(check.advice))
