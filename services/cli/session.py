"""What every command that asks the services has in common: where they are, what it writes, how it ends."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NoReturn

import grpc
import typer
from rich.console import Console

from services.cli.output import Output
from services.cli.settings import ClientSettings
from services.cli.targets import Targets
from services.common.channel import open_channel
from services.common.clock import Clock, SystemClock
from services.common.errors import TollbookError, Unavailable
from services.common.rpc_errors import from_rpc_error
from services.common.settings import load_settings

EXIT_FOUND = 1
"""Something is not as it should be: a difference, a finding, a check that failed."""

EXIT_ERROR = 2
"""The question could not be answered."""

EXIT_INTERRUPTED = 130

_PATIENCE_S = 5.0
_Service = Literal["ledger", "telnyx-gateway", "reconciler"]

FromOption = Annotated[
    str | None, typer.Option("--from", help="First UTC day: 2026-11-01", show_default=False)
]
ToOption = Annotated[
    str | None, typer.Option("--to", help="Last UTC day, inclusive: 2026-11-22", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="One line of JSON with exact amounts")]


@dataclass(frozen=True, slots=True)
class Session:
    """One command at work."""

    targets: Targets
    output: Output
    clock: Clock
    patience_s: float = _PATIENCE_S

    @asynccontextmanager
    async def reach(self, service: _Service) -> AsyncIterator[grpc.aio.Channel]:
        """A channel to a service that answers. Raises Unavailable; in the context, gRPC's errors as TollbookError."""
        target: str = getattr(self.targets, service.replace("-", "_"))
        async with open_channel(target) as channel:
            try:
                await asyncio.wait_for(channel.channel_ready(), self.patience_s)
            except TimeoutError as error:
                raise Unavailable(
                    f"the {service} does not answer at {target}; is Tollbook running? "
                    f"{service.upper().replace('-', '_')}_TARGET says where to look"
                ) from error
            try:
                yield channel
            except grpc.aio.AioRpcError as error:
                raise from_rpc_error(error) from error


Command = Callable[[Session], Coroutine[Any, Any, int]]


def run_command(command: Command, *, as_json: bool = False) -> None:
    """Carry out a command and end the process with its exit code; an error is one sentence and EXIT_ERROR."""
    settings = load_settings(ClientSettings)
    output = _standard_output(as_json)
    session = Session(Targets.of(settings), output, SystemClock())
    _end_with(lambda: asyncio.run(command(session)), output, "interrupted; what was done stays done")


def run_locally(work: Callable[[Output], int], *, as_json: bool = False) -> None:
    """The same for a command that asks no service."""
    output = _standard_output(as_json)
    _end_with(lambda: work(output), output, "interrupted")


def _standard_output(as_json: bool) -> Output:
    return Output(Console(file=sys.stdout), Console(file=sys.stderr, stderr=True), as_json=as_json)


def _end_with(carry_out: Callable[[], int], output: Output, interrupted: str) -> NoReturn:
    try:
        code = carry_out()
    except TollbookError as error:
        output.remark(f"tollbook: {error}", "bad")
        code = EXIT_ERROR
    except KeyboardInterrupt:
        output.remark(interrupted)
        code = EXIT_INTERRUPTED
    raise typer.Exit(code)
