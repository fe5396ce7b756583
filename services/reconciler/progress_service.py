"""ProgressService: protobuf out, nothing else."""

from typing import Any

import grpc

from services.reconciler.progress.all_progress import AllProgress
from tollbook.reconciler.v1 import progress_pb2, progress_pb2_grpc

_Context = grpc.aio.ServicerContext[Any, Any]


class ProgressService(progress_pb2_grpc.ProgressServiceServicer):
    """How the reconcilers get on."""

    def __init__(self, progress: AllProgress) -> None:
        self._progress = progress

    async def GetProgress(
        self, request: progress_pb2.GetProgressRequest, context: _Context
    ) -> progress_pb2.GetProgressResponse:
        del request, context
        return await self._progress.told()
