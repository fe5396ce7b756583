"""The edge's settings; read once, in `__main__`."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from gateway.api_keys import ApiKey, parse_api_keys
from gateway.hosts import read_host
from gateway.signature import read_public_key
from services.common.addresses import Address, ListenAddress
from services.common.settings import TollbookSettings, split_commas


def _checked_key(text: str) -> str:
    read_public_key(text)
    return text


PublicKeyTexts = Annotated[
    tuple[Annotated[str, AfterValidator(_checked_key)], ...], NoDecode, BeforeValidator(split_commas)
]
HostNames = Annotated[
    frozenset[Annotated[str, AfterValidator(read_host)]], NoDecode, BeforeValidator(split_commas)
]
ApiKeys = Annotated[tuple[ApiKey, ...], NoDecode, BeforeValidator(parse_api_keys)]


class GatewaySettings(TollbookSettings):
    """What design, section 2, lets operators set about the edge."""

    gateway_host: str = "127.0.0.1"
    gateway_port: Annotated[int, Field(ge=0, le=65_535)] = 3000
    gateway_lame_duck_seconds: Annotated[float, Field(ge=0, le=60)] = 3
    gateway_admin_listen: ListenAddress = Address("127.0.0.1", 9100)
    ledger_target: str = "127.0.0.1:50051"
    telnyx_gateway_target: str = "127.0.0.1:50052"
    reconciler_target: str = "127.0.0.1:50053"
    telnyx_public_key: PublicKeyTexts = ()
    """Base64; none: fetched through telnyx-gateway."""
    api_keys: ApiKeys = ()
    cron_secret: SecretStr | None = None
    allowed_hosts: HostNames = frozenset()

    @property
    def listen(self) -> Address:
        """Where the edge listens."""
        return Address(self.gateway_host, self.gateway_port)
