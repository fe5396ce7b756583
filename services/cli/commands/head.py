"""`tollbook head`: the head of the sealed chain, to be kept elsewhere."""

from services.cli.session import JsonOption, Session, run_command
from services.common.times import format_rfc3339
from services.common.wire import optional_time
from tollbook.ledger.v1 import proof_pb2, proof_pb2_grpc


def head(as_json: JsonOption = False) -> None:
    """Print the head of the chain of sealed journal entries, for `tollbook verify --expect-head`."""
    run_command(show_head, as_json=as_json)


async def show_head(session: Session) -> int:
    """Ask for the head and show it; gives the exit code. Raises TollbookError."""
    async with session.reach("ledger") as channel:
        answer = await proof_pb2_grpc.ProofServiceStub(channel).GetHead(proof_pb2.GetHeadRequest())
    sealed_at = optional_time(answer, "sealed_time")
    if session.output.as_json:
        session.output.json(
            {
                "head": answer.head or None,
                "entryCount": answer.entry_count,
                "sealedAt": sealed_at,
                "unsealedCount": answer.unsealed_count,
            }
        )
        return 0
    if not answer.head:
        session.output.remark(f"nothing is sealed yet; {answer.unsealed_count} entries wait")
        return 0
    # The head alone on standard output, so that it can be taken into a variable.
    session.output.line(answer.head)
    when = f" at {format_rfc3339(sealed_at)}" if sealed_at is not None else ""
    session.output.remark(f"{answer.entry_count} entries sealed{when}, {answer.unsealed_count} wait")
    return 0
