"""Looking again and again: how long a part has been silent, and what is said of it once."""

import asyncio
from collections.abc import Sequence

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from gateway.freshness_watch import FreshnessWatch
from services.common.freshness.observed import Look, Part
from tests.support.clocks import ManualClock
from tests.support.waiting import until


class _Parts:
    """The parts that do not answer, one after the other look; the last for ever."""

    def __init__(self, *silent: Sequence[Part]) -> None:
        self._silent = list(silent)
        self.look_count = 0

    async def look(self) -> Look:
        self.look_count += 1
        return Look(silent=frozenset(self._silent.pop(0) if len(self._silent) > 1 else self._silent[0]))


def _gauge(name: str) -> float | None:
    return REGISTRY.get_sample_value("tollbook_stale", {"name": name})


async def _look(watch: FreshnessWatch, clock: ManualClock, every_s: float, times: int) -> None:
    for _ in range(times):
        await watch.look()
        clock.advance(every_s)


async def test_a_part_is_silent_from_the_first_look_in_vain() -> None:
    clock = ManualClock()
    first_look = clock.now()
    watch = FreshnessWatch(_Parts(["reconciler"]).look, clock)
    await _look(watch, clock, 30, 4)
    assert not watch.symptoms
    await watch.look()
    assert [(symptom.name, symptom.since) for symptom in watch.symptoms] == [
        ("reconciler_silent", first_look)
    ]
    assert watch.looked_at == clock.now()


async def test_one_answer_ends_the_silence() -> None:
    clock = ManualClock()
    watch = FreshnessWatch(_Parts(["ledger"], ["ledger"], [], ["ledger"]).look, clock)
    await _look(watch, clock, 60, 5)
    assert not watch.symptoms
    await watch.look()
    assert [symptom.name for symptom in watch.symptoms] == ["ledger_silent"]


async def test_what_has_stopped_is_logged_once_and_shown_until_it_goes_on() -> None:
    clock = ManualClock()
    away: list[Part] = ["telnyx-gateway"]
    watch = FreshnessWatch(_Parts(*[away] * 6, []).look, clock)
    assert _gauge("telnyx_gateway_silent") == 0
    with capture_logs() as lines:
        await _look(watch, clock, 60, 6)
        assert _gauge("telnyx_gateway_silent") == 1
        await _look(watch, clock, 60, 2)
    assert [(line["event"], line["name"]) for line in lines] == [
        ("freshness.stale", "telnyx_gateway_silent"),
        ("freshness.recovered", "telnyx_gateway_silent"),
    ]
    assert _gauge("telnyx_gateway_silent") == 0


async def test_a_look_that_fails_is_logged_and_the_next_one_comes() -> None:
    async def fail() -> Look:
        raise ZeroDivisionError("nobody foresaw this")

    watch = FreshnessWatch(fail, ManualClock(), look_every_s=0.001)
    with capture_logs() as lines:
        looking = asyncio.create_task(watch.keep_looking())
        await until(lambda: len(lines) >= 2)
        looking.cancel()
        await asyncio.wait({looking})
    assert {line["event"] for line in lines} == {"freshness.look_failed"}
    assert watch.looked_at is None
