"""The account's balance over time: `/api/billing/statement` and `/api/billing/balance/history`."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.backends import Backends
from gateway.balance_answers import history_of, statement_of
from gateway.exact_response import ExactJson
from gateway.parameters import number_parameter
from gateway.ranges import read_period
from services.common.clock import Clock
from services.common.wire import to_timestamp
from tollbook.ledger.v1.balance_pb2 import GetStatementRequest, ListBalancesRequest

_DEFAULT_POINTS = 500
_MOST_POINTS = 5000


class BalanceApi:
    """Endpoints that read what the ledger has kept of the balance."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._balances = backends.balances
        self._clock = clock

    async def statement(self, request: Request) -> Response:
        """Why the balance moved from what it was to what it is."""
        period = read_period(request, self._clock.now())
        asked = GetStatementRequest(
            from_time=to_timestamp(period.from_at), to_time=to_timestamp(period.to_at)
        )
        return ExactJson(statement_of(period, await self._balances.GetStatement(asked)))

    async def history(self, request: Request) -> Response:
        """The balance at many moments, and how fast it is used up."""
        period = read_period(request, self._clock.now())
        asked = ListBalancesRequest(
            from_time=to_timestamp(period.from_at),
            to_time=to_timestamp(period.to_at),
            max_points=number_parameter(request, "limit", _DEFAULT_POINTS, highest=_MOST_POINTS),
        )
        return ExactJson(history_of(period, await self._balances.ListBalances(asked)))
