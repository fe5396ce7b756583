"""Delivers webhooks: at least once, unordered, with short retries, and some of them never. Source: facts, section 2."""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta

import httpx

from tests.sandbox.account import Account, Created
from tests.sandbox.answers import encode
from tests.sandbox.delivery_log import Attempt, Delivery
from tests.sandbox.events import Event
from tests.sandbox.ids import Ids
from tests.sandbox.settings import Faults
from tests.sandbox.signing import Signer

_VOICE_RETRIES_ON = frozenset({408, 429})
_LIVE_STEP_S = 1.0


def plan_delivery(events: Sequence[Event], faults: Faults, rng: random.Random) -> list[Event]:
    """The events that are really sent, in the order of sending: some lost, some twice, some out of order."""
    planned: list[Event] = []
    for event in events:
        if rng.random() < faults.webhook_loss_rate:
            continue
        planned.append(event)
        if rng.random() < faults.webhook_duplicate_rate:
            planned.append(event)
    if rng.random() < faults.webhook_disorder_rate:
        rng.shuffle(planned)
    return planned


def is_retried(event: Event, status: int | None) -> bool:
    """Messaging repeats on any non-2xx, voice only on 408, 429 and 5xx. None is no answer at all: both repeat."""
    if status is None:
        return True
    if event.product == "sms":
        return not 200 <= status < 300
    return status in _VOICE_RETRIES_ON or status >= 500


class Deliverer:
    """Posts webhooks in the background, one task per activity. A receiver that is down costs it nothing but tries.

    `counts` has `planned`, `lost`, `attempts`, `accepted` and `given_up`.
    """

    def __init__(self, account: Account, signer: Signer) -> None:
        self.counts: Counter[str] = Counter()
        self._account = account
        self._settings = account.settings
        self._signer = signer
        self._slots = asyncio.Semaphore(account.settings.webhooks_at_once)
        self._tasks: set[asyncio.Task[None]] = set()
        self._rng = random.Random(f"{account.settings.seed} delivery")
        self._ids = Ids(random.Random(f"{account.settings.seed} delivery ids"))
        # Proxies of the environment must not see, or swallow, what goes over the loopback.
        self._client = httpx.AsyncClient(timeout=account.settings.webhook_timeout_s, trust_env=False)

    async def close(self) -> None:
        """Give up whatever is still under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def deliver(self, created: Created, *, live_s: float = 0.0) -> None:
        """Start sending the webhooks of one activity; with `live_s`, the hang-up comes that much later."""
        if self._settings.webhook_url is None:
            return
        events = plan_delivery(created.activity.events, self._account.faults, self._rng)
        self.counts["planned"] += len(created.activity.events)
        self.counts["lost"] += len(set(map(id, created.activity.events)) - set(map(id, events)))
        if events:
            self._start(self._deliver(events, created.visible_at, live_s))

    def send_raw(self, product: str, body: bytes) -> None:
        """Start sending bytes of anyone's making, signed, once, without `meta`."""
        self.counts["planned"] += 1
        self._start(self._send_raw(product, body))

    async def wait_idle(self, timeout_s: float) -> bool:
        """Wait until every webhook was attempted as often as it will be; False if that takes too long."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            return False
        return True

    def _start(self, sending: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(sending)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, events: list[Event], records_at: datetime, live_s: float) -> None:
        started_at = self._account.clock()
        delays_s = live_delays(events, live_s)
        for event, delay_s in zip(events, delays_s, strict=True):
            due = started_at + timedelta(seconds=delay_s)
            await self._sleep_until(max(due, records_at) if event.after_records else due)
            await self._send(event)

    async def _sleep_until(self, due: datetime) -> None:
        left_s = (due - self._account.clock()).total_seconds()
        if left_s > 0:
            await asyncio.sleep(left_s)

    async def _send(self, event: Event) -> None:
        """One webhook with its retries; what is not taken then is gone."""
        url = self._settings.webhook_address(event.product)
        first_signed_at = self._account.clock()
        attempts: list[Attempt] = []
        for number, pause_s in enumerate((0.0, *self._settings.webhook_retry_delays_s), start=1):
            await asyncio.sleep(pause_s)
            renewed = self._account.faults.renew_timestamp_on_retry
            body = encode({**event.body, "meta": {"attempt": number, "delivered_to": url}})
            started_at = self._account.clock()
            status = await self._post(url, body, started_at if renewed else first_signed_at)
            attempts.append(Attempt(started_at, self._account.clock(), url, status))
            if attempts[-1].is_taken or not is_retried(event, status):
                break
        self.counts["accepted" if attempts[-1].is_taken else "given_up"] += 1
        webhook = event.body.get("data", event.body)
        self._account.deliveries.add(Delivery(self._ids.uuid(), webhook, tuple(attempts)))

    async def _send_raw(self, product: str, body: bytes) -> None:
        url, started_at = self._settings.webhook_address(product), self._account.clock()
        attempt = Attempt(started_at, self._account.clock(), url, await self._post(url, body, started_at))
        self.counts["accepted" if attempt.is_taken else "given_up"] += 1
        delivery = Delivery(self._ids.uuid(), body.decode(errors="replace"), (attempt,))
        self._account.deliveries.add(delivery)

    async def _post(self, url: str, body: bytes, signed_at: datetime) -> int | None:
        async with self._slots:
            self.counts["attempts"] += 1
            try:
                response = await self._client.post(
                    url, content=body, headers=self._signer.headers(body, signed_at)
                )
            except httpx.TransportError:
                return None
        return response.status_code


def live_delays(events: Sequence[Event], live_s: float) -> list[float]:
    """Seconds until each event of a live activity: the hang-up after `live_s`, what follows it a second apart."""
    names = [event.event_type for event in events]
    hangup = len(names) - 1 - names[::-1].index("call.hangup") if "call.hangup" in names else 0
    if not live_s:
        return [0.0] * len(names)
    before = [live_s * n / max(hangup, 1) for n in range(hangup)]
    return before + [live_s + _LIVE_STEP_S * n for n in range(len(names) - hangup)]
