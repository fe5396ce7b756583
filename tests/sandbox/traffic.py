"""Continuous traffic, so that a newcomer sees estimates turn exact; and a month of history before it."""

import asyncio
import random
from datetime import timedelta

import httpx

from tests.sandbox.account import MAX_CREATED, Account, kinds_of
from tests.sandbox.delivery import Deliverer

_DAY_S = 86_400
_LIVE_KINDS = (*kinds_of("calls"), *kinds_of("messages"))
_PAUSE_S = (2.0, 6.0)
_CALL_S = (3.0, 8.0)
_LOOK_AGAIN_S = 0.5
HISTORY_DAYS = 30
_LAST_DAY_COUNT = 60
_WEEKDAY_COUNT = (16, 30)
_WEEKEND_COUNT = (5, 11)
_SATURDAY = 5
_GROUP_WEIGHTS = {"calls": 62, "messages": 34, "others": 4}


def make_history(account: Account, days: int = HISTORY_DAYS) -> None:
    """Things of the past: their records can be seen, their webhooks are long gone.

    The last day has something of every kind; the days before it are as a small business has them. Taxes and monthly
    charges were booked as they fell due, and the account was topped up whenever it needed it.
    """
    rng = random.Random(f"{account.settings.seed} history")
    kinds = kinds_of("mixed")
    for n in range(_LAST_DAY_COUNT):
        account.create(kinds[n % len(kinds)], ended_ago_s=rng.uniform(60, _DAY_S), visible_at_once=True)
    groups, weights = tuple(_GROUP_WEIGHTS), tuple(_GROUP_WEIGHTS.values())
    for days_ago in range(1, days):
        is_weekend = (account.clock() - timedelta(days=days_ago)).weekday() >= _SATURDAY
        for group in rng.choices(
            groups, weights, k=rng.randint(*(_WEEKEND_COUNT if is_weekend else _WEEKDAY_COUNT))
        ):
            ended_ago_s = days_ago * _DAY_S + rng.uniform(0, _DAY_S)
            account.create(rng.choice(kinds_of(group)), ended_ago_s=ended_ago_s, visible_at_once=True)
    account.open_since(account.clock() - timedelta(days=days))


async def run_traffic(account: Account, deliverer: Deliverer) -> None:
    """A call or a message every few seconds, for as long as the account takes more (about a day).

    Begins once the receiver of webhooks answers at all.
    """
    rng = random.Random(f"{account.settings.seed} traffic")
    if account.settings.webhook_url is not None:
        await _receiver_answers(account.settings.webhook_address("calls"))
    while len(account.activities) < MAX_CREATED:
        live_s = rng.uniform(*_CALL_S)
        kind = rng.choice(_LIVE_KINDS)
        for created in account.create(kind, ended_ago_s=-live_s):
            deliverer.deliver(created, live_s=live_s)
        account.finances.recharge(account.balance(), account.clock())
        await asyncio.sleep(rng.uniform(*_PAUSE_S))


async def _receiver_answers(url: str) -> None:
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
        while True:
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(_LOOK_AGAIN_S)
            else:
                return
