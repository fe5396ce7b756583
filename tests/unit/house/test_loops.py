"""What comes to a loop that is over is dropped (tests/support/loops.py says why)."""

import asyncio

from tests.support.loops import TestLoop


def test_what_comes_while_the_loop_is_open_is_run() -> None:
    async def heard() -> bool:
        said = asyncio.Event()
        asyncio.get_running_loop().call_soon_threadsafe(said.set)
        return await said.wait()

    with asyncio.Runner(loop_factory=TestLoop) as runner:
        assert runner.run(heard())


def test_what_comes_when_the_loop_is_over_is_dropped() -> None:
    loop = TestLoop()
    loop.close()
    assert loop.call_soon_threadsafe(print).cancelled()


async def test_the_tests_run_in_such_a_loop() -> None:
    assert isinstance(asyncio.get_running_loop(), TestLoop)
