"""Audits and comparisons of witnesses to protobuf messages."""

from services.common.money import Money
from services.common.wire import to_money, to_timestamp
from services.reconciler.audit.line import AuditLine, AuditResult, AuditTotals, AuditVerdict, Cause
from services.reconciler.codec import encode_day
from services.reconciler.witnesses.testimony import Comparison, Witness, WitnessName
from tollbook.reconciler.v1 import audit_pb2

_VERDICTS: "dict[AuditVerdict, audit_pb2.AuditVerdict.ValueType]" = {
    "equal": audit_pb2.AUDIT_VERDICT_EQUAL,
    "open": audit_pb2.AUDIT_VERDICT_OPEN,
    "day_boundary": audit_pb2.AUDIT_VERDICT_DAY_BOUNDARY,
    "different": audit_pb2.AUDIT_VERDICT_DIFFERENT,
    "not_read": audit_pb2.AUDIT_VERDICT_NOT_READ,
}

_NAMES: "dict[WitnessName, audit_pb2.WitnessName.ValueType]" = {
    "detail_records": audit_pb2.WITNESS_NAME_DETAIL_RECORDS,
    "call_cost": audit_pb2.WITNESS_NAME_CALL_COST,
    "session_analysis": audit_pb2.WITNESS_NAME_SESSION_ANALYSIS,
}


def encode_audit(result: AuditResult) -> audit_pb2.AuditResponse:
    """An audit."""
    return audit_pb2.AuditResponse(
        lines=map(_encode_line, result.lines),
        totals=map(_encode_totals, result.totals),
        troubles=result.troubles,
    )


def encode_comparison(comparison: Comparison) -> audit_pb2.CompareWitnessesResponse:
    """The witnesses of one session, compared."""
    return audit_pb2.CompareWitnessesResponse(
        witnesses=map(_encode_witness, comparison.witnesses), differences=comparison.differences
    )


def _encode_line(line: AuditLine) -> audit_pb2.AuditLine:
    difference = line.difference_nanos
    return audit_pb2.AuditLine(
        day=encode_day(line.day),
        record_type=line.record_type,
        product=line.product,
        verdict=_VERDICTS[line.verdict],
        book_cost=to_money(line.book),
        reported_cost=to_money(line.reported),
        reported_decimals=line.decimals,
        reported_time=to_timestamp(line.reported_at),
        difference=None if difference is None else to_money(Money(line.book.currency, difference)),
        record_count=line.record_count,
        reason=line.reason,
        causes=map(_encode_cause, line.causes),
    )


def _encode_cause(cause: Cause) -> audit_pb2.AuditCause:
    return audit_pb2.AuditCause(
        record_id=cause.record_id,
        kind=cause.kind,
        charge_record_id=cause.charge_id,
        amount=to_money(cause.amount),
        message=cause.message,
    )


def _encode_totals(totals: AuditTotals) -> audit_pb2.AuditTotals:
    def money(nanos: int) -> Money:
        return Money(totals.currency, nanos)

    return audit_pb2.AuditTotals(
        currency=totals.currency,
        book_cost=to_money(money(totals.book_nanos)),
        reported_cost=to_money(money(totals.reported_nanos)),
        difference=to_money(money(totals.difference_nanos)),
        equal_count=totals.counts.get("equal", 0),
        open_count=totals.counts.get("open", 0),
        day_boundary_count=totals.counts.get("day_boundary", 0),
        different_count=totals.counts.get("different", 0),
        not_read_count=totals.counts.get("not_read", 0),
    )


def _encode_witness(witness: Witness) -> audit_pb2.Witness:
    return audit_pb2.Witness(
        name=_NAMES[witness.name],
        has_spoken=witness.has_spoken,
        costs=[money for money in map(to_money, witness.costs) if money is not None],
        parts=[
            audit_pb2.WitnessPart(record_type=part.record_type, cost=to_money(part.cost))
            for part in witness.parts
        ],
        message=witness.message,
    )
