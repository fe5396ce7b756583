"""DoctorService: protobuf in and out, nothing else."""

from typing import Any

import grpc

from services.reconciler.doctor.check import Check, CheckStatus
from services.reconciler.doctor.doctor import Doctor
from tollbook.reconciler.v1 import doctor_pb2, doctor_pb2_grpc

_Context = grpc.aio.ServicerContext[Any, Any]

_STATUSES: "dict[CheckStatus, doctor_pb2.CheckStatus.ValueType]" = {
    "ok": doctor_pb2.CHECK_STATUS_OK,
    "warning": doctor_pb2.CHECK_STATUS_WARNING,
    "failure": doctor_pb2.CHECK_STATUS_FAILURE,
    "unknown": doctor_pb2.CHECK_STATUS_UNKNOWN,
}


class DoctorService(doctor_pb2_grpc.DoctorServiceServicer):
    """Tells an operator what is well and what is not."""

    def __init__(self, doctor: Doctor) -> None:
        self._doctor = doctor

    async def Diagnose(
        self, request: doctor_pb2.DiagnoseRequest, context: _Context
    ) -> doctor_pb2.DiagnoseResponse:
        del request, context
        return doctor_pb2.DiagnoseResponse(checks=map(_encode_check, await self._doctor.examine()))


def _encode_check(check: Check) -> doctor_pb2.Check:
    return doctor_pb2.Check(
        name=check.name, status=_STATUSES[check.status], finding=check.finding, advice=check.advice
    )
