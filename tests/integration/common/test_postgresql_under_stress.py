"""PostgreSQL that drops connections, restarts, blocks or falls silent: what can be repeated is, and every wait ends."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import pytest
from sqlalchemy import Connection, text

from services.common import migrations, postgresql
from services.common.channel import open_channel
from services.common.database import Database, open_database
from services.common.deadlines import current_deadline_s, within_call
from services.common.errors import Conflict, Unavailable
from services.common.migrations import migrate
from services.common.process import StartError
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from tests.support.cutting_proxy import CuttingProxy, cutting_proxy
from tests.support.databases import Databases
from tests.support.echo_services import Context, open_echo
from tests.support.waiting import wait_until
from tollbook.ledger.v1 import ledger_pb2, ledger_pb2_grpc

PATIENCE_S = 60.0
CALL_S = 1.0
"""A caller's patience; on a busy machine a refusal may take longer to arrive, but not PATIENCE_S."""


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    created = databases.empty("postgresql")
    yield created
    databases.drop(created)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    opened.write(lambda connection: connection.execute(text("CREATE TABLE toll (id INTEGER PRIMARY KEY)")))
    yield opened
    opened.close()


@pytest.fixture
def proxy(url: str) -> Iterator[CuttingProxy]:
    with cutting_proxy(url) as running:
        yield running


def insert(number: int, connection: Connection) -> None:
    connection.execute(text("INSERT INTO toll VALUES (:id)"), {"id": number})


def held(connection: Connection) -> list[int]:
    return list(connection.scalars(text("SELECT id FROM toll ORDER BY id")))


def end_all_others(connection: Connection) -> None:
    """As an administrator, or a server that restarts, ends every connection."""
    connection.execute(
        text(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_a_lost_race_is_repeated_and_told_when_it_is_never_won(database: Database, sqlstate: str) -> None:
    runs: list[int] = []

    def lose(times: int, connection: Connection) -> None:
        insert(times, connection)
        runs.append(times)
        if len(runs) <= times:
            connection.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{sqlstate}'; END $$")
            )

    database.write(partial(lose, 2))
    assert len(runs) == 3
    assert database.read(held) == [2]
    runs.clear()
    with pytest.raises(Conflict):
        database.write(partial(lose, 100))
    assert len(runs) == 8
    assert database.read(held) == [2]


def test_a_connection_that_drops_within_the_work_is_replaced(database: Database, url: str) -> None:
    other = open_database(url)
    runs: list[int] = []

    def work(connection: Connection) -> None:
        insert(1, connection)
        runs.append(1)
        if len(runs) == 1:
            other.write(end_all_others)
        insert(2, connection)

    database.write(work)
    other.close()
    assert len(runs) == 2
    assert database.read(held) == [1, 2]


def test_a_pool_of_dead_connections_is_refreshed_at_once(database: Database, url: str) -> None:
    everyone = postgresql.POOL_SIZE
    all_connected = [Event() for _ in range(everyone)]

    def meet(number: int, _connection: Connection) -> None:
        all_connected[number].set()
        for one in all_connected:
            assert one.wait(PATIENCE_S)

    with ThreadPoolExecutor(everyone) as threads:
        list(threads.map(lambda number: database.read(partial(meet, number)), range(everyone)))
        other = open_database(url)
        other.write(end_all_others)
        other.close()
        assert list(threads.map(lambda _: database.read(held), range(everyone))) == [[]] * everyone


def test_who_waits_for_a_lock_waits_no_longer_than_its_caller(database: Database) -> None:
    database.write(partial(insert, 1))
    is_locked, may_end = Event(), Event()

    def lock(connection: Connection) -> None:
        connection.execute(text("SELECT id FROM toll FOR UPDATE"))
        is_locked.set()
        assert may_end.wait(PATIENCE_S)

    def wait_for_lock(connection: Connection) -> None:
        connection.execute(text("SELECT id FROM toll FOR UPDATE"))

    with ThreadPoolExecutor(1) as elsewhere:
        holder = elsewhere.submit(database.write, lock)
        assert is_locked.wait(PATIENCE_S)
        began_s = time.monotonic()
        with within_call(CALL_S), pytest.raises(Unavailable, match="in time"):
            database.write(wait_for_lock)
        assert CALL_S / 2 < time.monotonic() - began_s < postgresql.LOCK_WAIT_S
        may_end.set()
        holder.result(PATIENCE_S)
    database.write(wait_for_lock)


def test_a_statement_that_takes_too_long_is_stopped_also_at_the_server(database: Database) -> None:
    def sleep(connection: Connection) -> None:
        connection.execute(text("SELECT pg_sleep(600)"))

    def is_asleep() -> bool:
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)'"
        )
        return bool(database.read(lambda connection: connection.execute(query).scalar()))

    with within_call(CALL_S), pytest.raises(Unavailable, match="in time"):
        database.read(sleep)
    wait_until(lambda: not is_asleep(), PATIENCE_S, "the statement is not stopped", poll_s=0.05)


