"""`tollbook verify`: recompute the book from its facts and its journal, and check the sealed chain."""

from typing import Annotated, Any

import typer

from services.cli.session import EXIT_FOUND, JsonOption, Session, run_command
from services.common.errors import Unavailable
from tollbook.ledger.v1 import proof_pb2, proof_pb2_grpc

_TIMEOUT_S = 24 * 3_600.0
_MAX_FINDINGS = 1_000

ExpectHeadOption = Annotated[
    str, typer.Option("--expect-head", help="A head that was kept elsewhere: the chain must contain it")
]


def verify(expect_head: ExpectHeadOption = "", as_json: JsonOption = False) -> None:
    """Recompute every charge, sum and hash, and tell what differs.

    Prints the head of the chain: keep it elsewhere, and give it to --expect-head the next time. Exit code 0: all is
    as it follows from the facts. 1: something is not. 2: it could not be verified.
    """

    async def carry_out(session: Session) -> int:
        return await verify_book(session, expect_head.strip())

    run_command(carry_out, as_json=as_json)


async def verify_book(session: Session, expected_head: str) -> int:
    """Follow the verification and show what it finds; gives the exit code. Raises TollbookError."""
    request = proof_pb2.VerifyBookRequest(expected_head=expected_head)
    findings: list[proof_pb2.VerifyFinding] = []
    result: proof_pb2.VerifyResult | None = None
    async with session.reach("ledger") as channel:
        stub = proof_pb2_grpc.ProofServiceStub(channel)
        with session.output.following("verifying") as follower:
            async for answer in stub.VerifyBook(request, timeout=_TIMEOUT_S):
                if answer.HasField("progress"):
                    progress = answer.progress
                    follower.update(progress.done_count, progress.total_count, progress.stage)
                elif answer.HasField("finding") and len(findings) < _MAX_FINDINGS:
                    findings.append(answer.finding)
                elif answer.HasField("result"):
                    result = answer.result
    if result is None:
        raise Unavailable("the verification ended before its result")
    _show(session, findings, result)
    return EXIT_FOUND if result.finding_count or findings else 0


def _show(session: Session, findings: list[proof_pb2.VerifyFinding], result: proof_pb2.VerifyResult) -> None:
    output = session.output
    if output.as_json:
        output.json(_json(findings, result))
        return
    for finding in findings:
        output.line(f"{finding.stage}: {finding.subject}: {finding.message}", "bad")
    counted = (
        f"{result.fact_count} facts, {result.charge_count} charges, {result.entry_count} entries, "
        f"{result.block_count} blocks"
    )
    if result.finding_count:
        output.line(f"{result.finding_count} findings in {counted}", "bad")
    else:
        output.line(f"the book is sound: {counted}", "good")
    output.line(f"head {result.head or '(nothing is sealed yet)'}")


def _json(findings: list[proof_pb2.VerifyFinding], result: proof_pb2.VerifyResult) -> dict[str, Any]:
    return {
        "factCount": result.fact_count,
        "chargeCount": result.charge_count,
        "entryCount": result.entry_count,
        "blockCount": result.block_count,
        "head": result.head or None,
        "findingCount": result.finding_count,
        "findings": [
            {"stage": finding.stage, "subject": finding.subject, "message": finding.message}
            for finding in findings
        ],
    }
