"""What the supervisor and the commands themselves need to know; every process reads its own settings."""

from typing import Annotated

from pydantic import Field, SecretStr

from services.common.addresses import Address, ListenAddress
from services.common.settings import TollbookSettings

Port = Annotated[int, Field(ge=0, le=65_535)]


class ClientSettings(TollbookSettings):
    """Where the services are reached; of those that no target names, where they would listen."""

    ledger_listen: ListenAddress = Address("127.0.0.1", 50051)
    telnyx_gateway_listen: ListenAddress = Address("127.0.0.1", 50052)
    reconciler_listen: ListenAddress = Address("127.0.0.1", 50053)
    ledger_target: str | None = None
    telnyx_gateway_target: str | None = None
    reconciler_target: str | None = None


class BackupSettings(TollbookSettings):
    """Where the databases are, as the ledger and the reconciler read it."""

    ledger_database_url: str = Field(default="sqlite:///var/ledger.db", repr=False)
    reconciler_database_url: str = Field(default="sqlite:///var/reconciler.db", repr=False)


class RunSettings(ClientSettings):
    """Settings of `tollbook run`."""

    telnyx_api_key: SecretStr | None = None
    """None: no account is set up, the sandbox stands in for Telnyx."""
    gateway_host: str = "127.0.0.1"
    gateway_port: Port = 3000
    ledger_database_url: str | None = None
    reconciler_database_url: str | None = None

    @property
    def gateway_address(self) -> Address:
        """Where the edge listens."""
        return Address(self.gateway_host, self.gateway_port)
