"""`tollbook run`: the four processes on one machine, with the sandbox in Telnyx's place when no key is set."""

import asyncio
import os
import sys

import httpx
import structlog
import typer

from services.cli.addressing import Addresses, choose_addresses
from services.cli.backoff import Backoff
from services.cli.processes import Command, KeptProcess, ProcessRefused
from services.cli.sandbox_account import SandboxProcess, sandbox_databases, unlink_sandbox_books
from services.cli.settings import RunSettings
from services.cli.supervisor import Supervisor
from services.cli.targets import announce, withdraw
from services.common.process import StartError

# Started together, ended in reverse.
_PROCESSES = (
    ("ledger", "services.ledger"),
    ("telnyx-gateway", "services.telnyx_gateway"),
    ("reconciler", "services.reconciler"),
    ("edge", "gateway"),
)
_POLL_S = 0.1
_PATIENCE_S = 20.0
_log = structlog.get_logger()


async def run_tollbook(settings: RunSettings, stop: asyncio.Event) -> None:
    """Run everything until `stop` is set. Raises StartError when it cannot run as it is set up."""
    addresses = choose_addresses(settings)
    unlink_sandbox_books()
    announce(addresses.variables)
    async with Supervisor() as supervisor:
        starting = asyncio.create_task(_start(supervisor, settings, addresses))
        supervisor.watch(starting)
        try:
            await supervisor.run_until(stop)
        except ProcessRefused as error:
            raise StartError(str(error)) from error
        finally:
            starting.cancel()
            unlink_sandbox_books()
            withdraw()


async def _start(supervisor: Supervisor, settings: RunSettings, addresses: Addresses) -> None:
    # No balancer has to learn that this edge ends.
    environment = {**os.environ, **addresses.variables, "GATEWAY_LAME_DUCK_SECONDS": "0"}
    if settings.telnyx_api_key is None:
        environment |= sandbox_databases(settings)
        sandbox = SandboxProcess(addresses, environment)
        supervisor.start(sandbox.process)
        environment |= await sandbox.account
        _tell(
            "sandbox.started",
            "No TELNYX_API_KEY is set: this is the built-in sandbox account, with made-up calls and messages. "
            "Nothing reaches Telnyx.",
        )
    for name, module in _PROCESSES:
        command = Command(name, (sys.executable, "-m", module), environment)
        supervisor.start(KeptProcess(command, Backoff()))
    await _wait_until_ready(addresses.edge_url)
    supervisor.trust()
    _tell("tollbook.ready", f"Tollbook is ready: {addresses.edge_url}/billing (Ctrl-C ends it)")


async def _wait_until_ready(edge_url: str) -> None:
    """Return once the edge would take a webhook; say what is amiss if that takes long."""
    loop = asyncio.get_running_loop()
    patient_until_s = loop.time() + _PATIENCE_S
    async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
        while (answer := await _readiness(client, edge_url)) != "ready":
            if loop.time() > patient_until_s:
                patient_until_s = float("inf")
                _tell("tollbook.waiting", f"Tollbook is not ready yet ({answer}); the lines above say why.")
            await asyncio.sleep(_POLL_S)


async def _readiness(client: httpx.AsyncClient, edge_url: str) -> str:
    try:
        answer = await client.get(f"{edge_url}/readyz")
    except httpx.TransportError:
        return "the edge does not answer"
    if answer.status_code == httpx.codes.OK:
        return "ready"
    return f"the page may answer at {edge_url}/billing, but webhooks are not taken"


def _tell(event: str, message: str) -> None:
    """A sentence for the person at the terminal; an event in the log, where that goes somewhere else."""
    if not sys.stdout.isatty():
        _log.info(event, message=message)
    typer.secho(message, err=True, bold=True)
