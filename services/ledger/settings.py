"""The ledger's settings (design, section 2)."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from services.common.addresses import Address, ListenAddress
from services.common.money import UnreadableAmount, parse_nanos
from services.common.settings import TollbookSettings, split_commas
from services.ledger.facts import Rules
from services.telnyx_vocabulary.record_types import canonical_types

_HIGHEST_RATE = 100_000_000_000
"""100 units per minute: above it the setting is a slip of the pen."""


def _read_rate(value: object) -> object:
    """A rate per minute in nanos. Raises ValueError with a sentence."""
    if not isinstance(value, str | Decimal):
        return value
    try:
        nanos = parse_nanos(value)
    except UnreadableAmount as error:
        raise ValueError(f"must be an amount per minute such as 0.015 ({error})") from error
    if not 0 <= nanos <= _HIGHEST_RATE:
        raise ValueError("must be an amount per minute between 0 and 100")
    return nanos


class LedgerSettings(TollbookSettings):
    """One field per variable; see docs/configuration.md."""

    never_empty = frozenset({"expected_record_types"})

    ledger_listen: ListenAddress = Address("127.0.0.1", 50051)
    ledger_admin_listen: ListenAddress = Address("127.0.0.1", 9101)
    ledger_database_url: str = Field(default="sqlite:///var/ledger.db", repr=False)
    telnyx_voice_rate_per_min: Annotated[int, NoDecode, BeforeValidator(_read_rate)] = 15_000_000
    settle_horizon_seconds: int = Field(default=86_400, ge=1, le=31 * 86_400)
    expected_record_types: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(split_commas), AfterValidator(canonical_types)
    ] = ("sip-trunking", "call-control")
    raw_retention_days: int = Field(default=0, ge=0, le=36_500)

    def rules(self) -> Rules:
        """The settings that the rules of the money know."""
        return Rules(
            base_types=self.expected_record_types,
            settle_horizon=timedelta(seconds=self.settle_horizon_seconds),
            fallback_nanos_per_minute=self.telnyx_voice_rate_per_min,
        )
