"""What a verification, the chain and a replay tell, as protobuf messages."""

from services.common.wire import to_timestamp
from services.ledger.findings import Finding, Progress, Verified
from services.ledger.replay import Replayed
from services.ledger.store.blocks import Head
from tollbook.ledger.v1 import proof_pb2


def encode_item(item: Progress | Finding | Verified) -> proof_pb2.VerifyBookResponse:
    """One message of the stream."""
    match item:
        case Progress():
            progress = proof_pb2.VerifyProgress(
                stage=item.stage, done_count=item.done_count, total_count=item.total_count
            )
            return proof_pb2.VerifyBookResponse(progress=progress)
        case Finding():
            finding = proof_pb2.VerifyFinding(stage=item.stage, subject=item.subject, message=item.message)
            return proof_pb2.VerifyBookResponse(finding=finding)
        case Verified():
            result = proof_pb2.VerifyResult(
                fact_count=item.fact_count,
                charge_count=item.charge_count,
                entry_count=item.entry_count,
                block_count=item.block_count,
                head=item.head,
                finding_count=item.finding_count,
            )
            return proof_pb2.VerifyBookResponse(result=result)


def encode_head(head: Head) -> proof_pb2.GetHeadResponse:
    """Where the chain ends."""
    return proof_pb2.GetHeadResponse(
        head=head.text,
        entry_count=head.entry_count,
        sealed_time=to_timestamp(head.sealed_at),
        unsealed_count=head.unsealed_count,
    )


def encode_replayed(told: Replayed) -> proof_pb2.ReplayEventsResponse:
    """How far a replay is."""
    return proof_pb2.ReplayEventsResponse(
        done_count=told.done_count,
        total_count=told.total_count,
        new_count=told.new_count,
        entry_count=told.entry_count,
    )
