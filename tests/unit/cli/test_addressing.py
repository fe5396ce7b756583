"""Which addresses one Tollbook gets, and what its processes are told about each other."""

import socket

import pytest

from services.cli.addressing import choose_addresses
from services.cli.settings import RunSettings
from services.cli.targets import reached_at
from services.common.addresses import Address, parse_address
from services.common.process import StartError

_ANY_PORT = Address("127.0.0.1", 0)


def _settings(**changes: object) -> RunSettings:
    free = {
        "gateway_port": 0,
        "ledger_listen": _ANY_PORT,
        "telnyx_gateway_listen": _ANY_PORT,
        "reconciler_listen": _ANY_PORT,
    }
    return RunSettings.model_validate({**free, **changes})


def test_port_0_becomes_a_port_that_all_processes_are_told() -> None:
    addresses = choose_addresses(_settings())
    ports = {parse_address(addresses.variables[f"{name}_LISTEN"]).port for name in ("LEDGER", "RECONCILER")}
    assert len(ports) == 2
    assert 0 not in ports
    assert addresses.variables["LEDGER_TARGET"] == addresses.variables["LEDGER_LISTEN"]
    assert addresses.edge_url == f"http://127.0.0.1:{addresses.variables['GATEWAY_PORT']}"


def test_a_target_that_is_set_stays() -> None:
    addresses = choose_addresses(_settings(ledger_target="dns:///ledger:50051"))
    assert addresses.variables["LEDGER_TARGET"] == "dns:///ledger:50051"


@pytest.mark.parametrize(
    ("listen", "reached"),
    [("0.0.0.0:3000", "127.0.0.1:3000"), ("[::]:3000", "[::1]:3000"), ("10.0.0.7:3000", "10.0.0.7:3000")],
)
def test_a_listener_on_all_addresses_is_reached_at_the_loopback(listen: str, reached: str) -> None:
    assert str(reached_at(parse_address(listen))) == reached


def test_a_taken_port_is_an_error_of_that_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = Address("127.0.0.1", other.getsockname()[1])
        with pytest.raises(StartError, match="RECONCILER_LISTEN"):
            choose_addresses(_settings(reconciler_listen=taken))
        with pytest.raises(StartError, match="GATEWAY_PORT"):
            choose_addresses(_settings(gateway_port=taken.port))
