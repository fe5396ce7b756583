"""The command `tollbook`."""

import typer

from services.cli.commands.audit import audit
from services.cli.commands.backfill import backfill
from services.cli.commands.backup import backup
from services.cli.commands.doctor import doctor
from services.cli.commands.head import head
from services.cli.commands.recover import recover
from services.cli.commands.replay import replay
from services.cli.commands.restore import restore
from services.cli.commands.statement import statement
from services.cli.commands.verify import verify
from services.cli.run import run_tollbook
from services.cli.settings import RunSettings
from services.common.logs import configure_logs
from services.common.process import run_process
from services.common.settings import load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def tollbook() -> None:
    """What every Telnyx call and message cost, to the nano-dollar, and the proof of it."""


@app.command()
def run() -> None:
    """Run the four processes on this machine, until Ctrl-C; without TELNYX_API_KEY on the sandbox account."""
    settings = load_settings(RunSettings)
    configure_logs(settings, "supervisor")
    run_process(lambda stop: run_tollbook(settings, stop))


for command in (audit, statement, verify, head, replay, backfill, recover, doctor, backup, restore):
    app.command()(command)
