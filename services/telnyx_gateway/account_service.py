"""AccountService: protobuf in and out, nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration

from services.common.clock import Clock
from services.common.errors import InvalidInput
from services.common.wire import optional_time, to_money, to_timestamp
from services.telnyx_gateway import failpoints
from services.telnyx_gateway.account_charges import charges_request
from services.telnyx_gateway.applications import read_applications
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.decode import decode_day
from services.telnyx_gateway.deliveries import read_deliveries
from services.telnyx_gateway.detail_query import Window
from services.telnyx_gateway.probe import probe_account
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.session_analysis import analysis_request
from services.telnyx_gateway.usage_products import USAGE_PRODUCTS
from services.telnyx_vocabulary.wire import encode_event
from tollbook.telnyx.v1 import account_pb2 as pb
from tollbook.telnyx.v1 import account_pb2_grpc

Context = grpc.aio.ServicerContext[Any, Any]


class AccountService(account_pb2_grpc.AccountServiceServicer):
    """Answers for one Telnyx account. Every method raises what its reader raises; the interceptor maps it."""

    def __init__(self, client: TelnyxClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def ListUsageProducts(
        self, request: pb.ListUsageProductsRequest, context: Context
    ) -> pb.ListUsageProductsResponse:
        products = await self._client.ask(USAGE_PRODUCTS, Priority.BACKGROUND)
        return pb.ListUsageProductsResponse(products=products)

    async def GetAccountCharges(
        self, request: pb.GetAccountChargesRequest, context: Context
    ) -> pb.GetAccountChargesResponse:
        days = decode_day(request.from_day, "from_day"), decode_day(request.to_day, "to_day")
        charges = await self._client.ask(charges_request(*days), Priority.BACKGROUND)
        return pb.GetAccountChargesResponse(
            new_monthly=to_money(charges.new_monthly),
            existing_monthly=to_money(charges.existing_monthly),
            new_one_time=to_money(charges.new_one_time),
            credits=to_money(charges.credits),
            ledger_adjustments=to_money(charges.ledger_adjustments),
            other=to_money(charges.other),
            grand_total=to_money(charges.grand_total),
            read_time=to_timestamp(self._clock.now()),
        )

    async def GetSessionAnalysis(
        self, request: pb.GetSessionAnalysisRequest, context: Context
    ) -> pb.GetSessionAnalysisResponse:
        asked = analysis_request(request.session_id, optional_time(request, "about_time"))
        analysis = await self._client.ask(asked, Priority.JOB)
        return pb.GetSessionAnalysisResponse(
            total_cost=to_money(analysis.total_cost),
            events=[
                pb.AnalyzedEvent(id=event.event_id, record_type=event.record_type, cost=to_money(event.cost))
                for event in analysis.events
            ],
            read_time=to_timestamp(self._clock.now()),
            unreadable=analysis.unreadable,
        )

    async def ListFailedDeliveries(
        self, request: pb.ListFailedDeliveriesRequest, context: Context
    ) -> AsyncIterator[pb.ListFailedDeliveriesResponse]:
        count = 0
        deliveries = read_deliveries(
            self._client,
            self._clock,
            _decode_window(request),
            Priority.BACKGROUND,
            include_delivered=request.include_delivered,
        )
        async for each in deliveries:
            count += 1
            yield pb.ListFailedDeliveriesResponse(
                delivery=pb.FailedDelivery(
                    delivery_id=each.delivery_id,
                    start_time=to_timestamp(each.started_at),
                    event=encode_event(each.event),
                )
            )
            failpoints.DELIVERY_TOLD.reached()
        yield pb.ListFailedDeliveriesResponse(complete=pb.FailedDeliveriesComplete(delivery_count=count))

    async def ListApplications(
        self, request: pb.ListApplicationsRequest, context: Context
    ) -> pb.ListApplicationsResponse:
        found = await read_applications(self._client, Priority.PERSON)
        return pb.ListApplicationsResponse(
            applications=[
                pb.Application(
                    id=each.application_id,
                    name=each.name,
                    call_cost_in_webhooks=each.call_cost_in_webhooks,
                    is_active=each.is_active,
                )
                for each in found
            ]
        )

    async def ProbeAccount(
        self, request: pb.ProbeAccountRequest, context: Context
    ) -> pb.ProbeAccountResponse:
        probe = await probe_account(self._client)
        response = pb.ProbeAccountResponse(key_works=probe.key_works, message=probe.message)
        if probe.clock_skew is not None:
            skew = Duration()
            skew.FromTimedelta(probe.clock_skew)
            response.clock_skew.CopyFrom(skew)
        return response


def _decode_window(request: pb.ListFailedDeliveriesRequest) -> Window:
    from_at, to_at = optional_time(request, "from_time"), optional_time(request, "to_time")
    if from_at is None or to_at is None:
        raise InvalidInput("give both from_time and to_time", field="from_time")
    return Window(from_at, to_at)
