"""The ledger's BalanceService and telnyx-gateway's account over gRPC, behind the ports of polling."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import grpc
from google.protobuf.duration_pb2 import Duration

from services.common.rpc_errors import answer_of
from services.common.wire import from_money, from_timestamp, optional_money, to_money, to_timestamp
from services.reconciler.codec import decode_day, encode_day
from services.reconciler.polling.account import AccountCharges, Balance
from tollbook.ledger.v1 import balance_pb2, balance_pb2_grpc
from tollbook.telnyx.v1 import (
    account_pb2,
    account_pb2_grpc,
    telnyx_gateway_pb2,
    telnyx_gateway_pb2_grpc,
)

_PATIENT_TIMEOUT_S: Final = 60.0
_DAY: Final = timedelta(days=1)


class AccountBookClient:
    """The ledger's book of the account; failures come as TollbookError."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = balance_pb2_grpc.BalanceServiceStub(channel)

    async def record_balance(self, balance: Balance) -> None:
        snapshot = balance_pb2.BalanceSnapshot(
            balance=to_money(balance.balance),
            pending=to_money(balance.pending),
            credit_limit=to_money(balance.credit_limit),
            available_credit=to_money(balance.available_credit),
            read_time=to_timestamp(balance.read_at),
        )
        await answer_of(self._stub.RecordBalance(balance_pb2.RecordBalanceRequest(snapshot=snapshot)))

    async def record_account_charges(self, charges: AccountCharges) -> None:
        day = balance_pb2.AccountCharges(
            day=encode_day(charges.day),
            new_monthly=to_money(charges.new_monthly),
            existing_monthly=to_money(charges.existing_monthly),
            new_one_time=to_money(charges.new_one_time),
            credits=to_money(charges.credits),
            ledger_adjustments=to_money(charges.ledger_adjustments),
            other=to_money(charges.other),
            grand_total=to_money(charges.grand_total),
        )
        request = balance_pb2.RecordAccountChargesRequest(days=[day], read_time=to_timestamp(charges.read_at))
        await answer_of(self._stub.RecordAccountCharges(request))

    async def charges_read_at(self, from_day: date, to_day: date) -> Mapping[date, datetime]:
        request = balance_pb2.ListAccountChargesRequest(
            from_day=encode_day(from_day), to_day=encode_day(to_day)
        )
        answer = await answer_of(self._stub.ListAccountCharges(request))
        return {decode_day(each.charges.day): from_timestamp(each.read_time) for each in answer.days}


class AccountClient:
    """The account at Telnyx, through telnyx-gateway; failures come as TollbookError.

    `told` learns when a balance was read.
    """

    def __init__(self, channel: grpc.aio.Channel, told: Callable[[datetime], None] | None = None) -> None:
        self._told = told
        self._telnyx = telnyx_gateway_pb2_grpc.TelnyxGatewayServiceStub(channel)
        self._account = account_pb2_grpc.AccountServiceStub(channel)

    async def balance(self, max_age: timedelta) -> Balance:
        request = telnyx_gateway_pb2.GetBalanceRequest(max_age=Duration(seconds=int(max_age.total_seconds())))
        answer = await answer_of(self._telnyx.GetBalance(request))
        if self._told is not None:
            self._told(from_timestamp(answer.read_time))
        return Balance(
            balance=from_money(answer.balance),
            pending=from_money(answer.pending),
            credit_limit=from_money(answer.credit_limit),
            available_credit=from_money(answer.available_credit),
            read_at=from_timestamp(answer.read_time),
        )

    async def account_charges(self, day: date) -> AccountCharges:
        request = account_pb2.GetAccountChargesRequest(
            from_day=encode_day(day), to_day=encode_day(day + _DAY)
        )
        answer = await answer_of(self._account.GetAccountCharges(request, timeout=_PATIENT_TIMEOUT_S))
        return AccountCharges(
            day=day,
            new_monthly=optional_money(answer, "new_monthly"),
            existing_monthly=optional_money(answer, "existing_monthly"),
            new_one_time=optional_money(answer, "new_one_time"),
            credits=optional_money(answer, "credits"),
            ledger_adjustments=optional_money(answer, "ledger_adjustments"),
            other=optional_money(answer, "other"),
            grand_total=optional_money(answer, "grand_total"),
            read_at=from_timestamp(answer.read_time),
        )
