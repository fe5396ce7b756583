"""What the reconciler reads from the environment."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from services.common.addresses import Address, ListenAddress
from services.common.settings import TollbookSettings, split_commas
from services.telnyx_vocabulary.record_types import canonical_types

_Seconds = Annotated[int, Field(ge=1, le=30 * 86_400)]


class ReconcilerSettings(TollbookSettings):
    """Where to listen and what to call, and the times of design, section 2."""

    never_empty = frozenset({"expected_record_types"})

    reconciler_listen: ListenAddress = Address("127.0.0.1", 50053)
    reconciler_admin_listen: ListenAddress = Address("127.0.0.1", 9103)
    reconciler_database_url: str = "sqlite:///var/reconciler.db"
    ledger_target: str = "127.0.0.1:50051"
    telnyx_gateway_target: str = "127.0.0.1:50052"
    reconcile_delays_seconds: Annotated[
        tuple[_Seconds, ...], NoDecode, BeforeValidator(split_commas), Field(min_length=1, max_length=50)
    ] = (5, 30, 60, 120, 240, 480, 960)
    settle_horizon_seconds: _Seconds = 86_400
    sweep_interval_seconds: _Seconds = 900
    expected_record_types: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(split_commas), AfterValidator(canonical_types)
    ] = ("sip-trunking", "call-control")

    @property
    def settle_horizon(self) -> timedelta:
        """How long after its end something may still change without surprise."""
        return timedelta(seconds=self.settle_horizon_seconds)

    @property
    def sweep_interval(self) -> timedelta:
        """How often the trailing sweep looks."""
        return timedelta(seconds=self.sweep_interval_seconds)
