"""Which of several sums comes first: that in the account's currency (design, section 2)."""

from collections.abc import Iterable
from typing import TypeVar

import grpc

from tollbook.ledger.v1.ledger_pb2 import SummarizeRequest
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub
from tollbook.reconciler.v1.audit_pb2 import AuditTotals

_TIMEOUT_S = 2.0

Sums = TypeVar("Sums", bound=AuditTotals)


async def account_currency_first(ledger: LedgerServiceStub, sums: Iterable[Sums]) -> list[Sums]:
    """The same sums in their order. The ledger knows the account's currency; it is asked where there are several."""
    ordered = list(sums)
    if len(ordered) < 2:
        return ordered
    try:
        told = await ledger.Summarize(SummarizeRequest(), timeout=_TIMEOUT_S)
    except grpc.aio.AioRpcError:
        return ordered
    currency = told.totals[0].currency if told.totals else ""
    return sorted(ordered, key=lambda each: each.currency != currency)
