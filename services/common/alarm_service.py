"""AlarmService: what this process is troubled by, asked for over gRPC."""

from typing import Any

import grpc

from services.common.alarms import raised_alarms
from services.common.freshness.observed import ToldAlarm
from services.common.wire import to_duration
from tollbook.process.v1 import alarms_pb2, alarms_pb2_grpc

_Context = grpc.aio.ServicerContext[Any, Any]


class AlarmService(alarms_pb2_grpc.AlarmServiceServicer):
    """Every server of Tollbook has one (services/common/server.py)."""

    async def ListAlarms(
        self, request: alarms_pb2.ListAlarmsRequest, context: _Context
    ) -> alarms_pb2.ListAlarmsResponse:
        del request, context
        return alarms_pb2.ListAlarmsResponse(alarms=map(_encode, raised_alarms()))


def _encode(alarm: ToldAlarm) -> alarms_pb2.Alarm:
    return alarms_pb2.Alarm(
        name=alarm.name, age=to_duration(alarm.age), finding=alarm.finding, advice=alarm.advice
    )
