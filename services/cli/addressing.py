"""The addresses of one Tollbook: checked before anything starts, and told to every process."""

from dataclasses import dataclass

from services.cli.settings import RunSettings
from services.cli.targets import reached_at
from services.common.addresses import Address, bind_tcp


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the edge is reached from this machine, and the variables that tell the processes about each other."""

    edge: Address
    variables: dict[str, str]

    @property
    def edge_url(self) -> str:
        """The edge's root, without a slash at the end."""
        return f"http://{self.edge}"


def choose_addresses(settings: RunSettings) -> Addresses:
    """A free port wherever the settings say 0, and a target beside each listen address that has none.

    Raises StartError, naming the variable, for an address that cannot be listened on: another Tollbook would
    otherwise be mistaken for this one.
    """
    edge = _free(settings.gateway_address, "GATEWAY_PORT")
    variables = {"GATEWAY_PORT": str(edge.port)}
    for service, listen, target in (
        ("LEDGER", settings.ledger_listen, settings.ledger_target),
        ("TELNYX_GATEWAY", settings.telnyx_gateway_listen, settings.telnyx_gateway_target),
        ("RECONCILER", settings.reconciler_listen, settings.reconciler_target),
    ):
        bound = _free(listen, f"{service}_LISTEN")
        variables[f"{service}_LISTEN"] = str(bound)
        variables[f"{service}_TARGET"] = target or str(reached_at(bound))
    return Addresses(edge=reached_at(edge), variables=variables)


def _free(address: Address, variable: str) -> Address:
    with bind_tcp(address, variable) as probe:
        return Address(address.host, probe.getsockname()[1])
