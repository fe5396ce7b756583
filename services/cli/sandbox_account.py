"""The sandbox account behind `make run` without an API key: a stand-in for Telnyx, and a book of its own."""

import asyncio
import json
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import structlog

from services.cli.addressing import Addresses
from services.cli.backoff import Backoff
from services.cli.backup.stores import INTAKE_SUFFIX
from services.cli.processes import Command, KeptProcess
from services.cli.settings import RunSettings
from services.common.addresses import Address, bind_tcp
from services.common.process import StartError
from services.common.sqlite import SIDE_SUFFIXES, FileLock

_MODULE = "tests.sandbox"
_FOLDER = Path("var/sandbox")
_BOOKS = {"LEDGER_DATABASE_URL": "ledger.db", "RECONCILER_DATABASE_URL": "reconciler.db"}
_SUFFIXES = tuple(file + part for file in ("", INTAKE_SUFFIX) for part in SIDE_SUFFIXES)
"""Of a book's files; in the intake there may be webhooks of the account before."""

_ANNOUNCED = {"TELNYX_API_BASE": "base_url", "TELNYX_API_KEY": "api_key", "TELNYX_PUBLIC_KEY": "public_key"}
_log = structlog.get_logger()


class SandboxProcess:
    """The sandbox as a kept process, and the account that it announces once it listens.

    `account` holds the variables that make the four processes take the sandbox for Telnyx.
    """

    def __init__(self, addresses: Addresses, environment: dict[str, str]) -> None:
        """Raises StartError when the sandbox is not there: it is part of the repository, not of the installation."""
        if find_spec("tests") is None or find_spec(_MODULE) is None:
            raise StartError("TELNYX_API_KEY: not set, and there is no sandbox here to stand in for Telnyx")
        # A port chosen once, so that the processes find the sandbox again after it was restarted.
        with bind_tcp(Address("127.0.0.1", 0), "the sandbox") as probe:
            port = probe.getsockname()[1]
        webhook_url = f"{addresses.edge_url}/api/telnyx/webhooks"
        arguments = ("-m", _MODULE, "--port", str(port), "--webhook-url", webhook_url, "--traffic")
        command = Command("sandbox", (sys.executable, *arguments), environment)
        self.process = KeptProcess(command, Backoff(), on_line=self._read)
        self.account: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    def _read(self, line: bytes) -> None:
        """Take the account from the line that announces it; every other line goes on to the terminal."""
        announced: object = None
        with suppress(ValueError):
            announced = json.loads(line)
        if not isinstance(announced, dict) or announced.get("event") != "sandbox.ready":
            sys.stdout.write(line.decode(errors="replace"))
            sys.stdout.flush()
        elif not self.account.done():
            self.account.set_result({variable: announced[key] for variable, key in _ANNOUNCED.items()})


def sandbox_databases(settings: RunSettings) -> dict[str, str]:
    """The URLs of an empty book for a new sandbox account, under `var/sandbox`; a URL that is set stays as it is.

    The account begins anew with every start, so the book of the account before is removed.
    Raises StartError when another Tollbook is using it.
    """
    chosen: dict[str, str] = {}
    for variable, name in _BOOKS.items():
        path = _FOLDER / name
        if getattr(settings, variable.lower()):
            _log.warning(
                "sandbox.book_given", message=f"{variable} is set: the sandbox's calls go into that book"
            )
        else:
            _remove_book(path, variable)
            _link_from_default(path)
            chosen[variable] = f"sqlite:///{path}"
    return chosen


def unlink_sandbox_books() -> None:
    """Take away the links of a sandbox run at the default places, or real calls would go into the sandbox's book."""
    for name in _BOOKS.values():
        link = _FOLDER.parent / name
        if link.is_symlink() and link.readlink().parts[0] == _FOLDER.name:
            link.unlink()


def _link_from_default(path: Path) -> None:
    """Let queries against `var/ledger.db` find the sandbox's book, as long as no real one is there."""
    link = _FOLDER.parent / path.name
    if not link.exists() and not link.is_symlink():
        link.symlink_to(path.relative_to(link.parent))


def _remove_book(path: Path, variable: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(path, wait_s=0)
    except StartError as error:
        raise StartError(
            f"{variable}: not set, and another Tollbook is using {path}; give this one a database of its own"
        ) from error
    try:
        for suffix in _SUFFIXES:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    finally:
        lock.release()