def test_a_server_that_falls_silent_is_not_waited_for(
    database: Database, url: str, proxy: CuttingProxy
) -> None:
    by_proxy = open_database(proxy.url(url))
    by_proxy.write(partial(insert, 1))
    proxy.is_mute = True
    for number in (2, 3):
        with within_call(CALL_S), pytest.raises(Unavailable):
            by_proxy.write(partial(insert, number))
    proxy.is_mute = False
    by_proxy.write(partial(insert, 4))
    assert {1, 4} <= set(by_proxy.read(held))
    by_proxy.close()


def test_a_pool_that_is_all_in_use_is_waited_for_only_so_long(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "POOL_SIZE", 1)
    monkeypatch.setattr(postgresql, "_POOL_WAIT_S", 0.2)
    database = open_database(url)
    has_it, may_end = Event(), Event()

    def keep(_connection: Connection) -> None:
        has_it.set()
        assert may_end.wait(PATIENCE_S)

    with ThreadPoolExecutor(1) as elsewhere:
        holder = elsewhere.submit(database.read, keep)
        assert has_it.wait(PATIENCE_S)
        with pytest.raises(Unavailable, match="in time"):
            database.read(lambda connection: connection.execute(text("SELECT 1")))
        may_end.set()
        holder.result(PATIENCE_S)
    database.close()


def test_every_connection_has_its_limits_at_the_server(database: Database, url: str) -> None:
    def limits(connection: Connection) -> tuple[object, ...]:
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        return tuple(connection.execute(text(f"SHOW {name}")).scalar_one() for name in names)

    assert database.read(limits) == database.read(limits, at_one_moment=True) == ("8s", "5min", "15s")
    other = open_database(url)
    other.write(end_all_others)
    other.close()
    assert database.write(limits) == ("8s", "5min", "15s")


def test_who_froze_within_a_transaction_loses_its_locks_and_begins_again(
    url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.write(partial(insert, 1))
    monkeypatch.setitem(postgresql._SESSION, "idle_in_transaction_session_timeout", "300ms")
    freezing = open_database(url)
    is_frozen, may_wake = Event(), Event()
    runs: list[int] = []

    def freeze(connection: Connection) -> None:
        connection.execute(text("DELETE FROM toll"))
        runs.append(1)
        if len(runs) == 1:
            is_frozen.set()
            assert may_wake.wait(PATIENCE_S)
        insert(2, connection)

    with ThreadPoolExecutor(1) as elsewhere:
        frozen = elsewhere.submit(freezing.write, freeze)
        assert is_frozen.wait(PATIENCE_S)
        database.write(lambda connection: connection.execute(text("UPDATE toll SET id = 7")))
        assert database.read(held) == [7]
        may_wake.set()
        frozen.result(PATIENCE_S)
    freezing.close()
    assert len(runs) == 2
    assert database.read(held) == [2]


def test_a_server_that_starts_later_is_waited_for(url: str, proxy: CuttingProxy) -> None:
    database = open_database(proxy.url(url))
    proxy.is_away = True
    with ThreadPoolExecutor(1) as elsewhere:
        starting = elsewhere.submit(migrate, database, SCRIPT_LOCATION, VERSION_TABLE)
        wait_until(lambda: proxy.refused_count > 0, PATIENCE_S, "nobody asked for the server", poll_s=0.02)
        proxy.is_away = False
        starting.result(PATIENCE_S)
    database.close()


def test_a_server_that_never_starts_is_not_waited_for_longer(
    url: str, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(migrations, "_PAUSE_S", 0.1)
    database = open_database(proxy.url(url))
    proxy.is_away = True
    with pytest.raises(StartError, match="cannot be reached"):
        migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
    assert proxy.refused_count > 1
    database.close()


def test_work_whose_caller_has_gone_is_not_begun(database: Database) -> None:
    with within_call(0.0), pytest.raises(Unavailable, match="too busy"):
        database.write(partial(insert, 1))
    assert database.read(held) == []


async def test_a_call_gives_its_deadline_to_all_that_is_done_for_it() -> None:
    left_s: list[float] = []

    async def behave(_name: str, _context: Context) -> None:
        left_s.append(current_deadline_s() - time.monotonic())

    service = ledger_pb2.DESCRIPTOR.services_by_name["LedgerService"]
    async with open_echo(service, behave) as bound, open_channel(str(bound)) as channel:
        stub = ledger_pb2_grpc.LedgerServiceStub(channel)
        await stub.GetCall(ledger_pb2.GetCallRequest(), timeout=40.0)
    assert 5.0 < left_s[0] < 40.0
