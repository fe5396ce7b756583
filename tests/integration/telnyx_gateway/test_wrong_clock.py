"""The clock of telnyx-gateway's machine is wrong: what was read at Telnyx is timed by Telnyx's clock."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration

from services.common.clock import SystemClock
from services.common.told_clock import TOLERANCE
from services.common.wire import from_timestamp, to_timestamp
from tests.integration.telnyx_gateway.running import gateway_of
from tollbook.telnyx.v1 import account_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2 as pb


@pytest.mark.parametrize("off", [timedelta(days=1), timedelta(days=-1)])
async def test_readings_are_timed_by_telnyx(monkeypatch: pytest.MonkeyPatch, off: timedelta) -> None:
    """A closing sweep that seems to be read a day later than it was would settle calls a day early."""
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + off)
    now = datetime.now(UTC)
    async with gateway_of() as (_, gateway):
        counted = await gateway.telnyx.CountDetailRecords(
            pb.CountDetailRecordsRequest(
                record_type="call-control",
                from_time=to_timestamp(now - timedelta(days=1)),
                to_time=to_timestamp(now),
            )
        )
        balance = await gateway.telnyx.GetBalance(pb.GetBalanceRequest(max_age=Duration(seconds=0)))
        for read_time in (counted.read_time, balance.read_time):
            assert abs(from_timestamp(read_time) - now) <= TOLERANCE
        probe = await gateway.account.ProbeAccount(account_pb2.ProbeAccountRequest())
        # An operator is told all the same.
        assert abs(probe.clock_skew.ToTimedelta() + off) <= TOLERANCE
