"""Where the edge has Telnyx's public keys from, and what it does while it has none."""

import asyncio
from collections.abc import Sequence

from gateway.public_keys import PublicKeys
from gateway.signature import read_public_key
from services.common.errors import TelnyxRefused, TelnyxUnreachable, TollbookError
from tests.support.clocks import ManualClock
from tests.support.telnyx_signer import TelnyxSigner

FIRST = TelnyxSigner().public_key
SECOND = TelnyxSigner().public_key


class ScriptedFetch:
    """Answers one item after the other, the last one for ever."""

    def __init__(self, *answers: Sequence[str] | TollbookError) -> None:
        self._answers = list(answers)
        self.calls = 0

    async def __call__(self) -> Sequence[str]:
        self.calls += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, TollbookError):
            raise answer
        return answer


class Sleeps:
    """Lets a number of sleeps pass at once, then sleeps for ever."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.lengths_s: list[float] = []
        self.exhausted = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        if self._left == 0:
            self.exhausted.set()
            await asyncio.get_running_loop().create_future()
        self._left -= 1
        self.lengths_s.append(seconds)


async def run_for(keys: PublicKeys, sleeps: Sleeps) -> None:
    task = asyncio.create_task(keys.keep_fresh())
    await sleeps.exhausted.wait()
    task.cancel()
    await asyncio.wait([task])


async def test_configured_keys_are_never_fetched() -> None:
    fetch = ScriptedFetch([SECOND])
    keys = PublicKeys([read_public_key(FIRST)], fetch, ManualClock())
    await keys.keep_fresh()
    assert not await keys.look_again(keys.current)
    assert keys.current == (read_public_key(FIRST),)
    assert fetch.calls == 0


async def test_fetched_with_backoff_until_known_and_then_once_an_hour() -> None:
    fetch = ScriptedFetch(
        TelnyxUnreachable("down"), TelnyxRefused("no key"), [], ["junk"], [FIRST], [FIRST, SECOND]
    )
    sleeps = Sleeps(5)
    keys = PublicKeys([], fetch, ManualClock(), sleeps)
    assert not keys.current
    await run_for(keys, sleeps)
    assert keys.current == (read_public_key(FIRST), read_public_key(SECOND))
    assert fetch.calls == 6
    assert all(length <= 30 for length in sleeps.lengths_s[:4])
    assert sleeps.lengths_s[4] == 3600


async def test_keys_that_were_known_stay_when_a_refresh_fails() -> None:
    fetch = ScriptedFetch([FIRST], TelnyxUnreachable("down"))
    sleeps = Sleeps(3)
    keys = PublicKeys([], fetch, ManualClock(), sleeps)
    await run_for(keys, sleeps)
    assert fetch.calls == 4
    assert keys.current == (read_public_key(FIRST),)


async def test_a_signature_that_matches_no_key_asks_again_at_most_once_a_minute() -> None:
    fetch = ScriptedFetch([FIRST], [FIRST], [SECOND])
    clock = ManualClock()
    sleeps = Sleeps(0)
    keys = PublicKeys([], fetch, clock, sleeps)
    await run_for(keys, sleeps)
    known = keys.current
    assert not await keys.look_again(known)
    assert fetch.calls == 1
    clock.advance(60)
    assert not await keys.look_again(known)
    assert not await keys.look_again(known)
    assert fetch.calls == 2
    clock.advance(60)
    assert await asyncio.gather(*(keys.look_again(known) for _ in range(10))) == [True] * 10
    assert fetch.calls == 3
    assert keys.current == (read_public_key(SECOND),)


async def test_looking_again_survives_a_failure() -> None:
    fetch = ScriptedFetch([FIRST], TelnyxUnreachable("down"))
    clock = ManualClock()
    sleeps = Sleeps(0)
    keys = PublicKeys([], fetch, clock, sleeps)
    await run_for(keys, sleeps)
    clock.advance(60)
    assert not await keys.look_again(keys.current)
    assert keys.current == (read_public_key(FIRST),)
