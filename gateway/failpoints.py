"""Where a test can end, freeze or delay the edge: between any two steps (services/common/failpoints.py)."""

from typing import Final

from services.common.failpoints import Failpoint

WEBHOOK_RECEIVED: Final = Failpoint("gateway.webhook.received")
"""The body is here, and not verified."""
WEBHOOK_READ: Final = Failpoint("gateway.webhook.read")
"""It is verified and translated, and waits for no call yet."""
BATCH_TAKEN: Final = Failpoint("gateway.batch.taken")
"""Events are about to go to the ledger together."""
BATCH_RECORDED: Final = Failpoint("gateway.batch.recorded")
"""The ledger has them; those who wait do not know."""
WEBHOOK_RECORDED: Final = Failpoint("gateway.webhook.recorded")
"""The ledger has the event; it is not answered."""
WEBHOOK_ANSWERED: Final = Failpoint("gateway.webhook.answered")
"""The answer is handed to the connection."""
KEYS_FETCHED: Final = Failpoint("gateway.keys.fetched")
"""Telnyx's public keys are here, and not taken over."""
