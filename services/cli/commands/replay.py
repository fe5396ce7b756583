"""`tollbook replay`: run the kept webhook events again, to see that they change nothing."""

from services.cli.session import EXIT_FOUND, FromOption, JsonOption, Session, ToOption, run_command
from services.cli.spans import TimeSpan, time_span
from services.common.wire import to_timestamp
from tollbook.ledger.v1 import proof_pb2, proof_pb2_grpc

_TIMEOUT_S = 24 * 3_600.0


def replay(from_text: FromOption = None, to_text: ToOption = None, as_json: JsonOption = False) -> None:
    """Run the webhooks that were received in a period again; without a period all of them.

    Exit code 0: they changed nothing. 1: they did, which in a sound book they cannot.
    """

    async def carry_out(session: Session) -> int:
        is_all = from_text is None and to_text is None
        span = None if is_all else time_span(from_text, to_text, session.clock.now())
        return await replay_events(session, span)

    run_command(carry_out, as_json=as_json)


async def replay_events(session: Session, span: TimeSpan | None) -> int:
    """Follow the replay and show what came of it; gives the exit code. Raises TollbookError."""
    request = proof_pb2.ReplayEventsRequest(
        from_time=to_timestamp(span.from_at) if span else None,
        to_time=to_timestamp(span.to_at) if span else None,
    )
    last = proof_pb2.ReplayEventsResponse()
    async with session.reach("ledger") as channel:
        stub = proof_pb2_grpc.ProofServiceStub(channel)
        with session.output.following("replaying") as follower:
            async for last in stub.ReplayEvents(request, timeout=_TIMEOUT_S):
                follower.update(last.done_count, last.total_count, f"{last.done_count} events")
    has_changed = bool(last.new_count or last.entry_count)
    if session.output.as_json:
        session.output.json(
            {"eventCount": last.done_count, "newCount": last.new_count, "entryCount": last.entry_count}
        )
    elif has_changed:
        session.output.line(
            f"{last.done_count} events were run again; {last.new_count} were not known, and they made "
            f"{last.entry_count} entries",
            "bad",
        )
    else:
        session.output.line(f"{last.done_count} events were run again; they changed nothing", "good")
    return EXIT_FOUND if has_changed else 0
