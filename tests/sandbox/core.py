"""The parts of one sandbox, wired together: account, API and deliverer."""

from collections.abc import Sequence

from tests.sandbox.account import Account, Created
from tests.sandbox.api import Api
from tests.sandbox.call_cost import CallCost
from tests.sandbox.clock import Clock, utc_now
from tests.sandbox.delivery import Deliverer
from tests.sandbox.settings import Settings
from tests.sandbox.signing import Signer


class Core:
    """One sandbox without a server. Use it inside a running event loop, and close it."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self.account = Account(settings, clock)
        self.signer = Signer(settings.seed)
        self.api = Api(self.account, self.signer)
        self.deliverer = Deliverer(self.account, self.signer)
        self._held: list[Created] = []

    def create(
        self,
        kind: str = "mixed",
        count: int = 1,
        *,
        ended_ago_s: float = 0.0,
        deliver: bool = True,
        visible_at_once: bool = False,
        call_cost: CallCost | None = None,
    ) -> Sequence[Created]:
        """Let things happen (see Account.create), and send their webhooks now or hold them back."""
        made = self.account.create(
            kind, count, ended_ago_s=ended_ago_s, call_cost=call_cost, visible_at_once=visible_at_once
        )
        if deliver:
            for created in made:
                self.deliverer.deliver(created)
        else:
            self._held += made
        return made

    async def close(self) -> None:
        """Let go of slow answers and of webhooks that are still under way."""
        self.api.closing.set()
        await self.deliverer.close()

    def deliver_held(self) -> int:
        """Send the webhooks that were held back; of how many activities."""
        held, self._held = self._held, []
        for created in held:
            self.deliverer.deliver(created)
        return len(held)
