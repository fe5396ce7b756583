"""What telnyx-gateway reads from the environment."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from services.common.addresses import Address, ListenAddress
from services.common.settings import TollbookSettings


def _check_key(key: SecretStr | None) -> SecretStr | None:
    """A key goes into a header: anything but printable ASCII was pasted wrongly."""
    text = key.get_secret_value().strip() if key else ""
    if any(not "!" <= character <= "~" for character in text):
        raise ValueError("is not an API key: it has blanks or characters that no key has")
    return SecretStr(text) if text else None


def _check_base(base: str) -> str:
    """`https://host[:port][/path]`, or http to this machine alone."""
    parts = urlsplit(base.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an https URL such as https://api.telnyx.com")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must be a plain URL, without user, query and fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must be https: plain http is for this machine only (127.0.0.1, ::1, localhost)")
    if parts.path.endswith("/v2"):
        raise ValueError("must not end in /v2: Tollbook adds that itself")
    return parts.geturl()


def is_loopback(host: str) -> bool:
    """Whether a host name can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class TelnyxGatewaySettings(TollbookSettings):
    """TELNYX_API_KEY, TELNYX_API_BASE and where to listen (design, section 2)."""

    telnyx_api_key: Annotated[SecretStr | None, AfterValidator(_check_key)] = None
    telnyx_api_base: Annotated[str, AfterValidator(_check_base)] = "https://api.telnyx.com"
    telnyx_gateway_listen: ListenAddress = Address("127.0.0.1", 50052)
    telnyx_gateway_admin_listen: ListenAddress = Address("127.0.0.1", 9102)
