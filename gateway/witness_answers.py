"""What the witnesses of a session say that it cost, as a REST answer: `/api/billing/sessions/{id}/witnesses`."""

import msgspec

from gateway.answers import Amount, Answer
from gateway.book_answers import main_cost, number_of
from tollbook.reconciler.v1 import audit_pb2

WITNESS_NAMES = {
    audit_pb2.WITNESS_NAME_DETAIL_RECORDS: "detail_records_api",
    audit_pb2.WITNESS_NAME_CALL_COST: "call_cost_webhook",
    audit_pb2.WITNESS_NAME_SESSION_ANALYSIS: "session_analysis",
}
"""As the sources of a cost are called."""


class WitnessPart(Answer):
    """What a witness says of one record type. `currency` only where it is not that of the witness."""

    record_type: str
    cost: msgspec.Raw
    currency: str | msgspec.UnsetType = msgspec.UNSET


class Witness(Answer):
    """One witness. Cost and currency are null while it has not spoken; what it does not see is not in its cost."""

    name: str
    has_spoken: bool
    cost: msgspec.Raw | None
    currency: str | None
    parts: list[WitnessPart]
    message: str
    other_currencies: list[Amount] | msgspec.UnsetType = msgspec.UNSET


class Witnesses(Answer):
    """All witnesses of one session, and a sentence for each thing in which two of them do not agree."""

    session_id: str
    witnesses: list[Witness]
    differences: list[str]


def witnesses_of(session_id: str, compared: audit_pb2.CompareWitnessesResponse) -> Witnesses:
    """The witnesses of a session."""
    return Witnesses(
        session_id=session_id,
        witnesses=[_witness_of(witness) for witness in compared.witnesses],
        differences=list(compared.differences),
    )


def _witness_of(witness: audit_pb2.Witness) -> Witness:
    cost, others = main_cost(witness.costs)
    currency = cost.currency_code
    has_cost = witness.has_spoken and bool(witness.costs)
    return Witness(
        name=WITNESS_NAMES.get(witness.name, "unknown"),
        has_spoken=witness.has_spoken,
        cost=number_of(cost) if has_cost else None,
        currency=currency if has_cost else None,
        parts=[
            WitnessPart(
                record_type=part.record_type,
                cost=number_of(part.cost),
                currency=msgspec.UNSET
                if part.cost.currency_code in ("", currency)
                else part.cost.currency_code,
            )
            for part in witness.parts
        ],
        message=witness.message,
        other_currencies=others,
    )
