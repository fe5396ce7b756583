"""The failpoints of each process, as its own `failpoints.py` lists them."""

from collections.abc import Mapping
from types import ModuleType
from typing import Final

import gateway.failpoints
import services.ledger.failpoints
import services.reconciler.failpoints
import services.telnyx_gateway.failpoints
from services.common.failpoints import Failpoint

_MODULES: Final[Mapping[str, ModuleType]] = {
    "ledger": services.ledger.failpoints,
    "telnyx_gateway": services.telnyx_gateway.failpoints,
    "reconciler": services.reconciler.failpoints,
    "gateway": gateway.failpoints,
}


def _places(module: ModuleType) -> tuple[str, ...]:
    return tuple(each.name for each in vars(module).values() if isinstance(each, Failpoint))


PLACES: Final[Mapping[str, tuple[str, ...]]] = {name: _places(module) for name, module in _MODULES.items()}
"""By service, in the order of its list."""
